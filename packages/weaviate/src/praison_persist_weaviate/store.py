"""The blocking store: which engine the hooks use."""

from __future__ import annotations

from praison_persist.vectorstore import VectorStoreBase

from .engine import Engine
from .hooks import WeaviateHooks
from .location import Location
from .remote import Remote

__all__ = ["WeaviateKnowledgeStore"]


class WeaviateKnowledgeStore(WeaviateHooks, VectorStoreBase):
    """Documents on a Weaviate server or in Weaviate Cloud. Options: `WeaviateHooks`."""

    backend = "weaviate"

    def _open_engine(self, location: Location, remote: Remote) -> Engine:
        return Engine(location, remote)
