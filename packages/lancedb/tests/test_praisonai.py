"""A table that PraisonAI wrote is read, searched and deleted from; see praisonai/make.py."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from praison_persist import AlreadyExistsError, KnowledgeDocument, UnsupportedError
from praison_persist_lancedb import LanceDBKnowledgeStore

HERE = Path(__file__).parent / "praisonai"


def test_documents_of_praisonai_are_read_searched_and_deleted(tmp_path: Path) -> None:
    shutil.unpack_archive(HERE / "4.7.19.zip", tmp_path / "data")
    written = json.loads((HERE / "4.7.19.json").read_text())
    with LanceDBKnowledgeStore(path=tmp_path / "data") as store:
        assert store.describe_collection("notes").dimension == 3
        assert [one.to_dict() for one in store.get("notes", [one["id"] for one in written])] == written
        assert [one.id for one in store.search("notes", [1, 0, 0.1], limit=1)] == ["a"]
        assert store.search("notes", [1, 0, 0], filters={"lang": "de"}) == []
        with pytest.raises(AlreadyExistsError):
            store.insert("notes", [KnowledgeDocument("a", "", [1, 2, 3])])
        with pytest.raises(UnsupportedError, match="metadata"):
            store.upsert("notes", [KnowledgeDocument("d", "", [1, 2, 3], {"lang": "de"})])
        store.upsert("notes", [KnowledgeDocument("a", "new", [1, 2, 3])])
        assert (store.get("notes", ["a"])[0].content, store.delete("notes", ["a", "b"]), store.count("notes")) == (
            "new", 2, 1
        )  # fmt: skip
