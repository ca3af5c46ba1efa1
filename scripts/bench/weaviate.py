"""Weaviate: weaviate-client against the weaviate store, in collections of one server."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from weaviate import WeaviateClient
from weaviate.classes.config import Configure, DataType, Property, Tokenization
from weaviate.classes.data import DataObject
from weaviate.classes.query import Filter, MetadataQuery
from weaviate.connect.base import ConnectionParams

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument

from . import vectors
from .measure import Plan, Row
from .server import running

COLLECTION = "documents"
RAW = "RawDocuments"
INDEX: dict[str, Any] = {
    "ef": 2000
}  # both sides find the same documents, which approximate searches of random vectors do not
FILTER = Filter.by_property("lang").equal("de") & Filter.by_property("year").greater_or_equal(2020)
PROPERTIES = ["doc_id", "content", "content_hash", "created_at", "lang", "year", "tags"]


class Raw:
    """The client as its manual shows it, metadata as typed properties; ids are looked for first, or replaced."""

    def __init__(self, client: WeaviateClient) -> None:
        whole: dict[str, Any] = {"data_type": DataType.TEXT, "tokenization": Tokenization.FIELD}
        self._collection: Any = client.collections.create(
            RAW,
            vector_config=Configure.Vectors.self_provided(vector_index_config=Configure.VectorIndex.hnsw(**INDEX)),
            properties=[
                Property(name="doc_id", **whole),
                Property(name="content", data_type=DataType.TEXT),
                Property(name="content_hash", **whole),
                Property(name="created_at", data_type=DataType.NUMBER),
                Property(name="lang", **whole),
                Property(name="year", data_type=DataType.INT),
                Property(name="tags", data_type=DataType.TEXT_ARRAY, tokenization=Tokenization.FIELD),
            ],
        )

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        ids = Filter.by_id().contains_any([_object_id(one.id) for one in documents])
        if self._collection.query.fetch_objects(filters=ids, limit=1, return_properties=[]).objects:
            raise ValueError("one of the ids exists")
        self.upsert(documents)

    def upsert(self, documents: list[KnowledgeDocument]) -> None:
        self._collection.data.insert_many(
            [
                DataObject(
                    properties={
                        "doc_id": one.id,
                        "content": one.content,
                        "content_hash": one.content_hash or "",
                        "created_at": one.created_at,
                        **(one.metadata or {}),
                    },
                    uuid=_object_id(one.id),
                    vector=one.embedding,
                )
                for one in documents
            ]
        )

    def search(self, vector: list[float], *, filtered: bool) -> list[str]:
        found = self._collection.query.near_vector(
            vector,
            limit=vectors.LIMIT,
            filters=FILTER if filtered else None,
            return_metadata=MetadataQuery(distance=True),
            return_properties=PROPERTIES,
        )
        return [one.properties["doc_id"] for one in found.objects]


def _object_id(id_: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, id_))


def run(plan: Plan) -> Iterator[Row]:
    """All rows, on a server that both sides use."""
    with running("weaviate") as url:
        http, _, grpc = url.removeprefix("http://127.0.0.1:").partition("?grpc_port=")
        place = ConnectionParams.from_params("127.0.0.1", int(http), False, "127.0.0.1", int(grpc), False)
        with (
            WeaviateClient(place, skip_init_checks=True) as client,
            KNOWLEDGE_STORES.create("weaviate", url=url, hnsw=INDEX) as store,
        ):
            raw = Raw(client)
            try:
                store.create_collection(COLLECTION, vectors.DIMENSION)
                yield from vectors.rows(raw, vectors.Ours(store, COLLECTION), plan)
            finally:
                client.collections.delete(RAW)
                store.delete_collection(COLLECTION)
