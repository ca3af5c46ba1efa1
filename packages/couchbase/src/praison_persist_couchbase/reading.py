"""Documents of one collection, found by statements of SQL++. Knows the client's engine, and no hooks."""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from praison_persist.asking import ask
from praison_persist.errors import PersistError
from praison_persist.filters import Filter, matches
from praison_persist.knowledge import CollectionInfo, KnowledgeDocument
from praison_persist.overfetch import overfetch
from praison_persist.steps import Steps

from . import convert
from .filters import to_where
from .location import Fields

__all__ = ["Part", "counted", "dropped", "matching", "nearest", "partly"]

_REMOVED = 1000
"""Documents that one statement deletes."""


@dataclass(frozen=True)
class Part:
    """The documents of one collection of a store.

    Attributes:
        engine: an `Engine` or `AsyncEngine`.
        fields: the names of content and embedding.
        name: what starts the documents' keys.
    """

    engine: Any
    fields: Fields
    name: str

    def source(self, where: str | None = None, *, after: str | None = None) -> str:
        """From ``FROM`` on: documents that satisfy a condition, with keys behind ``$after`` where that is given."""
        begin = "$after" if after is not None else f'"{self.name}:"'
        condition = f'META(d).id > {begin} AND META(d).id < "{self.name};"'  # the letter after ":" is ";"
        return f"FROM {self.engine.location.keyspace} AS d WHERE {condition}{f' AND {where}' if where else ''}"


def nearest(
    part: Part, info: CollectionInfo, vector: Sequence[float], limit: int, condition: Filter | None
) -> Steps[list[KnowledgeDocument]]:
    """The nearest documents that match, with scores and without embeddings, best first."""
    narrowed = to_where(condition)
    distance = f'VECTOR_DISTANCE(d.`{part.fields.vector}`, $vector, "{convert.metric(info.distance)}")'
    statement = (
        f"SELECT {convert.shown(part.fields)}, {distance} AS distance {part.source(narrowed.where)} "
        f"ORDER BY distance LIMIT $limit"
    )

    def look(size: int) -> Steps[tuple[list[KnowledgeDocument], bool]]:
        named = {"vector": list(vector), "limit": size}
        rows: list[Any] = yield from ask(part.engine, lambda: part.engine.query(statement, named))
        found = [
            convert.to_document(
                row["key"], row, part.fields, score=convert.to_score(info.distance, float(row["distance"]))
            )
            for row in rows
        ]
        if not narrowed.exact:
            found = [one for one in found if matches(condition, one.metadata)]
        return found, len(rows) == size

    return (yield from overfetch(look, limit, first=limit if narrowed.exact else 4 * limit, most=sys.maxsize))


def matching(
    part: Part, condition: Filter | None, size: int, after: str | None
) -> Steps[tuple[list[KnowledgeDocument], str | None]]:
    """At most ``size`` of the documents that match, with embeddings, and the key to go on after: None at the end."""
    narrowed = to_where(condition)
    fields = f"{convert.shown(part.fields)}, d.`{part.fields.vector}` AS `{part.fields.vector}`"
    statement = f"SELECT {fields} {part.source(narrowed.where, after=after)} ORDER BY META(d).id LIMIT $limit"
    named = {"limit": size, **({} if after is None else {"after": after})}
    rows: list[Any] = yield from ask(part.engine, lambda: part.engine.query(statement, named))
    found = [convert.to_document(row["key"], row, part.fields) for row in rows]
    if not narrowed.exact:
        found = [one for one in found if matches(condition, one.metadata)]
    return found, rows[-1]["key"] if len(rows) == size else None


def counted(part: Part, condition: Filter | None) -> Steps[int | None]:
    """How many documents match; None where a statement cannot tell."""
    narrowed = to_where(condition)
    if not narrowed.exact:
        return None
    statement = f"SELECT RAW COUNT(*) {part.source(narrowed.where)}"
    return (yield from ask(part.engine, lambda: part.engine.query(statement, {})))[0]


def dropped(part: Part, condition: Filter | None) -> Steps[int | None]:
    """Delete the documents that match; how many. None, and nothing is deleted, where a statement cannot tell them."""
    narrowed = to_where(condition)
    if not narrowed.exact:
        return None
    statement = f"DELETE {part.source(narrowed.where)} LIMIT {_REMOVED} RETURNING RAW META(d).id"
    removed: list[str] = []
    with partly(removed):
        while True:
            rows: list[str] = yield from ask(
                part.engine, lambda: part.engine.query(statement, {}, write=True), write=True, once=True
            )
            removed += rows
            if len(rows) < _REMOVED:
                return len(removed)


@contextmanager
def partly(done: Sized) -> Generator[None]:
    """An error inside is ambiguous where something is done already."""
    try:
        yield
    except PersistError as error:
        error.ambiguous |= len(done) > 0
        raise
