"""How a Chroma server is talked to: deadlines and the client's settings, the same for either client. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from chromadb.auth import UserIdentity
from chromadb.auth.token_authn import TokenTransportHeader
from chromadb.config import DEFAULT_DATABASE, DEFAULT_TENANT, Settings

from praison_persist.errors import ConfigurationError

from .location import Location

__all__ = ["Namespace", "Remote"]


@dataclass(frozen=True)
class Namespace:
    """Where on a server the collections are."""

    tenant: str = DEFAULT_TENANT
    database: str = DEFAULT_DATABASE

    @classmethod
    def of(cls, location: Location, identity: UserIdentity | None) -> Namespace:
        """The namespace that the location names; for the cloud the rest is what the key is good for.

        Raises:
            ConfigurationError: the key is good for several databases.
        """
        tenant, database = location.tenant, location.database
        if identity is not None:
            databases = [name for name in identity.databases or [] if name != "*"]
            tenant = tenant or identity.tenant
            database = database or (databases[0] if len(databases) == 1 else None)
            if not tenant or not database:
                raise ConfigurationError(
                    "the credentials do not tell the tenant and the database", hint="give tenant= and database="
                )
        return cls(tenant or DEFAULT_TENANT, database or DEFAULT_DATABASE)


@dataclass(frozen=True)
class Remote:
    """Settings of a connection to a server.

    Attributes:
        timeout: seconds that a request may take.
        connect_timeout: seconds for a connection, and for the answer that tells that the server is there.
        headers: sent with every request.
    """

    timeout: float
    connect_timeout: float
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def settings(self, location: Location, implementation: str) -> Settings:
        """Settings of a client of a server, without those that the environment holds for others."""
        options: dict[str, Any] = {
            "chroma_api_impl": implementation,
            "chroma_server_host": location.url,
            "chroma_server_http_port": 0,  # required, and not used: the URL has it
            "chroma_server_headers": dict(self.headers),
            "chroma_server_ssl_verify": True,
            "anonymized_telemetry": False,
        }
        if location.api_key is not None:
            header = TokenTransportHeader.X_CHROMA_TOKEN if location.cloud else TokenTransportHeader.AUTHORIZATION
            options["chroma_client_auth_provider"] = "chromadb.auth.token_authn.TokenAuthClientProvider"
            options["chroma_client_auth_credentials"] = location.api_key
            options["chroma_auth_token_transport_header"] = header
        return Settings(**options)

    def deadlines(self, *, quick: bool = False) -> httpx.Timeout:
        """The client's own are: for ever. ``quick`` for the first answer of a server."""
        connect = min(self.connect_timeout, self.timeout)
        return httpx.Timeout(connect if quick else self.timeout, connect=connect)
