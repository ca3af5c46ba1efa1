"""ClickHouse knowledge stores for praison-persist."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .async_store import AsyncClickHouseKnowledgeStore as AsyncClickHouseKnowledgeStore
    from .schema import VectorIndex as VectorIndex
    from .store import ClickHouseKnowledgeStore as ClickHouseKnowledgeStore

__all__ = ["AsyncClickHouseKnowledgeStore", "ClickHouseKnowledgeStore", "VectorIndex"]

# The blocking store needs no asyncio.
__getattr__ = lazy_exports(
    __name__,
    {
        "AsyncClickHouseKnowledgeStore": "async_store",
        "ClickHouseKnowledgeStore": "store",
        "VectorIndex": "schema",
    },
)
