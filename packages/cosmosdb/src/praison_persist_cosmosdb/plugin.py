"""The entry point of this package; imported only when the store is asked for."""

from __future__ import annotations

from .modes import EitherAPI
from .store import CosmosDBKnowledgeStore

cosmosdb = EitherAPI(CosmosDBKnowledgeStore, "mongodb_vector")
