"""The options that the stores of this package share, in one constructor."""

from __future__ import annotations

from abc import abstractmethod

from praison_persist.errors import ConfigurationError, PersistError
from praison_persist.retry import RetryPolicy

from .settings import Settings

__all__ = ["UpstashStore"]


class UpstashStore:
    """What `UpstashStateStore` and `AsyncUpstashStateStore` are given.

    Args:
        url: the HTTPS endpoint from Upstash's console, ``https://name.upstash.io``; or ``upstash://:token@name.upstash.io``.
            Without it ``UPSTASH_REDIS_URL`` or ``UPSTASH_REDIS_REST_URL``.
        token: of the REST interface; without it ``UPSTASH_REDIS_TOKEN`` or ``UPSTASH_REDIS_REST_TOKEN``.
        prefix: what the name of every key starts with; a store sees only keys below its prefix.
        timeout: seconds to wait for an answer.
        connect_timeout: seconds to wait for a connection.
        max_retries, retry_delay: see `praison_persist.retry.RetryPolicy`.
        max_request_size: bytes of the largest command that the database's plan takes.

    Raises:
        ConfigurationError, InvalidInputError: wrong URL or options.
    """

    backend: str

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        prefix: str = "praison:",
        timeout: float = 5.0,
        connect_timeout: float = 3.0,
        max_retries: int = 3,
        retry_delay: float = 0.2,
        max_request_size: int = 10_000_000,
    ) -> None:
        try:
            if not isinstance(prefix, str) or "\x00" in prefix or "\x1f" in prefix:
                raise ConfigurationError("prefix must be text without NUL and U+001F")
            self._settings = Settings.of(
                url, token, timeout=timeout, connect_timeout=connect_timeout, max_request_size=max_request_size
            )
            retry = RetryPolicy(max_retries=max_retries, retry_delay=retry_delay, deadline=self._settings.timeout)
            self._assemble(self._settings, prefix, retry)
        except PersistError as error:
            error.backend = self.backend
            raise

    @abstractmethod
    def _assemble(self, settings: Settings, prefix: str, retry: RetryPolicy) -> None:
        """Build the store; opens nothing."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._settings.url!r})"
