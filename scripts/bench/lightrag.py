"""LightRAG in a directory, without a model: its vector storage as its pipeline uses it against the lightrag store.

Both can be called from any thread: LightRAG's locks belong to one loop, so the raw side has a loop in a thread, too.
Its only way to write overwrites, so inserts look for the ids first; writing the file takes most of the time of either.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from lightrag import LightRAG
from lightrag.utils import EmbeddingFunc, Tokenizer

from praison_persist import KNOWLEDGE_STORES, AlreadyExistsError, KnowledgeDocument

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
    """``chunks_vdb``, whose embedding function finds the vectors ready."""

    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
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
        self._run(made.initialize_storages())
        self._chunks = made.chunks_vdb
        self._chunks.meta_fields |= {"metadata", "created_at", "content_hash"}

    def insert(self, documents: list[KnowledgeDocument]) -> None:
        if any(self._run(self._chunks.get_by_ids([one.id for one in documents]))):
            raise AlreadyExistsError("an id is taken")
        self.upsert(documents)

    def upsert(self, documents: list[KnowledgeDocument]) -> None:
        self._ready[:] = [one.embedding or [] for one in documents]
        self._run(self._upsert(documents))

    async def _upsert(self, documents: list[KnowledgeDocument]) -> None:
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
        return self._run(self._filtered(wanted) if filtered else self._search(wanted))

    async def _search(self, wanted: Any) -> list[str]:
        return [row["id"] for row in await self._chunks.query("", vectors.LIMIT, query_embedding=wanted)]

    async def _filtered(self, wanted: Any) -> list[str]:
        client = await self._chunks._get_client()  # LightRAG has no filter; this is NanoVectorDB's
        return [row["__id__"] for row in client.query(wanted, vectors.LIMIT, filter_lambda=_matches)]

    def close(self) -> None:
        self._run(self._ended())
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _ended(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}  # LightRAG's workers
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


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
