"""The blocking knowledge store: which engine the hooks use."""

from __future__ import annotations

from typing import Any

from praison_persist.vectorstore import VectorStoreBase

from .hooks import UpstashVectorHooks
from .remote import Remote

__all__ = ["UpstashVectorKnowledgeStore"]


class UpstashVectorKnowledgeStore(UpstashVectorHooks, VectorStoreBase):
    """Documents in Upstash Vector. Options: `UpstashVectorHooks`."""

    backend = "upstash_vector"

    def _open_engine(self, remote: Remote) -> Any:
        from .engine import VectorEngine  # a wrong option needs no client

        return VectorEngine(remote)
