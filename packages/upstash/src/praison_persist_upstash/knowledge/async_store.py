"""The asynchronous knowledge store: which engine the hooks use."""

from __future__ import annotations

from typing import Any

from praison_persist.async_vectorstore import AsyncVectorStoreBase

from .hooks import UpstashVectorHooks
from .remote import Remote

__all__ = ["AsyncUpstashVectorKnowledgeStore"]


class AsyncUpstashVectorKnowledgeStore(UpstashVectorHooks, AsyncVectorStoreBase):
    """Documents in Upstash Vector, for one event loop after another. Options: `UpstashVectorHooks`."""

    backend = "async_upstash_vector"

    def _open_engine(self, remote: Remote) -> Any:
        from .async_engine import AsyncVectorEngine  # a wrong option needs no client

        return AsyncVectorEngine(remote)
