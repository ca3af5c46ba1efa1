"""Where Valkey is and how it is asked: URL forms, credentials, TLS, deadlines. Opens nothing, imports no client."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from praison_persist.errors import ConfigurationError
from praison_persist.urls import parse
from praison_persist.validation import check_positive

__all__ = ["Settings"]

_SCHEMES = {"valkey": False, "valkeys": True, "redis": False, "rediss": True}
_TLS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_HINT = (
    "write valkey://user:password@host:6379/0, valkeys:// for TLS or valkey+cluster://host1:7000,host2:7001; "
    "Sentinels and sockets need the redis store, which speaks to Valkey too"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the engine needs.

    Attributes:
        cluster: whether the addresses are nodes of a cluster.
        addresses: host and port of the server, or of some nodes.
        tls: paths of PEM files by option name (``ssl_ca_certs``, ``ssl_certfile``, ``ssl_keyfile``); None without TLS.
        timeout, connect_timeout: seconds.
    """

    addresses: tuple[tuple[str, int], ...]
    cluster: bool = False
    db: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: dict[str, str] | None = None
    timeout: float = 5.0
    connect_timeout: float = 2.0

    @property
    def place(self) -> str:
        """The server as messages name it, without credentials."""
        hosts = ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.addresses)
        scheme = "valkey" if self.tls is None else "valkeys"
        return f"{scheme}+cluster://{hosts}" if self.cluster else f"{scheme}://{hosts}/{self.db}"

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
        ssl: bool,
        tls: dict[str, str | None],
        timeout: float,
        connect_timeout: float,
    ) -> Settings:
        """The settings that a store's arguments name; ``VALKEY_URL`` where they name no server.

        Raises:
            ConfigurationError: a broken URL, or one of something else.
            InvalidInputError: a number out of range.
        """
        waits: dict[str, Any] = {
            "timeout": check_positive(timeout, "timeout"),
            "connect_timeout": check_positive(connect_timeout, "connect_timeout"),
        }
        files = {name: path for name, path in tls.items() if path is not None}
        if url is None and (host, port) == ("localhost", 6379):
            url = os.environ.get("VALKEY_URL") or None
        if url is None:
            return cls(
                addresses=((host, port),),
                db=_database(db),
                username=username,
                password=password or None,
                tls=_tls(ssl, files),
                **waits,
            )
        parsed = parse(url)
        if parsed.scheme not in _SCHEMES or parsed.driver not in (None, "cluster"):
            scheme = f"{parsed.scheme}+{parsed.driver}" if parsed.driver else parsed.scheme
            raise ConfigurationError(f"this store has no URLs that start with {scheme}://", hint=_HINT)
        known = ("db", "username", "password", *_TLS)
        if unknown := sorted(set(parsed.query) - set(known)):
            raise ConfigurationError(
                f"unknown URL parameter {unknown[0]!r}", hint=f"known are {', '.join(sorted(known))}"
            )
        cluster = parsed.driver == "cluster"
        addresses = tuple((name, number or 6379) for name, number in parsed.hosts) or (("localhost", 6379),)
        if len(addresses) > 1 and not cluster:
            raise ConfigurationError("several hosts need valkey+cluster://", hint=_HINT)
        number = _database(parsed.query.get("db") or parsed.database.strip("/") or (0 if cluster else db))
        if cluster and number:
            raise ConfigurationError("a cluster is asked for its database 0 only")
        files |= {name: value for name, value in parsed.query.items() if name in _TLS}
        return cls(
            addresses=addresses,
            cluster=cluster,
            db=number,
            username=parsed.username or parsed.query.get("username") or username,
            password=parsed.password or parsed.query.get("password") or password or None,
            tls=_tls(ssl or _SCHEMES[parsed.scheme], files),
            **waits,
        )


def _tls(wanted: bool, files: dict[str, str]) -> dict[str, str] | None:
    if ("ssl_certfile" in files) != ("ssl_keyfile" in files):
        raise ConfigurationError("ssl_certfile and ssl_keyfile belong together", hint="give both, or neither")
    return files if wanted or files else None


def _database(value: Any) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = -1
    if number < 0:
        raise ConfigurationError(f"the database must be a number from 0, got {value!r}", hint=_HINT)
    return number
