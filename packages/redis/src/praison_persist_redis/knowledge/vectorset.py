"""Redis 8's vector sets (``VADD``, ``VSIM``) as an index. No I/O.

A collection is one vector set of the ids, beside the documents' hashes. Its attributes are the documents' tokens, and
every element has some: Redis never finds one that lacks an attribute of the filter, not even for a negation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from praison_persist.command_vectors import Hit, Place, ServerIndex, pairs
from praison_persist.filtertokens import EVERYTHING, AllOf, Has, Lacks, Tokens
from praison_persist.jsontext import encode
from praison_persist.state_engines import Command

__all__ = ["Quantization", "VectorSetIndex", "to_expression"]

Quantization = Literal["NOQUANT", "Q8", "BIN"]


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

    def attributes(self, tokens: Sequence[str]) -> str:
        return encode({"t": ["", *tokens]})

    def search(self, place: Place, vector: bytes, count: int, condition: Tokens, *, exact: bool) -> Command:
        asked = () if condition == EVERYTHING else ("FILTER", to_expression(condition))
        wider = ("TRUTH",) if exact else ()
        how: tuple[str | int, ...] = ("WITHSCORES", "COUNT", count, "EF", max(count, self._ef), *asked, *wider)
        return ("VSIM", place.vectors, "FP32", vector, *how)

    def hits(self, place: Place, reply: Any) -> list[Hit]:
        # The score is half of 1 + cosine.
        return [Hit(id_, 2.0 * float(score) - 1.0, None) for id_, score in pairs(reply).items()]


def to_expression(condition: Tokens) -> str:
    """The condition in the filter language of ``VSIM``."""
    if isinstance(condition, Has):
        return f'"{condition.token}" in .t'
    if isinstance(condition, Lacks):
        return f'not ("{condition.token}" in .t)'
    word = " and " if isinstance(condition, AllOf) else " or "
    return word.join(f"({to_expression(part)})" for part in condition.operands)
