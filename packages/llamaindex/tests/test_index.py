"""An index of LlamaIndex end to end on knowledge stores: documents in, retrieval, updates, deletion; offline."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import Document, StorageContext, VectorStoreIndex
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.vector_stores.types import FilterOperator, MetadataFilter, MetadataFilters

from praison_persist import KNOWLEDGE_STORES
from praison_persist.knowledge import KnowledgeStore
from praison_persist_llamaindex import KnowledgeVectorStore, as_llamaindex

WORDS = ("apple", "pear", "plum", "zyzzyva")


class Words(BaseEmbedding):
    """Counts words: a model that needs no network."""

    def _get_text_embedding(self, text: str) -> list[float]:
        return [text.lower().count(word) + 0.01 for word in WORDS]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


DOCUMENTS = [
    Document(id_="fruit", text="An apple. An apple pie.", metadata={"kind": "food", "year": 2020}),
    Document(id_="tree", text="A pear tree, a plum tree.", metadata={"kind": "plant", "year": 2022}),
    Document(id_="beetle", text="The zyzzyva is a beetle.", metadata={"kind": "animal", "year": 2024}),
]
BACKENDS = {
    "memory": {},
    "qdrant": {"url": ":memory:"},
    "chroma": {},
    "lancedb": {"url": "memory://"},
}


@pytest.fixture(params=BACKENDS)
def store(request: pytest.FixtureRequest) -> Iterator[KnowledgeStore]:
    with KNOWLEDGE_STORES.create(request.param, **BACKENDS[request.param]) as opened:
        yield opened


def _index(vector_store: KnowledgeVectorStore) -> VectorStoreIndex:
    storage = StorageContext.from_defaults(vector_store=vector_store)
    return VectorStoreIndex.from_documents(DOCUMENTS, storage_context=storage, embed_model=Words())


def _sources(found: Any) -> list[Any]:
    return [one.node.ref_doc_id for one in found]


def test_an_index_lives_in_the_store(store: KnowledgeStore) -> None:
    index = _index(as_llamaindex(store, "docs", create="cosine"))
    assert store.count("docs") == 3
    found = index.as_retriever(similarity_top_k=2).retrieve("apple pie")
    assert _sources(found)[0] == "fruit"
    assert found[0].score == pytest.approx(1.0, abs=1e-2)
    assert found[0].node.get_content() == "An apple. An apple pie."
    assert found[0].node.metadata == {"kind": "food", "year": 2020}
    newer = MetadataFilters(filters=[MetadataFilter(key="year", operator=FilterOperator.GT, value=2020)])
    near = index.as_retriever(similarity_top_k=3, filters=newer)
    assert sorted(_sources(near.retrieve("apple"))) == ["beetle", "tree"]
    assert sorted(_sources(asyncio.run(near.aretrieve("apple")))) == ["beetle", "tree"]
    assert _sources(index.as_retriever(similarity_top_k=3, doc_ids=["tree"]).retrieve("apple")) == ["tree"]
    diverse = index.as_retriever(
        similarity_top_k=2, vector_store_query_mode="mmr", vector_store_kwargs={"mmr_threshold": 0.5}
    )
    assert _sources(diverse.retrieve("apple apple pear"))[0] == "fruit"


def test_an_index_is_opened_again_changed_and_emptied(store: KnowledgeStore) -> None:
    _index(as_llamaindex(store, "docs", create="cosine"))
    index = VectorStoreIndex.from_vector_store(as_llamaindex(store, "docs"), embed_model=Words())
    assert _sources(index.as_retriever(similarity_top_k=1).retrieve("zyzzyva")) == ["beetle"]
    index.delete_ref_doc("beetle")
    index.insert(Document(id_="more", text="zyzzyva zyzzyva"))
    index.update_ref_doc(Document(id_="tree", text="a plum"))
    assert _sources(index.as_retriever(similarity_top_k=1).retrieve("zyzzyva")) == ["more"]
    assert sorted(str(found.metadata["doc_id"]) for found in store.iter_documents("docs") if found.metadata) == [
        "fruit",
        "more",
        "tree",
    ]
    (plum,) = index.as_retriever(similarity_top_k=1).retrieve("plum")
    assert plum.node.get_content() == "a plum"
    index.vector_store.clear()
    assert store.count("docs") == 0


def test_an_index_uses_the_asynchronous_twin_of_a_store(tmp_path: Path) -> None:
    twin = KNOWLEDGE_STORES.create("async_lancedb", path=tmp_path / "data")
    with KNOWLEDGE_STORES.create("lancedb", path=tmp_path / "data") as store:
        vector_store = as_llamaindex(store, "docs", async_store=twin, create="cosine")
        index = _index(vector_store)

        async def use() -> list[Any]:
            await index.ainsert(Document(id_="more", text="plum plum"))
            await index.adelete_ref_doc("tree")
            found = await index.as_retriever(similarity_top_k=1).aretrieve("plum")
            await twin.close()
            return found

        assert _sources(asyncio.run(use())) == ["more"]
        assert store.count("docs") == 3
