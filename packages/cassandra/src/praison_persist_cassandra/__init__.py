"""Cassandra knowledge stores for praison-persist."""

from .store import CassandraKnowledgeStore

__all__ = ["CassandraKnowledgeStore"]
