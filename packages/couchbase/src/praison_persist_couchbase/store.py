"""The blocking store: which engine the hooks use."""

from __future__ import annotations

from praison_persist.vectorstore import VectorStoreBase

from .engine import Engine
from .hooks import CouchbaseHooks
from .location import Location, Remote

__all__ = ["CouchbaseKnowledgeStore"]


class CouchbaseKnowledgeStore(CouchbaseHooks, VectorStoreBase):
    """Documents in Couchbase. Options: `CouchbaseHooks`."""

    backend = "couchbase"

    def _open_engine(self, location: Location, remote: Remote) -> Engine:
        return Engine(location, remote)
