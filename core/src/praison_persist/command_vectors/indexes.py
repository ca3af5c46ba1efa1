"""What an index adds to documents in hashes: which commands make it, which asks it. No I/O.

`FlatIndex` is none at all; `praison_persist.command_vectors.query` holds the query engine's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, cast

from ..errors import ConfigurationError
from ..filters import Filter
from ..narrowing import Narrowed
from ..scores import DISTANCES, Distance
from ..state_engines.commands import Command
from .layout import Place

__all__ = ["FlatIndex", "Hit", "ServerIndex", "VectorIndex", "choose_indexes", "pairs"]


class Hit(NamedTuple):
    """A row of an index.

    Attributes:
        id: of the document.
        score: the contract's.
        fields: of the document, where the index gave them.
    """

    id: str
    score: float
    fields: Mapping[str, Any] | None


class VectorIndex:
    """One kind of index.

    Attributes:
        kind: its name, in options and in descriptions.
        distances: what it can do.
        options: of VADD for each vector, where documents are also in a vector set; None where they are not.
    """

    kind: ClassVar[str]
    distances: ClassVar[tuple[Distance, ...]]
    options: tuple[str | int, ...] | None = None

    def probe(self, prefix: str) -> Command | None:
        """A command that only a server with this index knows; None where every server will do."""
        del prefix
        return None

    def create(self, place: Place) -> list[Command]:
        """Make the index of a new collection."""
        del place
        return []

    def drop(self, place: Place) -> list[Command]:
        """Delete the index of a collection that is gone."""
        del place
        return []

    def fields(self, metadata: Mapping[str, Any] | None) -> Mapping[str, str]:
        """Further fields of a document with this metadata."""
        del metadata
        return {}

    def attributes(self, metadata: Mapping[str, Any] | None) -> str:
        """JSON text to keep with a vector in a vector set."""
        del metadata
        return "{}"


class FlatIndex(VectorIndex):
    """No index: the store compares with every document, so it is for small collections.

    Args:
        limit: of documents; a search of more is refused.
    """

    kind = "flat"
    distances = DISTANCES

    def __init__(self, limit: int) -> None:
        self.limit = limit


class ServerIndex(VectorIndex, ABC):
    """An index that the server keeps and searches.

    Attributes:
        complete: whether it finds as many documents as there are without being told to be ``exact``.
    """

    complete = True

    @abstractmethod
    def narrowed(self, condition: Filter | None) -> Narrowed[str] | None:
        """What the server is asked for in place of a filter; None where no document can match."""

    @abstractmethod
    def search(self, place: Place, vector: bytes, count: int, where: str | None, *, exact: bool) -> Command:
        """Ask for the nearest.

        Args:
            place: the collection.
            vector: float32.
            count: of rows.
            where: of `narrowed`.
            exact: look at all documents.
        """

    @abstractmethod
    def hits(self, place: Place, reply: Any) -> list[Hit]:
        """The rows of a reply, in any order."""


def choose_indexes(index: Any, known: Sequence[VectorIndex]) -> list[VectorIndex]:
    """The indexes that an option names, in that order.

    Args:
        index: a name, several with commas between them, or a sequence of names.
        known: all that there are.

    Raises:
        ConfigurationError: an unknown name, or none.
    """
    names = index.split(",") if isinstance(index, str) else list(cast("Sequence[Any]", index or ()))
    by_kind = {one.kind: one for one in known}
    wanted = [name.strip() if isinstance(name, str) else name for name in names]
    if not wanted or any(name not in by_kind for name in wanted):
        raise ConfigurationError(
            f"index={index!r} is not known", hint=f"name one or several of {', '.join(by_kind)}, the best first"
        )
    return [by_kind[name] for name in dict.fromkeys(wanted)]


def pairs(reply: Any) -> dict[str, Any]:
    """A mapping (RESP3) or a flat list (RESP2) as a dict with text as keys."""
    if isinstance(reply, dict):
        items = list(cast("dict[Any, Any]", reply).items())
    else:
        flat = cast("list[Any]", reply)
        items = list(zip(flat[::2], flat[1::2], strict=True))
    return {key.decode() if isinstance(key, bytes) else str(key): value for key, value in items}
