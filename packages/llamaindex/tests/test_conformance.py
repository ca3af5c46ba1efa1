"""The conformance suite on vector stores of LlamaIndex: its own, and that of Qdrant's partner package."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core.vector_stores import SimpleVectorStore
from llama_index.vector_stores.qdrant import QdrantVectorStore
from qdrant_client import QdrantClient, models

from praison_persist.knowledge import CollectionInfo
from praison_persist_llamaindex import LlamaIndexKnowledgeStore
from praison_persist_testkit import KnowledgeConformance, Target

_DISTANCES = {
    "cosine": models.Distance.COSINE,
    "dot": models.Distance.DOT,
    "euclidean": models.Distance.EUCLID,
    "manhattan": models.Distance.MANHATTAN,
}


def _target(open_collection: Any) -> Target:
    return Target("llamaindex", factory=lambda: LlamaIndexKnowledgeStore(open_collection=open_collection), shared=False)


class TestSimple(KnowledgeConformance):
    @pytest.fixture
    def target(self) -> Target:
        return _target(lambda _: SimpleVectorStore())


class TestQdrant(KnowledgeConformance):
    @pytest.fixture
    def target(self) -> Iterator[Target]:
        client = QdrantClient(":memory:")

        def open_collection(info: CollectionInfo) -> QdrantVectorStore:
            params = models.VectorParams(size=info.dimension, distance=_DISTANCES[info.distance])
            return QdrantVectorStore(info.name, client, dense_config=params, index_doc_id=False)

        yield _target(open_collection)
        client.close()
