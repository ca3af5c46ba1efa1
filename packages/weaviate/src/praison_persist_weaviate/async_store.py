"""The asynchronous store: which engine the hooks use."""

from __future__ import annotations

from praison_persist.async_vectorstore import AsyncVectorStoreBase

from .async_engine import AsyncEngine
from .hooks import WeaviateHooks
from .location import Location
from .remote import Remote

__all__ = ["AsyncWeaviateKnowledgeStore"]


class AsyncWeaviateKnowledgeStore(WeaviateHooks, AsyncVectorStoreBase):
    """Documents in Weaviate, for one event loop after another. Options: `WeaviateHooks`."""

    backend = "async_weaviate"

    def _open_engine(self, location: Location, remote: Remote) -> AsyncEngine:
        return AsyncEngine(location, remote)
