"""Narrowing a filter never loses a document."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

from praison_persist.filters import Comparison, matches, parse_filter
from praison_persist.narrowing import Leaf, Narrowed, narrow

Predicate = Callable[[dict[str, Any]], bool]
DOCUMENTS: list[dict[str, Any]] = [
    {key: value for key, value in zip("abc", values, strict=True) if value is not None}
    for values in itertools.product((1, 2, "x", None), repeat=3)
]


def _leaf(node: Leaf, negated: bool) -> Narrowed[Predicate]:
    """An engine that knows equality on ``a`` exactly, on ``b`` roughly, and nothing of ``c``."""
    if node.path == ("c",) or not isinstance(node, Comparison):
        return Narrowed()
    if node.path == ("b",):
        return Narrowed() if negated else Narrowed(lambda document: "b" in document)
    return Narrowed(lambda document: matches(node, document) is not negated, exact=True)


def _both(parts: Any) -> Predicate:
    return lambda document: all(part(document) for part in parts)


def _either(parts: Any) -> Predicate:
    return lambda document: any(part(document) for part in parts)


def _random_filter(chance: random.Random, depth: int) -> dict[str, Any]:
    kind = chance.choice(("leaf", "$and", "$or", "$not")) if depth else "leaf"
    if kind == "leaf":
        return {chance.choice("abc"): chance.choice((1, 2, "x"))}
    if kind == "$not":
        return {"$not": _random_filter(chance, depth - 1)}
    return {kind: [_random_filter(chance, depth - 1) for _ in range(chance.randint(1, 3))]}


def test_a_narrowed_filter_holds_for_every_match_and_for_no_other_document_where_it_is_exact() -> None:
    chance = random.Random(5)
    seen = {True: 0, False: 0}
    for _ in range(500):
        condition = parse_filter(_random_filter(chance, 4))
        narrowed = narrow(condition, _leaf, _both, _either)
        seen[narrowed.exact] += narrowed.where is not None
        for document in DOCUMENTS:
            found = narrowed.where is None or narrowed.where(document)
            assert found or not matches(condition, document)
            assert not narrowed.exact or found is matches(condition, document)
    assert min(seen.values()) > 50


def test_no_filter_narrows_to_all_documents_exactly() -> None:
    assert narrow(None, _leaf, _both, _either) == Narrowed(None, exact=True)
