"""Metadata for engines that filter by lists of texts and by numbers: a list of digests, and bounds at each path.

Each fact of `praison_persist.facts` is a text, as a digest: that there is something at a path, and each scalar there.
The smallest and the largest number at a path are two number fields, so that ranges over numbers are exact: one of
several numbers is greater than a bound when the largest is. Where an engine reads long lists slowly, the scalars of
each path are also a list of their own. Pure functions, no engine.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple, TypeVar, Union

from .facts import double_of, equal, facts_of, present
from .filters import Comparison, Exists, Filter, In, Scalar
from .narrowing import Leaf, Narrowed, narrow

__all__ = [
    "EVERY",
    "FACTS",
    "Bound",
    "bound_of",
    "facets_by_path",
    "facets_of",
    "list_of",
    "narrowed",
    "present_word",
    "words_of",
]

E = TypeVar("E")

FACTS = "facts"
"""The field with the list of texts."""

EVERY = "*"
"""The text of all documents."""

_NO_WORD = "-"  # $in of nothing: no text of a document is like this one
_EXACT = 2**53  # a double that is smaller is next to no other integer
_END = "\x01\x03"  # of the path in a fact
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def facets_of(metadata: Mapping[str, Any] | None, *, lists: bool = False) -> dict[str, Any]:
    """The fields to filter a document by.

    Args:
        metadata: of the document.
        lists: with those that `list_of` names.
    """
    words = [EVERY]
    fields: dict[str, Any] = {}
    for fact in facts_of(metadata):
        path, _, form = fact.rpartition(_END)
        if form == "e":
            words.append(_known(fact))
            continue
        word = _digest(fact)
        words.append(word)
        if lists:
            fields.setdefault("in" + _known(path), []).append(word)
        if form.startswith("n"):
            _widen(fields, path, form)
    return {FACTS: words, **fields}


def facets_by_path(metadata: Mapping[str, Any] | None) -> tuple[dict[str, list[str]], dict[str, float]]:
    """The same in another form: by the text that there is something at a path those of its scalars, and the bounds."""
    lists: dict[str, list[str]] = {}
    bounds: dict[str, float] = {}
    words: list[str] = []
    for fact in facts_of(metadata):
        path, _, form = fact.rpartition(_END)
        if form == "e":  # comes before the scalars of the path
            words = lists[_known(fact)] = []
            continue
        words.append(_digest(fact))
        if form.startswith("n"):
            _widen(bounds, path, form)
    return lists, bounds


def list_of(path: tuple[str, ...]) -> str:
    """The field with the texts of the scalars at the path, for conditions that need no other; missing without any."""
    return "in" + _known(present(path).rpartition(_END)[0])


def present_word(path: tuple[str, ...]) -> str:
    """The text of documents with something at the path."""
    return _known(present(path))


def words_of(node: Union[Comparison, In, Exists]) -> list[str]:
    """The texts of which every document that satisfies this equality, ``$in`` or ``$exists`` has one, and no other."""
    if isinstance(node, Exists):
        return [present_word(node.path)]
    values: tuple[Scalar, ...] = node.values if isinstance(node, In) else (node.value,)
    return list(dict.fromkeys(_digest(equal(node.path, value)) for value in values))


class Bound(NamedTuple):
    """A range as a comparison of one number field.

    Attributes:
        field: with the largest or the smallest number at the path.
        op: ``gt``, ``gte``, ``lt`` or ``lte``.
        value: to compare the field with.
        exact: only documents that satisfy the range satisfy this; all of them do in any case.
    """

    field: str
    op: str
    value: float
    exact: bool


def bound_of(node: Comparison) -> Bound | None:
    """The comparison for a range over numbers; None for one over texts, where `present_word` is all that is known."""
    if isinstance(node.value, str) or node.value is None:
        return None
    exact = abs(node.value) < _EXACT
    op = node.op if exact else node.op[:2] + "e"
    path, _, form = equal(node.path, node.value).rpartition(_END)
    return Bound(("max" if op.startswith("g") else "min") + _known(path), op, double_of(int(form[1:17], 16)), exact)


def narrowed(
    condition: Filter | None,
    has: Callable[[Sequence[str], bool], E],
    compare: Callable[[Bound], E],
    both: Callable[[Sequence[E]], E],
    either: Callable[[Sequence[E]], E],
) -> Narrowed[E]:
    """An engine's expression that every matching document satisfies, where bounds are not asked for in a negation.

    Args:
        condition: None for all documents.
        has: the expression that the list of texts has one of these, at least one, or (with True) none of them.
        compare: the expression for a bound.
        both: the expression that all of two or more hold.
        either: the expression that one of two or more holds.
    """

    def leaf(node: Leaf, negated: bool) -> Narrowed[E]:
        if isinstance(node, Comparison) and node.op != "eq":
            if negated:
                return Narrowed()
            bound = bound_of(node)
            if bound is None:
                return Narrowed(has([present_word(node.path)], False))
            return Narrowed(compare(bound), bound.exact)
        return Narrowed(has(words_of(node) or [_NO_WORD], negated), exact=True)

    return narrow(condition, leaf, both, either)


def _widen(bounds: dict[str, Any], path: str, form: str) -> None:
    """Take the number of a fact into the bounds of its path."""
    value = double_of(int(form[1:17], 16))
    for name, choose in (("max", max), ("min", min)):
        field = name + _known(path)
        bounds[field] = choose(bounds.get(field, value), value)


def _digest(text: str) -> str:
    digest = blake2b(text.encode(), digest_size=12).digest()
    return b2a_base64(digest, newline=False).translate(_URL_SAFE).decode()


_known = lru_cache(1024)(_digest)
"""Of texts about a path, which are the same in all documents of a collection."""
