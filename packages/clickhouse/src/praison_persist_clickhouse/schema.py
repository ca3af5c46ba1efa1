"""Tables of collections, and the statements over them. Text only: names are checked, values are bound as parameters.

A collection is a table::

    id, content, content_hash, created_at   the document's fields
    metadata    JSON text, exactly as given; NULL for None
    facts       what filters search: see `praison_persist.facts`
    vector      the embedding; under cosine divided by ``norm`` where float32 could not hold the squares
    norm        1.0, but for such vectors
    version, is_deleted   the newest version of an id counts, if it is not deleted

and its comment holds dimension, distance and the collection's metadata.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from praison_persist.errors import ConfigurationError
from praison_persist.jsontext import decode, encode
from praison_persist.knowledge import CollectionInfo
from praison_persist.scores import Distance

__all__ = [
    "Table",
    "VectorIndex",
    "create_claims",
    "create_table",
    "info_of",
    "literal",
    "tombstones",
]

MARK = "praison_persist"
FORMAT = 1

_TYPES = {
    "id": "String",
    "content": "String",
    "content_hash": "Nullable(String)",
    "created_at": "Float64",
    "metadata": "Nullable(String)",
    "facts": "Array(String)",
    "vector": "Array(Float32)",
    "norm": "Float64",
}
NOW = "toUnixTimestamp64Nano(now64(9))"

FUNCTIONS: Mapping[Distance, str] = {
    "cosine": "cosineDistance",
    "dot": "dotProduct",
    "euclidean": "L2Distance",
    "manhattan": "L1Distance",
}


@dataclass(frozen=True)
class VectorIndex:
    """ClickHouse's approximate index ``vector_similarity``, for new collections under cosine and euclidean.

    Attributes:
        quantization: of the indexed vectors: ``f64``, ``f32``, ``f16``, ``bf16``, ``i8`` or ``b1``.
        hnsw_max_connections_per_layer: HNSW's M; 0 for the default.
        hnsw_candidate_list_size_for_construction: HNSW's ef_construction; 0 for the default.
        hnsw_candidate_list_size_for_search: HNSW's ef_search: more is slower and finds more.
        vector_search_index_fetch_multiplier: how many times ``limit`` the index is asked for, 1 to 1000. Of these, what
            was replaced or deleted and is not merged yet, or does not match the filter, is left out.
    """

    quantization: str = "bf16"
    hnsw_max_connections_per_layer: int = 0
    hnsw_candidate_list_size_for_construction: int = 0
    hnsw_candidate_list_size_for_search: int = 256
    vector_search_index_fetch_multiplier: float = 4.0

    def __post_init__(self) -> None:
        if self.quantization not in ("f64", "f32", "f16", "bf16", "i8", "b1"):
            raise ConfigurationError(
                f"quantization {self.quantization!r} is unknown", hint="one of f64, f32, f16, bf16, i8, b1"
            )
        for name in (
            "max_connections_per_layer",
            "candidate_list_size_for_construction",
            "candidate_list_size_for_search",
        ):
            value = getattr(self, f"hnsw_{name}")
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ConfigurationError(f"hnsw_{name} must be an integer of at least 0, got {value!r}")
        multiplier: Any = self.vector_search_index_fetch_multiplier
        if isinstance(multiplier, bool) or not isinstance(multiplier, (int, float)) or not 1 <= multiplier <= 1000:
            raise ConfigurationError(f"vector_search_index_fetch_multiplier is 1 to 1000, got {multiplier!r}")

    @classmethod
    def of(cls, options: Mapping[str, Any] | VectorIndex | bool) -> VectorIndex | None:
        """Options by ClickHouse's own names; True for the defaults, False for no index."""
        if isinstance(options, bool):
            return cls() if options else None
        if isinstance(options, VectorIndex):
            return options
        try:
            return cls(**options)
        except TypeError as exc:
            names = ", ".join(cls.__dataclass_fields__)
            raise ConfigurationError(f"index= has an unknown option: {exc}", hint=f"its names are {names}") from exc

    def search_settings(self) -> dict[str, Any]:
        """ClickHouse's settings for a search."""
        return {
            "hnsw_candidate_list_size_for_search": self.hnsw_candidate_list_size_for_search,
            "vector_search_index_fetch_multiplier": self.vector_search_index_fetch_multiplier,
        }

    def clause(self, info: CollectionInfo) -> str:
        """The index in ``CREATE TABLE``; nothing for distances that ClickHouse does not index."""
        if info.distance not in ("cosine", "euclidean"):
            return ""
        parameters = (
            f"'hnsw', '{FUNCTIONS[info.distance]}', {info.dimension}, '{self.quantization}', "
            f"{self.hnsw_max_connections_per_layer}, {self.hnsw_candidate_list_size_for_construction}"
        )
        return f", INDEX vectors vector TYPE vector_similarity({parameters}) GRANULARITY 100000000"


@dataclass(frozen=True)
class Table:
    """A collection's table, as the server describes it.

    Attributes:
        database, table: their names.
        identity: the table's UUID; another one when it is dropped and created again.
        ordered: its inserts are numbered in the order in which they become visible (one server, no replicas).
    """

    database: str
    table: str
    identity: str
    ordered: bool

    @property
    def name(self) -> str:
        """Database and table, quoted; both are identifiers."""
        return f"`{self.database}`.`{self.table}`"


def literal(text: str) -> str:
    """A string literal, for the places that take no parameter."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def create_table(name: str, info: CollectionInfo, index: VectorIndex | None) -> str:
    """The statement that makes a collection; it fails where the table exists."""
    columns = ", ".join(f"{column} {type_}" for column, type_ in _TYPES.items())
    kept = None if info.metadata is None else encode(info.metadata, "collection metadata")
    mark = {"format": FORMAT, "dimension": info.dimension, "distance": info.distance, "metadata": kept}
    return (
        f"CREATE TABLE {name} ({columns}, version UInt64 DEFAULT {NOW}, is_deleted UInt8 DEFAULT 0"
        f"{index.clause(info) if index else ''}) "
        f"ENGINE = ReplacingMergeTree(version, is_deleted) ORDER BY id COMMENT {literal(json.dumps({MARK: mark}))}"
    )


def info_of(name: str, comment: str) -> CollectionInfo | None:
    """The collection that a table's comment describes; None for a table of somebody else."""
    try:
        mark = json.loads(comment)[MARK]
        kept = mark["metadata"]
        return CollectionInfo(
            name, mark["dimension"], mark["distance"], None if kept is None else decode(kept, "collection metadata")
        )
    except (ValueError, KeyError, TypeError):
        return None


def create_claims(name: str) -> str:
    """The table in which racing inserts claim ids; see `claims`."""
    return (
        f"CREATE TABLE IF NOT EXISTS {name} (collection UUID, id String, epoch UInt64, token UUID, "
        "at DateTime64(3) DEFAULT now64(3)) ENGINE = MergeTree ORDER BY (collection, id) "
        "TTL toDateTime(at) + INTERVAL 1 DAY SETTINGS enable_block_number_column = 1"
    )


def tombstones(table: str, where: Sequence[str]) -> str:
    """The statement that deletes what satisfies the conditions, by a newer version of each.

    The vector stays, since an index takes vectors of one length only.
    """
    return (
        f"INSERT INTO {table} (id, vector, version, is_deleted) "
        f"SELECT id, vector, greatest({NOW}, version + 1), 1 FROM {table} FINAL{conditions(where)}"
    )


def conditions(where: Sequence[str]) -> str:
    """A WHERE clause, or nothing."""
    return f" WHERE {' AND '.join(where)}" if where else ""
