"""Chroma leaves the lists of a deleted collection to records of the next one (chroma-core/chroma issue 7594)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import chromadb

from praison_persist import KnowledgeDocument
from praison_persist_chroma import ChromaKnowledgeStore

LISTS: dict[str, Any] = {"lang": ["de", "en"], "n": [1, 2]}


def test_nothing_of_a_deleted_collection_comes_back(tmp_path: Path) -> None:
    with ChromaKnowledgeStore(path=tmp_path) as store:
        store.create_collection("secret", 2)
        store.insert("secret", [KnowledgeDocument(str(i), "x", [1, i], LISTS) for i in range(3)])
        store.insert("secret", [KnowledgeDocument("plain", "x", [1, 1], {"lang": "de"})])
        assert store.delete_collection("secret")
    client = chromadb.PersistentClient(tmp_path)
    theirs = client.create_collection("theirs")
    theirs.add(ids=["x", "y", "z"], embeddings=[[1.0, 0.0]] * 3, metadatas=[{"a": 1}] * 3)
    assert theirs.get()["metadatas"] == [{"a": 1}] * 3


def test_lists_that_another_program_left_change_no_answer(tmp_path: Path) -> None:
    client = chromadb.PersistentClient(tmp_path)
    left = client.create_collection("left")
    left.add(ids=list("abc"), embeddings=[[1.0, 0.0]] * 3, metadatas=[{"lang": ["de"], "praison_loose": ["n"]}] * 3)
    client.delete_collection("left")
    with ChromaKnowledgeStore(path=tmp_path) as store:
        store.create_collection("docs", 2)
        store.insert("docs", [KnowledgeDocument(i, "x", [1, 0], {"n": 1}) for i in "xy"])
        store.insert("docs", [KnowledgeDocument("z", "x", [1, 0], {"lang": ["de"]})])
        assert client.get_collection("docs").get(where={"lang": {"$contains": "de"}})["ids"] == ["x", "y", "z"]
        assert [one.metadata for one in store.get("docs", ["x", "z"])] == [{"n": 1}, {"lang": ["de"]}]
        assert store.count("docs", {"lang": "de"}) == 1
        assert store.count("docs", {"n": 1}) == 2
        for unlike in ({"lang": {"$ne": "de"}}, {"lang": {"$nin": ["de"]}}, {"$not": {"lang": "de"}}):
            assert sorted(one.id for one in store.search("docs", [1, 0], filters=unlike)) == ["x", "y"]
        assert store.delete("docs", filters={"lang": "de"}) == 1
        assert sorted(one.id for one in store.iter_documents("docs")) == ["x", "y"]
