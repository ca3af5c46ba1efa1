"""How a Weaviate server is talked to: the client's options, and deadlines. The same for either client; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from weaviate.classes.init import AdditionalConfig, Auth, Timeout
from weaviate.config import ConnectionConfig, GrpcConfig
from weaviate.connect.base import ConnectionParams

from .location import Location

__all__ = ["Remote", "handle"]

_CHANNEL = [
    # A server that comes back is noticed soon; gRPC would wait up to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.max_reconnect_backoff_ms", 1000),
]

_handles: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()


def handle(client: Any, name: str) -> Any:
    """The client's handle of a collection; making one takes it as long as a small request."""
    known = _handles.setdefault(client, {})
    if name not in known:
        known[name] = client.collections.use(name)
    return known[name]


@dataclass(frozen=True)
class Remote:
    """Settings of a connection to a server.

    Attributes:
        timeout: seconds that a request may take.
        connect_timeout: seconds for the answer that tells that the server is there.
        headers: sent with every request.
    """

    timeout: float
    connect_timeout: float
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def client_options(self, location: Location) -> dict[str, Any]:
        """Arguments of the client, with the deadlines of a first answer; `deadlines` are for what follows."""
        http, grpc = location.http, location.grpc
        quick = min(self.connect_timeout, self.timeout)
        return {
            "connection_params": ConnectionParams.from_params(
                http.host, http.port, http.secure, grpc.host, grpc.port, grpc.secure
            ),
            "auth_client_secret": None if location.api_key is None else Auth.api_key(location.api_key),
            "additional_headers": dict(self.headers),
            "additional_config": AdditionalConfig(
                connection=ConnectionConfig(session_pool_max_retries=0),
                timeout=Timeout(init=quick, query=quick, insert=quick),
                grpc_config=GrpcConfig(channel_options=_CHANNEL),
            ),
            "skip_init_checks": True,  # they ask PyPI for newer versions of the client
        }

    def deadlines(self) -> Timeout:
        """Of an open client."""
        return Timeout(init=self.connect_timeout, query=self.timeout, insert=self.timeout)
