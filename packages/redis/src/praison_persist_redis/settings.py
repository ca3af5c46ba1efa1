"""Where Redis is and how it is asked: URL forms, credentials, TLS, deadlines. Opens nothing, imports no client."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Literal

from praison_persist.errors import ConfigurationError
from praison_persist.urls import DatabaseURL, parse
from praison_persist.validation import check_limit, check_positive

__all__ = ["Mode", "Settings"]

Mode = Literal["single", "sentinel", "cluster"]
Address = tuple[str, int]

_DRIVERS: dict[str | None, Mode] = {None: "single", "sentinel": "sentinel", "cluster": "cluster"}
_TLS = ("ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname")
_HINT = (
    "write redis://user:password@host:6379/0, rediss:// for TLS, unix:///path/of/socket, "
    "redis+sentinel://host1:26379,host2:26379/mymaster/0 or redis+cluster://host1:7000,host2:7001"
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What both engines need.

    Attributes:
        mode: one server, the master that Sentinels name, or a cluster.
        addresses: of the server, the Sentinels, or some nodes of the cluster; empty for a socket.
        socket: path of a Unix socket.
        master: the name that the Sentinels know.
        tls: redis-py's ``ssl_...`` options; None without TLS.
    """

    mode: Mode = "single"
    addresses: tuple[Address, ...] = ()
    socket: str | None = None
    master: str = ""
    db: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    sentinel_password: str | None = field(default=None, repr=False)
    tls: dict[str, Any] | None = None
    protocol: int = 3
    pool_size: int = 10
    timeout: float = 5.0
    connect_timeout: float = 5.0

    @property
    def place(self) -> str:
        """The server as messages name it, without credentials."""
        if self.socket:
            return f"unix://{self.socket}"
        hosts = ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.addresses)
        scheme = "rediss" if self.tls is not None else "redis"
        match self.mode:
            case "single":
                return f"{scheme}://{hosts}/{self.db}"
            case "sentinel":
                return f"{scheme}+sentinel://{hosts}/{self.master}/{self.db}"
            case "cluster":
                return f"{scheme}+cluster://{hosts}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may show."""
        return tuple(secret for secret in (self.password, self.sentinel_password) if secret)

    @classmethod
    def of(
        cls,
        url: str | None,
        *,
        host: str,
        port: int,
        db: int,
        username: str | None,
        password: str | None,
        sentinel_password: str | None,
        ssl: bool,
        tls: dict[str, Any],
        protocol: int,
        pool_size: int,
        timeout: float,
        connect_timeout: float,
    ) -> Settings:
        """The settings that a store's arguments name; ``REDIS_URL`` where they name no server.

        Raises:
            ConfigurationError: a broken URL, or one of something else.
            InvalidInputError: a number out of range.
        """
        if protocol not in (2, 3):
            raise ConfigurationError(f"protocol must be 2 or 3, got {protocol!r}")
        if not check_limit(pool_size, "pool_size"):
            raise ConfigurationError(f"pool_size must be at least 1, got {pool_size!r}")
        common: dict[str, Any] = {
            "protocol": protocol,
            "pool_size": pool_size,
            "timeout": check_positive(timeout, "timeout"),
            "connect_timeout": check_positive(connect_timeout, "connect_timeout"),
            "sentinel_password": sentinel_password,
        }
        given = {name: value for name, value in tls.items() if value is not None}
        if url is None and (host, port) == ("localhost", 6379):
            url = os.environ.get("REDIS_URL") or None
        if url is None:
            return cls(
                addresses=((host, port),),
                db=_database(db),
                username=username,
                password=password or None,
                tls=given if ssl or given else None,
                **common,
            )
        parsed = parse(url)
        known = {"db", "username", "password", "protocol", *_TLS}
        if unknown := sorted(set(parsed.query) - known):
            raise ConfigurationError(
                f"unknown URL parameter {unknown[0]!r}", hint=f"known are {', '.join(sorted(known))}"
            )
        common["protocol"] = int(parsed.query.get("protocol", protocol))
        common["username"] = parsed.username or parsed.query.get("username") or username
        common["password"] = parsed.password or parsed.query.get("password") or password or None
        secure = ssl or parsed.scheme == "rediss"
        given |= {name: value for name, value in parsed.query.items() if name in _TLS}
        if "ssl_check_hostname" in parsed.query:
            given["ssl_check_hostname"] = parsed.query["ssl_check_hostname"].lower() in ("1", "true", "yes")
        common["tls"] = given if secure or given else None
        return cls(**_where(parsed, db), **common)


def _where(parsed: DatabaseURL, db: int) -> dict[str, Any]:
    """Mode, addresses and database of a URL."""
    number = parsed.query.get("db")
    if parsed.scheme == "unix":
        return {"socket": f"/{parsed.database}", "db": _database(number or db)}
    mode = _DRIVERS.get(parsed.driver)
    if parsed.scheme not in ("redis", "rediss") or mode is None:
        raise ConfigurationError(f"{parsed.scheme}:// is no URL of Redis", hint=_HINT)
    usual = 26379 if mode == "sentinel" else 6379
    hosts = tuple((host, port or usual) for host, port in parsed.hosts) or (("localhost", usual),)
    path = parsed.database.strip("/")
    if mode == "single":
        if len(hosts) != 1:
            raise ConfigurationError("several hosts need redis+sentinel:// or redis+cluster://", hint=_HINT)
        return {"addresses": hosts, "db": _database(number or path or db)}
    if mode == "cluster":
        if _database(number or path or 0):
            raise ConfigurationError("a cluster has the database 0 only")
        return {"mode": mode, "addresses": hosts}
    master, _, database = path.partition("/")
    if not master:
        raise ConfigurationError("the URL names no master for the Sentinels", hint=_HINT)
    return {"mode": mode, "addresses": hosts, "master": master, "db": _database(number or database or db)}


def _database(value: Any) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = -1
    if number < 0:
        raise ConfigurationError(f"the database must be a number from 0, got {value!r}", hint=_HINT)
    return number
