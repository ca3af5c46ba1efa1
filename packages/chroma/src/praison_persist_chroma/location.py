"""Where Chroma is: URLs, directories, Chroma Cloud and its environment variables. Opens nothing."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

from praison_persist.errors import ConfigurationError
from praison_persist.urls import parse

__all__ = ["CLOUD", "MEMORY", "Location"]

MEMORY = ":memory:"
CLOUD = "https://api.trychroma.com:443"
_CLOUD_HOST = re.compile(r"https://([a-z0-9.-]+\.)?trychroma\.com[:/]")
_SCHEMES = {"http": "http", "https": "https", "chroma": "http"}
_ADDRESS = re.compile(r"[A-Za-z0-9.\[\]:-]*:\d+(/.*)?")
_HINT = "url= is http://host:8000, https://... or chroma://host:8000; path= is a directory; api_key= alone is the cloud"


@dataclass(frozen=True)
class Location:
    """One of a server, a directory, or this process's memory.

    Attributes:
        url: of the server with its port, without credentials; None for the others.
        path: the directory, or ``":memory:"``; None for a server.
        api_key: of the server.
        tenant, database: None for the default, in the cloud for those of the key.
    """

    url: str | None = None
    path: str | None = None
    api_key: str | None = field(default=None, repr=False)
    tenant: str | None = None
    database: str | None = None

    @property
    def embedded(self) -> bool:
        """No server: the engine works inside this process."""
        return self.path is not None

    @property
    def cloud(self) -> bool:
        """A server of Chroma Cloud, with its own kind of credentials and its quotas."""
        return self.url is not None and _CLOUD_HOST.match(self.url + "/") is not None

    def __str__(self) -> str:
        return self.url or self.path or ""

    @classmethod
    def of(
        cls,
        url: str | None,
        path: str | os.PathLike[str] | None,
        host: str | None,
        port: int,
        persistent: bool,
        api_key: str | None,
        tenant: str | None,
        database: str | None,
    ) -> Location:
        """The location that the constructor's arguments name; this process's memory where they name none.

        Raises:
            ConfigurationError: two places, an unknown scheme, a broken URL, or a server's address given as a directory.
        """
        given = [name for name, value in (("url", url), ("path", path), ("host", host)) if value]
        if len(given) > 1:
            raise ConfigurationError(f"{' and '.join(given)} exclude each other", hint=_HINT)
        place = os.fspath(path) if path else url or (host if host and "://" in host else None)
        if place is None and (host or api_key):
            place = f"http://{f'[{host}]' if host.count(':') > 1 else host}:{port}" if host else CLOUD
        if not place or place == MEMORY:
            return cls(path=MEMORY)
        if "://" in place:
            return cls._server(place, port, api_key, tenant, database)
        if _ADDRESS.fullmatch(place) or place.startswith(("http:", "https:", "chroma:")):
            raise ConfigurationError(f"{place!r} is no directory but the address of a server", hint=_HINT)
        return cls(path=place if persistent else MEMORY)

    @classmethod
    def _server(cls, url: str, port: int, api_key: str | None, tenant: str | None, database: str | None) -> Location:
        parsed = parse(url)
        scheme = _SCHEMES.get(parsed.scheme)
        if scheme is None or parsed.driver not in (None, "https"):
            raise ConfigurationError(f"{parsed.scheme}:// is no URL of Chroma", hint=_HINT)
        if len(parsed.hosts) != 1 or parsed.host is None:
            raise ConfigurationError("the URL needs one host", hint=_HINT)
        if unknown := sorted(set(parsed.query) - {"api_key", "tenant", "database"}):
            raise ConfigurationError(
                f"unknown URL parameter {unknown[0]!r}", hint="its parameters are api_key, tenant and database"
            )
        scheme = parsed.driver or scheme
        host = f"[{parsed.host}]" if ":" in parsed.host else parsed.host
        default = 443 if scheme == "https" and host.endswith("trychroma.com") else port
        place = cls(
            url=f"{scheme}://{host}:{parsed.port or default}" + (f"/{parsed.database}" if parsed.database else "")
        )
        # The cloud's credentials go to the cloud only.
        environment = os.environ if place.cloud else {}
        return cls(
            url=place.url,
            api_key=api_key
            or parsed.query.get("api_key")
            or parsed.password
            or parsed.username
            or environment.get("CHROMA_API_KEY")
            or None,
            tenant=tenant or parsed.query.get("tenant") or environment.get("CHROMA_TENANT") or None,
            database=database or parsed.query.get("database") or environment.get("CHROMA_DATABASE") or None,
        )
