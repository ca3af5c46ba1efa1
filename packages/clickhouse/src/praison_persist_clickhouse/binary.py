"""Rows in ClickHouse's format RowBinary, which takes embeddings as they lie in memory. No I/O.

The client's own inserts go through columns, and import pandas and pyarrow where they are installed.
"""

from __future__ import annotations

import struct
import sys
import uuid
from array import array
from collections.abc import Sequence

__all__ = ["float32s", "float64", "nullable", "strings", "text", "uint64", "uuid_bytes"]


def text(value: str) -> bytes:
    """String."""
    data = value.encode()
    return _length(len(data)) + data


def nullable(value: str | None) -> bytes:
    """Nullable(String)."""
    return b"\x01" if value is None else b"\x00" + text(value)


def strings(values: Sequence[str]) -> bytes:
    """Array(String)."""
    return _length(len(values)) + b"".join(map(text, values))


def float64(value: float) -> bytes:
    """Float64."""
    return struct.pack("<d", value)


def uint64(value: int) -> bytes:
    """UInt64."""
    return struct.pack("<Q", value)


def float32s(values: Sequence[float]) -> bytes:
    """Array(Float32)."""
    numbers = array("f", values)
    if sys.byteorder == "big":
        numbers.byteswap()
    return _length(len(numbers)) + numbers.tobytes()


def uuid_bytes(value: str) -> bytes:
    """UUID: two numbers of 64 bit."""
    data = uuid.UUID(value).bytes
    return data[7::-1] + data[:7:-1]


def _length(number: int) -> bytes:
    """A number in groups of seven bits, the lowest first."""
    if number < 0x80:
        return bytes((number,))
    data = bytearray()
    while number >= 0x80:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    data.append(number)
    return bytes(data)
