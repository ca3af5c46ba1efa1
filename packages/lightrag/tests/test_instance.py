"""A LightRAG instance of the application: what the store stores in it, and what stays LightRAG's own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lightrag import QueryParam

from praison_persist import (
    KNOWLEDGE_STORES,
    AlreadyExistsError,
    ConfigurationError,
    InvalidInputError,
    KnowledgeDocument,
    NotFoundError,
    PersistError,
    UnavailableError,
    UnsupportedError,
)
from praison_persist.aio import async_view
from praison_persist_lightrag import LightRAGKnowledgeStore

TWO = [
    KnowledgeDocument("a", "same", [0.0, 2.0, 0.0], {"file_path": "a.md", "deep": {"x": [1]}}),
    KnowledgeDocument("b", "same", [0.0, 0.0, 3.0]),
]
NAIVE = QueryParam(mode="naive", top_k=5, chunk_top_k=5, enable_rerank=False)


def _filled(rag: Any) -> LightRAGKnowledgeStore:
    store = LightRAGKnowledgeStore(lightrag=rag)
    store.create_collection("docs", 3)
    store.insert("docs", TWO)
    return store


def _chunks(store: LightRAGKnowledgeStore, question: str = "a question") -> dict[str, Any]:
    found = store.run(store.lightrag("docs").aquery_data(question, NAIVE))
    return {chunk["chunk_id"]: chunk for chunk in found["data"]["chunks"]}


def test_vectors_are_those_that_documents_bring_also_where_texts_are_the_same(make_rag: Any, embedder: Any) -> None:
    with _filled(make_rag()) as store:
        assert embedder.texts == []
        assert [one.embedding for one in store.get("docs", ["b", "a"])] == [[0.0, 0.0, 3.0], [0.0, 2.0, 0.0]]
        assert [(one.id, one.score) for one in store.search("docs", [0.0, 0.0, 1.0])] == [("b", 1.0), ("a", 0.0)]


def test_a_search_finds_what_the_threshold_of_the_instance_hides(make_rag: Any) -> None:
    with _filled(make_rag(cosine_better_than_threshold=0.9)) as store:
        assert len(store.search("docs", [0.0, -1.0, -1.0])) == 2


def test_queries_of_lightrag_find_the_documents_and_cite_their_files(make_rag: Any, embedder: Any) -> None:
    with _filled(make_rag(cosine_better_than_threshold=-1.0)) as store:
        chunks = _chunks(store)
        assert embedder.texts == ["a question"]
        assert {(one["content"], one["file_path"]) for one in chunks.values()} == {("same", "a.md"), ("same", "b")}


def test_what_lightrag_indexed_itself_is_neither_seen_nor_touched(make_rag: Any, embedder: Any) -> None:
    rag = make_rag()
    with _filled(rag) as store:
        store.run(rag.ainsert(["Alice knows Bob."], ids=["doc-1"], file_paths=["f.txt"]))
        assert "Alice knows Bob." in embedder.texts
        assert "same" not in embedder.texts
        assert store.run(rag.get_graph_labels()) == ["Alice", "Bob"]
        assert store.count("docs") == 2
        assert [one.id for one in store.iter_documents("docs")] == ["a", "b"]
        assert [one.id for one in store.search("docs", [1.0, 0.0, 0.0])] == ["a", "b"]
        assert store.get("docs", ["doc-1", "doc-1-chunk-000"]) == []
        assert list(_chunks(store)) == ["doc-1-chunk-000"]
        assert store.delete("docs", all=True) == 2
        assert list(_chunks(store)) == ["doc-1-chunk-000"]
        assert store.delete_collection("docs") is True
        assert store.run(rag.adelete_by_doc_id("doc-1")).status == "success"


def test_deleting_an_unknown_collection_says_false_and_deletes_nothing(make_rag: Any, tmp_path: Path) -> None:
    with _filled(make_rag()) as store:
        before = sorted(tmp_path.rglob("*"))
        assert store.delete_collection("typo") is False
        assert sorted(tmp_path.rglob("*")) == before
        assert store.count("docs") == 2


def test_the_instance_and_its_documents_outlive_the_store(make_rag: Any) -> None:
    rag = make_rag()
    _filled(rag).close()
    with LightRAGKnowledgeStore(lightrag=rag) as store:
        store.create_collection("again", 3)
        with pytest.raises(AlreadyExistsError):
            store.insert("again", TWO[:1])
        assert store.get("again", ["a"])[0].metadata == TWO[0].metadata


def test_one_instance_is_one_collection_of_the_dimension_of_its_model(make_rag: Any) -> None:
    with LightRAGKnowledgeStore(lightrag=make_rag()) as store:
        with pytest.raises(InvalidInputError, match="dimension 3, not 4"):
            store.create_collection("docs", 4)
        store.create_collection("docs", 3)
        with pytest.raises(UnsupportedError, match="one collection"):
            store.create_collection("more", 3)
        with pytest.raises(NotFoundError):
            store.lightrag("more")


def test_a_search_by_words_is_refused(make_rag: Any) -> None:
    with _filled(make_rag()) as store, pytest.raises(UnsupportedError, match="no hybrid search"):
        store.search("docs", [1.0, 0.0, 0.0], text="same", mode="hybrid")


@pytest.mark.parametrize("name", ["working_dir", "llm_model", "embedding_model", "lightrag_kwargs"])
def test_an_instance_goes_with_nothing_else(name: str, make_rag: Any) -> None:
    with pytest.raises(ConfigurationError, match=name):
        LightRAGKnowledgeStore(lightrag=make_rag(), **{name: {}})


def test_what_cannot_be_wrapped_is_refused(make_rag: Any) -> None:
    with pytest.raises(ConfigurationError, match="expected a LightRAG, not str"):
        KNOWLEDGE_STORES.create("lightrag", lightrag="rag")
    with pytest.raises(ConfigurationError, match="NoopVectorDBStorage"):
        LightRAGKnowledgeStore(lightrag=make_rag(vector_storage="NoopVectorDBStorage"))


def test_an_instance_of_another_event_loop_is_refused(make_rag: Any) -> None:
    rag = make_rag()
    loop = asyncio.new_event_loop()
    loop.run_until_complete(rag.initialize_storages())
    with LightRAGKnowledgeStore(lightrag=rag) as store:
        with pytest.raises(ConfigurationError, match="another event loop"):
            store.create_collection("docs", 3)
        loop.close()  # as after asyncio.run: nobody is in the way any more
        store.create_collection("docs", 3)


def test_a_model_that_calls_the_store_is_refused_instead_of_waiting_for_ever(make_rag: Any) -> None:
    with _filled(make_rag()) as store:

        async def count() -> int:
            return store.count("docs")

        with pytest.raises(UnsupportedError, match="wait for itself"):
            store.run(count())


def test_an_asynchronous_application_uses_a_view(make_rag: Any) -> None:
    async def use() -> list[str]:
        async with async_view(_filled(make_rag())) as store:
            return [one.id for one in await store.search("docs", [0.0, 1.0, 0.1])]

    assert asyncio.run(use()) == ["a", "b"]


def test_writers_and_an_indexing_of_lightrag_at_the_same_time_lose_nothing(make_rag: Any) -> None:
    rag = make_rag()
    with _filled(rag) as store:

        def write(writer: int) -> None:
            for number in range(10):
                store.insert("docs", [KnowledgeDocument(f"{writer}.{number}", "same", [1.0, 1.0, 1.0])])

        threads = [threading.Thread(target=write, args=[writer]) for writer in range(4)]
        for thread in threads:
            thread.start()
        store.run(rag.ainsert(["Alice knows Bob.", "Bob knows Alice."], file_paths=["f.txt", "g.txt"]))
        for thread in threads:
            thread.join()
        assert store.count("docs") == 42
        assert store.run(rag.get_processing_status())["processed"] == 2


def test_a_document_that_a_failing_indexing_discards_is_not_acknowledged(make_rag: Any) -> None:
    rag = make_rag()
    with _filled(rag) as store:
        commit: Callable[[], Any] = rag.chunks_vdb.index_done_callback

        async def too_late() -> Any:
            await rag.chunks_vdb.drop_pending_index_ops()  # what LightRAG does when an indexing fails
            return await commit()

        rag.chunks_vdb.index_done_callback = too_late
        with pytest.raises(PersistError, match="discarded") as caught:
            store.insert("docs", [KnowledgeDocument("c", "text", [1.0, 0.0, 0.0])])
        assert caught.value.ambiguous


def test_a_file_that_cannot_be_written_is_a_typed_error_and_no_document(make_rag: Any, tmp_path: Path) -> None:
    with _filled(make_rag()) as store:
        file = next(tmp_path.rglob("vdb_chunks.json"))
        file.rename(file.with_name("kept"))
        file.mkdir()
        with pytest.raises(UnavailableError) as caught:
            store.insert("docs", [KnowledgeDocument("c", "text", [1.0, 0.0, 0.0])])
        assert caught.value.ambiguous
        file.rmdir()
        file.with_name("kept").rename(file)
        assert store.count("docs") == 2
        store.insert("docs", [KnowledgeDocument("c", "text", [1.0, 0.0, 0.0])])
        assert store.count("docs") == 3
