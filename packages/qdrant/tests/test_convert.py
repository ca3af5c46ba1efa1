"""Documents become points and come back as they were; PraisonAI's points are read."""

from __future__ import annotations

import math
import random
import struct
import sys
import uuid
from collections import OrderedDict
from itertools import pairwise
from typing import Any

import pytest
from qdrant_client import models

from praison_persist import KnowledgeDocument
from praison_persist.adapting.qdrant import qdrant_score
from praison_persist.adapting.qdrant_values import comparable, comparable_number
from praison_persist_qdrant.convert import MARK, to_document, to_point, to_point_id
from praison_persist_testkit.samples import HOSTILE_TEXTS, JSON_VALUES


def _returned(document: KnowledgeDocument, distance: Any = "dot") -> KnowledgeDocument:
    point = to_point(document, distance, "write")
    vector: Any = point.vector
    if distance == "cosine":
        norm = math.hypot(*vector)
        vector = [struct.unpack("f", struct.pack("f", number / norm))[0] for number in vector]
    return to_document(models.Record.model_construct(id=point.id, payload=point.payload, vector=vector), whole=True)


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_a_point_id_is_the_uuid5_of_the_document_id(text: str) -> None:
    namespace = uuid.UUID("6f0d1f3c-9a63-5c1e-8f0b-4a7c1c2d9e55")
    assert to_point_id(text) == str(uuid.uuid5(namespace, text))


@pytest.mark.parametrize("metadata", [None, *JSON_VALUES.values()])
def test_metadata_comes_back_with_its_types(metadata: Any) -> None:
    back = _returned(KnowledgeDocument("a", "text", [1.0], metadata, created_at=0.1 + 0.2)).metadata
    assert repr(back) == repr(metadata)


def test_subclasses_of_json_types_are_stored_as_what_they_are() -> None:
    metadata = OrderedDict(a=OrderedDict(b=[], c=2**70))
    assert _returned(KnowledgeDocument("a", "text", [1.0], metadata)).metadata == {"a": {"b": [], "c": 2**70}}


def test_a_time_comes_back_exactly_although_qdrant_misreads_its_digits() -> None:
    document = KnowledgeDocument("a", "text", [1.0], created_at=1699087017.4183881)
    assert to_point(document, "dot", "w").payload["created_at"] != 1699087017.4183881  # type: ignore[index]
    assert _returned(document).created_at == 1699087017.4183881


def test_plain_metadata_is_stored_as_it_is() -> None:
    metadata = {"lang": "de", "year": 2020, "tags": ["a", 0.5], "author": {"name": "Ada"}, "ok": True, "none": None}
    assert comparable(metadata) is metadata
    payload = to_point(KnowledgeDocument("a", "t", [1.0], metadata, created_at=1.0), "dot", "w").payload
    assert payload == {
        "doc_id": "a",
        "content": "t",
        "content_hash": KnowledgeDocument(content="t").content_hash,
        "created_at": 1.0,
        "metadata": metadata,
        MARK: "w",
    }


def test_metadata_cannot_replace_the_documents_own_fields() -> None:
    metadata = {"doc_id": "x", "content": "y", "content_hash": 1, "created_at": 2, "norm": 3, MARK: 4, "exact": 5}
    document = KnowledgeDocument("a", "text", [1.0], metadata)
    back = _returned(document)
    assert (back.id, back.content, back.metadata) == ("a", "text", metadata)


@pytest.mark.parametrize("vector", [[3.0, 4.0], [3e38, 3e38], [1e-30, -2e-30], [1e-3, 1e20], [-0.1, 0.7]])
def test_cosine_vectors_come_back_at_their_length(vector: list[float]) -> None:
    point = to_point(KnowledgeDocument("a", "", vector), "cosine", "w")
    squares = sum(struct.unpack("f", struct.pack("f", number))[0] ** 2 for number in point.vector)  # type: ignore[union-attr]
    assert 1e-30 < squares < 1e38, "Qdrant adds these up in float32"
    back = _returned(KnowledgeDocument("a", "", vector), "cosine").embedding
    assert back == pytest.approx(vector, rel=1e-6)


def test_numbers_keep_their_order() -> None:
    source = random.Random(5)
    numbers: list[Any] = [struct.unpack("d", struct.pack("Q", source.getrandbits(64)))[0] for _ in range(2000)]
    numbers = [number for number in numbers if math.isfinite(number)]
    numbers += [2**53, 2**53 + 1, -(2**63), 2**63, 2**64, 1e23, 5e-324, 0, -0.0, 0.1 + 0.2]
    numbers.sort()
    forms = [comparable_number(number) for number in numbers]
    assert all(left <= right for left, right in pairwise(forms))


@pytest.mark.parametrize("number", [2**63 + 1, 10**23, 10**400, -(2**63) - 1, -(10**400)])
def test_integers_that_no_float_equals_stay_beyond_every_bound_of_a_filter(number: int) -> None:
    assert abs(comparable_number(number)) == sys.float_info.max
    assert (comparable_number(number) > 0) == (number > 0)


@pytest.mark.parametrize("number", [0.1, 0.5, 123456.789, 1e22, 1e300, -2.5e-7, 0.30000000000000004, 1.0, 7])
def test_numbers_that_qdrant_reads_exactly_stay(number: float) -> None:
    assert comparable_number(number) == number


def test_a_point_of_praisonai_is_a_document_with_flat_metadata() -> None:
    payload = {"doc_id": "d1", "content": "text", "content_hash": "ab", "created_at": 5.0, "lang": "de", "year": 1}
    record = models.Record(id=0, payload=payload, vector=[0.6, 0.8])
    assert to_document(record, whole=True) == KnowledgeDocument(
        "d1", "text", [0.6, 0.8], {"lang": "de", "year": 1}, "ab", 5.0
    )


@pytest.mark.parametrize(
    ("distance", "value", "expected"),
    [
        ("cosine", 1.0000001, 1.0),
        ("cosine", -0.5, -0.5),
        ("dot", -3.0, -3.0),
        ("euclidean", 1.0, 0.5),
        ("manhattan", 3.0, 0.25),
    ],
)
def test_scores_are_those_of_the_contract(distance: Any, value: float, expected: float) -> None:
    assert qdrant_score(distance, value) == expected
