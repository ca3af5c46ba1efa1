"""The filter AST as a condition over the column ``tokens``, never NULL. No I/O.

Only ranges are not exact that way: `praison_persist.filters.matches` decides on what the condition leaves. Tokens are
parameters, never part of the statement.
"""

from __future__ import annotations

from praison_persist.filters import Filter
from praison_persist.filtertokens import EVERYTHING, NOTHING, AllOf, Has, Lacks, Tokens, to_tokens

__all__ = ["to_sql"]


def to_sql(condition: Filter | None) -> tuple[str, list[str], bool]:
    """What every match satisfies ("" for all rows), its parameters, and whether nothing else does."""
    tokens, exact = to_tokens(condition)
    params: list[str] = []
    return ("" if tokens == EVERYTHING else _translate(tokens, params)), params, exact


def _translate(tokens: Tokens, params: list[str]) -> str:
    if isinstance(tokens, (Has, Lacks)):
        params.append(f"%{tokens.token}%")
        return f"tokens {'LIKE' if isinstance(tokens, Has) else 'NOT LIKE'} %s"
    if tokens == NOTHING:
        return "1 = 0"
    word = " AND " if isinstance(tokens, AllOf) else " OR "
    return "(" + word.join(_translate(part, params) for part in tokens.operands) + ")"
