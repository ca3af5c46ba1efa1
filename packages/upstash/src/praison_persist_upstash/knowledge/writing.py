"""Vectors of one namespace, written and deleted, and waiting until that is seen. Knows one index's client."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from praison_persist.asking import ask
from praison_persist.errors import PersistError
from praison_persist.parts import in_parts
from praison_persist.steps import Steps
from praison_persist.waiting import until

from .convert import MARK, Record, mark_of
from .reading import IDS, Space, counts_of, fetched

__all__ = ["deleted", "gone", "stored", "take_back", "visible"]

_GRACE = 1.0
"""Seconds after which the index's statistics are believed, which come late themselves."""


def stored(space: Space, records: Sequence[Record], most_bytes: int) -> Steps[None]:
    """Write vectors over whatever has their ids.

    Raises:
        PersistError: ambiguous where some of them are written.
    """
    some = False
    for part in in_parts(records, attrgetter("size"), most_bytes, longest=IDS):

        def upsert(part: list[Record] = part) -> Any:
            return space.client.upsert(vectors=[one.body for one in part], namespace=space.namespace)

        try:
            yield from ask(space.engine, upsert, write=True)
        except PersistError as error:
            error.ambiguous |= some
            raise
        some = True


def deleted(space: Space, ids: Sequence[str]) -> Steps[None]:
    """Delete the vectors with these ids."""
    for start in range(0, len(ids), IDS):

        def delete(start: int = start) -> Any:
            return space.client.delete(ids=list(ids[start : start + IDS]), namespace=space.namespace)

        yield from ask(space.engine, delete, write=True)


def take_back(space: Space, ids: Sequence[str], failure: PersistError) -> Steps[None]:
    """Take back what a failed insert has written; where that fails too, the first error is the one that counts."""
    try:
        yield from deleted(space, ids)
    except PersistError as exc:
        failure.ambiguous = True
        raise failure from exc


def visible(space: Space, write: str, ids: Sequence[str], vector: Sequence[float], seconds: float) -> Steps[None]:
    """Wait until queries see what a write brought.

    They do when a query for all that has the write's mark finds as many; or, since a query may not compare all vectors
    with a filter, and another write may have replaced some, when the vectors are there and none is pending.

    Args:
        ids: at most `IDS` of the write's vectors.
        vector: of one of them.
        seconds: after which it is given up.
    """
    began = time.monotonic()

    def seen() -> Steps[bool]:
        found = yield from ask(
            space.engine,
            lambda: space.client.query(
                vector=list(vector), top_k=len(ids), filter=f"{MARK} = '{write}'", namespace=space.namespace
            ),
        )
        if len(found) == len(ids):
            return True
        if time.monotonic() - began < _GRACE:
            return False
        told = yield from ask(space.engine, lambda: space.client.info())
        if counts_of(told, space.namespace).pending:
            return False
        return len((yield from fetched(space, ids, metadata=False))) == len(ids)

    yield from until(space.engine.pause, seen, seconds, "Upstash's searches do not see the documents yet")


def gone(space: Space, marks: Mapping[str, Any], seconds: float) -> Steps[None]:
    """Wait until deleted vectors are gone, or another write brought them again; ``marks`` of before, by id."""

    def seen() -> Steps[bool]:
        found = yield from fetched(space, list(marks))
        return all(mark_of(one) != marks[one.id] for one in found)

    yield from until(space.engine.pause, seen, seconds, "Upstash still shows deleted documents")
