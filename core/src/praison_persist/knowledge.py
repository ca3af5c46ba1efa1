"""Knowledge: documents with vectors, the contract that every backend keeps.

Data classes and abstract methods only; `praison_persist.vectorstore` holds what all engines do the same way.
Signatures are those of PraisonAI's stores, so code written for them runs here.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, cast

from .errors import InvalidInputError, PartialWriteError, PersistError
from .health import StoreHealth
from .retry import RetryPolicy
from .scores import Distance
from .validation import check_batch_size

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "SEARCH_MODES",
    "AsyncKnowledgeStore",
    "CollectionInfo",
    "KnowledgeDocument",
    "KnowledgeStore",
    "SearchMode",
    "hash_content",
]

SearchMode = Literal["vector", "keyword", "hybrid"]

SEARCH_MODES: tuple[SearchMode, ...] = ("vector", "keyword", "hybrid")
"""By vector (every engine), by words, or by both as the engine combines them (where it has that natively)."""


def hash_content(content: str) -> str | None:
    """First 16 hex digits of the content's SHA-256; None for empty content (as PraisonAI computes it)."""
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16] if content else None


_RETRY = RetryPolicy()


def _chunks(documents: Iterable[KnowledgeDocument], size: int) -> Iterator[list[KnowledgeDocument]]:
    if isinstance(cast(Any, documents), (str, bytes, Mapping)) or not isinstance(cast(Any, documents), Iterable):
        raise InvalidInputError(f"documents must be an iterable of documents, not {type(documents).__name__}")
    iterator = iter(documents)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _partial(backend: str, stored: int, error: PersistError) -> PartialWriteError:
    return PartialWriteError(
        f"stored the first {stored} documents, then a batch failed: {error.message}",
        stored=stored,
        backend=backend,
        operation="upsert_many",
        retryable=error.retryable,
        hint=error.hint or f"mend the cause and go on with the documents after the first {stored}",
    )


def _new_id() -> str:
    return str(uuid.uuid4())


@dataclass
class KnowledgeDocument:
    """A piece of content with its vector.

    Attributes:
        id: exact, 1 to 512 characters, unique within its collection.
        content: any text.
        embedding: ``dimension`` finite numbers (kept as float32); required to store, absent in search results.
        metadata: None or a JSON mapping, kept whole (nested values, None, lists); what filters look at.
        content_hash: defaults to `hash_content` of the content.
        created_at: seconds since the epoch, UTC.
        score: set by `KnowledgeStore.search` only: higher is nearer, see `praison_persist.scores`.
    """

    id: str = field(default_factory=_new_id)
    content: str = ""
    embedding: list[float] | None = None
    metadata: dict[str, Any] | None = None
    content_hash: str | None = None
    created_at: float = field(default_factory=time.time)
    score: float | None = None

    def __post_init__(self) -> None:
        if self.content_hash is None and isinstance(cast(Any, self.content), str):
            self.content_hash = hash_content(self.content)

    def to_dict(self) -> dict[str, Any]:
        """All fields in declared order."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> KnowledgeDocument:
        """A document from `to_dict`'s form; unknown keys are dropped."""
        return cls(**{key: data[key] for key in (f.name for f in fields(cls)) if key in data})


@dataclass(frozen=True, slots=True)
class CollectionInfo:
    """What a collection was created with."""

    name: str
    dimension: int
    distance: Distance
    metadata: Mapping[str, Any] | None = None


class KnowledgeStore(ABC):
    """Collections of documents, searched by vector.

    Safe to share between threads. Constructors do no I/O. Every method that names a collection which does not exist
    raises `NotFoundError`, except `delete_collection` and `collection_exists`.
    Errors are those of `praison_persist.errors`.
    """

    backend: str = "knowledge"
    """Canonical backend name, for errors and reports."""

    def setup(self) -> None:
        """Create or migrate what the store needs; idempotent, safe when many processes race."""

    @abstractmethod
    def create_collection(
        self,
        name: str,
        dimension: int,
        distance: str = "cosine",
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Create an empty collection.

        Args:
            name: letters, digits and underscore, not starting with a digit, at most 63 characters.
            dimension: length of every vector, 1 to 65536 (less where the engine allows less).
            distance: ``cosine``, ``dot``, ``euclidean`` (``manhattan`` where the engine has it).
            metadata: a JSON mapping to keep with the collection.

        Raises:
            AlreadyExistsError: the name is taken; the collection was not touched.
            InvalidInputError: name, dimension or distance outside the contract.
        """

    @abstractmethod
    def delete_collection(self, name: str) -> bool:
        """Delete the collection with its documents; False when there was none."""

    @abstractmethod
    def collection_exists(self, name: str) -> bool:
        """Whether the collection exists."""

    @abstractmethod
    def list_collections(self) -> list[str]:
        """The names of this store's collections, sorted."""

    @abstractmethod
    def describe_collection(self, name: str) -> CollectionInfo:
        """Dimension, distance and metadata of a collection."""

    @abstractmethod
    def insert(self, collection: str, documents: Sequence[KnowledgeDocument], *, wait: bool = True) -> list[str]:
        """Store new documents; their ids in the given order. All that is wrong is found before anything is written.

        Args:
            collection: its name.
            documents: each with an embedding.
            wait: return when searches see the documents, also where the engine shows writes later; False returns when
                they are stored.

        Raises:
            AlreadyExistsError: an id exists, or occurs twice in the batch.
            DimensionMismatchError: an embedding of another length.
            OperationTimeoutError: stored, but not seen within the store's deadline.
        """

    @abstractmethod
    def upsert(self, collection: str, documents: Sequence[KnowledgeDocument], *, wait: bool = True) -> list[str]:
        """Store documents, replacing those with the same id whole: nothing of the old one remains.

        Within one batch the last document of an id wins. ``wait`` as for `insert`.
        """

    def upsert_many(
        self,
        collection: str,
        documents: Iterable[KnowledgeDocument],
        *,
        batch_size: int = 256,
        progress: Callable[[int], object] | None = None,
    ) -> int:
        """Store any number of documents in the given order, a batch at a time; how many.

        A batch that fails for a passing reason is repeated. Only one batch is held in memory.

        Args:
            collection: its name.
            documents: consumed once.
            batch_size: documents in one `upsert`.
            progress: called after each batch with the number stored so far.

        Raises:
            PartialWriteError: a later batch failed for good; its ``stored`` documents from the beginning are there, and
                the call can go on with ``itertools.islice(documents, error.stored, None)``. (The first batch fails with
                its own error.)
        """
        check_batch_size(batch_size)
        stored = 0
        for batch in _chunks(documents, batch_size):
            try:
                _RETRY.call(lambda batch=batch: self.upsert(collection, batch))
            except PersistError as error:
                if not stored:
                    raise
                raise _partial(self.backend, stored, error) from error
            stored += len(batch)
            if progress is not None:
                progress(stored)
        return stored

    @abstractmethod
    def search(
        self,
        collection: str,
        query_embedding: Sequence[float] | None,
        limit: int = 5,
        filters: Mapping[str, Any] | None = None,
        score_threshold: float | None = None,
        *,
        text: str | None = None,
        mode: SearchMode = "vector",
    ) -> list[KnowledgeDocument]:
        """The nearest documents that match, best first, with ``score`` and without ``embedding``.

        Args:
            collection: its name.
            query_embedding: ``dimension`` finite numbers; None only for ``mode="keyword"``.
            limit: at most so many, 0 for none; that many are returned when that many match.
            filters: see `praison_persist.filters`.
            score_threshold: keep ``score >= score_threshold``; 0.0 is a threshold. Only for ``mode="vector"``.
            text: words to look for, in the other modes.
            mode: ``vector``; ``keyword`` ranks by words, ``hybrid`` by both, with scores of the engine's own kind.

        Raises:
            UnsupportedFilterError: the engine cannot evaluate the filter; nothing is ever ignored.
            UnsupportedError: the engine does not have this mode.
        """

    @abstractmethod
    def get(self, collection: str, ids: Sequence[str]) -> list[KnowledgeDocument]:
        """The documents that exist, whole, with embeddings, in the order of ``ids``."""

    @abstractmethod
    def delete(
        self,
        collection: str,
        ids: Sequence[str] | None = None,
        filters: Mapping[str, Any] | None = None,
        *,
        all: bool = False,  # noqa: A002 - the word a caller must say to delete everything
    ) -> int:
        """Delete by ids, by filter, or (both given) the named ones that match; how many there were.

        ``ids=[]`` deletes nothing. Deleting everything takes ``all=True``.

        Raises:
            InvalidInputError: nothing was named, or an empty filter.
        """

    @abstractmethod
    def count(self, collection: str, filters: Mapping[str, Any] | None = None) -> int:
        """How many documents match, exactly."""

    @abstractmethod
    def iter_documents(
        self, collection: str, filters: Mapping[str, Any] | None = None, *, batch_size: int = 256
    ) -> Iterator[KnowledgeDocument]:
        """Every matching document, whole, with its embedding, in no particular order, without holding them all."""

    def health(self) -> StoreHealth:
        """Ask the server something cheap, and say what is known of it."""
        self.list_collections()
        return StoreHealth(self.backend)

    @abstractmethod
    def close(self) -> None:
        """Release connections; calling it again does nothing, any other call then is a `ClosedError`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()


class AsyncKnowledgeStore(ABC):
    """The contract of `KnowledgeStore` with the same names, as coroutines (`iter_documents` is an async iterator)."""

    backend: str = "knowledge"

    async def setup(self) -> None:
        """See `KnowledgeStore.setup`."""

    @abstractmethod
    async def create_collection(
        self,
        name: str,
        dimension: int,
        distance: str = "cosine",
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """See `KnowledgeStore.create_collection`."""

    @abstractmethod
    async def delete_collection(self, name: str) -> bool:
        """See `KnowledgeStore.delete_collection`."""

    @abstractmethod
    async def collection_exists(self, name: str) -> bool:
        """See `KnowledgeStore.collection_exists`."""

    @abstractmethod
    async def list_collections(self) -> list[str]:
        """See `KnowledgeStore.list_collections`."""

    @abstractmethod
    async def describe_collection(self, name: str) -> CollectionInfo:
        """See `KnowledgeStore.describe_collection`."""

    @abstractmethod
    async def insert(self, collection: str, documents: Sequence[KnowledgeDocument], *, wait: bool = True) -> list[str]:
        """See `KnowledgeStore.insert`."""

    @abstractmethod
    async def upsert(self, collection: str, documents: Sequence[KnowledgeDocument], *, wait: bool = True) -> list[str]:
        """See `KnowledgeStore.upsert`."""

    async def upsert_many(
        self,
        collection: str,
        documents: Iterable[KnowledgeDocument],
        *,
        batch_size: int = 256,
        progress: Callable[[int], object] | None = None,
    ) -> int:
        """See `KnowledgeStore.upsert_many`."""
        check_batch_size(batch_size)
        stored = 0
        for batch in _chunks(documents, batch_size):
            try:
                await _RETRY.acall(lambda batch=batch: self.upsert(collection, batch))
            except PersistError as error:
                if not stored:
                    raise
                raise _partial(self.backend, stored, error) from error
            stored += len(batch)
            if progress is not None:
                progress(stored)
        return stored

    @abstractmethod
    async def search(
        self,
        collection: str,
        query_embedding: Sequence[float] | None,
        limit: int = 5,
        filters: Mapping[str, Any] | None = None,
        score_threshold: float | None = None,
        *,
        text: str | None = None,
        mode: SearchMode = "vector",
    ) -> list[KnowledgeDocument]:
        """See `KnowledgeStore.search`."""

    @abstractmethod
    async def get(self, collection: str, ids: Sequence[str]) -> list[KnowledgeDocument]:
        """See `KnowledgeStore.get`."""

    @abstractmethod
    async def delete(
        self,
        collection: str,
        ids: Sequence[str] | None = None,
        filters: Mapping[str, Any] | None = None,
        *,
        all: bool = False,  # noqa: A002 - the word a caller must say to delete everything
    ) -> int:
        """See `KnowledgeStore.delete`."""

    @abstractmethod
    async def count(self, collection: str, filters: Mapping[str, Any] | None = None) -> int:
        """See `KnowledgeStore.count`."""

    @abstractmethod
    def iter_documents(
        self, collection: str, filters: Mapping[str, Any] | None = None, *, batch_size: int = 256
    ) -> AsyncIterator[KnowledgeDocument]:
        """See `KnowledgeStore.iter_documents`."""

    async def health(self) -> StoreHealth:
        """See `KnowledgeStore.health`."""
        await self.list_collections()
        return StoreHealth(self.backend)

    @abstractmethod
    async def close(self) -> None:
        """See `KnowledgeStore.close`."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.close()
