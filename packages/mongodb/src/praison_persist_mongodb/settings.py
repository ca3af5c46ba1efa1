"""Where MongoDB is and how it is asked, for every kind of store. Opens nothing, imports no client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from praison_persist.errors import ConfigurationError
from praison_persist.urls import parse
from praison_persist.validation import check_limit, check_positive

__all__ = ["Settings"]

_DEFAULT_URL = "mongodb://localhost:27017"
_DEFAULT_DATABASE = "praisonai"
_HINT = "write mongodb://user:password@host:27017/database or mongodb+srv://user:password@cluster.example.net/database"
_NOT_IN_NAMES = frozenset('/\\. "$*<>:|?\x00')


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What every engine of this package needs.

    Attributes:
        url: as PyMongo takes it; with credentials.
        database: name of the database.
        place: server and database as messages name them.
        secrets: what no message may show.
        client: PyMongo's options, for its blocking and its asyncio client; those that the URL names are left to it.
        timeout, connect_timeout: seconds.
    """

    url: str = field(repr=False)
    database: str
    place: str
    secrets: tuple[str, ...] = field(repr=False)
    client: dict[str, Any]
    timeout: float
    connect_timeout: float

    @classmethod
    def of(
        cls,
        url: str | None,
        *,
        database: str | None,
        tls: bool | None,
        tls_ca_file: str | None,
        tls_certificate_key_file: str | None,
        pool_size: int,
        timeout: float,
        connect_timeout: float,
    ) -> Settings:
        """The settings that a store's arguments name.

        Args:
            url: ``mongodb://`` or ``mongodb+srv://``, with any of PyMongo's parameters.
            database: else the one in the URL's path, else ``praisonai``.
            tls, tls_ca_file, tls_certificate_key_file: as PyMongo's options of these names.
            pool_size: most connections to each server.
            timeout: seconds for one request as a whole, the search for a server included.
            connect_timeout: seconds to connect to one server.

        Raises:
            ConfigurationError: a broken URL, or one of something else.
            InvalidInputError: a number out of range.
        """
        if not check_limit(pool_size, "pool_size"):
            raise ConfigurationError(f"pool_size must be at least 1, got {pool_size!r}")
        check_positive(timeout, "timeout")
        check_positive(connect_timeout, "connect_timeout")
        url = url or _DEFAULT_URL
        parsed = parse(url)
        if parsed.scheme != "mongodb" or parsed.driver not in (None, "srv") or not parsed.hosts:
            raise ConfigurationError(f"{parsed.scheme}:// is no URL of MongoDB", hint=_HINT)
        name = database or parsed.database or _DEFAULT_DATABASE
        if not isinstance(name, str) or set(name) & _NOT_IN_NAMES or len(name.encode()) > 63:
            raise ConfigurationError(f"{name!r} is no name of a database", hint=_HINT)
        options: dict[str, Any] = {
            "timeoutMS": int(timeout * 1000),
            "connectTimeoutMS": int(connect_timeout * 1000),
            "maxPoolSize": pool_size,
            "w": "majority",
            "tz_aware": True,
            "appname": "praison-persist",
            "tls": tls,
            "tlsCAFile": tls_ca_file,
            "tlsCertificateKeyFile": tls_certificate_key_file,
        }
        in_url = {option.lower() for option in parsed.query} - {"tz_aware"}
        return cls(
            url=url,
            database=name,
            place=str(parsed).partition("?")[0].rpartition("/")[0] + f"/{name}",
            secrets=parsed.secrets,
            client={
                option: value for option, value in options.items() if value is not None and option.lower() not in in_url
            },
            timeout=timeout,
            connect_timeout=connect_timeout,
        )
