"""LightRAG in a directory, without a model: its vector storage as its pipeline uses it against the lightrag store."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from lightrag import LightRAG
from lightrag.utils import EmbeddingFunc, Tokenizer

from praison_persist import KNOWLEDGE_STORES, KnowledgeDocument

from . import vectors
from .measure import Plan, Row

COLLECTION = "documents"


class Bytes:
    """A tokenizer that nothing uses here; LightRAG's own is a download."""

    def encode(self, content: str) -> list[int]:
        return list(content.encode())

    def decode(self, tokens: list[int]) -> str:
        return bytes(tokens).decode()


class Raw:
    """``chunks_vdb``, whose embedding function finds the vectors ready; ids that exist would be overwritten."""

    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._ready = ready = list[list[float]]()

        async def embed(*_: Any, **__: Any) -> Any:  # no method: LightRAG copies what it is given, deeply
            return np.array(ready, np.float32)

        made: Any = LightRAG(
            working_dir=str(folder),
            workspace="raw",
            llm_model_func=embed,
            embedding_func=EmbeddingFunc(embedding_dim=vectors.DIMENSION, func=embed),
            tokenizer=Tokenizer("bytes", Bytes()),
            cosine_better_than_threshold=-1.0,
            embedding_batch_num=vectors.STORED,
        )
        self._loop.run_until_complete(made.initialize_storages())
        self._chunks = made.chunks_vdb
        self._chunks.meta_fields |= {"metadata", "created_at", "content_hash"}

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        self._ready[:] = [one.embedding or [] for one in documents]
        self._loop.run_until_complete(self._insert(documents))

    async def _insert(self, documents: list[KnowledgeDocument]) -> None:
        rows = {
            one.id: {
                "content": one.content,
                "full_doc_id": one.id,
                "file_path": one.id,
                "metadata": one.metadata,
                "created_at": one.created_at,
                "content_hash": one.content_hash,
            }
            for one in documents
        }
        await self._chunks.upsert(rows)
        await self._chunks.index_done_callback()

    def search(self, vector: list[float], *, filtered: bool) -> list[str]:
        wanted = np.array(vector, np.float32)
        if filtered:  # LightRAG has none; this is NanoVectorDB's
            client = self._loop.run_until_complete(self._chunks._get_client())
            return [row["__id__"] for row in client.query(wanted, vectors.LIMIT, filter_lambda=_matches)]
        found = self._loop.run_until_complete(self._chunks.query("", vectors.LIMIT, query_embedding=wanted))
        return [row["id"] for row in found]

    def close(self) -> None:
        for task in asyncio.all_tasks(self._loop):  # LightRAG's workers
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.1))
        self._loop.close()


def _matches(row: Any) -> bool:
    return row["metadata"]["lang"] == "de" and row["metadata"]["year"] >= 2020


def run(plan: Plan) -> Iterator[Row]:
    """All rows, in a temporary directory; each side has its own."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Raw(Path(folder))
        with KNOWLEDGE_STORES.create("lightrag", working_dir=Path(folder) / "ours") as store:
            store.create_collection(COLLECTION, vectors.DIMENSION)
            yield from vectors.rows(raw, vectors.Ours(store, COLLECTION), plan)
        raw.close()
