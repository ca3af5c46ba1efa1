"""What adapters share: records, filters in the engines' words, keys, keywords, diversity."""

from __future__ import annotations

import pytest

from praison_persist.adapting.engines import chroma_where, qdrant_filter, qdrant_key
from praison_persist.adapting.records import EXACT, OURS, TOKENS, to_document, to_metadata, to_text, widened
from praison_persist.diversity import diverse
from praison_persist.filters import parse_filter
from praison_persist.filtertokens import EVERYTHING, AnyOf, Lacks
from praison_persist.keywords import named
from praison_persist.knowledge import KnowledgeDocument

DOCUMENT = KnowledgeDocument("a/b", "x\0y", [1.0, 0.5], {"lang": "de", "n": 2**70, "deep": {"x": [None]}, "a b": 1})


@pytest.mark.parametrize("text", [False, True])
def test_a_record_gives_its_document_back(text: bool) -> None:
    metadata = to_metadata(DOCUMENT, tokens=True, text=text)
    assert to_document("key", "" if text else to_text(DOCUMENT), metadata) == DOCUMENT


def test_readers_see_plain_metadata_and_no_tokens_unless_they_are_asked_for() -> None:
    metadata = to_metadata(DOCUMENT, tokens=False)
    assert set(metadata) == {"lang", EXACT}
    assert to_metadata(DOCUMENT, tokens=True)[TOKENS][0] == OURS
    assert TOKENS not in to_metadata(KnowledgeDocument("a", "", [1.0], {TOKENS: "mine"}), tokens=False)


def test_a_record_of_somebody_else_is_a_document_with_the_vector_of_the_engine() -> None:
    assert to_document("x", "text", {"n": 1}, [1, 0]) == KnowledgeDocument(
        "x", "text", [1.0, 0.0], {"n": 1}, created_at=0.0
    )


def test_a_filter_lets_through_what_has_no_tokens() -> None:
    assert widened(None) == EVERYTHING
    assert widened(parse_filter({"a": {"$in": []}})) == Lacks(OURS)
    wide = widened(parse_filter({"a": 1}))
    assert isinstance(wide, AnyOf)
    assert wide.operands[1] == Lacks(OURS)


def test_tokens_are_filters_of_the_engines() -> None:
    assert chroma_where(EVERYTHING) is None
    assert qdrant_filter(EVERYTHING, "k") is None
    assert chroma_where(Lacks("x")) == {TOKENS: {"$not_contains": "x"}}
    assert qdrant_filter(Lacks("x"), "k") == {"must_not": [{"key": "k", "match": {"value": "x"}}]}
    wide = widened(parse_filter({"a": 1, "b": 2}))
    where, points = chroma_where(wide), qdrant_filter(wide, "k")
    assert where is not None
    assert points is not None
    assert [list(part) for part in where["$or"]] == [["$and"], [TOKENS]]
    assert [list(part) for part in points["should"]] == [["must"], ["must_not"]]


def test_an_id_that_is_a_uuid_is_its_own_key_in_qdrant() -> None:
    key = qdrant_key("any text")
    assert qdrant_key(key) == key != qdrant_key("another")
    assert qdrant_key(key.upper()) not in (key, key.upper())


def test_an_unknown_keyword_is_told_with_the_nearest() -> None:
    assert named({"a": 1}, a=0, b=2) == {"a": 1, "b": 2}
    with pytest.raises(TypeError, match="did you mean 'filter'"):
        named({"filters": 1}, filter=None)
    with pytest.raises(TypeError, match="there are none"):
        named({"filters": 1})


def test_marginal_relevance_weighs_nearness_against_likeness() -> None:
    vectors = [[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]]
    assert diverse([1.0, 0.0], vectors, 2, 1.0) == [0, 1]
    assert diverse([1.0, 0.0], vectors, 2, 0.1) == [0, 2]
    assert diverse([1.0, 0.0], vectors, 0, 0.5) == []
    assert diverse([1.0, 0.0], [[0.0, 0.0]], 5, 0.5) == [0]
