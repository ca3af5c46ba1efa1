"""Where Qdrant is and how it is asked: URLs, environment, options. Opens nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from praison_persist.errors import ConfigurationError
from praison_persist.urls import parse

__all__ = ["MEMORY", "Location", "options_model"]

MEMORY = ":memory:"
_SCHEMES = {"http": "http", "https": "https", "qdrant": "http"}
_HINT = "url= is http://host:6333, https://..., qdrant://host:6333 or ':memory:'; path= is a directory"

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Location:
    """One of a server, a directory, or this process's memory.

    Attributes:
        url: of the server, without credentials; None for the others.
        path: the directory, or ``":memory:"``; None for a server.
    """

    url: str | None = None
    path: str | None = None
    api_key: str | None = field(default=None, repr=False)

    @property
    def embedded(self) -> bool:
        """No server: the engine works inside this process."""
        return self.path is not None

    def __str__(self) -> str:
        return self.url or self.path or ""

    @classmethod
    def of(
        cls, url: str | None, path: str | os.PathLike[str] | None, host: str, port: int, api_key: str | None
    ) -> Location:
        """The location that the constructor's arguments name; ``QDRANT_URL`` where they name none.

        Raises:
            ConfigurationError: both a URL and a path, an unknown scheme, or a broken URL.
        """
        if url is not None and path is not None:
            raise ConfigurationError("url and path exclude each other", hint=_HINT)
        if path is not None:
            return cls(path=os.fspath(path))
        if url is None and (host, port) == ("localhost", 6333):
            url = os.environ.get("QDRANT_URL") or None
        key = api_key or os.environ.get("QDRANT_API_KEY") or None
        if url is None:
            return cls(url=_join("http", host, port, ""), api_key=key)
        if url == MEMORY:
            return cls(path=MEMORY)
        return cls._server(url, port, api_key or None, key)

    @classmethod
    def _server(cls, url: str, port: int, explicit: str | None, fallback: str | None) -> Location:
        parsed = parse(url)
        scheme = _SCHEMES.get(parsed.scheme)
        if scheme is None or parsed.driver not in (None, "https"):
            raise ConfigurationError(f"{parsed.scheme}:// is no URL of Qdrant", hint=_HINT)
        if len(parsed.hosts) != 1 or parsed.host is None:
            raise ConfigurationError("the URL needs one host", hint=_HINT)
        if unknown := sorted(set(parsed.query) - {"api_key"}):
            raise ConfigurationError(f"unknown URL parameter {unknown[0]!r}", hint="the only parameter is api_key")
        key = explicit or parsed.query.get("api_key") or parsed.password or parsed.username or fallback
        return cls(url=_join(parsed.driver or scheme, parsed.host, parsed.port or port, parsed.database), api_key=key)


def _join(scheme: str, host: str, port: int, prefix: str) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}:{port}" + (f"/{prefix}" if prefix else "")


def options_model(model: type[M], options: Mapping[str, Any] | M | None, what: str) -> M | None:
    """Engine options given as a mapping with the engine's own names.

    Raises:
        ConfigurationError: an unknown name or a wrong type.
    """
    if options is None or isinstance(options, model):
        return options
    try:
        return model.model_validate(dict(options))
    except (ValidationError, TypeError, ValueError) as exc:
        names = ", ".join(model.model_fields)
        raise ConfigurationError(
            f"{what} is not what Qdrant understands: {exc}", hint=f"its names are {names}"
        ) from exc
