"""Upstash stores for praison-persist: state in Redis, knowledge in Vector."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .async_store import AsyncUpstashStateStore as AsyncUpstashStateStore
    from .knowledge.async_store import AsyncUpstashVectorKnowledgeStore as AsyncUpstashVectorKnowledgeStore
    from .knowledge.store import UpstashVectorKnowledgeStore as UpstashVectorKnowledgeStore
    from .store import UpstashStateStore as UpstashStateStore

__all__ = [
    "AsyncUpstashStateStore",
    "AsyncUpstashVectorKnowledgeStore",
    "UpstashStateStore",
    "UpstashVectorKnowledgeStore",
]

# The blocking stores need no asyncio.
__getattr__ = lazy_exports(
    __name__,
    {
        "AsyncUpstashStateStore": "async_store",
        "AsyncUpstashVectorKnowledgeStore": "knowledge.async_store",
        "UpstashStateStore": "store",
        "UpstashVectorKnowledgeStore": "knowledge.store",
    },
)
