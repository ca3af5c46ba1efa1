"""How to reach a MySQL server: URL and options become driver arguments, once for both stores of this package."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from praison_persist.errors import ConfigurationError
from praison_persist.sql import MYSQL, Dialect
from praison_persist.urls import parse
from praison_persist.validation import check_positive

from .tls import PARAMETERS, TLS

__all__ = ["Settings", "check_version"]

_SCHEMES = ("mysql", "mariadb")
_PLANETSCALE = (".psdb.cloud", ".planetscale.com")
_SERVERLESS = (*_PLANETSCALE, ".tidbcloud.com")
_OTHERS = ("unix_socket", "connect_timeout", "charset")

# One round trip. Whatever the server's defaults: nothing is cut to fit, backslashes escape, and after waiting for a
# lock a statement sees what its holder wrote. MariaDB reads the first of the comments, MySQL the second.
_SESSION = (
    "SET NAMES utf8mb4, SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',"
    " SESSION /*M! tx_isolation */ /*!80000 transaction_isolation */ = 'READ-COMMITTED', SESSION autocommit = 1"
)


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """A server, a database, and how patiently to talk to it.

    Attributes:
        host, port, unix_socket, database, user: where, and as whom.
        password: of the user.
        tls: how connections are encrypted.
        foreign_keys: whether new tables get a foreign key.
        pool_size: most connections of this store.
        timeout: seconds to wait for a free connection.
        connect_timeout: seconds to wait for a new connection.
        command_timeout: seconds to wait for the answer to a statement; None without end.
        secrets: what must not appear in a message.
    """

    host: str
    port: int
    unix_socket: str | None
    database: str
    user: str
    password: str
    tls: TLS
    foreign_keys: bool
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
        foreign_keys: bool | None,
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
        if foreign_keys is not None and not isinstance(foreign_keys, bool):
            raise ConfigurationError(f"foreign_keys must be True, False or None, got {foreign_keys!r}")
        query: dict[str, str] = {}
        secrets = (password,) if password else ()
        if url is not None:
            parsed = parse(url)
            if parsed.scheme not in _SCHEMES:
                raise ConfigurationError(
                    f"{parsed.scheme}:// is not a MySQL URL", hint="mysql://user:password@host:port/database"
                )
            if len(parsed.hosts) > 1:
                raise ConfigurationError("a MySQL URL has one host", hint="put a proxy before several servers")
            query, secrets = _known(parsed.query), parsed.secrets
            host, port = parsed.host or "localhost", parsed.port or 3306
            database, user, password = parsed.database, parsed.username or user, parsed.password or ""
        if not database:
            raise ConfigurationError("no database is named", hint="mysql://user:password@host:port/database")
        if "connect_timeout" in query:
            connect_timeout = _seconds(query["connect_timeout"])
        serverless = host.endswith(_SERVERLESS)
        return cls(
            host,
            port,
            query.get("unix_socket"),
            database,
            user,
            password,
            TLS.of(query, "VERIFY_IDENTITY" if serverless else "PREFERRED"),
            not host.endswith(_PLANETSCALE) if foreign_keys is None else foreign_keys,
            pool_size,
            float(timeout),
            max(float(connect_timeout), 30.0) if serverless else float(connect_timeout),  # to wake takes seconds
            command_timeout,
            secrets,
        )

    @property
    def place(self) -> str:
        """Host, port and database, for messages."""
        return f"{self.unix_socket or f'{self.host}:{self.port}'}/{self.database}"

    @property
    def dialect(self) -> Dialect:
        """MySQL's, without a foreign key where there should be none."""
        return MYSQL if self.foreign_keys else replace(MYSQL, foreign_key="")

    def __repr__(self) -> str:
        return f"Settings({self.place!r})"

    def arguments(self) -> dict[str, Any]:
        """What both drivers' ``connect`` takes by the same names."""
        return {
            "host": self.host,
            "port": self.port,
            "unix_socket": self.unix_socket,
            "user": self.user,
            # Both drivers encode a password as Latin-1; this way the bytes are UTF-8, as MySQL's own clients send them.
            "password": self.password.encode().decode("latin-1"),
            "charset": "utf8mb4",
            "init_command": _SESSION,
            "autocommit": None,
            "connect_timeout": self.connect_timeout,
        }


def check_version(text: str, place: str) -> None:
    """See that the server is not too old.

    Args:
        text: the version that it greets with, as ``8.0.36`` or ``5.5.5-10.11.6-MariaDB``.
        place: the server, for messages.

    Raises:
        ConfigurationError: it is.
    """
    is_mariadb = "MariaDB" in text
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", text.removeprefix("5.5.5-") if is_mariadb else text)
    least = (10, 2, 1) if is_mariadb else (8, 0, 17)
    if found and tuple(map(int, found.groups())) < least and "TiDB" not in text:
        raise ConfigurationError(
            f"{place}: the server has version {text}; MySQL 8.0.17 or MariaDB 10.2 is the oldest that works"
        )


def _known(query: dict[str, str]) -> dict[str, str]:
    """The parameters of a URL, in one spelling."""
    given = {name.replace("-", "_").lower(): value for name, value in query.items()}
    for name in given:
        if name not in PARAMETERS + _OTHERS:
            raise ConfigurationError(
                f"connection parameter {name!r} is not known", hint=f"use {', '.join(PARAMETERS + _OTHERS)}"
            )
    if given.get("charset", "utf8mb4").lower() != "utf8mb4":
        raise ConfigurationError("charset must be utf8mb4: others cannot hold every message")
    return given


def _seconds(text: str) -> float:
    try:
        return check_positive(float(text), "connect_timeout")
    except ValueError:
        raise ConfigurationError(f"connect_timeout must be a number of seconds above 0, got {text!r}") from None
