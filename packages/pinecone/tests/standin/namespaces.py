"""The records of one namespace, and its log: a write is committed at once and seen by reads some time later."""

from __future__ import annotations

import heapq
import math
import time
from array import array
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from operator import mul
from typing import Any

from conditions import matches
from refusal import bad

__all__ = ["Namespace"]

Record = dict[str, Any]


class Namespace:
    """Records by id.

    Attributes:
        committed: position of the last write in the log.
        indexed: position up to which reads see it.
    """

    def __init__(self, lag: float) -> None:
        self._lag = lag
        self._records: dict[str, Record] = {}
        self._log: list[tuple[float, dict[str, Record | None]]] = []
        self.committed = 0
        self.indexed = 0

    def write(self, changes: dict[str, Record | None]) -> None:
        """Replace records, or delete those that are None."""
        self.committed += 1
        self._log.append((time.monotonic() + self._lag, changes))

    def all(self) -> dict[str, Record]:
        """The records that reads see."""
        now, done = time.monotonic(), 0
        for seen_at, changes in self._log:
            if seen_at > now:
                break
            for id_, record in changes.items():
                if record is None:
                    self._records.pop(id_, None)
                else:
                    self._records[id_] = record
            done += 1
        del self._log[:done]
        self.indexed += done
        return self._records

    def latest(self) -> set[str]:
        """The ids that there are, seen by reads or not."""
        ids = set(self._records)
        for _, changes in self._log:
            for id_, record in changes.items():
                (ids.discard if record is None else ids.add)(id_)
        return ids

    def nearest(self, metric: str, vector: list[float], most: int, condition: Any) -> list[tuple[float, Record]]:
        """Scores and records, the most similar first."""
        wanted = array("f", vector).tolist()
        length = math.hypot(*wanted)
        among = (one for one in self.all().values() if condition is None or matches(condition, one["metadata"]))
        scored = ((_score(metric, wanted, length, one["values"]), one) for one in among)
        sign = -1 if metric == "euclidean" else 1
        return heapq.nlargest(most, scored, key=lambda pair: sign * pair[0])

    def page(self, records: Iterable[str], limit: int, token: str | None) -> tuple[list[str], str | None]:
        """Ids in order, after those of the page before, and the token for those behind them."""
        try:
            after = "" if token is None else urlsafe_b64decode(token).decode()
        except ValueError:
            raise bad("Invalid pagination token") from None
        ids = heapq.nsmallest(limit + 1, (id_ for id_ in records if id_ > after))
        more = urlsafe_b64encode(ids[limit - 1].encode()).decode() if len(ids) > limit else None
        return ids[:limit], more


def _score(metric: str, wanted: list[float], length: float, values: list[float]) -> float:
    if metric == "euclidean":
        return math.dist(wanted, values) ** 2
    product = sum(map(mul, wanted, values))
    if metric == "dotproduct":
        return product
    lengths = length * math.hypot(*values)
    return product / lengths if lengths else 0.0
