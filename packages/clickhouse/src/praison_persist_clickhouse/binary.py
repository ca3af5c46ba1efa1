"""Columns in ClickHouse's format Native, which takes embeddings as they lie in memory.

The client's own inserts import pandas and pyarrow where they are installed.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import accumulate, chain
from typing import Any

from praison_persist.float32 import pack

__all__ = ["Column", "float32s", "float64", "nullable", "strings", "text", "uint64", "uuids", "write"]

Column = tuple[str, bytes]
"""A type, and the values of all rows."""

_ALONE = {"max_threads": 1}  # a block is never divided, and starting more threads for it costs more than they do


def write(client: Any, table: str, columns: Mapping[str, Column], rows: int) -> Any:
    """Insert as many rows into a table, whose name is quoted; what the client returns."""
    parts = [part for name, (type_, values) in columns.items() for part in (_texts((name, type_)), values)]
    block = b"".join((_length(len(columns)), _length(rows), *parts))
    return client.raw_insert(table, list(columns), block, fmt="Native", settings=_ALONE)


def text(values: Iterable[str]) -> Column:
    """Texts."""
    return "String", _texts(values)


def nullable(values: Collection[str | None]) -> Column:
    """Texts or nothing."""
    nulls = bytes([value is None for value in values])
    return "Nullable(String)", nulls + _texts([value or "" for value in values])


def strings(values: Collection[Sequence[str]]) -> Column:
    """Lists of texts."""
    return "Array(String)", _ends(values) + _texts(chain.from_iterable(values))


def float32s(values: Collection[Sequence[float]]) -> Column:
    """Vectors."""
    return "Array(Float32)", _ends(values) + b"".join(map(pack, values))


def float64(values: Collection[float]) -> Column:
    """Numbers."""
    return "Float64", _packed("d", values)


def uint64(values: Collection[int]) -> Column:
    """Integers that are not negative."""
    return "UInt64", _packed("Q", values)


def uuids(value: str, rows: int) -> Column:
    """A UUID, the same in all rows: two numbers of 64 bit."""
    data = uuid.UUID(value).bytes
    return "UUID", (data[7::-1] + data[:7:-1]) * rows


def _packed(kind: str, values: Collection[float]) -> bytes:
    return struct.pack(f"<{len(values)}{kind}", *values)


def _ends(values: Iterable[Sequence[object]]) -> bytes:
    """Where the array of each row ends."""
    return _packed("Q", list(accumulate(map(len, values))))


def _texts(values: Iterable[str]) -> bytes:
    return b"".join([_length(len(data)) + data for data in map(str.encode, values)])


_SHORT = [bytes((number,)) for number in range(0x80)]


def _length(number: int) -> bytes:
    """A number in groups of seven bits, the lowest first."""
    if number < 0x80:
        return _SHORT[number]
    data = bytearray()
    while number >= 0x80:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    data.append(number)
    return bytes(data)
