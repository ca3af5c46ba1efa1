"""Where Milvus is: URLs of servers, files of the embedded engine, credentials. Opens nothing."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import PurePath

from praison_persist.errors import ConfigurationError
from praison_persist.urls import parse

__all__ = ["Location"]

_SCHEMES = {"http": "http", "https": "https", "milvus": "http", "tcp": "http"}
_FILE_NAME = re.compile(r"[A-Za-z0-9._-]{1,33}\.db")
_HINT = (
    "url= is http://host:19530, https://... or milvus://host:19530; path= (or url=) is a file whose name ends in .db"
)


@dataclass(frozen=True)
class Location:
    """One of a server and a file of the embedded engine.

    Attributes:
        url: of the server with its port, without credentials; None for a file.
        path: the file; None for a server.
        token: of the server: an API key, or ``user:password``.
        db_name: the database on the server.
    """

    url: str | None = None
    path: str | None = None
    token: str | None = field(default=None, repr=False)
    db_name: str = "default"

    def __str__(self) -> str:
        return self.url or self.path or ""

    @classmethod
    def of(
        cls,
        url: str | None,
        path: str | os.PathLike[str] | None,
        host: str,
        port: int,
        token: str | None,
        db_name: str | None,
    ) -> Location:
        """The location that the constructor's arguments name; the server on this machine where they name none.

        Raises:
            ConfigurationError: two places, an unknown scheme, a broken URL, or a file name that the engine refuses.
        """
        if url and path:
            raise ConfigurationError("url and path exclude each other", hint=_HINT)
        place = os.fspath(path) if path else url
        if not place:
            place = host if "://" in host else f"http://{f'[{host}]' if host.count(':') > 1 else host}:{port}"
        if "://" in place:
            return cls._server(place, port, token, db_name)
        if not _FILE_NAME.fullmatch(PurePath(place).name):
            raise ConfigurationError(
                f"{place!r} is no file of the embedded engine: its name is letters, digits, dot, underscore and "
                "hyphen, at most 36 characters, and ends in .db",
                hint=_HINT,
            )
        return cls(path=place)

    @classmethod
    def _server(cls, url: str, port: int, token: str | None, db_name: str | None) -> Location:
        parsed = parse(url)
        scheme = _SCHEMES.get(parsed.scheme)
        if scheme is None or parsed.driver not in (None, "https"):
            raise ConfigurationError(f"{parsed.scheme}:// is no URL of Milvus", hint=_HINT)
        if len(parsed.hosts) != 1 or parsed.host is None:
            raise ConfigurationError("the URL needs one host", hint=_HINT)
        if unknown := sorted(set(parsed.query) - {"token", "db_name"}):
            raise ConfigurationError(f"unknown URL parameter {unknown[0]!r}", hint="they are token and db_name")
        scheme = parsed.driver or scheme
        host = f"[{parsed.host}]" if ":" in parsed.host else parsed.host
        user = f"{parsed.username}:{parsed.password}" if parsed.username and parsed.password else None
        return cls(
            url=f"{scheme}://{host}:{parsed.port or (443 if scheme == 'https' else port)}",
            token=token or parsed.query.get("token") or user or parsed.password or parsed.username,
            db_name=db_name or parsed.query.get("db_name") or parsed.database or "default",
        )
