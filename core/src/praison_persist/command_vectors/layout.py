"""Where a collection is: the names of its keys, and the text that describes it. No I/O.

Below a store's prefix, ``praison:vec:`` unless told otherwise::

    praison:vec:collections       set: the names of collections (and of some that are gone)
    praison:vec:{docs}            string: JSON, what the collection was created with, and its generation
    praison:vec:{docs}:GEN:ids    sorted set: the ids of the documents, all with score 0, so in the order of bytes
    praison:vec:{docs}:GEN:d:ID   hash: a document, see `convert`
    praison:vec:{docs}:GEN:v      vector set, where the collection has one
    praison:vec:{docs}:GEN:idx    name of the query engine's index, where it has one

The braces keep all keys of a collection on one node of a cluster. A collection that is created anew has another
generation, so whoever still knows the old one cannot write into it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any, cast

from ..errors import SerializationError
from ..jsontext import decode, encode
from ..knowledge import CollectionInfo

__all__ = ["Place", "info_key", "names_key"]

FORMAT = 1


def names_key(prefix: str) -> str:
    """The key of the set of all names."""
    return f"{prefix}collections"


def info_key(prefix: str, name: str) -> str:
    """The key of a collection's description."""
    return f"{prefix}{{{name}}}"


@dataclass(frozen=True, slots=True)
class Place:
    """One generation of a collection.

    Attributes:
        info: what the contract says of it.
        kind: of its index.
        text: its description as it is stored; equal as long as this generation exists.
        key: of the description; of all other keys the start.
        generation: tells it from others of the same name.
    """

    info: CollectionInfo
    kind: str
    text: str
    key: str
    generation: str

    @classmethod
    def new(cls, prefix: str, info: CollectionInfo, kind: str) -> Place:
        """A generation that is not stored yet."""
        generation = secrets.token_hex(4)
        kept = None if info.metadata is None else encode(info.metadata, "collection metadata")
        described: dict[str, Any] = {
            "format": FORMAT,
            "generation": generation,
            "index": kind,
            "dimension": info.dimension,
            "distance": info.distance,
            "metadata": kept,
        }
        return cls(info, kind, encode(described), info_key(prefix, info.name), generation)

    @classmethod
    def stored(cls, prefix: str, name: str, reply: bytes | str) -> Place:
        """The generation that a description tells of.

        Raises:
            SerializationError: it was written by something else.
        """
        text = reply.decode() if isinstance(reply, bytes) else reply
        found: Any = decode(text, "collection")
        described = cast("dict[str, Any]", found if isinstance(found, dict) else {})
        if described.get("format") != FORMAT:
            raise SerializationError(f"the collection {name!r} was written by something else, or by a newer release")
        kept = described["metadata"]
        metadata = None if kept is None else decode(kept, "collection metadata")
        info = CollectionInfo(name, described["dimension"], described["distance"], metadata)
        return cls(info, described["index"], text, info_key(prefix, name), described["generation"])

    @property
    def ids(self) -> str:
        """Key of the sorted set of ids."""
        return f"{self.key}:{self.generation}:ids"

    @property
    def vectors(self) -> str:
        """Key of the vector set."""
        return f"{self.key}:{self.generation}:v"

    @property
    def documents(self) -> str:
        """Start of the documents' keys; the id follows."""
        return f"{self.key}:{self.generation}:d:"

    @property
    def index(self) -> str:
        """Name of the query engine's index."""
        return f"{self.key}:{self.generation}:idx"
