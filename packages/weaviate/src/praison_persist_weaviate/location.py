"""Where Weaviate is: the two addresses of a server, its key, and the environment. Opens nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from praison_persist.errors import ConfigurationError
from praison_persist.urls import parse

__all__ = ["Address", "Location"]

_SCHEMES = {"http": "http", "https": "https", "weaviate": "http"}
_CLOUD = (".weaviate.cloud", ".weaviate.network")
_PARAMETERS = ("api_key", "grpc_host", "grpc_port")
_HINT = "url= is http://host:8080, https://..., weaviate://host:8080, or a cluster's address in Weaviate Cloud"


@dataclass(frozen=True)
class Address:
    """One of the ports of a server; ``secure`` with TLS."""

    host: str
    port: int
    secure: bool


@dataclass(frozen=True)
class Location:
    """A server.

    Attributes:
        http: its REST API.
        grpc: its gRPC API, which searches and batches go to.
        api_key: None for a server that lets anybody in.
    """

    http: Address
    grpc: Address
    api_key: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        host = f"[{self.http.host}]" if ":" in self.http.host else self.http.host
        return f"{'https' if self.http.secure else 'http'}://{host}:{self.http.port}"

    @classmethod
    def of(cls, url: str | None, api_key: str | None, grpc_host: str | None, grpc_port: int | None) -> Location:
        """The location that the constructor's arguments name; ``WEAVIATE_URL`` where they name none.

        Weaviate does not tell where its gRPC API is. Without arguments it is where it usually is: in Weaviate Cloud
        on a host of its own, elsewhere at port 50051 of the same host.

        Raises:
            ConfigurationError: an unknown scheme or parameter, or a broken URL.
        """
        url = url or os.environ.get("WEAVIATE_URL") or "http://localhost:8080"
        if "://" not in url and _is_cloud(url.split("/")[0]):
            url = f"https://{url}"
        parsed = parse(url)
        scheme = _SCHEMES.get(parsed.scheme)
        if scheme is None or parsed.driver not in (None, "https"):
            raise ConfigurationError(f"{parsed.scheme}:// is no URL of Weaviate", hint=_HINT)
        if len(parsed.hosts) != 1 or parsed.host is None or parsed.database:
            raise ConfigurationError("the URL needs one host, and has no path", hint=_HINT)
        if unknown := sorted(set(parsed.query) - set(_PARAMETERS)):
            raise ConfigurationError(
                f"unknown URL parameter {unknown[0]!r}", hint=f"its parameters are {', '.join(_PARAMETERS)}"
            )
        secure, host = (parsed.driver or scheme) == "https", parsed.host
        cloud = _is_cloud(host)
        grpc = Address(
            grpc_host or parsed.query.get("grpc_host") or (_cloud_grpc(host) if cloud else host),
            _port(grpc_port or parsed.query.get("grpc_port") or (443 if cloud else 50051)),
            secure,
        )
        key = api_key or parsed.query.get("api_key") or parsed.password or parsed.username
        return cls(
            Address(host, parsed.port or (443 if secure else 8080), secure),
            grpc,
            key or os.environ.get("WEAVIATE_API_KEY") or None,
        )


def _is_cloud(host: str) -> bool:
    return host.lower().endswith(_CLOUD)


def _cloud_grpc(host: str) -> str:
    if host.lower().endswith(".weaviate.network"):
        cluster, domain = host.split(".", 1)
        return f"{cluster}.grpc.{domain}"
    return f"grpc-{host}"


def _port(value: int | str) -> int:
    try:
        port = int(value)
    except ValueError:
        port = 0
    if not 0 < port < 65536:
        raise ConfigurationError(f"grpc_port {value!r} is no port", hint="a number from 1 to 65535")
    return port
