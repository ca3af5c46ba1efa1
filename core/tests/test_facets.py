"""Metadata as digests and bounds."""

from __future__ import annotations

from praison_persist.facets import EVERY, FACTS, facets_by_path, facets_of, present_word, words_of
from praison_persist.filters import Comparison


def test_facets_by_path_are_those_of_the_list() -> None:
    metadata = {"a": [1, 2.5, "x", None, {"no": 1}], "b": {"c": -1, "d": {}}, "e": [], "a.b": 1}
    lists, bounds = facets_by_path(metadata)
    fields = facets_of(metadata)
    assert {EVERY, *lists, *(word for words in lists.values() for word in words)} == {*fields.pop(FACTS)}
    assert bounds == fields
    assert lists[present_word(("b", "c"))] == words_of(Comparison(("b", "c"), "eq", -1))
    assert [len(lists[present_word(path)]) for path in (("a",), ("b",), ("b", "d"), ("e",))] == [4, 0, 0, 0]
    assert facets_by_path(None) == ({}, {})
