"""Metadata and vectors in the forms that PostgreSQL keeps. No server."""

from __future__ import annotations

import json
import random
import struct
from typing import Any

import pytest

from praison_persist import KnowledgeDocument
from praison_persist.filters import parse_filter
from praison_persist_postgres.knowledge.convert import (
    EXACT,
    comparable,
    comparable_text,
    pack,
    to_document,
    to_row,
    unpack,
)
from praison_persist_postgres.knowledge.filters import to_sql
from praison_persist_testkit.samples import HOSTILE_TEXTS, JSON_VALUES, TEXTS


@pytest.mark.parametrize("metadata", [None, *JSON_VALUES.values()])
def test_metadata_comes_back_with_its_types(metadata: Any) -> None:
    row = to_row(KnowledgeDocument("a", "text", [1.0], metadata))
    assert repr(to_document(row).metadata) == repr(metadata)


def test_plain_metadata_is_stored_as_it_is() -> None:
    metadata = {"lang": "de", "year": 2020, "tags": ["a", 0.5, 1e-7], "author": {"name": "Ada"}, "ok": True, "no": None}
    assert json.loads(to_row(KnowledgeDocument("a", "text", [1.0], metadata))[4]) == metadata


def test_metadata_that_jsonb_would_change_has_its_exact_text_beside_it() -> None:
    stored = json.loads(to_row(KnowledgeDocument("a", "", [1.0], {"nul": "\x00", "big": 1e300}))[4])
    assert stored.pop(EXACT) == '{"nul":"\\u0000","big":1e+300}'
    assert stored == {"nul": "\x01\x01", "big": int(1e300)}


def test_no_metadata_has_the_key_of_the_exact_text() -> None:
    assert EXACT not in comparable({EXACT: 1, "\x01": 2})


def test_escaped_text_keeps_its_order_and_stays_distinct() -> None:
    alphabet = "\x00\x01\x02a\ud7fe\ud7ff\ud800\udbff\udfff\ue000\U00010000"
    source = random.Random(3)
    texts = {"".join(source.choices(alphabet, k=source.randint(0, 4))) for _ in range(3000)} | {*TEXTS.values()}
    in_order = sorted(texts)
    escaped = [comparable_text(text) for text in in_order]
    assert escaped == sorted(escaped)
    assert len(set(escaped)) == len(texts)
    for text in escaped:
        assert "\x00" not in text
        text.encode()


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_ordinary_text_is_not_touched(text: str) -> None:
    assert comparable_text(text) is text


def test_vectors_are_packed_as_float32_behind_their_dimension() -> None:
    assert pack([1.0, -2.5]) == struct.pack(">HHff", 2, 0, 1.0, -2.5)
    assert unpack(pack([0.5, 3e38, -1e-30])) == pytest.approx([0.5, 3e38, -1e-30], rel=1e-7)


def test_keys_and_values_never_become_part_of_the_statement() -> None:
    hostile = {"k'; DROP TABLE x; --": {"$in": ["v'; --", 1]}, "r' \"": {"$gt": "z'"}, "e'": {"$exists": False}}
    text, params = to_sql(parse_filter(hostile))  # type: ignore[arg-type]
    assert "'" not in text
    assert "DROP" not in text
    assert text.count("%s") + text.count("%b") == len(params)
