"""The filter AST as an expression of Milvus over the documents' tokens. Pure functions.

Milvus Lite cannot negate, so what a document must lack is left to `filters.matches`, as are ranges.
"""

from __future__ import annotations

from collections.abc import Iterable

from praison_persist.filters import Filter
from praison_persist.filtertokens import AllOf, AnyOf, Has, Lacks, Tokens, to_tokens
from praison_persist.narrowing import Narrowed

__all__ = ["NOTHING", "any_id", "both", "to_expression"]

NOTHING = 'id == ""'


def to_expression(condition: Filter | None) -> Narrowed[str]:
    """An expression that every matching document satisfies; see `Narrowed`."""
    tokens, exact = to_tokens(condition)
    narrowed = _translate(tokens)
    return Narrowed(narrowed.where, exact and narrowed.exact)


def any_id(keys: Iterable[str]) -> str:
    """The rows with these keys, at least one."""
    return f"id in [{_quoted(keys)}]"


def both(*expressions: str | None) -> str:
    """All of these that are expressions; "" for all rows."""
    return " and ".join(f"({expression})" for expression in expressions if expression)


def _translate(tokens: Tokens) -> Narrowed[str]:
    if isinstance(tokens, Has):
        return Narrowed(f'array_contains(tokens, "{tokens.token}")', exact=True)
    if isinstance(tokens, Lacks):
        return Narrowed()
    if isinstance(tokens, AllOf):
        parts = [_translate(part) for part in tokens.operands]
        return Narrowed(both(*(part.where for part in parts)) or None, all(part.exact for part in parts))
    return _any_of(tokens)


def _any_of(tokens: AnyOf) -> Narrowed[str]:
    single = [part.token for part in tokens.operands if isinstance(part, Has)]
    parts = [_translate(part) for part in tokens.operands if not isinstance(part, Has)]
    wheres = [f"array_contains_any(tokens, [{_quoted(single)}])"] if single else []
    for part in parts:
        if part.where is None:
            return Narrowed()
        wheres.append(part.where)
    expression = " or ".join(f"({where})" for where in wheres)
    return Narrowed(expression or NOTHING, all(part.exact for part in parts))


def _quoted(words: Iterable[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)  # hexadecimal digits only
