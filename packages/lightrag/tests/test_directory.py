"""A directory of collections: who may use it, what is left of it, and what is in it besides."""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lightrag import QueryParam

from praison_persist import (
    KNOWLEDGE_STORES,
    ConfigurationError,
    InvalidInputError,
    KnowledgeDocument,
    SerializationError,
    UnavailableError,
    UnsupportedError,
)
from praison_persist_lightrag import LightRAGKnowledgeStore

WRITER = [sys.executable, str(Path(__file__).with_name("writer.py"))]


def _store(path: Path, **options: Any) -> LightRAGKnowledgeStore:
    return KNOWLEDGE_STORES.create("lightrag", working_dir=path, **options)


def _filled(path: Path, text: str = "text", **options: Any) -> LightRAGKnowledgeStore:
    store = _store(path, **options)
    store.create_collection("docs", 3, "dot", {"m": None})
    store.insert("docs", [KnowledgeDocument("a", text, [0.0, 2.0, 0.1], {"x": [1, {"y": None}]}, created_at=5.0)])
    return store


def test_a_store_that_is_opened_later_finds_everything(tmp_path: Path) -> None:
    with _filled(tmp_path) as store:
        written = store.get("docs", ["a"])
    with _store(tmp_path) as later:
        assert later.list_collections() == ["docs"]
        info = later.describe_collection("docs")
        assert (info.dimension, info.distance, info.metadata) == (3, "dot", {"m": None})
        assert later.get("docs", ["a"]) == written
        assert [one.id for one in later.search("docs", [1.0, 1.0, 1.0], filters={"x": {"$exists": True}})] == ["a"]


def test_a_match_is_found_however_far_it_is(tmp_path: Path) -> None:
    with _store(tmp_path) as store:
        store.create_collection("docs", 2)
        places = [number * 7 % 40 for number in range(40)]  # 0 is the nearest
        store.insert("docs", [KnowledgeDocument(f"{n}", "", [1.0, n / 10], {"n": n}) for n in places])
        nearest = [str(n) for n in range(40)]
        far = {"n": {"$gte": 30}}
        for limit in (1, 9, 10, 11, 40):
            assert [one.id for one in store.search("docs", [1.0, 0.0], limit)] == nearest[:limit]
            assert [one.id for one in store.search("docs", [1.0, 0.0], limit, far)] == nearest[30:][:limit]


def test_the_directory_is_lightrag_data_where_nothing_is_said(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with LightRAGKnowledgeStore() as store:
        assert repr(store) == f"LightRAGKnowledgeStore({str(tmp_path / 'lightrag_data')!r})"
        assert store.list_collections() == []


def test_a_directory_has_one_store_at_a_time(tmp_path: Path) -> None:
    with _filled(tmp_path) as store:
        with _store(tmp_path / ".." / tmp_path.name) as second, pytest.raises(UnavailableError, match="this process"):
            second.count("docs")
        other = subprocess.run([*WRITER, str(tmp_path)], capture_output=True, text=True, timeout=120)
        assert "UnavailableError" in other.stderr
        assert "one store at a time" in other.stderr
        assert store.count("docs") == 1
    with _store(tmp_path) as later:
        assert later.count("docs") == 1


def test_deleting_an_unknown_collection_says_false_and_deletes_nothing(tmp_path: Path) -> None:
    with _filled(tmp_path) as store:
        (tmp_path / "typo").mkdir()
        before = sorted(tmp_path.rglob("*"))
        assert store.delete_collection("typo") is False
        assert sorted(tmp_path.rglob("*")) == before
        assert store.count("docs") == 1


def test_deleting_a_collection_deletes_its_files_and_no_others(tmp_path: Path) -> None:
    for name in ("docs", "docs-of-somebody-else"):
        (tmp_path / name).mkdir()
    before = {"docs", "docs-of-somebody-else", "praison_persist.lock"}
    with _filled(tmp_path) as store:
        assert store.delete_collection("docs") is True
        assert {path.name for path in tmp_path.iterdir()} == before
        store.create_collection("docs", 2)
        assert store.count("docs") == 0
    with _store(tmp_path) as later:  # also where it was not opened before
        assert later.delete_collection("docs") is True
        assert {path.name for path in tmp_path.iterdir()} == before


def test_collections_of_one_name_in_two_directories_do_not_mix(tmp_path: Path) -> None:
    with _filled(tmp_path / "1", "one") as first, _filled(tmp_path / "2", "two") as second:
        assert [one.get("docs", ["a"])[0].content for one in (first, second)] == ["one", "two"]
        mine, other = first.lightrag("docs"), second.lightrag("docs")
        first.run(mine.text_chunks.upsert({"k": {"content": "mine"}}))
        assert second.run(other.text_chunks.get_by_id("k")) is None  # LightRAG shares what has one workspace's name


def test_every_collection_has_a_lightrag_with_the_models_that_were_given(
    tmp_path: Path, llm_model: Any, embedding_model: Any, embedder: Any, tokenizer: Any
) -> None:
    options: dict[str, Any] = {"llm_model": llm_model, "embedding_model": embedding_model}
    options["lightrag_kwargs"] = {"tokenizer": tokenizer, "cosine_better_than_threshold": 0.5}
    with _filled(tmp_path, **options) as store:
        rag = store.lightrag("docs")
        assert rag.chunks_vdb.cosine_better_than_threshold == 0.5
        store.run(rag.ainsert(["Alice knows Bob."], file_paths=["f.txt"]))
        assert store.run(rag.get_graph_labels()) == ["Alice", "Bob"]
        assert "Alice knows Bob." in embedder.texts
        with pytest.raises(InvalidInputError, match="dimension 3"):
            store.create_collection("other", 2)
        assert store.list_collections() == ["docs"]
    with _store(tmp_path, **options) as later:
        assert later.run(later.lightrag("docs").get_graph_labels()) == ["Alice", "Bob"]


def test_closing_ends_the_workers_that_lightrag_starts_for_its_models(
    tmp_path: Path, llm_model: Any, embedding_model: Any, tokenizer: Any
) -> None:
    async def workers() -> int:
        return len(asyncio.all_tasks())

    options = {"llm_model": llm_model, "embedding_model": embedding_model, "lightrag_kwargs": {"tokenizer": tokenizer}}
    with _filled(tmp_path, **options) as store:
        before = store.run(workers())
        store.run(store.lightrag("docs").ainsert(["Alice knows Bob."], file_paths=["f.txt"]))
        assert store.run(workers()) > before
    assert store.run(workers()) == before


def test_a_model_of_another_dimension_is_refused_and_deletes_nothing(tmp_path: Path, embedding_model: Any) -> None:
    with _store(tmp_path) as store:
        store.create_collection("docs", 2)
        store.insert("docs", [KnowledgeDocument("a", "text", [1.0, 0.0])])
    with _store(tmp_path, embedding_model=embedding_model) as later, pytest.raises(InvalidInputError):
        later.count("docs")
    with _store(tmp_path) as last:
        assert last.count("docs") == 1


def test_what_needs_a_model_says_so_where_none_was_given(tmp_path: Path) -> None:
    with _filled(tmp_path) as store:
        rag = store.lightrag("docs")
        with pytest.raises(UnsupportedError, match="cannot make them of texts"):
            store.run(rag.aquery_data("a question", QueryParam(mode="naive")))
        with pytest.raises(UnsupportedError, match="no language model"):
            store.run(rag.llm_model_func("a prompt"))


@pytest.mark.parametrize(
    "options",
    [
        {"llm_model": "gpt-4o-mini"},
        {"embedding_model": "text-embedding-3-small"},
        {"lightrag_kwargs": {"workspace": "mine"}},
    ],
)
def test_models_are_functions_and_the_workspace_is_the_stores(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        LightRAGKnowledgeStore(**options)


def test_a_storage_that_would_lose_metadata_is_refused_and_leaves_no_collection(tmp_path: Path) -> None:
    with _store(tmp_path, lightrag_kwargs={"vector_storage": "NoopVectorDBStorage"}) as store:
        with pytest.raises(ConfigurationError, match="NoopVectorDBStorage"):
            store.create_collection("docs", 2)
        assert store.list_collections() == []


@pytest.mark.parametrize("text", ["", "[]", '{"name": "docs"}'])
def test_a_damaged_file_is_a_typed_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "docs.collection.json").write_text(text)
    with _store(tmp_path) as store, pytest.raises(SerializationError):
        store.count("docs")


def test_a_directory_that_cannot_be_made_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with _store(tmp_path / "file") as store, pytest.raises(UnavailableError, match="cannot be used"):
        store.setup()


def test_a_process_that_is_killed_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    with subprocess.Popen([*WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = list(itertools.islice(process.stdout, 20))
        process.kill()
        lines += process.stdout.readlines()
    stored = {f"d{int(line)}" for line in lines if line.endswith("\n")}
    assert len(stored) >= 20
    with _store(tmp_path) as store:
        assert stored <= {one.id for one in store.iter_documents("docs")}
        assert store.count("docs") <= len(stored) + 1


def test_importing_lightrag_leaves_the_logging_of_the_application_alone(tmp_path: Path) -> None:
    program = """
import json, logging, sys
from praison_persist import KNOWLEDGE_STORES
with KNOWLEDGE_STORES.create("lightrag", working_dir=sys.argv[1]) as store:
    imported = "lightrag" in sys.modules
    store.create_collection("docs", 2)
print(json.dumps([imported, len(logging.getLogger().handlers), logging.getLogger().level]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True, timeout=120
    )
    assert json.loads(done.stdout) == [False, 0, 30]
