"""`KnowledgeBridge`: a knowledge store and an embedder as the text-based knowledge that PraisonAI's agents search.

PraisonAI's result classes are used where it is installed. Decides nothing about vectors that the store decides.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from praison_persist.errors import AlreadyExistsError, ConfigurationError, InvalidInputError, NotFoundError
from praison_persist.knowledge import AsyncKnowledgeStore, KnowledgeDocument
from praison_persist.validation import check_limit

from .chunks import check_sizes, split
from .results import results

__all__ = ["Embedder", "KnowledgeBridge"]

Embedder = Callable[[list[str]], Sequence[Sequence[float]]]
SCOPES = ("user_id", "agent_id", "run_id")
_SHARED = ""
"""Stands in the metadata for a part of the scope that a text was added without: a filter can ask for it everywhere."""


class KnowledgeBridge:
    """Text in, text out, over any knowledge store.

    Give it to an agent as ``Agent(knowledge=bridge)``. It fulfils PraisonAI's ``KnowledgeStoreProtocol``.

    The scope (``user_id``, ``agent_id``, ``run_id``) that a text is added with is kept in its metadata. Searching with
    a scope finds what was added with it, and what was added without one, which is everybody's. An id is made of
    collection, scope and text, so adding a text again replaces it and does not double it.

    Args:
        store: sync or async; used as it is and never closed.
        embedder: a list of texts to as many vectors, for example `OpenAIEmbedder`.
        collection: created when the first text is added, for the length of its vector.
        distance: of a collection that is created.
        scope: the parts of a scope that count. PraisonAI's agents have an ``agent_id`` that is new in every process:
            leave it out for texts that agents add for each other. ``()`` searches a collection that something
            else filled.
        chunk_size, chunk_overlap: a longer text is added in pieces of so many characters, see `chunks.split`.

    Raises:
        ConfigurationError: an option out of range.
        PersistError: (methods) those of the store and the embedder.
    """

    def __init__(
        self,
        store: Any,
        embedder: Embedder,
        *,
        collection: str = "praisonai_knowledge",
        distance: str = "cosine",
        scope: Sequence[str] = SCOPES,
        chunk_size: int = 4000,
        chunk_overlap: int = 200,
    ) -> None:
        if not callable(embedder):
            raise ConfigurationError(f"the embedder must be callable, not {type(embedder).__name__}")
        if unknown := set(scope) - set(SCOPES):
            raise ConfigurationError(f"scope has no {min(unknown)!r}", hint=f"there are {', '.join(SCOPES)}")
        check_sizes(chunk_size, chunk_overlap)
        if isinstance(store, AsyncKnowledgeStore):
            from praison_persist.aio import sync_view

            store = sync_view(store)
        self.wrapped = store
        self.collection = collection
        self._embedder = embedder
        self._distance = distance
        self._scope = tuple(scope)
        self._chunking = (chunk_size, chunk_overlap)
        self._exists = False
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"KnowledgeBridge({self.wrapped!r}, collection={self.collection!r})"

    def search(
        self,
        query: str,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        run_id: str | None = None,
        limit: int = 10,
        filters: Mapping[str, Any] | None = None,
        score_threshold: float | None = None,
        rerank: bool | None = None,
    ) -> Any:
        """The nearest texts, best first, as a ``SearchResult``; an empty one before anything was added.

        Args:
            query: text.
            user_id, agent_id, run_id: not what was added with others; None does not ask.
            limit: at most so many.
            filters: over the metadata, see `praison_persist.filters`.
            score_threshold: only scores of at least this.
            rerank: accepted for the client's sake: the order is the store's, by score.
        """
        condition = self._visible(user_id, agent_id, run_id, filters)
        if not query.strip():
            return results().search_result([], query)
        vector = self._embed([query])[0]
        try:
            found = self.wrapped.search(
                self.collection, vector, limit=limit, filters=condition, score_threshold=score_threshold
            )
        except NotFoundError:
            found = []
        return results().search_result([_item(document) for document in found], query)

    def add(
        self,
        content: Any = None,
        *,
        messages: Any = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        run_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Any:
        """Add a text, in pieces if it is long; an ``AddResult`` with the first's id, and all in ``metadata["ids"]``.

        Args:
            content: text, chat messages (their contents are added), a `pathlib.Path` to a text file, or anything else
                that is JSON. A string is always text, never a path.
            messages: the same under the name by which the client calls it.
            user_id, agent_id, run_id: the scope.
            metadata: a JSON mapping to keep with each piece.

        Raises:
            InvalidInputError: nothing to add.
        """
        source = content if messages is None else messages
        texts = [piece for text in _texts(source) for piece in split(text, *self._chunking)]
        if not texts:
            raise InvalidInputError("there is no text to add", operation="add")
        scope = {part: given or _SHARED for part, given in self._parts(user_id, agent_id, run_id).items()}
        own = {"filename": source.name, "source": str(source)} if isinstance(source, Path) else {}
        documents = {}
        for text, vector in zip(texts, self._embed(texts), strict=True):
            identity = self._identity(scope, text)
            documents[identity] = KnowledgeDocument(
                id=identity, content=text, embedding=list(vector), metadata={**own, **(metadata or {}), **scope}
            )
        self._store(list(documents.values()))
        return results().add_result(next(iter(documents)), True, "", {"ids": list(documents)})

    store = add
    """`add`, under the name that PraisonAI's ``Knowledge`` has for it."""

    def get(self, item_id: str) -> Any:
        """One text as a ``SearchResultItem``, or None."""
        found = self._stored(item_id)
        return None if found is None else results().item(_item(found))

    def get_all(
        self,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        run_id: str | None = None,
        limit: int = 100,
        filters: Mapping[str, Any] | None = None,
    ) -> Any:
        """Up to ``limit`` texts of a scope (of all, without one), in no particular order, as a ``SearchResult``."""
        check_limit(limit)
        condition = self._visible(user_id, agent_id, run_id, filters)
        try:
            found = list(itertools.islice(self.wrapped.iter_documents(self.collection, condition), limit))
        except NotFoundError:
            found = []
        return results().search_result([_item(document) for document in found], "")

    def update(self, item_id: str, content: Any) -> Any:
        """Replace a text, keeping its id, scope and metadata; an ``AddResult`` without success where there is none.

        Raises:
            InvalidInputError: nothing to store, or a text longer than a piece: delete it and add the new one.
        """
        found = self._stored(item_id)
        if found is None:
            return results().add_result(item_id, False, f"there is no item {item_id!r}", {})
        texts = [piece for text in _texts(content) for piece in split(text, *self._chunking)]
        if len(texts) != 1:
            raise InvalidInputError(
                f"an item is one piece of text, this is {len(texts)}",
                operation="update",
                hint="delete the item, and add the new text" if texts else None,
            )
        vector = list(self._embed(texts)[0])
        self._store([replace(found, content=texts[0], embedding=vector, content_hash=None, score=None)])
        return results().add_result(item_id, True, "", {"ids": [item_id]})

    def delete(self, item_id: str) -> bool:
        """Delete a text; whether it existed."""
        try:
            return bool(self.wrapped.delete(self.collection, [item_id]))
        except NotFoundError:
            return False

    def delete_all(
        self,
        *,
        user_id: str | None = None,
        agent_id: str | None = None,
        run_id: str | None = None,
        all: bool = False,  # noqa: A002 - the word of `KnowledgeStore.delete`
    ) -> bool:
        """Delete every text that was added with this scope, but not everybody's; True.

        Raises:
            InvalidInputError: no scope, and not ``all=True``, which deletes the texts of all scopes.
        """
        scope = {part: given for part, given in self._parts(user_id, agent_id, run_id).items() if given}
        if not scope and not all:
            raise InvalidInputError(
                "delete_all without a scope would delete everybody's texts",
                operation="delete_all",
                hint="give user_id, agent_id or run_id, or all=True",
            )
        with suppress(NotFoundError):  # nothing was ever added
            self.wrapped.delete(self.collection, filters=scope or None, all=not scope)
        return True

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _embed(self, texts: list[str]) -> Sequence[Sequence[float]]:
        vectors = self._embedder(texts)
        if len(vectors) != len(texts):
            raise InvalidInputError(
                f"the embedder returned {len(vectors)} vectors for {len(texts)} texts",
                operation="embed",
                hint="an embedder takes a list of texts and returns a list of vectors",
            )
        return vectors

    def _store(self, documents: list[KnowledgeDocument]) -> None:
        self._ensure_collection(len(documents[0].embedding or ()))
        try:
            self.wrapped.upsert(self.collection, documents)
        except NotFoundError:  # deleted since we looked
            self._exists = False
            self._ensure_collection(len(documents[0].embedding or ()))
            self.wrapped.upsert(self.collection, documents)

    def _ensure_collection(self, dimension: int) -> None:
        with self._lock:
            if self._exists:
                return
            if not self.wrapped.collection_exists(self.collection):
                with suppress(AlreadyExistsError):  # another process was faster
                    self.wrapped.create_collection(self.collection, dimension, self._distance)
            self._exists = True

    def _stored(self, item_id: str) -> KnowledgeDocument | None:
        try:
            return next(iter(self.wrapped.get(self.collection, [item_id])), None)
        except NotFoundError:
            return None

    def _parts(self, user_id: str | None, agent_id: str | None, run_id: str | None) -> dict[str, str | None]:
        given = {"user_id": user_id, "agent_id": agent_id, "run_id": run_id}
        return {part: given[part] for part in self._scope}

    def _visible(
        self, user_id: str | None, agent_id: str | None, run_id: str | None, filters: Mapping[str, Any] | None
    ) -> Mapping[str, Any] | None:
        given = self._parts(user_id, agent_id, run_id)
        scope = {part: {"$in": [value, _SHARED]} for part, value in given.items() if value}
        return {"$and": [scope, filters]} if scope and filters else scope or filters or None

    def _identity(self, scope: Mapping[str, str], text: str) -> str:
        named = json.dumps([self.collection, sorted(scope.items()), text])
        return hashlib.sha256(named.encode()).hexdigest()[:32]


def _texts(content: Any) -> list[str]:
    if isinstance(content, Path):
        try:
            return [content.read_text(encoding="utf-8")]
        except (OSError, UnicodeDecodeError) as exc:
            raise InvalidInputError(f"{str(content)!r} cannot be read as UTF-8 text: {exc}", operation="add") from exc
    if isinstance(content, Mapping) and "role" in content and "content" in content:
        content = content["content"]
    if content is None or isinstance(content, str):
        return [content] if content else []
    if isinstance(content, (list, tuple)):
        return [text for item in content for text in _texts(item)]
    return [json.dumps(content, ensure_ascii=False, default=str)]


def _item(document: KnowledgeDocument) -> dict[str, Any]:
    metadata = dict(document.metadata or {})
    for part in SCOPES:
        if metadata.get(part) == _SHARED:
            del metadata[part]
    return {
        "id": document.id,
        "text": document.content,
        "score": document.score or 0.0,
        "metadata": metadata,
        "source": metadata.get("source"),
        "filename": metadata.get("filename"),
        "created_at": datetime.fromtimestamp(document.created_at, timezone.utc).isoformat(),
    }
