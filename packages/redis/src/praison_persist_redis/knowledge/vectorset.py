"""Redis 8's vector sets (``VADD``, ``VSIM``) as an index. No I/O.

A collection is one vector set of the ids, beside the documents' hashes. Its attributes are facets (see
`praison_persist.facets`), whose list ``t`` every element has: Redis never finds one that lacks an attribute of the
filter, not even for a negation. So bounds and the lists of single paths stand for conditions that must hold in any
case, which they also make cheap, and ``t`` for all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from json import JSONEncoder
from typing import Any, Literal

from praison_persist.command_vectors import Hit, Place, ServerIndex, pairs
from praison_persist.facets import FACTS, bound_of, facets_of, list_of, present_word, words_of
from praison_persist.filters import And, Comparison, Exists, Filter, In
from praison_persist.narrowing import Leaf, Narrowed, narrow
from praison_persist.state_engines import Command

__all__ = ["Quantization", "VectorSetIndex", "to_filter"]

Quantization = Literal["NOQUANT", "Q8", "BIN"]

_encode = JSONEncoder(separators=(",", ":")).encode  # of words and numbers, which need no check
_COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class VectorSetIndex(ServerIndex):
    """A vector set; it compares directions only.

    Args:
        m, ef_construction: of its graph (``M`` and ``EF`` of ``VADD``).
        ef_runtime: candidates that a search looks at (``EF`` of ``VSIM``).
        quantization: ``"NOQUANT"`` for float32; ``"Q8"`` and ``"BIN"`` are smaller and less exact.
    """

    kind = "vectorset"
    distances = ("cosine",)
    complete = False

    def __init__(self, *, m: int, ef_construction: int, ef_runtime: int, quantization: Quantization) -> None:
        self.options = (quantization, "EF", ef_construction, "M", m)
        self._ef = ef_runtime

    def probe(self, prefix: str) -> Command:
        return ("VCARD", f"{prefix}collections:v")

    def attributes(self, metadata: Mapping[str, Any] | None) -> str:
        facets = facets_of(metadata, lists=True)
        words = facets.pop(FACTS)
        return _encode({**facets, "t": words})  # last: what is before it is found without reading it

    def narrowed(self, condition: Filter | None) -> Narrowed[str] | None:
        return to_filter(condition)

    def search(self, place: Place, vector: bytes, count: int, where: str | None, *, exact: bool) -> Command:
        asked = () if where is None else ("FILTER", where)
        wider = ("TRUTH",) if exact else ()
        how: tuple[str | int, ...] = ("WITHSCORES", "COUNT", count, "EF", max(count, self._ef), *asked, *wider)
        return ("VSIM", place.vectors, "FP32", vector, *how)

    def hits(self, place: Place, reply: Any) -> list[Hit]:
        # The score is half of 1 + cosine.
        return [Hit(id_, 2.0 * float(score) - 1.0, None) for id_, score in pairs(reply).items()]


def to_filter(condition: Filter | None) -> Narrowed[str] | None:
    """A filter over facets, in the filter language of ``VSIM``, that every matching document satisfies.

    None where it is plain that there is none.
    """
    needed = list(_needed(condition))
    if any(isinstance(node, In) and not node.values for node in needed):
        return None
    required = set(map(id, needed))

    def leaf(node: Leaf, negated: bool) -> Narrowed[str]:
        if isinstance(node, Comparison) and node.op != "eq":
            return Narrowed() if negated else _range(node, required=id(node) in required)
        words = words_of(node)
        if negated:
            return Narrowed(_all_of([f'not ("{word}" in .t)' for word in words]) if words else None, exact=True)
        field = list_of(node.path) if id(node) in required and not isinstance(node, Exists) else "t"
        return Narrowed(_any_of([f'"{word}" in .{field}' for word in words or ["-"]]), exact=True)  # no word is like it

    return narrow(condition, leaf, both=_all_of, either=_any_of)


def _needed(condition: Filter | None) -> Iterator[Filter | None]:
    """The parts of a condition without which it cannot hold."""
    if isinstance(condition, And):
        for operand in condition.operands:
            yield from _needed(operand)
    else:
        yield condition


def _range(node: Comparison, *, required: bool) -> Narrowed[str]:
    bound = bound_of(node) if required else None
    if bound is None:
        return Narrowed(f'"{present_word(node.path)}" in .t')
    number = repr(bound.value)
    if "e" in number:  # the language knows no exponents with a sign, but compares text with numbers as a number
        number = f'"{number}"'
    return Narrowed(f".{bound.field} {_COMPARE[bound.op]} {number}", bound.exact)


def _all_of(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else " and ".join(f"({part})" for part in parts)


def _any_of(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else " or ".join(f"({part})" for part in parts)
