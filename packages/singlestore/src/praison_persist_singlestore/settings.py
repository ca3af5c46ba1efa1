"""How to reach a SingleStore server: URL and options become arguments of the client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from praison_persist.errors import ConfigurationError
from praison_persist.urls import parse
from praison_persist.validation import check_positive

__all__ = ["Settings"]

_SCHEMES = ("singlestoredb", "singlestore", "mysql")
_CLOUD = (".singlestore.com",)
_FILES = ("ssl_ca", "ssl_cert", "ssl_key")
_SWITCHES = ("ssl_disabled", "ssl_verify_cert", "ssl_verify_identity")


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """A server, a database, and how patiently to talk to it.

    Attributes:
        arguments: of ``singlestoredb.connect``.
        pool_size: most connections of this store.
        timeout: seconds to wait for a free connection.
        connect_timeout: seconds to wait for a new connection.
        command_timeout: seconds to wait for the answer to a statement; None without end.
        secrets: what must not appear in a message.
    """

    arguments: dict[str, Any]
    pool_size: int
    timeout: float
    connect_timeout: float
    command_timeout: float | None
    secrets: tuple[str, ...]

    @classmethod
    def of(
        cls,
        url: str | None,
        *,
        host: str,
        port: int,
        database: str,
        user: str,
        password: str,
        pool_size: int,
        timeout: float,
        connect_timeout: float,
        command_timeout: float | None,
    ) -> Settings:
        """From the options of a store; a URL replaces host, port, database, user and password.

        Raises:
            ConfigurationError, InvalidInputError: a broken URL or option.
        """
        check_positive(timeout, "timeout")
        check_positive(connect_timeout, "connect_timeout")
        if command_timeout is not None:
            check_positive(command_timeout, "command_timeout")
        if isinstance(pool_size, bool) or not isinstance(pool_size, int) or pool_size < 1:
            raise ConfigurationError(f"pool_size must be an integer of at least 1, got {pool_size!r}")
        tls: dict[str, Any] = {}
        secrets = (password,) if password else ()
        if url is not None:
            parsed = parse(url)
            if parsed.scheme not in _SCHEMES or len(parsed.hosts) > 1:
                raise ConfigurationError(
                    f"this {parsed.scheme}:// URL does not lead to one SingleStore server",
                    hint="singlestoredb://user:password@host:port/database",
                )
            host, port, secrets = parsed.host or "localhost", parsed.port or 3306, parsed.secrets
            database, user, password = parsed.database, parsed.username or user, parsed.password or ""
            query = dict(parsed.query)
            if "connect_timeout" in query:
                connect_timeout = _seconds(query.pop("connect_timeout"))
            tls = {name: _tls(name, value) for name, value in query.items()}
        if not database:
            raise ConfigurationError("no database is named", hint="singlestoredb://user:password@host:port/database")
        if host.endswith(_CLOUD):
            connect_timeout = max(connect_timeout, 30.0)  # a suspended workspace takes seconds to wake
            if not tls:
                tls = {"ssl_verify_cert": True, "ssl_verify_identity": True}
        # The client encodes a password as Latin-1; this way the bytes are UTF-8.
        encoded = password.encode().decode("latin-1")
        place = {"host": host, "port": port, "database": database, "user": user, "password": encoded}
        return cls({**place, **tls}, pool_size, float(timeout), float(connect_timeout), command_timeout, secrets)

    @property
    def place(self) -> str:
        """Host, port and database, for messages."""
        return f"{self.arguments['host']}:{self.arguments['port']}/{self.arguments['database']}"

    def __repr__(self) -> str:
        return f"Settings({self.place!r})"


def _tls(name: str, value: str) -> Any:
    if name in _FILES:
        return value
    if name not in _SWITCHES:
        raise ConfigurationError(
            f"connection parameter {name!r} is not known",
            hint=f"use {', '.join((*_FILES, *_SWITCHES, 'connect_timeout'))}",
        )
    if value.lower() not in ("true", "false", "1", "0"):
        raise ConfigurationError(f"{name} must be true or false, got {value!r}")
    return value.lower() in ("true", "1")


def _seconds(text: str) -> float:
    try:
        return check_positive(float(text), "connect_timeout")
    except ValueError:
        raise ConfigurationError(f"connect_timeout must be a number of seconds above 0, got {text!r}") from None
