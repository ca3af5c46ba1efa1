"""Statements of SQL++ over the collections: SELECT, DELETE and CREATE PRIMARY INDEX, as far as this subset goes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from cluster import Cluster, Collection
from expressions import MISSING, Expression, Scope, Words, collated, expression
from refusal import QueryRefusedError

__all__ = ["Outcome", "run"]


@dataclass
class Outcome:
    """What a statement brought.

    Attributes:
        rows: its results.
        mutations: documents that it changed.
    """

    rows: list[Any]
    mutations: int = 0


@dataclass
class _Source:
    """What a statement reads: a collection under an alias, or ``system:indexes``."""

    alias: str
    collection: Collection | None


def run(cluster: Cluster, statement: str, parameters: dict[str, Any], *, readonly: bool, at_once: bool) -> Outcome:
    """Run a statement.

    Args:
        parameters: named ones, without their ``$``.
        readonly: nothing may be changed.
        at_once: indexes as they are now; False for what they will be when they know of all writes so far.

    Raises:
        QueryRefusedError: refused.
    """
    words = Words(statement)
    if words.take("SELECT"):
        return _Reading(cluster, words, parameters, at_once).selected()
    if readonly:
        raise QueryRefusedError(1000, "Read-only request cannot contain a write statement", 403)
    if words.take("DELETE"):
        return _Reading(cluster, words, parameters, at_once).deleted()
    if words.take("CREATE", "PRIMARY", "INDEX"):
        return _created(cluster, words)
    raise QueryRefusedError(3000, f"syntax error - the stand-in has no {words.peek()}")


class _Reading:
    def __init__(self, cluster: Cluster, words: Words, parameters: dict[str, Any], at_once: bool) -> None:
        self._cluster = cluster
        self._words = words
        self._parameters = parameters
        self._at_once = at_once

    def selected(self) -> Outcome:
        raw = self._words.take("RAW")
        items = [_item(self._words)]
        while self._words.take(","):
            items.append(_item(self._words))
        self._words.need("FROM")
        source = self._source()
        where, order, limit = self._where(), self._order(), self._limit()
        self._end()
        scopes = [scope for scope in self._scopes(source) if where is None or where(scope) is True]
        if items[0][0] is None:  # COUNT(*) counts what is left
            return Outcome([len(scopes)] if raw else [{items[0][1]: len(scopes)}])
        named = {name: value for value, name in items if value is not None}
        for scope in scopes:
            scope.names = {**named, **scope.names}
        for value, descending in reversed(order):
            scopes.sort(key=lambda scope: collated(value(scope)), reverse=descending)
        rows: list[Any] = []
        for scope in scopes[:limit]:
            values = {name: value(scope) for name, value in named.items()}
            given = {name: value for name, value in values.items() if value is not MISSING}
            rows.append(next(iter(given.values()), None) if raw else given)
        return Outcome(rows)

    def deleted(self) -> Outcome:
        self._words.need("FROM")
        source = self._source()
        if source.collection is None:
            raise QueryRefusedError(12003, "Keyspace not found", 500)
        where, limit = self._where(), self._limit()
        returned = None
        if self._words.take("RETURNING", "RAW"):
            returned = expression(self._words)
        self._end()
        scopes = [scope for scope in self._scopes(source) if where is None or where(scope) is True][:limit]
        rows = [returned(scope) for scope in scopes] if returned is not None else []
        number = self._cluster.collection_id(*source.collection.name)
        removed = 0
        for scope in scopes:
            key = scope.keys[source.alias][0]
            if key in source.collection.documents:
                self._cluster.remove(number, key, 0, persist=False)
                removed += 1
        return Outcome(rows, removed)

    def _source(self) -> _Source:
        collection = None
        if self._words.take("SYSTEM", ":", "INDEXES"):
            pass
        else:
            collection = _keyspace(self._cluster, self._words)
        self._words.take("AS")
        return _Source(self._words.name(), collection)

    def _where(self) -> Expression | None:
        return expression(self._words) if self._words.take("WHERE") else None

    def _order(self) -> list[tuple[Expression, bool]]:
        order: list[tuple[Expression, bool]] = []
        if self._words.take("ORDER", "BY"):
            while not order or self._words.take(","):
                value = expression(self._words)
                descending = self._words.take("DESC")
                self._words.take("ASC")
                order.append((value, descending))
        return order

    def _limit(self) -> int | None:
        if not self._words.take("LIMIT"):
            return None
        limit = expression(self._words)(Scope({}, {}, self._parameters))
        if not isinstance(limit, int) or isinstance(limit, bool):
            raise QueryRefusedError(5010, "Error evaluating: LIMIT is no integer", 500)
        return max(limit, 0)

    def _end(self) -> None:
        if self._words.peek():
            raise QueryRefusedError(3000, f"syntax error - near: {self._words.peek()!r}")

    def _scopes(self, source: _Source) -> list[Scope]:
        if source.collection is None:
            return [
                Scope({source.alias: one}, {source.alias: ("", 0)}, self._parameters) for one in _indexes(self._cluster)
            ]
        if not any(ready <= time.monotonic() for ready in source.collection.primary.values()):
            path = ".".join((self._cluster.bucket, *source.collection.name))
            raise QueryRefusedError(4000, f"No index available on keyspace `default`:{path}", 404)
        shown = source.collection.documents
        if self._at_once:
            shown = self._cluster.indexed(source.collection)
        return [
            Scope({source.alias: one.value}, {source.alias: (key, one.cas)}, self._parameters)
            for key, one in shown.items()
        ]


def _item(words: Words) -> tuple[Expression | None, str]:
    """An item of SELECT, and its name; None for ``COUNT(*)``."""
    if words.take("COUNT", "(", "*", ")"):
        return None, words.name() if words.take("AS") else "$1"
    value = expression(words)
    return value, words.name() if words.take("AS") else "$1"


def _keyspace(cluster: Cluster, words: Words) -> Collection:
    path = [words.name()]
    while words.take("."):
        path.append(words.name())
    if len(path) != 3 or path[0] != cluster.bucket:
        raise QueryRefusedError(12003, f"Keyspace not found in CB datastore: default:{'.'.join(path)}", 500)
    return cluster.named(path[1], path[2])


def _created(cluster: Cluster, words: Words) -> Outcome:
    exists = words.take("IF", "NOT", "EXISTS")
    name = "#primary" if words.peek() == "ON" else words.name()
    exists = words.take("IF", "NOT", "EXISTS") or exists
    words.need("ON")
    collection = _keyspace(cluster, words)
    if not cluster.add_primary(collection, name) and not exists:
        raise QueryRefusedError(4300, f"The index {name} already exists.", 409)
    return Outcome([])


def _indexes(cluster: Cluster) -> list[dict[str, Any]]:
    """The rows of ``system:indexes``."""
    rows: list[dict[str, Any]] = []
    for collection in cluster.collections.values():
        for name, ready in collection.primary.items():
            row: dict[str, Any] = {"name": name, "is_primary": True, "using": "gsi", "namespace_id": "default"}
            row["state"] = "online" if ready <= time.monotonic() else "building"
            if collection.name == ("_default", "_default"):
                row["keyspace_id"] = cluster.bucket
            else:
                row |= {"bucket_id": cluster.bucket, "scope_id": collection.name[0], "keyspace_id": collection.name[1]}
            rows.append(row)
    return rows
