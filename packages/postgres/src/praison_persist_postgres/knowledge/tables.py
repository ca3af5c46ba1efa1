"""Collections as tables: names, DDL, what the catalog and our own table say about them. Runs on a given connection.

Tables are ``praison_vec_<name>``, PraisonAI's name and columns; ``praison_vector_collections`` adds what these cannot
say. (Not a comment on the table: dumps that leave comments out would turn every distance into cosine.)
A table that PraisonAI made has no row there: the operator class of its index tells the distance.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from psycopg import sql

from praison_persist.errors import InvalidInputError, UnsupportedError
from praison_persist.jsontext import decode, encode
from praison_persist.knowledge import CollectionInfo
from praison_persist.scores import Distance, validate_distance

from . import statements as st
from .session import Connection

__all__ = ["OPERATORS", "Collections", "Found", "Index", "IndexMethod"]

IndexMethod = Literal["hnsw", "ivfflat"]

OPERATORS: Mapping[Distance, str] = {"cosine": "<=>", "dot": "<#>", "euclidean": "<->", "manhattan": "<+>"}

_CLASSES: Mapping[Distance, str] = {
    "cosine": "vector_cosine_ops",
    "dot": "vector_ip_ops",
    "euclidean": "vector_l2_ops",
    "manhattan": "vector_l1_ops",
}
_PREFIX = "praison_vec_"
_LONGEST = 63  # bytes of a PostgreSQL name
_INDEXED_DIMENSION = 2000
_LOCK = 0x70726169736F6E76  # "praisonv": one lock for all changes of the schema


@dataclass(frozen=True, slots=True)
class Index:
    """The approximate index of new collections.

    Attributes:
        method: ``hnsw`` or ``ivfflat``.
        parameters: as pgvector names them (``m``, ``ef_construction``, ``lists``).
    """

    method: IndexMethod
    parameters: Mapping[str, int]

    def statement(self, table: str, distance: Distance) -> sql.SQL:
        """CREATE INDEX."""
        options = ", ".join(f"{name} = {value:d}" for name, value in self.parameters.items())
        return st.fill(
            st.CREATE_INDEX,
            table=table,
            method=self.method,
            operators=_CLASSES[distance],
            options=f" WITH ({options})" if options else "",
        )

    def check(self, info: CollectionInfo) -> None:
        """Raise InvalidInputError where pgvector has no such index for the collection."""
        if info.dimension > _INDEXED_DIMENSION:
            raise InvalidInputError(
                f"pgvector indexes up to {_INDEXED_DIMENSION} dimensions, not {info.dimension}",
                hint="create the store with index=None: searches are exact then",
            )
        if self.method == "ivfflat" and info.distance == "manhattan":
            raise InvalidInputError("ivfflat has no manhattan distance", hint="use index='hnsw' or None")


@dataclass(frozen=True, slots=True)
class Found:
    """A collection that exists.

    Attributes:
        info: what it was created with.
        method: of its approximate index, if it has one.
        vector_type: the number of the type vector in this database.
    """

    info: CollectionInfo
    method: IndexMethod | None
    vector_type: int


class Collections:
    """The collections of one schema."""

    def __init__(self, schema: str, *, create_extension: bool) -> None:
        self._schema = schema
        self._create_extension = create_extension
        self._registry = f'"{schema}"."praison_vector_collections"'

    def table(self, name: str) -> str:
        """The quoted table of a collection; a name that is too long with the prefix ends in its hash."""
        return f'"{self._schema}"."{_table_name(name)}"'

    def prepare(self, connection: Connection) -> None:
        """Take the lock of this transaction, then create extension, schema and registry where they are missing."""
        connection.execute(st.LOCK, (_LOCK,))
        if self._create_extension:
            connection.execute(st.CREATE_EXTENSION)
        if self._schema != "public":
            connection.execute(st.fill(st.CREATE_SCHEMA, schema=self._schema))
        connection.execute(st.fill(st.CREATE_REGISTRY, registry=self._registry))

    def create(self, connection: Connection, info: CollectionInfo, index: Index | None) -> bool:
        """Create the table; False where there is one."""
        self.prepare(connection)
        table = self.table(info.name)
        if self._exists(connection, table):
            return False
        connection.execute(st.fill(st.CREATE_TABLE, table=table, dimension=info.dimension))
        if index is not None:
            connection.execute(index.statement(table, info.distance))
        metadata = None if info.metadata is None else encode(info.metadata, "collection metadata")
        connection.execute(
            st.fill(st.REGISTER, registry=self._registry),
            (info.name, _table_name(info.name), info.distance, metadata),
        )
        return True

    def drop(self, connection: Connection, name: str) -> bool:
        """Drop the table; False where there is none."""
        connection.execute(st.LOCK, (_LOCK,))
        table = self.table(name)
        existed = self._exists(connection, table)
        connection.execute(st.fill(st.DROP_TABLE, table=table))
        if self._exists(connection, self._registry):
            connection.execute(st.fill(st.UNREGISTER, registry=self._registry), (name,))
        return existed

    def describe(self, connection: Connection, name: str) -> Found | None:
        """What there is of a collection, or None where there is no table."""
        found = connection.execute(st.DESCRIBE, {"table": self.table(name), "registry": self._registry}).fetchone()
        if found is None:
            return None
        dimension, registered, method, class_name, vector_type = found
        if dimension < 1:
            raise UnsupportedError(f"the vectors of {self.table(name)} have no fixed dimension")
        kept = None
        if registered:
            kept = connection.execute(st.fill(st.REGISTERED, registry=self._registry), (name,)).fetchone()
        if kept is None:
            return Found(CollectionInfo(name, dimension, _distance_of(class_name)), method, vector_type)
        metadata = None if kept[1] is None else decode(kept[1], "collection metadata")
        return Found(CollectionInfo(name, dimension, validate_distance(kept[0]), metadata), method, vector_type)

    def names(self, connection: Connection) -> list[str]:
        """The names of all collections."""
        tables: list[str] = [row[0] for row in connection.execute(st.TABLES, (self._schema, _PREFIX))]
        full: dict[str, str] = {}
        if self._exists(connection, self._registry):
            full = dict(connection.execute(st.fill(st.REGISTERED_NAMES, registry=self._registry)).fetchall())
        names = [full.get(table, table[len(_PREFIX) :]) for table in tables]
        return [name for name in names if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)]

    @staticmethod
    def _exists(connection: Connection, table: str) -> bool:
        row = connection.execute(st.EXISTS, (table,)).fetchone()
        return row is not None and row[0]


def _distance_of(class_name: str | None) -> Distance:
    """The distance of an index's operator class; without an index PraisonAI searched by cosine."""
    for distance, known in _CLASSES.items():
        if known == class_name:
            return distance
    return "cosine"


def _table_name(name: str) -> str:
    full = _PREFIX + name
    if len(full) <= _LONGEST:
        return full
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{full[: _LONGEST - 17]}_{digest}"
