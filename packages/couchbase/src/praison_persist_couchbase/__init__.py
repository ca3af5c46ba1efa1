"""Couchbase knowledge stores for praison-persist."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .async_store import AsyncCouchbaseKnowledgeStore as AsyncCouchbaseKnowledgeStore
    from .store import CouchbaseKnowledgeStore as CouchbaseKnowledgeStore

__all__ = ["AsyncCouchbaseKnowledgeStore", "CouchbaseKnowledgeStore"]

# The blocking store needs no asyncio.
__getattr__ = lazy_exports(
    __name__, {"AsyncCouchbaseKnowledgeStore": "async_store", "CouchbaseKnowledgeStore": "store"}
)
