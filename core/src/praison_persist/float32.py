"""Vectors as bytes: float32, little-endian, the form that most engines take. No engine."""

from __future__ import annotations

import struct
import sys
from collections.abc import Sequence

__all__ = ["pack", "unpack"]

_ORDER = "@" if sys.byteorder == "little" else "<"  # the same bytes, but struct is faster with the machine's own order


def pack(vector: Sequence[float]) -> bytes:
    """The bytes of numbers within float32's range."""
    return struct.pack(f"{_ORDER}{len(vector)}f", *vector)


def unpack(data: bytes) -> list[float]:
    """The numbers of `pack`."""
    return list(struct.unpack(f"{_ORDER}{len(data) // 4}f", data))
