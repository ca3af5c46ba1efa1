"""Documents as chunks of a LightRAG instance: rows of its vector storage, which its own queries search, too.

Our rows have keys that start with ``praison-``; all others are LightRAG's, and are neither seen nor touched::

    content           the text
    full_doc_id       the id
    file_path         metadata's file_path, else the id: what LightRAG cites
    praison_persist   the exact document, see `praison_persist.adapting.records`

LightRAG keeps the direction of the embedding beside them, in its own forms.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from praison_persist.adapting.partner import Partner
from praison_persist.adapting.records import EXACT, to_document, to_metadata, to_text
from praison_persist.errors import ConfigurationError, InvalidInputError, PersistError
from praison_persist.filters import Filter, matches
from praison_persist.jsontext import is_plain_text
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.scores import Distance

from .driving import run
from .given import Given, giving, unit

__all__ = ["Chunks"]

_OURS = "praison-"


class Chunks(Partner):
    """The chunks of one LightRAG instance; its vector storage is NanoVectorDB."""

    framework = "LightRAG"
    exact = True

    def prepare(self, info: CollectionInfo) -> None:
        run(self._prepared(info))

    def keys_of(self, ids: Sequence[str]) -> list[str]:
        return [_OURS + id_ for id_ in ids]

    def add(self, documents: Sequence[KnowledgeDocument]) -> None:
        rows = {key: _row(one) for key, one in zip(self.keys_of([one.id for one in documents]), documents, strict=True)}
        run(self._written(rows))

    def get(self, keys: Sequence[str]) -> list[KnowledgeDocument]:
        return run(self._read(keys))

    def delete(self, keys: Sequence[str]) -> None:
        run(self._deleted(keys))

    def nearest(
        self, vector: list[float], k: int, distance: Distance, condition: Filter | None
    ) -> tuple[list[KnowledgeDocument], bool]:
        if distance != "cosine":  # all that LightRAG ranks by
            return run(self._matching(condition)), False
        return run(self._ranked(vector, k, condition)), False

    def keys(self, condition: Filter | None) -> list[str]:
        return run(self._keys())

    def drop(self) -> None:
        """Let go of the instance; what it stored is the business of whoever made the directory."""
        run(self._let_go())

    # -- on LightRAG's loop --------------------------------------------------------------------------------------

    async def _prepared(self, info: CollectionInfo) -> None:
        storage = self.vectorstore.chunks_vdb
        made = storage.embedding_func.embedding_dim
        if made != info.dimension:
            raise InvalidInputError(
                f"this LightRAG's embeddings have dimension {made}, not {info.dimension}",
                hint=f"create the collection with dimension={made}",
            )
        await self._storage()
        if EXACT not in storage.meta_fields:  # else another store has prepared it
            storage.embedding_func = giving(storage.embedding_func)
            storage.meta_fields = {*storage.meta_fields, EXACT}

    async def _let_go(self) -> None:
        await self.vectorstore.finalize_storages()
        # LightRAG leaves the workers of its models running, and with them all that the instance holds in memory.
        for model in (self.vectorstore.embedding_func.func, *self.vectorstore.role_llm_funcs.values()):
            await model.shutdown(graceful=False)

    async def _storage(self) -> Any:
        """The vector storage, ready on this loop."""
        owner = getattr(self.vectorstore, "_owning_loop", None)
        if owner is not None and owner is not asyncio.get_running_loop() and not owner.is_closed():
            raise ConfigurationError(
                "this LightRAG was initialized on another event loop, or before a fork",
                hint="hand it to the store without initialize_storages, and use the store's run() for its coroutines",
            )
        await self.vectorstore.initialize_storages()
        return self.vectorstore.chunks_vdb

    async def _rows(self) -> tuple[list[dict[str, Any]], np.ndarray]:
        """Everything that is stored, ours or not, and the unit vectors in the same order; not to be kept."""
        stored = await (await self._storage()).client_storage
        return stored["data"], stored["matrix"]

    async def _keys(self) -> list[str]:
        rows, _ = await self._rows()
        return [row["__id__"] for row in rows if _is_ours(row)]

    async def _read(self, keys: Sequence[str]) -> list[KnowledgeDocument]:
        wanted = set(keys)
        rows, _ = await self._rows()
        return [_document(row) for row in rows if row["__id__"] in wanted and _is_ours(row)]

    async def _ranked(self, vector: list[float], k: int, condition: Filter | None) -> list[KnowledgeDocument]:
        # As `chunks_vdb.query`, which knows no filter, and hides what is below the instance's threshold.
        rows, matrix = await self._rows()
        similarities = matrix @ unit(vector)
        near: list[KnowledgeDocument] = []
        for index in _ranking(similarities, 4 * k):
            if _is_ours(rows[index]):
                document = _document(rows[index], vector=False)
                if matches(condition, document.metadata):
                    document.score = float(similarities[index])
                    near.append(document)
                    if len(near) == k:
                        break
        return near

    async def _matching(self, condition: Filter | None) -> list[KnowledgeDocument]:
        rows, _ = await self._rows()
        ours = [_document(row) for row in rows if _is_ours(row)]
        return [document for document in ours if matches(condition, document.metadata)]

    async def _written(self, rows: dict[str, dict[str, Any]]) -> None:
        storage = await self._storage()
        await storage.upsert(rows)
        await storage.index_done_callback()
        stored, _ = await self._rows()
        written = [row for row in stored if row["__id__"] in rows]
        for row in written:
            row["content"] = str(row["content"])  # without its vector, which is no longer needed
        if len(written) != len(rows):  # an indexing of LightRAG's that fails discards what all others are writing
            error = PersistError("LightRAG discarded what was being written", hint="write again")
            error.ambiguous = True
            raise error

    async def _deleted(self, keys: Sequence[str]) -> None:
        storage = await self._storage()
        await storage.delete(list(keys))
        await storage.index_done_callback()


def _ranking(similarities: np.ndarray, first: int) -> Iterator[int]:
    """All places, the most similar first; these many are found without sorting the others."""
    parts = [np.arange(len(similarities))]
    if first < len(similarities):
        parts = np.split(np.argpartition(-similarities, first), [first])
    for part in parts:
        yield from map(int, part[np.lexsort((part, -similarities[part]))])


def _is_ours(row: dict[str, Any]) -> bool:
    return row["__id__"].startswith(_OURS) and EXACT in row


def _row(document: KnowledgeDocument) -> dict[str, Any]:
    path = (document.metadata or {}).get("file_path")
    return {
        "content": Given.of(to_text(document), document.embedding or []),
        "full_doc_id": document.id,
        "file_path": path if isinstance(path, str) and is_plain_text(path) else document.id,
        EXACT: to_metadata(document)[EXACT],
    }


def _document(row: dict[str, Any], *, vector: bool = True) -> KnowledgeDocument:
    return to_document(row["full_doc_id"], row["content"], row, vector=vector)
