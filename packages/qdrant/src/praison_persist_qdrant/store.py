"""The blocking store: which engine the hooks use."""

from __future__ import annotations

from praison_persist.vectorstore import VectorStoreBase

from .engine import Engine
from .hooks import QdrantHooks
from .location import Location
from .remote import Remote

__all__ = ["QdrantKnowledgeStore"]


class QdrantKnowledgeStore(QdrantHooks, VectorStoreBase):
    """Documents in Qdrant: a server over HTTP or gRPC, or the client's embedded engine. Options: `QdrantHooks`."""

    backend = "qdrant"

    def _open_engine(self, location: Location, remote: Remote) -> Engine:
        return Engine(location, remote)
