"""Operations on the rows of one collection's table, its name quoted: SQL text and tuples. Makes no tables.

A filter that SQL cannot decide (see `filters`) is decided by `matches`, on rows that the engine narrowed down.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from singlestoredb.exceptions import IntegrityError

from praison_persist.filters import Filter, matches
from praison_persist.parts import in_parts
from praison_persist.scores import Distance
from praison_persist.sql.operation import Operation, Statement, Steps, operation
from praison_persist.vectorstore import already_exists

from . import convert
from .filters import to_sql

__all__ = ["count", "fetch", "insert", "nearest", "page", "remove", "taken", "upsert"]

Row = tuple[Any, ...]

_MARKS = f"({', '.join(['%s'] * len(convert.COLUMNS))})"
_CHARACTERS = 1_000_000  # of rows in one statement; servers take 16 MiB at least, and escaping doubles at worst
_SCAN = 1000  # rows that are read at a time where metadata decides
_DELETED = 100  # rows that one statement deletes by their metadata


def insert(table: str, rows: Sequence[Row]) -> Operation[None]:
    """Store new rows, all or none.

    Raises:
        AlreadyExistsError: one of the ids exists.
    """
    return _write("INSERT", table, rows, idempotent=False)


def upsert(table: str, rows: Sequence[Row]) -> Operation[None]:
    """Store rows in place of those with the same ids, all or none."""
    return _write("REPLACE", table, rows, idempotent=True)


@operation()
def taken(table: str, ids: Sequence[str]) -> Steps[list[str]]:
    """Those of the ids that exist."""
    where, params = _where(None, ids=ids)
    return [row[0].decode() for row in (yield Statement(f"SELECT id FROM {table}{where}", params)).rows]


@operation()
def nearest(
    table: str, distance: Distance, query: bytes, limit: int, condition: Filter | None
) -> Steps[tuple[list[Row], int]]:
    """The matching ones of the nearest ``limit`` rows that the engine finds, and how many it found.

    A row is `convert.READ` and the measure; without a measure, it is left out.
    """
    where, params = _where(condition)
    found = yield Statement(
        f"SELECT {convert.READ}, {convert.MEASURES[distance]} AS measure FROM {table}{where}"
        " ORDER BY measure DESC LIMIT %s",
        (query, *params, min(limit, 2**31)),
    )
    rows = [tuple(row) for row in found.rows if row[-1] is not None and _matches(condition, row[4])]
    return rows, len(found.rows)


@operation()
def fetch(table: str, ids: Sequence[str]) -> Steps[Sequence[Sequence[Any]]]:
    """The rows (`convert.READ_WHOLE`) that exist among the ids."""
    where, params = _where(None, ids=ids)
    return (yield Statement(f"SELECT {convert.READ_WHOLE} FROM {table}{where}", params)).rows


@operation()
def page(table: str, condition: Filter | None, size: int, after: bytes | None) -> Steps[tuple[list[Row], bytes | None]]:
    """The matching ones of the next ``size`` rows (`convert.READ_WHOLE`), and the id behind which others may follow."""
    where, params = _where(condition, after=after)
    statement = Statement(f"SELECT {convert.READ_WHOLE} FROM {table}{where} ORDER BY id LIMIT %s", (*params, size))
    rows = (yield statement).rows
    return [tuple(row) for row in rows if _matches(condition, row[4])], rows[-1][0] if len(rows) == size else None


@operation()
def count(table: str, condition: Filter | None) -> Steps[int]:
    """How many rows match."""
    if to_sql(condition)[2]:
        where, params = _where(condition)
        return (yield Statement(f"SELECT COUNT(*) FROM {table}{where}", params)).rows[0][0]
    number, after = 0, None
    while True:
        rows, after = yield from _scan(table, condition, None, after)
        number += len(rows)
        if after is None:
            return number


@operation(transaction=True, idempotent=False)
def remove(table: str, ids: Sequence[str] | None, condition: Filter | None) -> Steps[int]:
    """Delete what is among the ids (None: any id) and matches; how many there were."""
    if to_sql(condition)[2]:
        where, params = _where(condition, ids=ids)
        return (yield Statement(f"DELETE FROM {table}{where}", params)).rowcount
    number, after = 0, None
    while True:
        rows, after = yield from _scan(table, condition, ids, after)
        for start in range(0, len(rows), _DELETED):
            params = []
            same = " OR ".join(_unchanged(row, params) for row in rows[start : start + _DELETED])
            number += (yield Statement(f"DELETE FROM {table} WHERE {same}", params)).rowcount
        if after is None:
            return number


def _write(verb: str, table: str, rows: Sequence[Row], *, idempotent: bool) -> Operation[None]:
    into = f"{verb} INTO {table} ({', '.join(convert.COLUMNS)}) VALUES "
    # In the order of their ids, so that two writers wait for each other and never in a circle.
    parts = list(in_parts(sorted(rows), convert.size_of, _CHARACTERS))

    def write() -> Steps[None]:
        try:
            for part in parts:
                yield Statement(into + ", ".join([_MARKS] * len(part)), [value for row in part for value in row])
        except IntegrityError as error:
            raise already_exists([row[0].decode() for row in rows]) from error

    return operation(transaction=len(parts) > 1, idempotent=idempotent)(write)()


def _scan(
    table: str, condition: Filter | None, ids: Sequence[str] | None, after: bytes | None
) -> Steps[tuple[list[Row], bytes | None]]:
    """Ids and metadata of the matching ones of the next rows, and the id behind which others may follow."""
    where, params = _where(condition, ids=ids, after=after)
    statement = Statement(f"SELECT id, metadata FROM {table}{where} ORDER BY id LIMIT %s", (*params, _SCAN))
    rows = (yield statement).rows
    return [tuple(row) for row in rows if _matches(condition, row[1])], rows[-1][0] if len(rows) == _SCAN else None


def _matches(condition: Filter | None, metadata: str | None) -> bool:
    return condition is None or matches(condition, convert.metadata_of(metadata))


def _unchanged(row: Row, params: list[Any]) -> str:
    """The row, if its metadata is still what was read."""
    id_, metadata = row
    params.append(id_)
    if metadata is None:
        return "(id = %s AND metadata IS NULL)"
    params.append(metadata)
    return "(id = %s AND metadata = %s)"


def _where(
    condition: Filter | None, *, ids: Sequence[str] | None = None, after: bytes | None = None
) -> tuple[str, list[Any]]:
    """The WHERE clause, or "", and its parameters."""
    text, values, _ = to_sql(condition)
    parts, params = [text] if text else [], list[Any](values)
    if ids is not None:
        parts.append(f"id IN ({', '.join(['%s'] * len(ids))})" if ids else "1 = 0")
        params += [id_.encode() for id_ in ids]
    if after is not None:
        parts.append("id > %s")
        params.append(after)
    return (" WHERE " + " AND ".join(parts) if parts else ""), params
