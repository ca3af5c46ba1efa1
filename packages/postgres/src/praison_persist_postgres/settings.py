"""How to reach a PostgreSQL server: URL and options become driver parameters, once for every store of this package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from praison_persist.errors import ConfigurationError
from praison_persist.sql import COCKROACHDB, POSTGRES, Dialect
from praison_persist.urls import parse
from praison_persist.validation import check_identifier, check_positive

__all__ = ["Pooler", "Server", "Settings"]

Pooler = Literal["auto", "session", "transaction"]
Server = Literal["auto", "postgresql", "cockroachdb"]

_SCHEMES = ("postgresql", "postgres", "cockroachdb", "pgvector")
_COCKROACH = (".cockroachlabs.cloud", ".cockroachlabs.com")
_SERVERLESS = (
    *_COCKROACH,
    ".neon.tech",
    ".xata.sh",
    ".supabase.com",
    ".supabase.co",
)


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """A server, a database, and how patiently to talk to it.

    Attributes:
        parameters: libpq connection parameters.
        schema: schema of the tables.
        pool_size: most connections of this store.
        timeout: seconds to wait for a free connection.
        connect_timeout: seconds to wait for a new connection.
        command_timeout: seconds to wait for the answer to a statement; None without end.
        transaction_pooler: connections go through a pooler that gives every transaction another server connection,
            so nothing may be prepared.
        serverless: the host is one of those that suspend databases, and take seconds to wake them.
        dialect: the server's.
        secrets: what must not appear in a message.
    """

    parameters: dict[str, str]
    schema: str
    pool_size: int
    timeout: float
    connect_timeout: float
    command_timeout: float | None
    transaction_pooler: bool
    serverless: bool
    dialect: Dialect
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
        schema: str,
        pool_size: int,
        timeout: float,
        connect_timeout: float,
        command_timeout: float | None,
        pooler: str,
        server: str = "auto",
    ) -> Settings:
        """From the options of a store; a URL replaces host, port, database, user and password.

        Raises:
            ConfigurationError, InvalidInputError: a broken URL or option.
        """
        check_identifier(schema, "schema")
        check_positive(timeout, "timeout")
        check_positive(connect_timeout, "connect_timeout")
        if command_timeout is not None:
            check_positive(command_timeout, "command_timeout")
        if isinstance(pool_size, bool) or not isinstance(pool_size, int) or pool_size < 1:
            raise ConfigurationError(f"pool_size must be an integer of at least 1, got {pool_size!r}")
        if pooler not in ("auto", "session", "transaction"):
            raise ConfigurationError(f"pooler must be 'auto', 'session' or 'transaction', got {pooler!r}")
        if server not in ("auto", "postgresql", "cockroachdb"):
            raise ConfigurationError(f"server must be 'auto', 'postgresql' or 'cockroachdb', got {server!r}")
        parameters: dict[str, str]
        secrets: tuple[str, ...]
        scheme = ""
        if url is None:
            parameters = {"host": host, "port": str(port), "dbname": database, "user": user, "password": password}
            secrets = (password,) if password else ()
        else:
            parsed = parse(url)
            if parsed.scheme not in _SCHEMES:
                raise ConfigurationError(
                    f"{parsed.scheme}:// is not a PostgreSQL URL", hint="postgresql://user:password@host:port/database"
                )
            parameters = {
                "host": ",".join(name for name, _ in parsed.hosts),
                "port": ",".join(str(number or 5432) for _, number in parsed.hosts),
                "dbname": parsed.database,
                "user": parsed.username or "",
                "password": parsed.password or "",
                **{name: value for name, value in parsed.query.items() if name not in ("host", "port")},
            }
            scheme, secrets = parsed.scheme, parsed.secrets
        hosts = parameters["host"].split(",")
        serverless = any(name.endswith(_SERVERLESS) for name in hosts)
        cockroach = server == "cockroachdb" or (
            server == "auto" and (scheme == "cockroachdb" or any(name.endswith(_COCKROACH) for name in hosts))
        )
        if serverless:
            parameters.setdefault("sslmode", "require")
            connect_timeout = max(connect_timeout, 30.0)  # suspended computes take seconds to wake
        parameters.setdefault("connect_timeout", str(max(2, round(connect_timeout))))
        parameters.setdefault("client_encoding", "utf8")
        pooled = pooler == "transaction" or (
            pooler == "auto" and any("-pooler." in name or ".pooler." in name for name in hosts)
        )
        if pooler == "auto" and "6543" in parameters["port"].split(","):
            pooled = True
        return cls(
            {name: value for name, value in parameters.items() if value},
            schema,
            pool_size,
            float(timeout),
            _seconds(parameters["connect_timeout"]),
            command_timeout,
            pooled,
            serverless,
            COCKROACHDB if cockroach else POSTGRES,
            secrets,
        )

    @property
    def place(self) -> str:
        """Host, port and database, for messages."""
        return f"{self.parameters.get('host', 'local socket')}:{self.parameters.get('port', '5432')}/" + (
            self.parameters.get("dbname", "")
        )

    def pooler(self, told: int, actual: int) -> str:
        """What answers, for `praison_persist.health.StoreHealth`.

        Args:
            told: the process id that the connection was given when it was made. Poolers (PgBouncer, Supavisor and
                their like) hand out one of their own, since they also pass on requests to cancel.
            actual: that of the server process, ``pg_backend_pid()``.
        """
        if told == actual:
            return "none found"
        if self.transaction_pooler:
            return "found; used in transaction mode, so nothing is prepared"
        return 'found; in transaction mode it needs pooler="transaction"'

    def about(self) -> dict[str, str]:
        """The pool and the pooler, for `praison_persist.health.StoreHealth`."""
        return {
            "pool": f"at most {self.pool_size} connections",
            "pooler": "in transaction mode, so nothing is prepared" if self.transaction_pooler else "none assumed",
        }

    def __repr__(self) -> str:
        return f"Settings({self.place!r})"

    def libpq(self) -> dict[str, Any]:
        """Arguments of ``psycopg.connect`` beside the server's address."""
        return {
            **self.parameters,
            "autocommit": True,
            "prepare_threshold": None if self.transaction_pooler else 5,
            "keepalives": 1,
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
        }

    def asyncpg(self) -> dict[str, Any]:
        """Arguments of ``asyncpg.create_pool``; libpq parameters that asyncpg does not know are refused.

        Raises:
            ConfigurationError: a parameter of the URL that asyncpg has no word for.
        """
        given = dict(self.parameters)
        given.pop("client_encoding")
        given.pop("connect_timeout")
        arguments: dict[str, Any] = {
            "timeout": self.connect_timeout,
            "command_timeout": self.command_timeout,
            "statement_cache_size": 0 if self.transaction_pooler else 100,
        }
        for name, value in given.items():
            known = _ASYNCPG.get(name)
            if known is None:
                raise ConfigurationError(
                    f"connection parameter {name!r} is not supported by asyncpg",
                    hint=f"use one of {', '.join(sorted(_ASYNCPG))}, or the blocking store",
                )
            arguments[known] = value
        hosts = given.get("host", "").split(",")
        if len(hosts) > 1:
            arguments["host"] = hosts
        ports = [int(port) for port in given.get("port", "5432").split(",")]
        arguments["port"] = ports if len(hosts) > 1 else ports[0]
        if "server_settings" in arguments:
            arguments["server_settings"] = {"application_name": arguments["server_settings"]}
        return arguments


def _seconds(text: str) -> float:
    """The URL's ``connect_timeout``; libpq's 0, to wait without end, is refused."""
    try:
        return check_positive(float(text), "connect_timeout")
    except ValueError:
        raise ConfigurationError(f"connect_timeout must be a number of seconds above 0, got {text!r}") from None


_ASYNCPG = {
    "host": "host",
    "port": "port",
    "dbname": "database",
    "user": "user",
    "password": "password",
    "passfile": "passfile",
    "sslmode": "ssl",
    "application_name": "server_settings",
    "target_session_attrs": "target_session_attrs",
}
