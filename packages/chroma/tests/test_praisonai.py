"""A directory that PraisonAI wrote is read, searched and written to; see praisonai/make.py."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from praison_persist import KnowledgeDocument
from praison_persist_chroma import ChromaKnowledgeStore

HERE = Path(__file__).parent / "praisonai"


def test_documents_of_praisonai_are_read_searched_and_replaced(tmp_path: Path) -> None:
    shutil.unpack_archive(HERE / "4.7.19.zip", tmp_path / "data")
    written = json.loads((HERE / "4.7.19.json").read_text())
    with ChromaKnowledgeStore(path=tmp_path / "data") as store:
        info = store.describe_collection("notes")
        assert (info.dimension, info.distance) == (3, "euclidean")
        assert [one.to_dict() for one in store.get("notes", [one["id"] for one in written])] == written
        assert [one.id for one in store.search("notes", [1, 0, 0], filters={"lang": "de"})] == ["a", "c"]
        assert store.count("notes", {"lang": {"$ne": "de"}}) == 1
        store.upsert("notes", [KnowledgeDocument("a", "new", [0, 1, 0], {"lang": {"nested": None}})])
        assert store.get("notes", ["a"])[0].metadata == {"lang": {"nested": None}}
        assert store.count("notes", {"lang": "de"}) == 1
