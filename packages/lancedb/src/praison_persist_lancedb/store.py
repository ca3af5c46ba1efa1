"""The blocking store: LanceDB's calls on the background loop."""

from __future__ import annotations

from praison_persist.steps import finish
from praison_persist.vectorstore import VectorStoreBase

from .engine import Engine
from .hooks import LanceDBHooks

__all__ = ["LanceDBKnowledgeStore"]


class LanceDBKnowledgeStore(LanceDBHooks, VectorStoreBase):
    """Documents in LanceDB: in memory, in a directory, or elsewhere. Options: `LanceDBHooks`."""

    backend = "lancedb"
    _engine_class = Engine

    def optimize(self, collection: str) -> None:
        """Join small files, take new documents into the indexes, and build the vector index that ``index=`` names."""
        finish(self._optimize_steps(collection))
