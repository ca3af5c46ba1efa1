"""Vectors as bytes."""

from __future__ import annotations

import struct

import pytest

from praison_persist.float32 import pack, unpack


def test_vectors_are_little_endian_float32_and_come_back() -> None:
    vector = [0.0, -1.5, 3.4028234663852886e38, 1e-45]
    assert pack(vector) == b"".join(struct.pack("<f", number) for number in vector)
    assert unpack(pack(vector)) == pytest.approx(vector, rel=1e-6, abs=1e-44)
    assert (pack([]), unpack(b"")) == (b"", [])
