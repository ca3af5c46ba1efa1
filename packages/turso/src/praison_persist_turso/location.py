"""Where the database is: options, URL and environment become a file, a server or both. Opens nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from praison_persist.errors import ConfigurationError
from praison_persist.urls import parse
from praison_persist.validation import check_bool, check_positive

__all__ = ["DEFAULT_PATH", "Endpoint", "Location"]

DEFAULT_PATH = "praisonai_turso.db"

_URL_HINT = "libsql://name.turso.io, https://host, http://host:port, or file:path for a local file"
_SCHEMES = {"libsql": True, "https": True, "http": False}


@dataclass(frozen=True, slots=True, repr=False)
class Endpoint:
    """A server that speaks Hrana over HTTP.

    Attributes:
        host: name or address, without brackets.
        port: TCP port.
        tls: whether it is reached with HTTPS.
        path: what goes before ``/v3/pipeline``: empty, or a path without its last slash.
        token: the bearer token; empty for none.
    """

    host: str
    port: int
    tls: bool
    path: str
    token: str

    @classmethod
    def of(cls, url: str, auth_token: str | None) -> Endpoint:
        """From a URL; its ``authToken`` and ``tls`` are those of libSQL's own clients.

        Raises:
            ConfigurationError: a URL that names no such server.
        """
        parsed = parse(url)
        if parsed.driver or parsed.scheme not in _SCHEMES:
            raise ConfigurationError(f"{parsed.scheme}:// is not a libSQL URL", hint=_URL_HINT)
        if parsed.username or parsed.password:
            raise ConfigurationError("a libSQL URL has no user and password", hint="give auth_token=")
        if len(parsed.hosts) != 1:
            raise ConfigurationError("a libSQL URL names one host", hint=_URL_HINT)
        query = dict(parsed.query)
        in_url = query.pop("authToken", None)
        tls = query.pop("tls", "1" if _SCHEMES[parsed.scheme] else "0")
        if query or tls not in ("0", "1") or (parsed.scheme == "https" and tls == "0"):
            raise ConfigurationError(
                "a libSQL URL knows the parameters authToken and tls (0 or 1) only", hint="see the options of the store"
            )
        token = auth_token or in_url or os.environ.get("TURSO_AUTH_TOKEN", "")
        if not token.isascii() or not token.isprintable() or " " in token:
            raise ConfigurationError("auth_token holds characters that no token has", hint="was it copied whole?")
        host, port = parsed.hosts[0]
        encrypted = tls == "1"
        path = f"/{quote(parsed.database.strip('/'))}" if parsed.database.strip("/") else ""
        return cls(host, port or (443 if encrypted else 80), encrypted, path, token)

    @property
    def origin(self) -> str:
        """Scheme, host and port; says nothing secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    def __repr__(self) -> str:
        return f"Endpoint({self.origin!r})"


@dataclass(frozen=True, slots=True)
class Location:
    """A local file (no endpoint), a server (no path), or an embedded replica of a server (both).

    Attributes:
        path: the local file, or ``:memory:``.
        endpoint: the server.
        sync_on_write: of a replica: bring the file up to date after each write.
        pool_size: most connections to the server.
        timeout: seconds to wait for another writer, for a free connection, or for an answer.
    """

    path: str | None
    endpoint: Endpoint | None
    sync_on_write: bool
    pool_size: int
    timeout: float

    @classmethod
    def of(
        cls,
        url: str | None,
        *,
        auth_token: str | None,
        local_path: str | os.PathLike[str] | None,
        sync_on_write: bool,
        pool_size: int,
        timeout: float,
    ) -> Location:
        """From the options of a store and the environment.

        Raises:
            ConfigurationError, InvalidInputError: a broken URL, path or option.
        """
        check_positive(timeout, "timeout")
        check_bool(sync_on_write, "sync_on_write")
        if isinstance(pool_size, bool) or not isinstance(pool_size, int) or pool_size < 1:
            raise ConfigurationError(f"pool_size must be an integer of at least 1, got {pool_size!r}")
        if auth_token is not None and not isinstance(auth_token, str):
            raise ConfigurationError(f"auth_token must be text, not {type(auth_token).__name__}")
        if url is None:
            url = os.environ.get("TURSO_DATABASE_URL") or None
        if url is not None and not isinstance(url, str):
            raise ConfigurationError(f"url must be text, not {type(url).__name__}", hint=_URL_HINT)
        endpoint: Endpoint | None = None
        if url is not None and url.startswith("file:"):
            if local_path is not None:
                raise ConfigurationError("give url='file:...' or local_path=, not both")
            local_path = url.removeprefix("file:").removeprefix("//")
        elif url is not None:
            endpoint = Endpoint.of(url, auth_token)
        path = None if endpoint is not None and local_path is None else _path(local_path)
        if endpoint is not None and path == ":memory:":
            raise ConfigurationError("a replica needs a file", hint="give local_path= a file, or leave it out")
        return cls(path, endpoint, sync_on_write, pool_size, float(timeout))

    @property
    def in_memory(self) -> bool:
        """Whether the database lives in its connection only."""
        return self.path == ":memory:"

    @property
    def place(self) -> str:
        """Server and file, for messages."""
        return " with replica ".join(part for part in (self.endpoint and self.endpoint.origin, self.path) if part)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not appear in a message."""
        return (self.endpoint.token,) if self.endpoint is not None and self.endpoint.token else ()


def _path(given: str | os.PathLike[str] | None) -> str:
    text = DEFAULT_PATH if given is None else os.fspath(given)
    if not isinstance(text, str) or not text or "\x00" in text or "?" in text or "://" in text:
        raise ConfigurationError("the database path must be non-empty text, without '?'", hint=_URL_HINT)
    return text if text == ":memory:" else str(Path(text).expanduser())
