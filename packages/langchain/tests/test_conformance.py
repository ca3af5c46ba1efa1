"""The conformance suite on vector stores of LangChain: its own in memory, and those of Chroma and Qdrant."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, ClassVar

import chromadb
import pytest
from langchain_chroma import Chroma
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_qdrant import QdrantVectorStore
from qdrant_client import QdrantClient, models

from praison_persist.knowledge import CollectionInfo
from praison_persist_langchain import GivenVectors, LangChainKnowledgeStore
from praison_persist_testkit import KnowledgeConformance, Target, never

_SPACES = {"cosine": "cosine", "dot": "ip", "euclidean": "l2"}
_DISTANCES = {
    "cosine": models.Distance.COSINE,
    "dot": models.Distance.DOT,
    "euclidean": models.Distance.EUCLID,
    "manhattan": models.Distance.MANHATTAN,
}


def _target(open_collection: Any) -> Target:
    return Target("langchain", factory=lambda: LangChainKnowledgeStore(open_collection=open_collection), shared=False)


class TestInMemory(KnowledgeConformance):
    @pytest.fixture
    def target(self) -> Target:
        return _target(lambda _: InMemoryVectorStore(GivenVectors()))


class TestChroma(KnowledgeConformance):
    deviations: ClassVar = dict.fromkeys(
        (
            "test_search_agrees_with_the_exact_reference[manhattan]",
            "test_a_threshold_works_on_the_score[manhattan]",
            "test_a_filter_keeps_the_order_and_scores[manhattan]",
        ),
        never("Chroma has no manhattan distance; other vector stores of LangChain do"),
    )

    @pytest.fixture
    def target(self) -> Iterator[Target]:
        client = chromadb.EphemeralClient()  # the same engine each time
        prefix = f"{uuid.uuid4().hex}."

        def open_collection(info: CollectionInfo) -> Chroma:
            space: Any = {"hnsw": {"space": _SPACES.get(info.distance, "l2")}}
            return Chroma(f"{prefix}{info.name}.c", GivenVectors(), client=client, collection_configuration=space)

        yield _target(open_collection)
        for left in client.list_collections():
            if left.name.startswith(prefix):
                client.delete_collection(left.name)


class TestQdrant(KnowledgeConformance):
    @pytest.fixture
    def target(self) -> Iterator[Target]:
        client = QdrantClient(":memory:")

        def open_collection(info: CollectionInfo) -> QdrantVectorStore:
            distance = _DISTANCES[info.distance]
            client.create_collection(info.name, models.VectorParams(size=info.dimension, distance=distance))
            return QdrantVectorStore(
                client,
                info.name,
                GivenVectors(),
                distance=distance,
                validate_embeddings=False,
                validate_collection_config=False,
            )

        yield _target(open_collection)
        client.close()
