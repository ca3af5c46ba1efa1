"""Where ClickHouse is: URLs, credentials, directories, and how long it may take. Opens nothing."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from praison_persist.errors import ConfigurationError
from praison_persist.urls import parse

__all__ = ["MEMORY", "Location", "Remote"]

MEMORY = ":memory:"
_SCHEMES = {"http": False, "https": True, "clickhouse": False, "clickhouses": True}
_HINT = "url= is clickhouse://user:password@host:8123/database, http(s)://... or ':memory:'; path= is a directory"
_PORTS = {False: 8123, True: 8443}


@dataclass(frozen=True)
class Location:
    """A server, or a directory or memory of this process.

    Attributes:
        path: the directory, or ``":memory:"``; None for a server.
        database: holds the collections.
    """

    database: str
    host: str = ""
    port: int = 0
    secure: bool = False
    username: str = "default"
    password: str = field(default="", repr=False)
    path: str | None = None

    @property
    def embedded(self) -> bool:
        """No server: the engine works inside this process."""
        return self.path is not None

    def __str__(self) -> str:
        if self.path is not None:
            return self.path
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http{'s' if self.secure else ''}://{host}:{self.port}"

    @classmethod
    def of(
        cls,
        url: str | None,
        path: str | os.PathLike[str] | None,
        *,
        host: str,
        port: int | None,
        username: str,
        password: str,
        database: str,
        secure: bool,
    ) -> Location:
        """The location that the constructor's arguments name.

        Raises:
            ConfigurationError: both a URL and a path, an unknown scheme or parameter, or a broken URL.
        """
        if url is not None and path is not None:
            raise ConfigurationError("url and path exclude each other", hint=_HINT)
        if path is not None or url == MEMORY:
            return cls(database, path=MEMORY if path is None else os.fspath(path))
        if url is None:
            return cls(database, host, port or _PORTS[secure], secure, username, password)
        parsed = parse(url)
        if parsed.scheme not in _SCHEMES or parsed.driver is not None:
            raise ConfigurationError(f"{parsed.scheme}:// is no URL of ClickHouse", hint=_HINT)
        if len(parsed.hosts) != 1 or parsed.host is None:
            raise ConfigurationError("the URL needs one host", hint=_HINT)
        if unknown := sorted(set(parsed.query) - {"secure"}):
            raise ConfigurationError(f"unknown URL parameter {unknown[0]!r}", hint="the only parameter is secure")
        safe = _SCHEMES[parsed.scheme] or secure or parsed.query.get("secure", "").lower() in ("1", "true")
        return cls(
            parsed.database or database,
            parsed.host,
            parsed.port or port or _PORTS[safe],
            safe,
            parsed.username or username,
            password if parsed.password is None else parsed.password,
        )


@dataclass(frozen=True)
class Remote:
    """Settings of a client.

    Attributes:
        timeout: seconds that a request may take, rounded up to whole ones.
        connect_timeout: seconds for a connection, likewise.
        settings: of ClickHouse, for every statement.
    """

    timeout: float
    connect_timeout: float
    settings: Mapping[str, Any]

    def statement_settings(self) -> dict[str, Any]:
        """What every statement needs: an insert is stored when it returns, and never taken for a repeated one."""
        return {"async_insert": 0, "insert_deduplicate": 0, **self.settings}

    def client_options(self, location: Location) -> dict[str, Any]:
        """Arguments of either HTTP client. The database is named in each statement, since it need not exist yet."""
        return {
            "host": location.host,
            "port": location.port,
            "interface": "https" if location.secure else "http",
            "username": location.username,
            "password": location.password,
            "connect_timeout": math.ceil(self.connect_timeout),  # the client cuts fractions off
            "send_receive_timeout": math.ceil(self.timeout),
            "query_retries": 0,
            "autogenerate_session_id": False,  # a session takes one statement at a time
            "settings": self.statement_settings(),
        }
