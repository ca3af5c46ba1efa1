"""Which database or index, with which token and deadlines. Opens nothing, imports no client."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from praison_persist.errors import ConfigurationError
from praison_persist.urls import parse, scheme_of
from praison_persist.validation import check_limit, check_positive

__all__ = ["REDIS", "VECTOR", "Settings", "Variables"]

_SCHEMES = {"https": "https", "http": "http", "upstash": "https"}


@dataclass(frozen=True, slots=True)
class Variables:
    """What a product of Upstash is called in the environment.

    Attributes:
        what: one of it, for messages.
        url, token: variables, the first that is set counts.
    """

    what: str
    url: tuple[str, ...]
    token: tuple[str, ...]


REDIS = Variables(
    "an Upstash database",
    ("UPSTASH_REDIS_URL", "UPSTASH_REDIS_REST_URL"),
    ("UPSTASH_REDIS_TOKEN", "UPSTASH_REDIS_REST_TOKEN"),
)
VECTOR = Variables(
    "an Upstash Vector index",
    ("UPSTASH_VECTOR_REST_URL", "UPSTASH_VECTOR_URL"),
    ("UPSTASH_VECTOR_REST_TOKEN", "UPSTASH_VECTOR_TOKEN"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What both engines need.

    Attributes:
        url: ``https://host``, without credentials; what messages name as well.
        token: of the REST interface.
        timeout, connect_timeout: seconds.
        max_request_size: bytes of the largest request that the service takes.
    """

    url: str
    token: str = field(repr=False)
    timeout: float
    connect_timeout: float
    max_request_size: int

    @classmethod
    def of(
        cls,
        url: str | None,
        token: str | None,
        *,
        timeout: float,
        connect_timeout: float,
        max_request_size: int,
        variables: Variables = REDIS,
    ) -> Settings:
        """The settings that a store's arguments name, or the environment where these are missing.

        Raises:
            ConfigurationError: no URL or no token, or a URL of something else.
            InvalidInputError: a number out of range.
        """
        if not check_limit(max_request_size, "max_request_size"):
            raise ConfigurationError(f"max_request_size must be at least 1 byte, got {max_request_size!r}")
        url = url or _url_of_environment(variables.url)
        if not url:
            raise ConfigurationError(
                f"no URL of {variables.what}", hint=f"give url= or set {' or '.join(variables.url)}"
            )
        parsed = parse(url)
        if parsed.scheme not in _SCHEMES or parsed.driver or len(parsed.hosts) != 1:
            hint = "copy the HTTPS endpoint from the console: https://name.upstash.io"
            if parsed.scheme in ("redis", "rediss"):
                hint = f"{hint}; for rediss:// URLs there is the redis store"
            raise ConfigurationError(f"{parsed.scheme}:// is no URL of Upstash's REST interface", hint=hint)
        if unknown := sorted(set(parsed.query) - {"token"}):
            raise ConfigurationError(f"unknown URL parameter {unknown[0]!r}", hint="known is token")
        token = token or parsed.password or parsed.query.get("token") or _first_set(variables.token)
        if not token:
            raise ConfigurationError(
                f"no token for {variables.what}", hint=f"give token= or set {' or '.join(variables.token)}"
            )
        if not (token.isascii() and token.isprintable() and " " not in token):
            raise ConfigurationError("the token holds characters that no token has", hint="copy it from the console")
        host, port = parsed.hosts[0]
        place = f"[{host}]" if ":" in host else host
        path = f"/{parsed.database.strip('/')}" if parsed.database.strip("/") else ""
        return cls(
            url=f"{_SCHEMES[parsed.scheme]}://{place}{f':{port}' if port else ''}{path}",
            token=token,
            timeout=check_positive(timeout, "timeout"),
            connect_timeout=check_positive(connect_timeout, "connect_timeout"),
            max_request_size=max_request_size,
        )


def _url_of_environment(names: tuple[str, ...]) -> str | None:
    """Some of Upstash's integrations keep a ``rediss://`` URL in a name, which is not meant for us."""
    urls = [os.environ[name] for name in names if os.environ.get(name)]
    return next((url for url in urls if "://" in url and scheme_of(url) in _SCHEMES), urls[0] if urls else None)


def _first_set(names: tuple[str, ...]) -> str | None:
    return next((os.environ[name] for name in names if os.environ.get(name)), None)
