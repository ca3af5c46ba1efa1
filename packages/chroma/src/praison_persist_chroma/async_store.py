"""The asynchronous store: which engine the hooks use."""

from __future__ import annotations

from praison_persist.async_vectorstore import AsyncVectorStoreBase

from .async_engine import AsyncEngine
from .hooks import ChromaHooks
from .location import Location
from .remote import Remote

__all__ = ["AsyncChromaKnowledgeStore"]


class AsyncChromaKnowledgeStore(ChromaHooks, AsyncVectorStoreBase):
    """Documents on a Chroma server or in Chroma Cloud, for one event loop after another. Options: `ChromaHooks`."""

    backend = "async_chroma"

    def _open_engine(self, location: Location, remote: Remote) -> AsyncEngine:
        return AsyncEngine(location, remote)
