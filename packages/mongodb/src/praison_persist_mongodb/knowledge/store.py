"""The blocking knowledge store: which client the hooks use."""

from __future__ import annotations

import time
from typing import Any

from praison_persist.vectorstore import VectorStoreBase

from ..settings import Settings
from .hooks import MongoDBVectors

__all__ = ["MongoDBVectorKnowledgeStore"]


class MongoDBVectorKnowledgeStore(MongoDBVectors, VectorStoreBase):
    """Documents in MongoDB, with its vector search or without. Options: `MongoDBKnowledge`."""

    backend = "mongodb_vector"

    def _open(self, settings: Settings) -> Any:
        from ..connecting import Databases  # a wrong option needs no client

        return Databases(settings)

    def _pause(self, seconds: float) -> None:
        time.sleep(seconds)
