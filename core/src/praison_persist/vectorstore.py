"""The base of vector backends: what is the same on every engine, so that a backend supplies its engine's part.

Checks names, ids, vectors and filters, finds duplicates, splits into the engine's batches and keeps the errors alike.
No engine code here. A backend implements the nine ``_hooks``; each gets checked arguments and an existing collection.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar, cast

from .errors import AlreadyExistsError, InvalidInputError, NotFoundError, PersistError
from .filters import Filter, parse_filter
from .health import StoreHealth
from .jsontext import encode
from .knowledge import CollectionInfo, KnowledgeDocument, KnowledgeStore
from .lifecycle import Lifecycle
from .scores import Distance, validate_distance
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

__all__ = ["VectorStoreBase", "already_exists", "collection_not_found"]

T = TypeVar("T")


class VectorStoreBase(KnowledgeStore):
    """A `KnowledgeStore` over hooks.

    Class attributes that a backend sets:
        backend: canonical name.
        distances: what the engine supports.
        max_dimension: the engine's limit.
        max_batch: most documents (or ids) in one call of a hook.
    """

    distances: tuple[Distance, ...] = ("cosine", "dot", "euclidean")
    max_dimension: int = 65536
    max_batch: int = 1000

    def __init__(self) -> None:
        self._known: dict[str, CollectionInfo] = {}
        self._lifecycle = Lifecycle(self.backend)

    # -- the engine's part ---------------------------------------------------------------------------------------

    @abstractmethod
    def _create(self, info: CollectionInfo) -> bool:
        """Create the collection; False where the name is taken (decided by the engine, so that racers agree)."""

    @abstractmethod
    def _drop(self, name: str) -> bool:
        """Delete the collection; False where there is none."""

    @abstractmethod
    def _describe(self, name: str) -> CollectionInfo | None:
        """What the engine knows of a collection, or None where there is none."""

    @abstractmethod
    def _names(self) -> list[str]:
        """The collections of this store, in any order."""

    @abstractmethod
    def _insert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> None:
        """Store new documents (at most `max_batch`, distinct ids), all or none.

        Raises:
            AlreadyExistsError: one of the ids exists; decided by the engine, so that racers agree.
        """

    @abstractmethod
    def _upsert(self, info: CollectionInfo, documents: Sequence[KnowledgeDocument]) -> None:
        """Store documents (at most `max_batch`, distinct ids), replacing whole ones."""

    @abstractmethod
    def _search(
        self,
        info: CollectionInfo,
        vector: Sequence[float],
        limit: int,
        condition: Filter | None,
        threshold: float | None,
    ) -> list[KnowledgeDocument]:
        """The nearest matching documents, best first, with the contract's score, without embeddings."""

    @abstractmethod
    def _fetch(self, info: CollectionInfo, ids: Sequence[str]) -> list[KnowledgeDocument]:
        """The documents that exist among at most `max_batch` distinct ids, with embeddings, in any order."""

    @abstractmethod
    def _remove(self, info: CollectionInfo, ids: Sequence[str] | None, condition: Filter | None) -> int:
        """Delete what is among the ids (None: any id) and matches the condition (None: any); how many there were."""

    @abstractmethod
    def _count(self, info: CollectionInfo, condition: Filter | None) -> int:
        """How many documents match."""

    @abstractmethod
    def _scan(self, info: CollectionInfo, condition: Filter | None, batch_size: int) -> Iterator[KnowledgeDocument]:
        """Every matching document with its embedding, fetched ``batch_size`` at a time."""

    def _setup(self) -> None:
        """Create or migrate what all collections need; nothing on most engines."""

    def _about(self) -> Mapping[str, Any]:
        """Fields of `StoreHealth` that the engine tells: server, driver, pool, warnings."""
        return {}

    def _close(self) -> None:
        """Release the engine; called once."""

    # -- the contract --------------------------------------------------------------------------------------------

    def setup(self) -> None:
        with self._operation("setup"):
            self._setup()

    def create_collection(
        self,
        name: str,
        dimension: int,
        distance: str = "cosine",
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        with self._operation("create_collection"):
            check_identifier(name, "collection name")
            if check_dimension(dimension) > self.max_dimension:
                raise InvalidInputError(f"dimension {dimension} is more than this engine's {self.max_dimension}")
            _check_json(metadata, "collection metadata")
            info = CollectionInfo(name, dimension, validate_distance(distance, self.distances), metadata)
            if not self._create(info):
                raise AlreadyExistsError(
                    f"collection {name!r} exists", hint="delete it first, or ask collection_exists"
                )

    def delete_collection(self, name: str) -> bool:
        with self._operation("delete_collection", name):
            check_identifier(name, "collection name")
            self._known.pop(name, None)
            return self._drop(name)

    def collection_exists(self, name: str) -> bool:
        with self._operation("collection_exists"):
            check_identifier(name, "collection name")
            return self._describe(name) is not None

    def list_collections(self) -> list[str]:
        with self._operation("list_collections"):
            return sorted(self._names())

    def describe_collection(self, name: str) -> CollectionInfo:
        with self._operation("describe_collection", name):
            self._known.pop(name, None)
            return self._info(name)

    def insert(self, collection: str, documents: Sequence[KnowledgeDocument]) -> list[str]:
        with self._operation("insert", collection):
            info = self._info(collection)
            checked = _check_documents(info, documents)
            ids = [document.id for document in checked]
            if repeated := [id_ for id_, times in Counter(ids).items() if times > 1]:
                raise already_exists(repeated, "more than once in the batch")
            batches = list(_batches(checked, self.max_batch))
            if len(batches) > 1:  # an id that exists must be found before the first batch is written
                taken = [found.id for part in _batches(ids, self.max_batch) for found in self._fetch(info, part)]
                if taken:
                    raise already_exists(taken)
            for batch in batches:
                self._insert(info, batch)
            return ids

    def upsert(self, collection: str, documents: Sequence[KnowledgeDocument]) -> list[str]:
        with self._operation("upsert", collection):
            info = self._info(collection)
            checked = _check_documents(info, documents)
            last = list({document.id: document for document in checked}.values())
            for batch in _batches(last, self.max_batch):
                self._upsert(info, batch)
            return [document.id for document in checked]

    def search(
        self,
        collection: str,
        query_embedding: Sequence[float],
        limit: int = 5,
        filters: Mapping[str, Any] | None = None,
        score_threshold: float | None = None,
    ) -> list[KnowledgeDocument]:
        with self._operation("search", collection):
            condition = parse_filter(filters)
            if check_limit(limit) is None:
                raise InvalidInputError("limit must be an integer of at least 0, got None")
            if score_threshold is not None:
                check_number(score_threshold, "score_threshold")
            info = self._info(collection)
            vector = check_vector(
                query_embedding, info.dimension, cosine=info.distance == "cosine", what="query_embedding"
            )
            return self._search(info, vector, limit, condition, score_threshold) if limit else []

    def get(self, collection: str, ids: Sequence[str]) -> list[KnowledgeDocument]:
        with self._operation("get", collection):
            wanted = _check_ids(ids)
            info = self._info(collection)
            found = {
                document.id: document
                for part in _batches(list(dict.fromkeys(wanted)), self.max_batch)
                for document in self._fetch(info, part)
            }
            return [found[id_] for id_ in wanted if id_ in found]

    def delete(
        self,
        collection: str,
        ids: Sequence[str] | None = None,
        filters: Mapping[str, Any] | None = None,
        *,
        all: bool = False,  # noqa: A002
    ) -> int:
        with self._operation("delete", collection):
            condition = parse_filter(filters)
            wanted = None if ids is None else list(dict.fromkeys(_check_ids(ids)))
            named = wanted is not None or filters is not None
            if named is check_bool(all, "all") or (filters is not None and condition is None):
                raise InvalidInputError(
                    "all=True goes with neither ids nor filters" if named and all else "nothing to delete was named",
                    hint="give ids=, or a filter with a condition, or all=True to delete every document",
                )
            info = self._info(collection)
            if wanted is None:
                return self._remove(info, None, condition)
            return sum(self._remove(info, part, condition) for part in _batches(wanted, self.max_batch))

    def count(self, collection: str, filters: Mapping[str, Any] | None = None) -> int:
        with self._operation("count", collection):
            condition = parse_filter(filters)
            return self._count(self._info(collection), condition)

    def iter_documents(
        self, collection: str, filters: Mapping[str, Any] | None = None, *, batch_size: int = 256
    ) -> Iterator[KnowledgeDocument]:
        with self._operation("iter_documents", collection):
            condition = parse_filter(filters)
            check_batch_size(batch_size)
            info = self._info(collection)
        return self._iterate(info, condition, batch_size)

    def health(self) -> StoreHealth:
        with self._operation("health"):
            self._names()
            return StoreHealth(self.backend, **self._about())

    def close(self) -> None:
        if self._lifecycle.close():
            self._close()

    # -- inside --------------------------------------------------------------------------------------------------

    def _iterate(self, info: CollectionInfo, condition: Filter | None, batch_size: int) -> Iterator[KnowledgeDocument]:
        with self._operation("iter_documents", info.name):
            yield from self._scan(info, condition, batch_size)

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

    def _info(self, collection: str) -> CollectionInfo:
        known = self._known.get(collection)
        if known is None:
            check_identifier(collection, "collection name")
            known = self._describe(collection)
            if known is None:
                raise collection_not_found(collection)
            self._known[collection] = known
        return known


def already_exists(ids: Sequence[str], where: str = "already") -> AlreadyExistsError:
    """The error for document ids that are taken."""
    shown = ", ".join(repr(id_) for id_ in ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
    return AlreadyExistsError(f"document id {shown} exists {where}", hint="use upsert to replace documents")


def collection_not_found(name: str) -> NotFoundError:
    """The error for a collection that does not exist."""
    return NotFoundError(f"collection {name!r} does not exist", hint="create it with create_collection")


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _check_ids(ids: Any) -> list[str]:
    return [check_document_id(id_) for id_ in check_list(ids, "ids")]


def _check_json(metadata: Any, what: str) -> None:
    if metadata is not None:
        if not isinstance(metadata, Mapping):
            raise InvalidInputError(f"{what} must be a mapping or None, not {type(metadata).__name__}")
        encode(metadata, what)


def _check_documents(info: CollectionInfo, documents: Any) -> list[KnowledgeDocument]:
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
        checked.append(replace(document, embedding=vector, score=None))
    return checked
