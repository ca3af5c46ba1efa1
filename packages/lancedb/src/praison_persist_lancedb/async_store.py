"""The asynchronous store: LanceDB's calls on the caller's event loop."""

from __future__ import annotations

from praison_persist.async_vectorstore import AsyncVectorStoreBase
from praison_persist.steps import afinish

from .hooks import LanceDBHooks

__all__ = ["AsyncLanceDBKnowledgeStore"]


class AsyncLanceDBKnowledgeStore(LanceDBHooks, AsyncVectorStoreBase):
    """Documents in LanceDB: in memory, in a directory, or elsewhere. Options: `LanceDBHooks`."""

    backend = "async_lancedb"

    async def optimize(self, collection: str) -> None:
        """See `LanceDBKnowledgeStore.optimize`."""
        await afinish(self._optimize_steps(collection))
