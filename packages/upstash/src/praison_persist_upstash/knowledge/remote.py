"""Options of the constructor, checked: which index, and how it is talked to. No I/O, and no client."""

from __future__ import annotations

from dataclasses import dataclass

from praison_persist.retry import RetryPolicy
from praison_persist.validation import check_positive

from ..settings import VECTOR, Settings

__all__ = ["Remote"]

_REQUEST_BYTES = 4_000_000
"""About so many bytes of records go into one request; the vendor publishes no limit."""


@dataclass(frozen=True)
class Remote:
    """An index, and the deadlines and repetitions of requests to it.

    Attributes:
        settings: URL, token and deadlines of one request.
        visible_timeout: seconds until a write must be seen.
        max_retries: repetitions of a request that failed or was throttled.
        retry_delay: seconds, the longest first pause before one.
    """

    settings: Settings
    visible_timeout: float
    max_retries: int
    retry_delay: float

    @property
    def timeout(self) -> float:
        """Seconds for a request with its repetitions."""
        return self.settings.timeout

    @classmethod
    def of(
        cls,
        url: str | None,
        token: str | None,
        *,
        timeout: float,
        connect_timeout: float,
        visible_timeout: float,
        max_retries: int,
        retry_delay: float,
    ) -> Remote:
        """From a store's arguments, or from ``UPSTASH_VECTOR_...`` of the environment.

        Raises:
            ConfigurationError: no URL or no token, or a URL of something else.
            InvalidInputError: a number out of range.
        """
        settings = Settings.of(
            url,
            token,
            timeout=timeout,
            connect_timeout=connect_timeout,
            max_request_size=_REQUEST_BYTES,
            variables=VECTOR,
        )
        policy = RetryPolicy(max_retries, retry_delay)
        seconds = check_positive(visible_timeout, "visible_timeout")
        return cls(settings, seconds, policy.max_retries, policy.retry_delay)
