"""What an adapter asks of a vector store of a framework, in documents of the contract.

`Partner` is the interface, and refuses what no framework has; subclasses in the packages know the vector stores. No
framework is imported here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from ..errors import UnsupportedError, UnsupportedFilterError
from ..filters import Filter
from ..knowledge import CollectionInfo, KnowledgeDocument
from ..scores import DISTANCES, Distance

__all__ = ["Partner", "kind_of"]


class Partner(ABC):
    """A vector store of a framework. Its keys are what it calls the documents, see `keys_of`.

    Class attributes that an adapter sets:
        framework: the name of the framework, for messages.
        exact: whether `nearest` gives only what matches, so that there is no use in asking for more than is wanted.
    """

    framework: str
    exact = False

    def __init__(self, vectorstore: Any) -> None:
        self.vectorstore = vectorstore

    def prepare(self, info: CollectionInfo) -> None:
        """Make ready for a collection; nothing to do for most vector stores.

        Raises:
            InvalidInputError: it holds vectors of another dimension.
        """

    def distances(self) -> Sequence[Distance]:
        """What the vector store may rank by."""
        return DISTANCES

    def keys_of(self, ids: Sequence[str]) -> list[str]:
        """What the vector store calls these documents."""
        return list(ids)

    @abstractmethod
    def add(self, documents: Sequence[KnowledgeDocument]) -> None:
        """Write records whose ids are new."""

    def replace(self, documents: Sequence[KnowledgeDocument]) -> None:
        """Write records, replacing whole ones with the same ids; where `add` does that, there is nothing else to do."""
        self.add(documents)

    @abstractmethod
    def get(self, keys: Sequence[str]) -> list[KnowledgeDocument]:
        """The documents that exist among these keys, in any order."""

    @abstractmethod
    def delete(self, keys: Sequence[str]) -> None:
        """Delete records that exist."""

    @abstractmethod
    def nearest(
        self, vector: list[float], k: int, distance: Distance, condition: Filter | None
    ) -> tuple[list[KnowledgeDocument], bool]:
        """The ``k`` nearest documents (or more) that may match, and whether there may be others.

        With embeddings, or with scores where the vector store's own are those of `praison_persist.scores`.
        """

    def narrows(self, condition: Filter | None) -> bool:
        """Whether next to nothing that `nearest` gives does not match, so that few more need to be asked for."""
        return self.exact

    def keys(self, condition: Filter | None) -> list[str]:
        """The keys of all records that may match."""
        raise self.no("a way to list documents", UnsupportedFilterError if condition else UnsupportedError)

    def drop(self) -> None:
        """Delete the collection from the engine."""
        self.delete(self.keys(None))

    def no(self, what: str, error: type[UnsupportedError]) -> UnsupportedError:
        """The error for what the framework's interface lacks."""
        return error(
            f"{type(self.vectorstore).__name__} has {what} of its own, if any, and {self.framework}'s interface has "
            "none",
            hint="use the backend for this engine instead of the adapter",
        )


def kind_of(vectorstore: Any, partners: dict[str, Any], otherwise: Any) -> Any:
    """What a package has for this vector store by the qualified name of its class, or of one that it inherits."""
    for base in type(vectorstore).__mro__:
        if found := partners.get(f"{base.__module__}.{base.__qualname__}"):
            return found
    return otherwise
