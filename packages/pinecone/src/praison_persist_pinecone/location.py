"""Where Pinecone's control plane is, the API key, and the environment. Opens nothing.

Where an index itself is, the control plane tells.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from praison_persist.errors import ConfigurationError
from praison_persist.urls import parse

__all__ = ["Location"]

_HOST = "https://api.pinecone.io"
_PARAMETERS = ("api_key", "index_name", "namespace")
_HINT = "url= is pinecone://, pinecone://KEY@api.pinecone.io, or the https:// address of a control plane"


@dataclass(frozen=True)
class Location:
    """A project in Pinecone, and which part of it a store uses.

    Attributes:
        host: URL of the control plane.
        api_key: of the project.
        index_name: the one index that the store uses; None for an index for each collection.
        namespace: of every index; "" is Pinecone's default namespace.
    """

    host: str
    api_key: str = field(repr=False)
    index_name: str | None = None
    namespace: str = ""

    def __str__(self) -> str:
        return self.host

    @classmethod
    def of(cls, url: str | None, api_key: str | None, index_name: str | None, namespace: str | None) -> Location:
        """The location that the arguments name; ``PINECONE_...`` of the environment where they name none.

        Raises:
            ConfigurationError: no key, an unknown scheme or parameter, a broken URL.
        """
        given: dict[str, str] = {}
        host = os.environ.get("PINECONE_CONTROLLER_HOST") or _HOST
        key = None
        if url:
            host, key, given = _parsed(url, host)
        key = api_key or key or given.get("api_key") or os.environ.get("PINECONE_API_KEY")
        if not key:
            raise ConfigurationError("Pinecone needs an API key", hint="give api_key=, or set PINECONE_API_KEY")
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise ConfigurationError("the API key holds what no key holds: a space, a line break or another letter")
        return cls(
            host,
            key,
            index_name or given.get("index_name") or os.environ.get("PINECONE_INDEX") or None,
            _checked_namespace(given.get("namespace", "") if namespace is None else namespace),
        )


def _parsed(url: str, default: str) -> tuple[str, str | None, dict[str, str]]:
    """The control plane, the key, and the parameters of a URL."""
    if url.rstrip("/") in ("pinecone:", "pinecone"):
        return default, None, {}
    parsed = parse(url if not url.startswith("pinecone://?") else url.replace("://", "://api.pinecone.io", 1))
    if parsed.scheme not in ("pinecone", "http", "https") or parsed.driver is not None:
        raise ConfigurationError(f"{parsed.scheme}:// is no URL of Pinecone", hint=_HINT)
    if len(parsed.hosts) != 1 or parsed.host is None or parsed.database:
        raise ConfigurationError("the URL needs one host, and has no path", hint=_HINT)
    if unknown := sorted(set(parsed.query) - set(_PARAMETERS)):
        raise ConfigurationError(
            f"unknown URL parameter {unknown[0]!r}", hint=f"its parameters are {', '.join(_PARAMETERS)}"
        )
    host = f"[{parsed.host}]" if ":" in parsed.host else parsed.host
    port = "" if parsed.port is None else f":{parsed.port}"
    scheme = "http" if parsed.scheme == "http" else "https"
    return f"{scheme}://{host}{port}", parsed.password or parsed.username, parsed.query


def _checked_namespace(value: str) -> str:
    if not isinstance(value, str) or not value.isascii() or "\0" in value or len(value) > 512:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"namespace {value!r} is not 0 to 512 characters of ASCII")
    return "" if value == "__default__" else value
