"""What is the adapter's own: whose vector store it is, what partners cannot do, vectors on their way, failures."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import chromadb
import pytest
from langchain_chroma import Chroma
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore
from langchain_qdrant import QdrantVectorStore
from qdrant_client import QdrantClient, models

from praison_persist import (
    KNOWLEDGE_STORES,
    AlreadyExistsError,
    ConfigurationError,
    InvalidInputError,
    KnowledgeDocument,
    NotFoundError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
    UnsupportedError,
    UnsupportedFilterError,
)
from praison_persist_langchain import GivenVectors, LangChainKnowledgeStore, as_langchain

TWO = [
    KnowledgeDocument("a", "same", [1.0, 0.0], {"lang": "de", "n": 1, "deep": {"x": [1]}}),
    KnowledgeDocument("b", "same", [0.0, 1.0], {"lang": "en", "n": 2}),
]


class Plain(VectorStore):
    """A vector store with nothing but LangChain's interface, which scores by distance and embeds one at a time."""

    def __init__(self, embedding: Any) -> None:
        self._inner = InMemoryVectorStore(embedding)

    @property
    def embeddings(self) -> Any:
        return self._inner.embeddings

    def add_texts(self, texts: Any, metadatas: Any = None, *, ids: Any = None, **kwargs: Any) -> list[str]:
        for text, metadata, id_ in reversed(list(zip(texts, metadatas, ids, strict=True))):
            self._inner.add_texts([text], [metadata], ids=[id_])
        return ids

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        return self._inner.get_by_ids(ids)

    def delete(self, ids: Any = None, **kwargs: Any) -> None:
        self._inner.delete(ids)

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        return self._inner.similarity_search(query, k)

    def similarity_search_with_score(self, *args: Any, **kwargs: Any) -> list[tuple[Document, float]]:
        return [(found, 1 - score) for found, score in self._inner.similarity_search_with_score(*args, **kwargs)]

    @classmethod
    def from_texts(cls, texts: Any, embedding: Any, metadatas: Any = None, **kwargs: Any) -> Any:
        raise NotImplementedError


def _memory() -> InMemoryVectorStore:
    return InMemoryVectorStore(GivenVectors())


def _filled(vectorstore: VectorStore) -> LangChainKnowledgeStore:
    store = LangChainKnowledgeStore(vectorstore)
    store.create_collection("docs", 2)
    store.insert("docs", TWO)
    return store


@pytest.mark.parametrize("name", ["langchain", "langchain_adapter"])
def test_the_registry_wraps_a_vector_store_under_both_names(name: str) -> None:
    with KNOWLEDGE_STORES.create(name, vectorstore=_memory()) as store:
        assert repr(store) == "LangChainKnowledgeStore(InMemoryVectorStore)"
        store.create_collection("docs", 2)
        store.insert("docs", TWO)
        assert store.get("docs", ["b"])[0].embedding == [0.0, 1.0]


def test_a_class_is_called_by_the_first_collection() -> None:
    made: list[Any] = []

    def vectorstore_cls(**options: Any) -> VectorStore:
        made.append(options)
        return InMemoryVectorStore(**options)

    vectors = GivenVectors()
    store = LangChainKnowledgeStore(vectorstore_cls=vectorstore_cls, vectorstore_kwargs={"embedding": vectors})
    assert made == []
    store.create_collection("docs", 2)
    assert made == [{"embedding": vectors}]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"vectorstore": _memory(), "vectorstore_cls": InMemoryVectorStore},
        {"vectorstore": _memory(), "vectorstore_kwargs": {}},
        {"vectorstore": object()},
        {"vectorstore": InMemoryVectorStore(DeterministicFakeEmbedding(size=2))},
    ],
)
def test_what_cannot_be_wrapped_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        LangChainKnowledgeStore(**options)


def test_one_vector_store_is_one_collection() -> None:
    store = _filled(_memory())
    with pytest.raises(AlreadyExistsError):
        store.create_collection("docs", 2)
    with pytest.raises(UnsupportedError, match="one collection"):
        store.create_collection("more", 2)
    assert store.list_collections() == ["docs"]


def test_deleting_the_collection_of_a_given_vector_store_empties_it() -> None:
    vectorstore = _memory()
    store = _filled(vectorstore)
    assert store.delete_collection("docs")
    assert vectorstore.store == {}
    store.create_collection("other", 3)
    assert store.count("other") == 0


def test_documents_written_before_are_there_for_a_store_that_is_told_the_collection() -> None:
    vectorstore = _memory()
    with _filled(vectorstore):
        pass
    store = LangChainKnowledgeStore(vectorstore)
    with pytest.raises(NotFoundError):
        store.count("docs")
    store.create_collection("docs", 2)
    assert store.get("docs", ["a", "b"]) == TWO


def test_readers_in_langchain_find_text_id_and_plain_metadata() -> None:
    vectorstore = InMemoryVectorStore(GivenVectors(DeterministicFakeEmbedding(size=2)))
    _filled(vectorstore)
    (found,) = [found for found in vectorstore.similarity_search("any text", 2) if found.id == "a"]
    assert found.page_content == "same"
    assert {key: found.metadata[key] for key in ("lang", "n")} == {"lang": "de", "n": 1}


def test_a_distance_that_the_vector_store_does_not_rank_by_is_refused() -> None:
    client = QdrantClient(":memory:")
    client.create_collection("docs", models.VectorParams(size=2, distance=models.Distance.DOT))
    dot = QdrantVectorStore(
        client,
        "docs",
        GivenVectors(),
        distance=models.Distance.DOT,
        validate_embeddings=False,
        validate_collection_config=False,
    )
    with pytest.raises(InvalidInputError, match="ranks by dot"):
        LangChainKnowledgeStore(dot).create_collection("docs", 2)
    squared = Chroma("wrapped_l2", GivenVectors(), client=chromadb.EphemeralClient())
    with pytest.raises(InvalidInputError, match="ranks by euclidean"):
        LangChainKnowledgeStore(squared).create_collection("docs", 2)
    squared.delete_collection()


def test_chroma_keeps_nothing_of_a_document_that_is_replaced() -> None:
    vectorstore = Chroma(
        "replaced",
        GivenVectors(),
        client=chromadb.EphemeralClient(),
        collection_configuration={"hnsw": {"space": "cosine"}},
    )
    store = _filled(vectorstore)
    store.upsert("docs", [KnowledgeDocument("a", "new", [1.0, 1.0])])
    assert set(vectorstore.get_by_ids(["a"])[0].metadata) == {"praison_persist", "praison_ours"}
    assert store.count("docs", {"lang": "de"}) == 0
    assert store.count("docs", {"lang": {"$exists": False}}) == 1
    vectorstore.delete_collection()


# -- a vector store that nobody knows ---------------------------------------------------------------------------------


def test_any_vector_store_keeps_documents_and_finds_them_with_the_contracts_score() -> None:
    store = _filled(Plain(GivenVectors()))
    assert store.get("docs", ["b", "a"]) == TWO[::-1]
    found = store.search("docs", [1.0, 0.0], score_threshold=-0.5)
    assert [(document.id, document.score) for document in found] == [("a", 1.0), ("b", 0.0)]
    with pytest.raises(AlreadyExistsError):
        store.insert("docs", TWO[:1])
    assert store.delete("docs", ["a", "none"]) == 1
    assert store.get("docs", ["a"]) == []


def test_what_langchains_interface_lacks_is_refused() -> None:
    store = _filled(Plain(GivenVectors()))
    wanted = {"lang": "de"}
    for call in (
        lambda: store.search("docs", [1.0, 0.0], filters=wanted),
        lambda: store.count("docs", wanted),
        lambda: store.delete("docs", filters=wanted),
        lambda: list(store.iter_documents("docs", wanted)),
    ):
        with pytest.raises(UnsupportedFilterError, match="Plain"):
            call()
    for call in (
        lambda: store.count("docs"),
        lambda: store.delete("docs", all=True),
        lambda: list(store.iter_documents("docs")),
        lambda: store.delete_collection("docs"),
    ):
        with pytest.raises(UnsupportedError, match="list documents"):
            call()
    assert len(store.get("docs", ["a", "b"])) == 2


def test_documents_of_others_are_read_but_have_no_score() -> None:
    vectorstore = _memory()
    vectorstore.store["x"] = {"id": "x", "vector": [1.0, 0.0], "text": "theirs", "metadata": {"lang": "de"}}
    store = LangChainKnowledgeStore(vectorstore)
    store.create_collection("docs", 2)
    (found,) = store.iter_documents("docs", {"lang": "de"})
    assert (found.id, found.content, found.embedding, found.metadata) == ("x", "theirs", None, {"lang": "de"})
    with pytest.raises(UnsupportedError, match="not written by praison-persist"):
        store.search("docs", [1.0, 0.0])
    assert store.delete("docs", ["x"]) == 1


def test_a_filter_finds_documents_of_others_too_where_the_engine_filters(tmp_path: Path) -> None:
    embeddings = DeterministicFakeEmbedding(size=2)
    vectorstore = Chroma(
        "theirs",
        GivenVectors(embeddings),
        client=chromadb.PersistentClient(tmp_path),
        collection_configuration={"hnsw": {"space": "cosine"}},
    )
    store = _filled(vectorstore)
    vectorstore.add_texts(["theirs"], [{"lang": "de"}], ids=["x"])
    assert {found.id for found in store.iter_documents("docs", {"lang": "de"})} == {"a", "x"}
    assert store.count("docs", {"lang": {"$ne": "en"}}) == 2
    near = store.search("docs", embeddings.embed_query("theirs"), 3, {"lang": "de"})
    assert [(found.id, found.metadata) for found in near][:1] == [("x", {"lang": "de"})]
    assert near[0].score == pytest.approx(1.0)
    vectorstore.add_texts(["theirs"], [{"years": [1999, 2021], "a.b": 1}], ids=["y"])
    assert [found.id for found in store.search("docs", [1.0, 0.0], 3, {"years": {"$gt": 2020}})] == ["y"]
    assert store.count("docs", {"years": 1999}) == 1
    assert store.count("docs", {"a.b": {"$ne": 1}}) == 4
    assert store.delete("docs", filters={"lang": "de"}) == 2


def test_a_collection_that_is_dropped_leaves_nothing_to_the_next_in_chroma(tmp_path: Path) -> None:
    client = chromadb.PersistentClient(tmp_path)
    with LangChainKnowledgeStore(
        open_collection=lambda info: Chroma(info.name, GivenVectors(), client=client)
    ) as store:
        store.create_collection("docs", 2, distance="euclidean")
        store.insert("docs", TWO)
        store.delete_collection("docs")
    theirs = client.create_collection("theirs")
    theirs.add(ids=["x"], embeddings=[[1.0, 0.0]], metadatas=[{"lang": "fr"}])
    assert theirs.get()["metadatas"] == [{"lang": "fr"}]


# -- vectors on their way ---------------------------------------------------------------------------------------------


def test_vectors_come_in_portions_in_any_order_and_each_once() -> None:
    vectors = GivenVectors()
    with vectors.handed(["x", "y", "x"], [[1.0], [2.0], [3.0]]):
        assert vectors.embed_documents(["y"]) == [[2.0]]
        assert vectors.embed_documents(["x", "x"]) == [[1.0], [3.0]]
        with pytest.raises(UnsupportedError, match="another text"):
            vectors.embed_query("x")
    with pytest.raises(UnsupportedError, match="cannot make them"):
        vectors.embed_query("x")


def test_threads_do_not_mix_up_their_vectors() -> None:
    vectors = GivenVectors()
    barrier = threading.Barrier(8)
    wrong: list[Any] = []

    def work(number: int) -> None:
        for turn in range(50):
            with vectors.handed(["same"], [[number + turn / 100]]):
                barrier.wait(10)
                if vectors.embed_documents(["same"]) != [[number + turn / 100]]:
                    wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# -- failures ---------------------------------------------------------------------------------------------------------


class ResponseHandlingException(Exception):
    pass


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (TimeoutError("s3cret"), OperationTimeoutError),
        (ConnectionRefusedError("s3cret"), UnavailableError),
        (ResponseHandlingException("s3cret"), UnavailableError),
        (RuntimeError("s3cret"), PersistError),
        (NotImplementedError("s3cret"), UnsupportedError),
    ],
)
def test_a_vector_store_that_fails_is_a_typed_error_without_its_message(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, expected: type[PersistError]
) -> None:
    vectorstore = _memory()
    store = _filled(vectorstore)

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise raised

    monkeypatch.setattr(vectorstore, "similarity_search", fail)
    with pytest.raises(expected) as caught:
        store.search("docs", [1.0, 0.0])
    assert type(caught.value) is expected
    assert caught.value.__cause__ is raised
    assert "s3cret" not in str(caught.value)
    assert (caught.value.backend, caught.value.operation, caught.value.ambiguous) == ("langchain", "search", False)


def test_an_insert_that_fails_half_way_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    vectorstore = _memory()
    store = _filled(vectorstore)
    add = vectorstore.add_texts

    def fail_half_way(texts: Any, metadatas: Any, ids: Any) -> Any:
        add(texts[:1], metadatas[:1], ids=ids[:1])
        raise ConnectionResetError

    monkeypatch.setattr(vectorstore, "add_texts", fail_half_way)
    new = [KnowledgeDocument("c", "", [1.0, 1.0]), KnowledgeDocument("d", "", [1.0, 1.0])]
    with pytest.raises(UnavailableError) as caught:
        store.insert("docs", new)
    assert caught.value.ambiguous
    assert sorted(vectorstore.store) == ["a", "b"]


def test_both_directions_meet() -> None:
    embeddings = DeterministicFakeEmbedding(size=2)
    made = as_langchain(_filled(_memory()), "docs", embeddings)
    made.add_texts(["through both"], ids=["c"])
    assert [found.id for found in made.similarity_search("through both", 1)] == ["c"]
