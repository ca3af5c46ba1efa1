"""The knowledge contract over hooks, as steps: what is the same on every engine, blocking or asynchronous.

Checks names, ids, vectors and filters, finds duplicates, splits into the engine's batches and keeps the errors alike.
No engine code here, and no I/O: `praison_persist.vectorstore` and `praison_persist.async_vectorstore` run the steps.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from .errors import AlreadyExistsError, InvalidInputError, NotFoundError, PersistError, UnsupportedError
from .filters import Filter, parse_filter
from .health import StoreHealth
from .jsontext import check
from .knowledge import SEARCH_MODES, CollectionInfo, KnowledgeDocument, SearchMode
from .lifecycle import Lifecycle
from .scores import Distance, validate_distance
from .steps import Answer, Steps
from .validation import (
    check_batch_size,
    check_bool,
    check_dimension,
    check_document_id,
    check_identifier,
    check_limit,
    check_list,
    check_number,
    check_optional_id,
    check_vector,
)

__all__ = ["VectorSteps", "already_exists", "check_documents", "collection_not_found"]

T = TypeVar("T")


class VectorSteps(ABC):
    """The contract's methods as steps, over the hooks of one engine.

    A hook is plain code over a blocking client, a coroutine over an asynchronous one, or a generator that serves both
    (see `praison_persist.steps`). Each gets checked arguments, and those with ``info`` an existing collection.

    Class attributes that a backend sets:
        backend: canonical name.
        distances: what the engine supports.
        search_modes: what `search` can do; see `praison_persist.knowledge.SearchMode`.
        max_dimension: the engine's limit.
        max_batch: most documents (or ids) in one call of a hook.
    """

    backend: str
    distances: tuple[Distance, ...] = ("cosine", "dot", "euclidean")
    search_modes: tuple[SearchMode, ...] = ("vector",)
    max_dimension: int = 65536
    max_batch: int = 1000

    def __init__(self) -> None:
        self._known: dict[str, CollectionInfo] = {}
        self._lifecycle = Lifecycle(self.backend)

    # -- the engine's part ---------------------------------------------------------------------------------------

    @abstractmethod
    def _create(self, info: CollectionInfo) -> Answer[bool]:
        """Create the collection; False where the name is taken (decided by the engine, so that racers agree)."""

    @abstractmethod
    def _drop(self, name: str) -> Answer[bool]:
        """Delete the collection; False where there is none."""

    @abstractmethod
    def _describe(self, name: str) -> Answer[CollectionInfo | None]:
        """What the engine knows of a collection, or None where there is none."""

    @abstractmethod
    def _names(self) -> Answer[list[str]]:
        """The collections of this store, in any order."""

    @abstractmethod
    def _insert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Answer[None]:
        """Store new documents (at most `max_batch`, distinct ids), all or none.

        Raises:
            AlreadyExistsError: one of the ids exists; decided by the engine, so that racers agree.
        """

    @abstractmethod
    def _upsert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Answer[None]:
        """Store documents (at most `max_batch`, distinct ids), replacing whole ones."""

    @abstractmethod
    def _search(
        self,
        info: CollectionInfo,
        vector: Sequence[float],
        limit: int,
        condition: Filter | None,
        threshold: float | None,
    ) -> Answer[list[KnowledgeDocument]]:
        """The nearest matching documents, best first, with the contract's score, without embeddings."""

    @abstractmethod
    def _fetch(self, info: CollectionInfo, ids: Sequence[str]) -> Answer[list[KnowledgeDocument]]:
        """The documents that exist among at most `max_batch` distinct ids, with embeddings, in any order."""

    @abstractmethod
    def _remove(self, info: CollectionInfo, ids: Sequence[str] | None, condition: Filter | None) -> Answer[int]:
        """Delete what is among the ids (None: any id) and matches the condition (None: any); how many there were."""

    @abstractmethod
    def _count(self, info: CollectionInfo, condition: Filter | None) -> Answer[int]:
        """How many documents match."""

    @abstractmethod
    def _page(
        self, info: CollectionInfo, condition: Filter | None, size: int, after: Any
    ) -> Answer[tuple[list[KnowledgeDocument], Any]]:
        """At most ``size`` of the matching documents, with embeddings, and how to go on: None at the end.

        ``after`` is None to begin, then what the page before gave.
        """

    def _search_text(
        self,
        info: CollectionInfo,
        text: str,
        vector: Sequence[float] | None,
        limit: int,
        condition: Filter | None,
    ) -> Answer[list[KnowledgeDocument]]:
        """The matching documents by text, or with a vector by both, best first, with the engine's score.

        Called only for the `search_modes` that the backend names.
        """
        raise NotImplementedError

    def _settle(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> Answer[None]:
        """Wait until searches see these written documents; nothing to wait for on most engines."""
        return None

    def _setup(self) -> Answer[None]:
        """Create or migrate what all collections need; nothing on most engines."""
        return None

    def _about(self) -> Answer[Mapping[str, Any]]:
        """Fields of `StoreHealth` that the engine tells: server, driver, pool, warnings."""
        return {}

    def _close(self) -> Answer[None]:
        """Release the engine; called once."""
        return None

    # -- the contract --------------------------------------------------------------------------------------------

    def _setup_steps(self) -> Steps[None]:
        with self._operation("setup"):
            yield self._setup()

    def _create_collection_steps(
        self, name: str, dimension: int, distance: str, metadata: Mapping[str, Any] | None
    ) -> Steps[None]:
        with self._operation("create_collection"):
            check_identifier(name, "collection name")
            if check_dimension(dimension) > self.max_dimension:
                raise InvalidInputError(f"dimension {dimension} is more than this engine's {self.max_dimension}")
            _check_json(metadata, "collection metadata")
            info = CollectionInfo(name, dimension, validate_distance(distance, self.distances), metadata)
            if not (yield self._create(info)):
                raise AlreadyExistsError(
                    f"collection {name!r} exists", hint="delete it first, or ask collection_exists"
                )

    def _delete_collection_steps(self, name: str) -> Steps[bool]:
        with self._operation("delete_collection", name):
            check_identifier(name, "collection name")
            self._known.pop(name, None)
            return (yield self._drop(name))

    def _collection_exists_steps(self, name: str) -> Steps[bool]:
        with self._operation("collection_exists"):
            check_identifier(name, "collection name")
            return (yield self._describe(name)) is not None

    def _list_collections_steps(self) -> Steps[list[str]]:
        with self._operation("list_collections"):
            return sorted((yield self._names()))

    def _describe_collection_steps(self, name: str) -> Steps[CollectionInfo]:
        with self._operation("describe_collection", name):
            self._known.pop(name, None)
            return (yield from self._info(name))

    def _insert_steps(self, collection: str, documents: Sequence[KnowledgeDocument], wait: bool) -> Steps[list[str]]:
        with self._operation("insert", collection):
            check_bool(wait, "wait")
            info = yield from self._info(collection)
            checked = check_documents(info, documents)
            ids = [document.id for document in checked]
            if repeated := [id_ for id_, times in Counter(ids).items() if times > 1]:
                raise already_exists(repeated, "more than once in the batch")
            batches = list(_batches(checked, self.max_batch))
            if len(batches) > 1:  # an id that exists must be found before the first batch is written
                taken: list[str] = []
                for part in _batches(ids, self.max_batch):
                    found: list[KnowledgeDocument] = yield self._fetch(info, part)
                    taken += [document.id for document in found]
                if taken:
                    raise already_exists(taken)
            for batch in batches:
                yield self._insert(info, batch)
            if wait and checked:
                yield self._settle(info, checked)
            return ids

    def _upsert_steps(self, collection: str, documents: Sequence[KnowledgeDocument], wait: bool) -> Steps[list[str]]:
        with self._operation("upsert", collection):
            check_bool(wait, "wait")
            info = yield from self._info(collection)
            checked = check_documents(info, documents)
            last = list({document.id: document for document in checked}.values())
            for batch in _batches(last, self.max_batch):
                yield self._upsert(info, batch)
            if wait and last:
                yield self._settle(info, last)
            return [document.id for document in checked]

    def _search_steps(
        self,
        collection: str,
        query_embedding: Sequence[float] | None,
        limit: int,
        filters: Mapping[str, Any] | None,
        score_threshold: float | None,
        text: str | None,
        mode: SearchMode,
    ) -> Steps[list[KnowledgeDocument]]:
        with self._operation("search", collection):
            condition = parse_filter(filters)
            if check_limit(limit) is None:
                raise InvalidInputError("limit must be an integer of at least 0, got None")
            if score_threshold is not None:
                check_number(score_threshold, "score_threshold")
            words = self._check_mode(mode, query_embedding, text, score_threshold)
            info = yield from self._info(collection)
            vector = (
                None
                if mode == "keyword"
                else check_vector(
                    query_embedding, info.dimension, cosine=info.distance == "cosine", what="query_embedding"
                )
            )
            if not limit:
                return []
            if words is not None:
                return (yield self._search_text(info, words, vector, limit, condition))
            return (yield self._search(info, vector or (), limit, condition, score_threshold))

    def _get_steps(self, collection: str, ids: Sequence[str]) -> Steps[list[KnowledgeDocument]]:
        with self._operation("get", collection):
            wanted = _check_ids(ids)
            info = yield from self._info(collection)
            by_id: dict[str, KnowledgeDocument] = {}
            for part in _batches(list(dict.fromkeys(wanted)), self.max_batch):
                found: list[KnowledgeDocument] = yield self._fetch(info, part)
                by_id.update((document.id, document) for document in found)
            return [by_id[id_] for id_ in wanted if id_ in by_id]

    def _delete_steps(
        self, collection: str, ids: Sequence[str] | None, filters: Mapping[str, Any] | None, everything: bool
    ) -> Steps[int]:
        with self._operation("delete", collection):
            condition = parse_filter(filters)
            wanted = None if ids is None else list(dict.fromkeys(_check_ids(ids)))
            named = wanted is not None or filters is not None
            if named is check_bool(everything, "all") or (filters is not None and condition is None):
                raise InvalidInputError(
                    "all=True goes with neither ids nor filters"
                    if named and everything
                    else "nothing to delete was named",
                    hint="give ids=, or a filter with a condition, or all=True to delete every document",
                )
            info = yield from self._info(collection)
            if wanted is None:
                return (yield self._remove(info, None, condition))
            removed = 0
            for part in _batches(wanted, self.max_batch):
                removed += yield self._remove(info, part, condition)
            return removed

    def _count_steps(self, collection: str, filters: Mapping[str, Any] | None) -> Steps[int]:
        with self._operation("count", collection):
            condition = parse_filter(filters)
            info = yield from self._info(collection)
            return (yield self._count(info, condition))

    def _begin_pages(
        self, collection: str, filters: Mapping[str, Any] | None, size: int
    ) -> Steps[tuple[CollectionInfo, Filter | None]]:
        with self._operation("iter_documents", collection):
            condition = parse_filter(filters)
            check_batch_size(size)
            info = yield from self._info(collection)
            return info, condition

    def _next_page(
        self, info: CollectionInfo, condition: Filter | None, size: int, after: Any
    ) -> Steps[tuple[list[KnowledgeDocument], Any]]:
        with self._operation("iter_documents", info.name):
            return (yield self._page(info, condition, size, after))

    def _health_steps(self) -> Steps[StoreHealth]:
        with self._operation("health"):
            yield self._names()
            about: Mapping[str, Any] = yield self._about()
            return StoreHealth(self.backend, **about)

    def _close_steps(self) -> Steps[None]:
        if self._lifecycle.close():
            yield self._close()

    # -- inside --------------------------------------------------------------------------------------------------

    @contextmanager
    def _operation(self, operation: str, collection: str | None = None) -> Generator[None]:
        """Run one operation of the contract, and forget what is known of a collection on which it failed."""
        with self._lifecycle(operation):
            try:
                yield
            except PersistError as error:
                if collection is not None and not isinstance(error, AlreadyExistsError):
                    self._known.pop(collection, None)
                raise

    def _info(self, collection: str) -> Steps[CollectionInfo]:
        known = self._known.get(collection)
        if known is None:
            check_identifier(collection, "collection name")
            known = yield self._describe(collection)
            if known is None:
                raise collection_not_found(collection)
            self._known[collection] = known
        return known

    def _check_mode(self, mode: Any, vector: Sequence[float] | None, text: Any, threshold: float | None) -> str | None:
        """The text to search for; None for a search by vector alone."""
        if mode not in SEARCH_MODES:
            raise InvalidInputError(f"mode {mode!r} is not known", hint=f"choose one of {', '.join(SEARCH_MODES)}")
        if mode not in self.search_modes:
            raise UnsupportedError(
                f"this engine has no {mode} search", hint=f"mode= can be {', '.join(self.search_modes)} here"
            )
        if mode == "vector":
            if text is not None:
                raise InvalidInputError("text= is not searched for in mode='vector'", hint="use 'keyword' or 'hybrid'")
            return None
        if not isinstance(text, str) or not text.strip():
            raise InvalidInputError(f"mode={mode!r} needs text= with words, got {text!r}")
        if (vector is None) is not (mode == "keyword"):
            raise InvalidInputError("mode='keyword' takes no query_embedding, mode='hybrid' needs one")
        if threshold is not None:
            raise InvalidInputError(f"score_threshold has no meaning for the scores of mode={mode!r}")
        return text


def already_exists(ids: Sequence[str], where: str = "already") -> AlreadyExistsError:
    """The error for document ids that are taken."""
    shown = ", ".join(repr(id_) for id_ in ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
    return AlreadyExistsError(f"document id {shown} exists {where}", hint="use upsert to replace documents")


def collection_not_found(name: str) -> NotFoundError:
    """The error for a collection that does not exist."""
    return NotFoundError(f"collection {name!r} does not exist", hint="create it with create_collection")


def check_documents(info: CollectionInfo, documents: Any) -> list[KnowledgeDocument]:
    """Copies with plain lists of floats as embeddings; everything that can be wrong is found here."""
    checked: list[KnowledgeDocument] = []
    for document in check_list(documents, "documents"):
        if not isinstance(document, KnowledgeDocument):
            raise InvalidInputError(f"expected a KnowledgeDocument, not {type(document).__name__}")
        what = f"document {check_document_id(document.id)!r}"
        if not isinstance(cast(Any, document.content), str):
            raise InvalidInputError(f"{what}: content must be text, not {type(document.content).__name__}")
        check_number(document.created_at, f"{what}: created_at")
        check_optional_id(document.content_hash, f"{what}: content_hash")
        _check_json(document.metadata, f"{what}: metadata")
        if document.embedding is None:
            raise InvalidInputError(f"{what} has no embedding", hint="embed the content before storing it")
        vector = check_vector(
            document.embedding, info.dimension, cosine=info.distance == "cosine", what=f"{what}: embedding"
        )
        checked.append(
            KnowledgeDocument(
                document.id, document.content, vector, document.metadata, document.content_hash, document.created_at
            )
        )
    return checked


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _check_ids(ids: Any) -> list[str]:
    return [check_document_id(id_) for id_ in check_list(ids, "ids")]


def _check_json(metadata: Any, what: str) -> None:
    if metadata is not None:
        if not isinstance(metadata, Mapping):
            raise InvalidInputError(f"{what} must be a mapping or None, not {type(metadata).__name__}")
        check(metadata, what)
