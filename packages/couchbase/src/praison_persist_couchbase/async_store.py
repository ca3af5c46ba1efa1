"""The asynchronous store: which engine the hooks use."""

from __future__ import annotations

from praison_persist.async_vectorstore import AsyncVectorStoreBase

from .async_engine import AsyncEngine
from .hooks import CouchbaseHooks
from .location import Location, Remote

__all__ = ["AsyncCouchbaseKnowledgeStore"]


class AsyncCouchbaseKnowledgeStore(CouchbaseHooks, AsyncVectorStoreBase):
    """Documents in Couchbase, for one event loop after another. Options: `CouchbaseHooks`."""

    backend = "async_couchbase"

    def _open_engine(self, location: Location, remote: Remote) -> AsyncEngine:
        return AsyncEngine(location, remote)
