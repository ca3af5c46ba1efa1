"""What is Qdrant's own: forms of the engine, layouts, racing writers, options. The rest is in the conformance suite."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import QdrantClient, models

from praison_persist import (
    KNOWLEDGE_STORES,
    AlreadyExistsError,
    ConfigurationError,
    InvalidInputError,
    KnowledgeDocument,
    UnavailableError,
    UnsupportedError,
)
from praison_persist_qdrant import QdrantKnowledgeStore

Document = KnowledgeDocument


@pytest.fixture(params=["memory", "path", "http"])
def options(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    if request.param == "memory":
        return {"url": ":memory:"}
    if request.param == "path":
        return {"path": tmp_path / "data"}
    prefix = request.getfixturevalue("fresh_prefix")
    return {"url": request.getfixturevalue("qdrant_url"), "collection_prefix": prefix}


@pytest.fixture
def store(options: dict[str, Any]) -> Iterator[QdrantKnowledgeStore]:
    with QdrantKnowledgeStore(**options) as opened:
        yield opened


def _raw(store: QdrantKnowledgeStore, work: Callable[[QdrantClient], Any]) -> Any:
    with store._engine.guard():
        return work(store._engine.client())


def test_the_registry_creates_it_without_opening_anything(tmp_path: Path) -> None:
    store = KNOWLEDGE_STORES.create("qdrant", path=tmp_path / "none")
    assert repr(store) == f"QdrantKnowledgeStore({str(tmp_path / 'none')!r})"
    assert not (tmp_path / "none").exists()


# -- racing writers -------------------------------------------------------------------------------------------


def test_of_eight_racing_inserts_of_one_batch_one_wins_whole(store: QdrantKnowledgeStore) -> None:
    store.create_collection("docs", 2)
    won: list[str] = []
    start = threading.Barrier(8)

    def insert(writer: str) -> None:
        documents = [Document(f"d{i}", writer, [1.0, float(i)]) for i in range(20)]
        start.wait()
        try:
            store.insert("docs", documents)
            won.append(writer)
        except AlreadyExistsError:
            pass

    threads = [threading.Thread(target=insert, args=(f"w{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    contents = {document.content for document in store.iter_documents("docs")}
    assert len(won) == 1
    assert contents == set(won)
    assert store.count("docs") == 20


def test_racing_inserts_of_one_document_leave_the_winners(store: QdrantKnowledgeStore) -> None:
    store.create_collection("docs", 1, "dot")
    won: list[str] = []

    def insert(writer: int) -> None:
        for i in range(10):
            try:
                store.insert("docs", [Document(f"d{i}", f"w{writer}", [1.0])])
                won.append(f"d{i} w{writer}")
            except AlreadyExistsError:
                pass

    threads = [threading.Thread(target=insert, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == sorted(f"{document.id} {document.content}" for document in store.iter_documents("docs"))
    assert len(won) == 10


def test_a_batch_with_one_known_id_leaves_nothing(store: QdrantKnowledgeStore) -> None:
    store.create_collection("docs", 1, "dot")
    store.insert("docs", [Document("b", "old", [1.0])])
    with pytest.raises(AlreadyExistsError, match="'b'"):
        store.insert("docs", [Document(id_, "new", [1.0]) for id_ in "abc"])
    assert [(document.id, document.content) for document in store.iter_documents("docs")] == [("b", "old")]


def test_an_insert_that_loses_the_race_takes_its_own_points_back(
    qdrant_url: str, fresh_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with QdrantKnowledgeStore(qdrant_url, collection_prefix=fresh_prefix) as store:
        store.create_collection("docs", 1, "dot")
        existing = QdrantKnowledgeStore._existing

        def meanwhile(self: Any, client: Any, info: Any, ids: Any, points: Any) -> list[str]:
            found = existing(self, client, info, ids, points)
            monkeypatch.undo()
            with QdrantKnowledgeStore(qdrant_url, collection_prefix=fresh_prefix) as other:
                other.insert("docs", [Document("b", "theirs", [1.0])])
            return found

        monkeypatch.setattr(QdrantKnowledgeStore, "_existing", meanwhile)
        with pytest.raises(AlreadyExistsError, match="'b'"):
            store.insert("docs", [Document(id_, "ours", [1.0]) for id_ in "abc"])
        assert [(document.id, document.content) for document in store.iter_documents("docs")] == [("b", "theirs")]


# -- PraisonAI's collections ----------------------------------------------------------------------------------


@pytest.fixture
def praisonai(store: QdrantKnowledgeStore) -> QdrantKnowledgeStore:
    """A collection as PraisonAI 4.7 writes it: points numbered within their batch, metadata flat in the payload."""

    def fill(client: QdrantClient) -> None:
        name = store._full("old")
        client.create_collection(name, models.VectorParams(size=2, distance=models.Distance.COSINE))
        points = [
            models.PointStruct(
                id=i,
                vector=[1.0, float(i)],
                payload={
                    "doc_id": f"d{i}",
                    "content": f"text {i}",
                    "content_hash": "ab",
                    "created_at": 5.0,
                    **metadata,
                },
            )
            for i, metadata in enumerate([{"lang": "de", "a": {"b": 1}}, {"lang": "en"}, {}])
        ]
        client.upsert(name, points)

    _raw(store, fill)
    return store


def test_a_collection_of_praisonai_is_read(praisonai: QdrantKnowledgeStore) -> None:
    info = praisonai.describe_collection("old")
    assert (info.dimension, info.distance, info.metadata) == (2, "cosine", None)
    assert [document.metadata for document in praisonai.get("old", ["d0", "d2"])] == [
        {"lang": "de", "a": {"b": 1}},
        None,
    ]
    assert [hit.id for hit in praisonai.search("old", [1.0, 0.0], 5, {"lang": "de"})] == ["d0"]
    assert [hit.id for hit in praisonai.search("old", [1.0, 0.0], 5, {"lang": {"$ne": "de"}})] == ["d1", "d2"]
    assert praisonai.count("old", {"a.b": 1}) == 1
    assert praisonai.count("old", {"lang": {"$exists": False}}) == 1


def test_a_collection_of_praisonai_is_written_to(praisonai: QdrantKnowledgeStore) -> None:
    with pytest.raises(AlreadyExistsError, match="'d1'"):
        praisonai.insert("old", [Document("d1", "new", [1.0, 1.0])])
    praisonai.upsert("old", [Document("d1", "new", [3.0, 4.0], {"lang": "fr"})])
    praisonai.insert("old", [Document("d9", "more", [0.0, 2.0], {"lang": "de"})])
    assert praisonai.count("old") == 4
    assert praisonai.get("old", ["d1"])[0].embedding == [3.0, 4.0]
    assert sorted(hit.id for hit in praisonai.search("old", [1.0, 0.0], 5, {"lang": "de"})) == ["d0", "d9"]
    assert praisonai.delete("old", ["d0", "d1", "d7"]) == 2
    assert praisonai.delete("old", filters={"lang": "de"}) == 1
    assert [document.id for document in praisonai.iter_documents("old")] == ["d2"]


# -- forms of the engine --------------------------------------------------------------------------------------


def test_two_stores_of_one_process_share_a_directory(tmp_path: Path) -> None:
    with QdrantKnowledgeStore(path=tmp_path / "q") as one:
        one.create_collection("docs", 1, "dot")
        with QdrantKnowledgeStore(path=str(tmp_path / "x" / ".." / "q")) as other:
            other.insert("docs", [Document("a", "", [1.0])])
        assert one.count("docs") == 1
    with QdrantKnowledgeStore(path=tmp_path / "q") as again:
        assert [document.id for document in again.iter_documents("docs")] == ["a"]


def test_eight_threads_lose_nothing_in_a_directory(tmp_path: Path) -> None:
    with QdrantKnowledgeStore(path=tmp_path) as store:
        store.create_collection("docs", 2)

        def write(writer: int) -> None:
            for i in range(20):
                store.insert("docs", [Document(f"{writer}-{i}", "", [1.0, float(i)])])
                store.search("docs", [1.0, 1.0])

        threads = [threading.Thread(target=write, args=(i,)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with QdrantKnowledgeStore(path=tmp_path) as store:
        assert store.count("docs") == 160


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_a_directory_belongs_to_one_process(tmp_path: Path) -> None:
    with QdrantKnowledgeStore(path=tmp_path) as store:
        store.create_collection("docs", 1)
        readable, writable = os.pipe()
        child = os.fork()
        if child == 0:
            answers = []
            for attempt in (store, QdrantKnowledgeStore(path=tmp_path)):
                try:
                    attempt.list_collections()
                except UnavailableError as error:
                    answers.append(str(error))
            os.write(writable, "\n".join(answers).encode())
            os._exit(0)
        os.waitpid(child, 0)
        os.close(writable)
        with os.fdopen(readable) as pipe:
            text = pipe.read()
        assert text.count(f"{tmp_path}/.lock") == 2
        assert "url=http://localhost:6333" in text
        assert store.list_collections() == ["docs"]


def test_memory_is_not_shared() -> None:
    with QdrantKnowledgeStore(":memory:") as one, QdrantKnowledgeStore(path=":memory:") as other:
        one.create_collection("docs", 1)
        assert other.list_collections() == []


def test_a_prefix_separates_stores_on_one_server(qdrant_url: str, fresh_prefix: str) -> None:
    with (
        QdrantKnowledgeStore(qdrant_url, collection_prefix=f"{fresh_prefix}a_") as one,
        QdrantKnowledgeStore(qdrant_url, collection_prefix=f"{fresh_prefix}b_") as other,
        QdrantKnowledgeStore(qdrant_url) as all_of_it,
    ):
        one.create_collection("docs", 1)
        assert (one.list_collections(), other.list_collections()) == (["docs"], [])
        assert f"{fresh_prefix}a_docs" in all_of_it.list_collections()


def test_collections_that_the_contract_cannot_name_are_not_listed(store: QdrantKnowledgeStore) -> None:
    vectors = models.VectorParams(size=1, distance=models.Distance.DOT)
    _raw(store, lambda client: client.create_collection(store._full("not-ours"), vectors))
    assert store.list_collections() == []


def test_named_vectors_are_refused(tmp_path: Path) -> None:
    with QdrantKnowledgeStore(path=tmp_path) as store:
        vectors = {"text": models.VectorParams(size=1, distance=models.Distance.DOT)}
        _raw(store, lambda client: client.create_collection("named", vectors))
        with pytest.raises(UnsupportedError, match="named vectors"):
            store.count("named")


def test_options_of_the_index_reach_the_server(qdrant_url: str, fresh_prefix: str) -> None:
    options: dict[str, Any] = {"hnsw_config": {"m": 8, "ef_construct": 64}, "on_disk": True, "hnsw_ef": 200}
    with QdrantKnowledgeStore(qdrant_url, collection_prefix=fresh_prefix, **options) as store:
        store.create_collection("docs", 2)
        params = _raw(store, lambda client: client.get_collection(f"{fresh_prefix}docs").config.params.vectors)
        assert params.on_disk is True
        store.insert("docs", [Document("a", "", [1.0, 0.0])])
        assert [hit.id for hit in store.search("docs", [1.0, 0.0])] == ["a"]


def test_a_large_batch_goes_in_requests_that_a_server_takes(qdrant_url: str, fresh_prefix: str) -> None:
    with QdrantKnowledgeStore(qdrant_url, collection_prefix=fresh_prefix) as store:
        store.create_collection("docs", 2)
        documents = [Document(f"d{i}", "x" * 2_000_000, [1.0, float(i)]) for i in range(6)]
        store.insert("docs", documents)
        assert store.count("docs") == 6


# -- options --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({}, "http://localhost:6333"),
        ({"host": "qdrant.internal", "port": 1234}, "http://qdrant.internal:1234"),
        ({"url": "http://h"}, "http://h:6333"),
        ({"url": "https://h:443/prefix"}, "https://h:443/prefix"),
        ({"url": "qdrant://h:7000"}, "http://h:7000"),
        ({"url": "qdrant+https://h"}, "https://h:6333"),
        ({"url": "http://[::1]:6333"}, "http://[::1]:6333"),
        ({"url": "qdrant://:s3cret@h"}, "http://h:6333"),
        ({"url": "https://h:6333?api_key=s3cret"}, "https://h:6333"),
        ({"path": ":memory:"}, ":memory:"),
    ],
)
def test_urls_and_options_name_a_location(options: dict[str, Any], where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QDRANT_URL", raising=False)
    store = QdrantKnowledgeStore(**options)
    assert repr(store) == f"QdrantKnowledgeStore({where!r})"
    assert "s3cret" not in repr(vars(store))


def test_the_environment_is_the_last_resort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QDRANT_URL", "http://env:1")
    monkeypatch.setenv("QDRANT_API_KEY", "from-env")
    assert repr(QdrantKnowledgeStore()) == "QdrantKnowledgeStore('http://env:1')"
    assert QdrantKnowledgeStore()._engine.location.api_key == "from-env"
    assert QdrantKnowledgeStore("http://h", api_key="given")._engine.location.api_key == "given"
    assert repr(QdrantKnowledgeStore(host="other")) == "QdrantKnowledgeStore('http://other:6333')"


@pytest.mark.parametrize(
    "options",
    [
        {"url": "postgresql://h/d"},
        {"url": "h:6333"},
        {"url": "http://h?colour=red"},
        {"url": "http://a,b"},
        {"url": ":memory:", "path": "x"},
        {"hnsw_config": {"ef": 1}},
        {"hnsw_ef": "many"},
        {"timeout": 0},
        {"connect_timeout": -1},
        {"prefer_grpc": "yes"},
        {"collection_prefix": "a-b"},
    ],
)
def test_wrong_options_are_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises((ConfigurationError, InvalidInputError)) as caught:
        QdrantKnowledgeStore(**options)
    assert caught.value.backend == "qdrant"
