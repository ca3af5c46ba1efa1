"""The asynchronous store: which engine the hooks use."""

from __future__ import annotations

from praison_persist.async_vectorstore import AsyncVectorStoreBase

from .async_engine import AsyncEngine
from .hooks import PineconeHooks
from .location import Location
from .options import Remote

__all__ = ["AsyncPineconeKnowledgeStore"]


class AsyncPineconeKnowledgeStore(PineconeHooks, AsyncVectorStoreBase):
    """Documents in Pinecone, for one event loop after another. Options: `PineconeHooks`."""

    backend = "async_pinecone"

    def _open_engine(self, location: Location, remote: Remote) -> AsyncEngine:
        return AsyncEngine(location, remote)
