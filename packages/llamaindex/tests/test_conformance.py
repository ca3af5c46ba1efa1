"""The conformance suite on vector stores of LlamaIndex: its own, and those of Qdrant's and Chroma's partner packages.

The last takes as long as the others together, and runs with PRAISON_PERSIST_FULL=1; `test_store` always has it.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from typing import Any, ClassVar

import chromadb
import pytest
from llama_index.core.vector_stores import SimpleVectorStore
from llama_index.vector_stores.chroma import ChromaVectorStore
from llama_index.vector_stores.qdrant import QdrantVectorStore
from qdrant_client import QdrantClient, models

from praison_persist.knowledge import CollectionInfo
from praison_persist_llamaindex import LlamaIndexKnowledgeStore
from praison_persist_testkit import KnowledgeConformance, Target, never

_SPACES = {"cosine": "cosine", "dot": "ip", "euclidean": "l2"}
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


if os.environ.get("PRAISON_PERSIST_FULL") == "1":

    class TestChroma(KnowledgeConformance):
        deviations: ClassVar = dict.fromkeys(
            (
                "test_search_agrees_with_the_exact_reference[manhattan]",
                "test_a_threshold_works_on_the_score[manhattan]",
                "test_a_filter_keeps_the_order_and_scores[manhattan]",
            ),
            never("Chroma has no manhattan distance; other vector stores of LlamaIndex do"),
        )

        @pytest.fixture
        def target(self) -> Iterator[Target]:
            client = chromadb.EphemeralClient()  # the same engine each time
            prefix = f"{uuid.uuid4().hex}."

            def open_collection(info: CollectionInfo) -> ChromaVectorStore:
                space: Any = {"hnsw": {"space": _SPACES.get(info.distance, "l2")}}
                return ChromaVectorStore(client.create_collection(f"{prefix}{info.name}.c", configuration=space))

            yield _target(open_collection)
            for left in client.list_collections():
                if left.name.startswith(prefix):
                    client.delete_collection(left.name)
