"""The entry point of this package; imported only when the store is asked for."""

from __future__ import annotations

from praison_persist import store_factory

from .store import CosmosDBKnowledgeStore

cosmosdb = store_factory(CosmosDBKnowledgeStore)
