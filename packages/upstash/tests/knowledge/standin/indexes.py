"""Indexes, their namespaces and vectors: a write is known at once, and seen some time later."""

from __future__ import annotations

import heapq
import json
import math
import threading
import time
from array import array
from operator import mul
from pathlib import Path
from typing import Any

from conditions import Condition
from refusal import RequestError

__all__ = ["Index", "Indexes", "Namespace"]

Vector = dict[str, Any]


class Namespace:
    """Vectors by id, and the writes that are not seen yet."""

    def __init__(self, lag: float, late: float) -> None:
        self._lag, self._late = lag, late
        self._vectors: dict[str, Vector] = {}
        self._log: list[tuple[float, dict[str, Vector | None]]] = []

    def write(self, changes: dict[str, Vector | None]) -> None:
        """Replace vectors, or delete those that are None."""
        if self._lag:
            self._log.append((time.monotonic(), changes))
        else:
            _apply(self._vectors, changes)

    def seen(self) -> dict[str, Vector]:
        """The vectors that requests see."""
        while self._log and self._log[0][0] + self._lag <= time.monotonic():
            _apply(self._vectors, self._log.pop(0)[1])
        return self._vectors

    def counts(self) -> tuple[int, int]:
        """How many vectors are ready and how many pending, as far as the statistics know."""
        seen, now = self.seen(), time.monotonic()
        pending = {id_ for at, changes in self._log if at + self._late <= now for id_, one in changes.items() if one}
        return len(seen.keys() - pending), len(pending)

    def nearest(self, index: Index, vector: list[float], most: int, condition: Condition) -> list[tuple[float, Vector]]:
        """Scores and vectors, the most similar first; with a budget, of those that are compared with the filter."""
        wanted, among = array("f", vector).tolist(), self.seen().values()
        if index.budget is not None:
            among = heapq.nlargest(index.budget, among, key=lambda one: index.score(wanted, one["vector"]))
        scored = ((index.score(wanted, one["vector"]), one) for one in among if condition(one["metadata"] or {}))
        return heapq.nlargest(most, scored, key=lambda pair: pair[0])


class Index:
    """One index.

    Attributes:
        dimension: of its vectors.
        metric: as the API names it.
        budget: how many of the nearest vectors a query compares with its filter; None for all.
        spaces: its namespaces by name.
    """

    def __init__(self, name: str, indexes: Indexes) -> None:
        dimension, _, metric = name.partition(".")[0].partition("-")
        if not dimension.isdigit() or metric not in ("cosine", "euclidean", "dot_product"):
            raise RequestError(404, f"no index {name!r}")
        self.dimension, self.metric = int(dimension), metric.upper()
        self.budget = indexes.budget
        self.spaces: dict[str, Namespace] = {}
        self._name, self._indexes = name, indexes

    def space(self, name: str) -> Namespace:
        """A namespace, which is made by the first that names it, also by a read."""
        if name not in self.spaces:
            self.spaces[name] = Namespace(self._indexes.lag, self._indexes.late)
        return self.spaces[name]

    def write(self, space: str, changes: dict[str, Vector | None]) -> None:
        """Change vectors of a namespace, and keep that in the journal."""
        self.space(space).write(changes)
        self._indexes.note(self._name, space, changes)

    def drop(self, space: str) -> None:
        """Delete a namespace."""
        if self.spaces.pop(space, None) is None:
            raise RequestError(404, f"Namespace {space} for the index {self._name} does not exist")
        self._indexes.note(self._name, space, None)

    def score(self, wanted: list[float], vector: list[float]) -> float:
        """From 0 to 1 for vectors of length 1, higher is nearer, as the documentation gives the formulas."""
        if self.metric == "EUCLIDEAN":
            return 1.0 / (1.0 + math.dist(wanted, vector) ** 2)
        product = sum(map(mul, wanted, vector))
        if self.metric == "COSINE":
            product /= math.hypot(*wanted) * math.hypot(*vector) or 1.0
        return (1.0 + product) / 2.0


class Indexes:
    """All indexes.

    Attributes:
        lock: around every request.
    """

    def __init__(self, lag: float, late: float, budget: int | None, journal: Path | None) -> None:
        self.lag, self.late, self.budget = lag, late, budget
        self.lock = threading.Lock()
        self._indexes: dict[str, Index] = {}
        self._journal = None
        if journal is not None:
            if journal.exists():
                self._read(journal)
            self._journal = journal.open("a", encoding="utf-8")

    def get(self, name: str) -> Index:
        """An index; made when first asked for."""
        if name not in self._indexes:
            self._indexes[name] = Index(name, self)
        return self._indexes[name]

    def note(self, index: str, space: str, changes: dict[str, Vector | None] | None) -> None:
        """Keep a change in the journal; None where the namespace is deleted."""
        if self._journal is not None:
            self._journal.write(json.dumps([index, space, changes]) + "\n")
            self._journal.flush()

    def _read(self, journal: Path) -> None:
        for line in journal.read_text(encoding="utf-8").splitlines():
            index, space, changes = json.loads(line)
            if changes is None:
                self.get(index).spaces.pop(space, None)
            else:
                self.get(index).space(space).write(changes)


def _apply(vectors: dict[str, Vector], changes: dict[str, Vector | None]) -> None:
    for id_, one in changes.items():
        if one is None:
            vectors.pop(id_, None)
        else:
            vectors[id_] = one
