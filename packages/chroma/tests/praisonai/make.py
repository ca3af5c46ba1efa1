"""Makes the fixtures beside this file with a real release of PraisonAI; run by hand: ``python make.py``.

In an environment with ``praisonai`` (installed without its dependencies) and chromadb. The directory that its store
wrote becomes ``<release>.zip``, and the documents that it was given ``<release>.json``.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

from praisonai.persistence.knowledge.base import KnowledgeDocument
from praisonai.persistence.knowledge.chroma import ChromaKnowledgeStore

HERE = Path(__file__).parent
RELEASE = version("praisonai")
DOCUMENTS = [
    {"id": "a", "content": "Über Uhren", "embedding": [1.0, 0.0, 0.0], "metadata": {"lang": "de", "year": 2020}},
    {"id": "b", "content": "a second", "embedding": [0.0, 1.0, 0.5], "metadata": {"lang": "en", "done": True}},
    {"id": "c", "content": "", "embedding": [0.0, 0.0, 2.5], "metadata": {"lang": "de", "ratio": 0.5}},
]

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        store = ChromaKnowledgeStore(path=folder)
        store.create_collection("notes", 3, distance="euclidean")
        documents = [KnowledgeDocument(**one, created_at=1700000000.25 + i) for i, one in enumerate(DOCUMENTS)]
        store.insert("notes", documents)
        store._client.close()
        shutil.make_archive(str(HERE / RELEASE), "zip", folder)
    kept = [{**one.__dict__, "content_hash": one.content_hash or "", "score": None} for one in documents]
    (HERE / f"{RELEASE}.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
