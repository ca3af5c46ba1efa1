"""The asynchronous store: which engine the hooks use."""

from __future__ import annotations

from praison_persist.async_vectorstore import AsyncVectorStoreBase

from .async_engine import AsyncEngine
from .hooks import QdrantHooks
from .location import Location
from .remote import Remote

__all__ = ["AsyncQdrantKnowledgeStore"]


class AsyncQdrantKnowledgeStore(QdrantHooks, AsyncVectorStoreBase):
    """Documents on a Qdrant server, for one event loop after another. Options: `QdrantHooks`, but for ``path``."""

    backend = "async_qdrant"

    def _open_engine(self, location: Location, remote: Remote) -> AsyncEngine:
        return AsyncEngine(location, remote)
