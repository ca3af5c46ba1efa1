"""Azure Cosmos DB for NoSQL: inserts by its client against the cosmosdb store, in containers of one account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from azure.cosmos import CosmosClient, PartitionKey

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument

from . import vectors
from .measure import Plan, Row
from .server import running

COLLECTION = "documents"
RAW = "raw-documents"


class Raw:
    """The client as its manual shows it: transactions of items, and a write is done when a query finds it."""

    def __init__(self, database: Any) -> None:
        embedding = {
            "path": "/embedding",
            "dataType": "float32",
            "distanceFunction": "cosine",
            "dimensions": vectors.DIMENSION,
        }
        self._container: Any = database.create_container(
            RAW,
            PartitionKey("/partition"),
            vector_embedding_policy={"vectorEmbeddings": [embedding]},
            indexing_policy={
                "includedPaths": [{"path": "/*"}],
                "excludedPaths": [{"path": "/embedding/*"}],
                "vectorIndexes": [{"path": "/embedding", "type": "quantizedFlat"}],
            },
        )

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        self._write("create", documents)

    def upsert(self, documents: list[KnowledgeDocument]) -> None:
        self._write("upsert", documents)

    def _write(self, operation: str, documents: list[KnowledgeDocument]) -> None:
        items = [
            {
                "id": one.id,
                "partition": "documents",
                "content": one.content,
                "embedding": one.embedding,
                "created_at": one.created_at,
                "metadata": one.metadata,
            }
            for one in documents
        ]
        self._container.execute_item_batch([(operation, (item,)) for item in items], "documents")
        last = [{"name": "@id", "value": documents[-1].id}]
        while not self._rows("SELECT VALUE 1 FROM c WHERE c.id = @id", last):
            pass

    def _rows(self, sql: str, parameters: list[dict[str, Any]]) -> list[Any]:
        return list(self._container.query_items(sql, parameters=parameters, partition_key="documents"))


def run(plan: Plan) -> Iterator[Row]:
    """The rows of inserts, on an account that both sides use."""
    with running("cosmosdb") as url:
        parts = urlsplit(url)
        endpoint = f"{parts.scheme}://{parts.hostname}:{parts.port or 443}"
        with (
            CosmosClient(endpoint, unquote(parts.password or "")) as client,
            KNOWLEDGE_STORES.create("cosmosdb", url=url) as store,
        ):
            database = client.create_database_if_not_exists(parts.path.strip("/") or "praisonai")
            raw = Raw(database)
            try:
                store.create_collection(COLLECTION, vectors.DIMENSION)
                # The stand-in compares with every item in Python: searches would measure that.
                yield from vectors.inserts(raw, vectors.Ours(store, COLLECTION), plan)
            finally:
                database.delete_container(RAW)
                store.delete_collection(COLLECTION)
