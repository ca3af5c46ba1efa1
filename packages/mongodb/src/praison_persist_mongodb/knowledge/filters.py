"""The filter AST as MongoDB's conditions on a document's facts, for queries and for vector searches. Pure functions.

Each fact of `praison_persist.facts` is a text in one list, so that nothing depends on what MongoDB means by a missing
field, null, a list, a boolean or a number. A query is exact; a vector search has no condition on one element of a list,
so that ranges are only narrowed down there, and `praison_persist.filters.matches` decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, TypeGuard

from praison_persist.facts import equal, facts_of, present, span
from praison_persist.filters import Comparison, Exists, Filter, In
from praison_persist.narrowing import Leaf, Narrowed, narrow

__all__ = ["FACTS", "stored_facts", "to_prefilter", "to_query"]

FACTS = "facts"
"""The field with the list of facts."""

_EVERY = "*"
"""The fact of all documents."""

_LONGEST = 200  # characters, far below what an index of MongoDB or of its search takes

Native = dict[str, Any]


def stored_facts(metadata: Mapping[str, Any] | None) -> list[str]:
    """The facts of a document, short enough for indexes."""
    return [_EVERY, *map(_shortened, facts_of(metadata))]


def to_query(condition: Filter | None) -> Narrowed[Native]:
    """What a query of MongoDB asks for; exact but for ranges with a very long bound."""
    return narrow(condition, _in_query, _all_of, _any_of)


def to_prefilter(condition: Filter | None) -> Narrowed[Native]:
    """What a vector search asks for; exact but for ranges."""
    return narrow(condition, _in_search, _all_of, _any_of)


def _in_query(node: Leaf, negated: bool) -> Narrowed[Native]:
    if not _is_range(node):
        return _in_search(node, negated)
    facts = span(node)
    if max(len(facts.low), len(facts.high)) > _LONGEST:
        return _in_search(node, negated)
    one = {"$gt" if facts.above else "$gte": facts.low, "$lt" if facts.below else "$lte": facts.high}
    some: Native = {"$elemMatch": one}
    return Narrowed({FACTS: {"$not": some} if negated else some}, exact=True)


def _in_search(node: Leaf, negated: bool) -> Narrowed[Native]:
    if _is_range(node):
        return Narrowed() if negated else Narrowed({FACTS: {"$in": [_shortened(present(node.path))]}})
    if isinstance(node, Exists):
        facts = [present(node.path)]
    else:
        values = node.values if isinstance(node, In) else (node.value,)
        facts = [equal(node.path, value) for value in values]
    wanted = list(dict.fromkeys(map(_shortened, facts))) or ["-"]  # $in of nothing: no fact is like this one
    return Narrowed({FACTS: {"$nin" if negated else "$in": wanted}}, exact=True)


def _is_range(node: Leaf) -> TypeGuard[Comparison]:
    return isinstance(node, Comparison) and node.op != "eq"


def _shortened(fact: str) -> str:
    """A fact, or the start of a long one and a digest of it: that is another text, and in the order of the start."""
    if len(fact) <= _LONGEST:
        return fact
    return fact[:_LONGEST] + blake2b(fact.encode(), digest_size=16).hexdigest()


def _all_of(conditions: Sequence[Native]) -> Native:
    return {"$and": list(conditions)}


def _any_of(conditions: Sequence[Native]) -> Native:
    return {"$or": list(conditions)}
