"""Filters for engines that can only ask whether a set of words holds a word: metadata as tokens, filters over them.

Every present path, and every scalar at it, is a token. Equality, ``$in``, ``$exists`` and their negations are exact
over tokens; a range is not, so a filter has a lower and an upper bound. `praison_persist.filters.matches` decides what
lies between. Pure functions, no engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Union, cast

from .filters import And, Comparison, Exists, Filter, In, Not, Or

__all__ = ["EVERYTHING", "NOTHING", "AllOf", "AnyOf", "Has", "Lacks", "Tokens", "to_tokens", "tokens_of"]


@dataclass(frozen=True, slots=True)
class Has:
    """The document has this token."""

    token: str


@dataclass(frozen=True, slots=True)
class Lacks:
    """The document does not have this token."""

    token: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """All operands hold; two operands or more, or none: `EVERYTHING`."""

    operands: tuple[Tokens, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One operand holds; two operands or more, or none: `NOTHING`."""

    operands: tuple[Tokens, ...]


Tokens = Union[Has, Lacks, AllOf, AnyOf]

EVERYTHING = AllOf(())
NOTHING = AnyOf(())


def tokens_of(metadata: Mapping[str, Any] | None) -> list[str]:
    """The tokens of a document: 24 hexadecimal digits each, without repetition, in the order of the metadata."""
    return list(dict.fromkeys(_walk(metadata))) if metadata else []


def to_tokens(condition: Filter | None) -> tuple[Tokens, bool]:
    """What every match satisfies, and whether nothing else does.

    Negations stand at single tokens only, and neither constant occurs inside of another expression.
    """
    if condition is None:
        return EVERYTHING, True
    lower, upper = _bounds(condition, negated=False)
    return upper, lower == upper


def _walk(metadata: Mapping[str, Any]) -> Iterator[str]:
    waiting: list[tuple[tuple[str, ...], Mapping[str, Any]]] = [((), metadata)]
    while waiting:
        above, mapping = waiting.pop()
        for key, value in mapping.items():
            if not key or "." in key or key[0] == "$":
                continue  # no filter can name it
            path = (*above, key)
            yield _present(path)
            if isinstance(value, dict):
                waiting.append((path, cast("dict[str, Any]", value)))
                continue
            for item in cast("list[Any]", value) if isinstance(value, list) else (value,):
                if not isinstance(item, (dict, list)):
                    yield _equal(path, item)


def _present(path: tuple[str, ...]) -> str:
    return _digest("present", path, None)


def _equal(path: tuple[str, ...], value: Any) -> str:
    """Of values that are equal the same token, also of a subclass; True is not 1, but 1 is 1.0."""
    if value is None or isinstance(value, bool):
        return _digest("constant", path, value)
    if isinstance(value, str):
        return _digest("text", path, str.__str__(value))
    if isinstance(value, int) or value.is_integer():
        return _digest("integer", path, hex(int(value)))
    return _digest("float", path, float(value))


def _digest(*what: Any) -> str:
    return blake2b(repr(what).encode(errors="surrogatepass"), digest_size=12).hexdigest()


def _bounds(condition: Filter, *, negated: bool) -> tuple[Tokens, Tokens]:
    if isinstance(condition, Not):
        return _bounds(condition.operand, negated=not negated)
    if isinstance(condition, (And, Or)):
        parts = [_bounds(part, negated=negated) for part in condition.operands]
        join = _all_of if isinstance(condition, And) is not negated else _any_of
        return join([lower for lower, _ in parts]), join([upper for _, upper in parts])
    make = Lacks if negated else Has
    if isinstance(condition, Comparison) and condition.op != "eq":
        present = make(_present(condition.path))
        return (present, EVERYTHING) if negated else (NOTHING, present)
    if isinstance(condition, Exists):
        present = make(_present(condition.path))
        return present, present
    values = condition.values if isinstance(condition, In) else (condition.value,)
    tokens = dict.fromkeys(_equal(condition.path, value) for value in values)
    exact = (_all_of if negated else _any_of)([make(token) for token in tokens])
    return exact, exact


def _all_of(parts: list[Tokens]) -> Tokens:
    kept = [part for part in dict.fromkeys(parts) if part != EVERYTHING]
    if NOTHING in kept:
        return NOTHING
    return kept[0] if len(kept) == 1 else AllOf(tuple(kept))


def _any_of(parts: list[Tokens]) -> Tokens:
    kept = [part for part in dict.fromkeys(parts) if part != NOTHING]
    if EVERYTHING in kept:
        return EVERYTHING
    return kept[0] if len(kept) == 1 else AnyOf(tuple(kept))
