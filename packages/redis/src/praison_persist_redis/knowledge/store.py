"""The blocking knowledge store: which engine runs the commands."""

from __future__ import annotations

from praison_persist.command_vectors import Caller
from praison_persist.retry import RetryPolicy
from praison_persist.vectorstore import VectorStoreBase

from ..engine import blocking_engine
from ..settings import Settings
from .options import RedisKnowledge

__all__ = ["RedisVectorKnowledgeStore"]


class RedisVectorKnowledgeStore(RedisKnowledge, VectorStoreBase):
    """Documents in Redis: with its query engine, its vector sets, or without an index. Options: `RedisKnowledge`."""

    backend = "redis"

    def _caller(self, settings: Settings, retry: RetryPolicy) -> Caller:
        return Caller(blocking_engine(settings), retry)
