"""What a knowledge store is in LangChain beyond its standard suite: filters, scores, relevance, diversity, errors."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings

from praison_persist import (
    KNOWLEDGE_STORES,
    ConfigurationError,
    InvalidInputError,
    KnowledgeDocument,
    NotFoundError,
    UnsupportedError,
)
from praison_persist.aio import async_view, sync_view
from praison_persist.knowledge import KnowledgeStore
from praison_persist_langchain import KnowledgeVectorStore, as_langchain


class Plane(Embeddings):
    """Texts that name their vector: ``"1 0.5"``."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return [float(word) for word in text.split()]


@pytest.fixture
def store() -> Iterator[KnowledgeStore]:
    with KNOWLEDGE_STORES.create("memory") as opened:
        opened.create_collection("docs", 2)
        yield opened


@pytest.fixture
def plane(store: KnowledgeStore) -> KnowledgeVectorStore:
    made = as_langchain(store, "docs", Plane())
    made.add_texts(["1 0", "1 0.1", "0 1", "-1 0"], [{"n": n} for n in range(4)], ids=["a", "b", "c", "d"])
    return made


def _ids(documents: list[Document]) -> list[Any]:
    return [document.id for document in documents]


def test_a_filter_is_that_of_the_contract(plane: KnowledgeVectorStore) -> None:
    assert _ids(plane.similarity_search("1 0", 4, filter={"n": {"$gte": 1}})) == ["b", "c", "d"]
    assert _ids(plane.similarity_search_by_vector([1.0, 0.0], filter={"n": {"$in": [3, 2]}})) == ["c", "d"]
    with pytest.raises(InvalidInputError, match=r"\$regex"):
        plane.similarity_search("1 0", filter={"n": {"$regex": "x"}})


def test_scores_are_those_of_the_contract_and_a_threshold_works_on_them(plane: KnowledgeVectorStore) -> None:
    found = plane.similarity_search_with_score("1 0", 4)
    assert [(document.id, round(score, 3)) for document, score in found] == [
        ("a", 1.0),
        ("b", 0.995),
        ("c", 0.0),
        ("d", -1.0),
    ]
    assert _ids(plane.similarity_search("1 0", 4, score_threshold=0.0)) == ["a", "b", "c"]
    assert plane.similarity_search_with_score_by_vector([1.0, 0.0], 4) == found
    assert asyncio.run(plane.asimilarity_search_with_score_by_vector([1.0, 0.0], 4)) == found


@pytest.mark.filterwarnings("error")
def test_relevance_is_from_zero_to_one(plane: KnowledgeVectorStore) -> None:
    found = plane.similarity_search_with_relevance_scores("1 0", 4)
    assert [round(relevance, 3) for _, relevance in found] == [1.0, 0.998, 0.5, 0.0]
    assert asyncio.run(plane.asimilarity_search_with_relevance_scores("1 0", 4)) == found
    near = plane.as_retriever(search_type="similarity_score_threshold", search_kwargs={"score_threshold": 0.9})
    assert _ids(near.invoke("1 0")) == ["a", "b"]


@pytest.mark.filterwarnings("error")
def test_relevance_of_euclidean_scores_is_the_score_and_of_dot_products_refused(store: KnowledgeStore) -> None:
    for distance in ("euclidean", "dot"):
        store.create_collection(distance, 2, distance)
    near = as_langchain(store, "euclidean", Plane())
    near.add_texts(["0 3"])
    assert [round(relevance, 3) for _, relevance in near.similarity_search_with_relevance_scores("0 0")] == [0.25]
    with pytest.raises(UnsupportedError, match="no bounds"):
        as_langchain(store, "dot", Plane()).similarity_search_with_relevance_scores("0 1")


@pytest.mark.parametrize(
    ("lambda_mult", "expected"), [(1.0, ["a", "b"]), (0.5, ["a", "b"]), (0.3, ["a", "d"]), (0.0, ["a", "d"])]
)
def test_marginal_relevance_weighs_nearness_against_likeness(
    plane: KnowledgeVectorStore, lambda_mult: float, expected: list[str]
) -> None:
    assert _ids(plane.max_marginal_relevance_search("1 0", 2, lambda_mult=lambda_mult)) == expected
    vector = [1.0, 0.0]
    assert _ids(plane.max_marginal_relevance_search_by_vector(vector, 2, lambda_mult=lambda_mult)) == expected
    found = asyncio.run(plane.amax_marginal_relevance_search("1 0", 2, lambda_mult=lambda_mult))
    assert _ids(found) == expected


def test_marginal_relevance_agrees_with_langchains_own(store: KnowledgeStore) -> None:
    from langchain_core.vectorstores import InMemoryVectorStore

    embeddings = DeterministicFakeEmbedding(size=8)
    store.create_collection("eight", 8)
    texts = [f"text {n}" for n in range(40)]
    ours, theirs = as_langchain(store, "eight", embeddings), InMemoryVectorStore(embeddings)
    for one in (ours, theirs):
        one.add_texts(texts, ids=texts)
    for weight in (0.1, 0.5, 0.9):
        found = [_ids(one.max_marginal_relevance_search("query", 8, 30, weight)) for one in (ours, theirs)]
        assert found[0] == found[1]


def test_marginal_relevance_takes_a_filter_and_no_documents(plane: KnowledgeVectorStore) -> None:
    assert _ids(plane.max_marginal_relevance_search("1 0", filter={"n": {"$gt": 1}})) == ["c", "d"]
    assert plane.max_marginal_relevance_search("1 0", 0) == []
    assert plane.max_marginal_relevance_search("1 0", filter={"n": 9}) == []


def test_an_id_given_goes_before_the_documents_own_and_before_a_new_one(plane: KnowledgeVectorStore) -> None:
    given = [Document(id="own", page_content="1 1"), Document(page_content="1 2"), Document(page_content="1 3")]
    assert plane.add_documents(given, ids=["x", None, "z"])[::2] == ["x", "z"]
    assert plane.add_documents(given)[0] == "own"
    with pytest.raises(InvalidInputError, match="1 ids for 3"):
        plane.add_documents(given, ids=["x"])
    with pytest.raises(InvalidInputError, match="1 metadatas for 2"):
        plane.add_texts(["1 1", "1 2"], [{}])


def test_documents_can_be_stored_in_batches(plane: KnowledgeVectorStore, store: KnowledgeStore) -> None:
    ids = plane.add_texts([f"1 {n}" for n in range(10)], batch_size=3)
    assert _ids(plane.get_by_ids(ids)) == ids
    assert store.count("docs") == 14


def test_metadata_that_would_not_come_back_is_refused(plane: KnowledgeVectorStore, store: KnowledgeStore) -> None:
    with pytest.raises(InvalidInputError, match="JSON"):
        plane.add_documents([Document(page_content="1 1", metadata={"set": {1}})])
    assert store.count("docs") == 4


def test_deleting_everything_takes_a_word(plane: KnowledgeVectorStore, store: KnowledgeStore) -> None:
    with pytest.raises(InvalidInputError):
        plane.delete()
    assert plane.delete(filter={"n": 1})
    assert asyncio.run(plane.adelete([]))
    assert store.count("docs") == 3
    assert asyncio.run(plane.adelete(all=True))
    assert store.count("docs") == 0


@pytest.mark.parametrize("call", ["add_documents", "delete", "similarity_search", "max_marginal_relevance_search"])
def test_an_unknown_keyword_is_no_keyword(plane: KnowledgeVectorStore, call: str) -> None:
    with pytest.raises(TypeError, match="filtre"):
        getattr(plane, call)(["a"] if call == "delete" else [] if call == "add_documents" else "1 0", filtre={"n": 1})


def test_a_keyword_nearly_right_is_told(plane: KnowledgeVectorStore) -> None:
    with pytest.raises(TypeError, match="did you mean 'filter'"):
        plane.similarity_search("1 0", filters={"n": 1})


def test_texts_make_their_collection(store: KnowledgeStore) -> None:
    made = KnowledgeVectorStore.from_texts(
        ["1 0 0"], Plane(), [{"a": 1}], store=store, collection="new", distance="dot"
    )
    assert (store.describe_collection("new").dimension, store.describe_collection("new").distance) == (3, "dot")
    again = KnowledgeVectorStore.from_documents(
        [Document(page_content="0 1 0")], Plane(), store=store, collection="new"
    )
    assert len(again.similarity_search("1 1 0")) == 2
    later = asyncio.run(KnowledgeVectorStore.afrom_texts(["0 0 1"], Plane(), store=store, collection="new"))
    assert len(later.similarity_search("1 1 0")) == 3
    assert made.embeddings is not None
    with pytest.raises(InvalidInputError, match="dimension is not known"):
        KnowledgeVectorStore.from_texts([], Plane(), store=store, collection="newer")


def test_a_collection_that_does_not_exist_is_not_found(store: KnowledgeStore) -> None:
    with pytest.raises(NotFoundError):
        as_langchain(store, "missing", Plane()).similarity_search("1 0")


def test_documents_of_the_store_are_documents_in_langchain(store: KnowledgeStore) -> None:
    store.insert("docs", [KnowledgeDocument("k", "text", [1.0, 0.0])])
    assert as_langchain(store, "docs", Plane()).similarity_search("1 0") == [Document(id="k", page_content="text")]


def test_an_asynchronous_store_serves_asynchronous_methods(store: KnowledgeStore) -> None:
    view = async_view(store)
    made = as_langchain(view, "docs", Plane())
    with pytest.raises(UnsupportedError, match="asynchronous store"):
        made.similarity_search("1 0")

    async def use() -> list[Document]:
        await made.aadd_texts(["1 0"], ids=["a"])
        return await made.asimilarity_search("1 0")

    assert _ids(asyncio.run(use())) == ["a"]
    assert _ids(as_langchain(sync_view(view), "docs", Plane()).similarity_search("1 0")) == ["a"]


def test_a_blocking_store_does_not_block_the_loop(store: KnowledgeStore) -> None:
    threads = set()

    class Watched(Plane):
        async def aembed_query(self, text: str) -> list[float]:
            return self.embed_query(text)

    search = store.search

    def watched(*args: Any, **kwargs: Any) -> Any:
        threads.add(threading.current_thread())
        return search(*args, **kwargs)

    store.search = watched  # type: ignore[method-assign]
    asyncio.run(as_langchain(store, "docs", Watched()).asimilarity_search("1 0"))
    assert threads
    assert threading.current_thread() not in threads


def test_words_are_searched_for_where_the_store_can() -> None:
    with KNOWLEDGE_STORES.create("lancedb", url="memory://") as store:
        store.create_collection("docs", 3)
        embeddings = DeterministicFakeEmbedding(size=3)
        made = as_langchain(store, "docs", embeddings)
        made.add_texts(["apples and pears", "a zyzzyva on a palm", "plums"], ids=["a", "b", "c"])
        for mode in ("keyword", "hybrid"):
            assert made.similarity_search("zyzzyva", 1, mode=mode)[0].id == "b"
        with pytest.raises(InvalidInputError, match="text"):
            made.similarity_search_by_vector([1.0, 0.0, 0.0], mode="hybrid")


def test_embeddings_that_lose_a_text_are_refused(store: KnowledgeStore) -> None:
    class Lossy(Plane):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return super().embed_documents(texts)[1:]

    with pytest.raises(InvalidInputError, match="1 vectors for 2"):
        as_langchain(store, "docs", Lossy()).add_texts(["1 0", "1 1"])
    assert store.count("docs") == 0


@pytest.mark.parametrize("wrong", ["store", "embedding", "async_store", "collection"])
def test_what_is_no_store_or_no_embeddings_is_refused(store: KnowledgeStore, wrong: str) -> None:
    arguments: dict[str, Any] = {"store": store, "collection": "docs", "embedding": Plane(), "async_store": None}
    arguments[wrong] = "no name" if wrong == "collection" else len
    with pytest.raises((ConfigurationError, InvalidInputError)):
        as_langchain(**arguments)
