"""The record operations for engines whose conditions compare versions and cannot look inside a record. No I/O here.

Such an engine (Firestore, Cloud Storage) cannot say "unless a hash is there", so `set` names the version it replaces.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

from .attempts import PATIENCE
from .records import RecordStates, is_live
from .requests import Condition, Erase, Load, Record, SaveAll

__all__ = ["VersionedStates"]

T = TypeVar("T")
Steps = Generator[Any, Any, T]

_MOST_KNOWN = 4096


class VersionedStates(RecordStates):
    """Every operation of the state contract; the engine answers `SaveAll`, and neither `SaveMany` nor ``NO_HASH``.

    The versions of values that were read or written last are remembered, so that replacing one takes one request. A
    remembered version that is no longer true costs two more; it is never trusted.

    Args:
        prefix, load_batch, patience: as in `RecordStates`.
    """

    def __init__(self, prefix: str = "", *, load_batch: int = 100, patience: float = PATIENCE) -> None:
        super().__init__(prefix, load_batch=load_batch, patience=patience)
        self._known: dict[str, Any] = {}  # by full name, so namespaces share it

    def _load(self, name: str) -> Steps[Record | None]:
        record = yield from super()._load(name)
        if record is not None and record.value is not None:
            self._remember(name, record.version)
        return record

    def _put(self, records: dict[str, Record]) -> Steps[list[str]]:
        left = {name: (record, self._expected(name)) for name, record in records.items()}
        refused: list[str] = []
        contest = self._contest(next(iter(left), ""))  # one turn only: with several, two callers might wait for ever
        known = True
        while True:
            saved: dict[str, Any] = yield SaveAll(left)
            for name, version in saved.items():
                self._remember(name, version)
            left = {name: one for name, one in left.items() if name not in saved}
            if left and not known:  # the first failure says only that nothing was known
                yield from contest.lost()
            known = False
            names = list(left)
            for start in range(0, len(names), self.load_batch):
                chunk = tuple(names[start : start + self.load_batch])
                found: dict[str, Record] = yield Load(chunk)
                for name in chunk:
                    stored = found.get(name)
                    if stored is not None and stored.value is None and is_live(stored):
                        refused.append(name)
                        del left[name]
                    else:
                        left[name] = (records[name], stored or Condition.ABSENT)
            if not left:
                return refused

    def _take(self, name: str) -> Steps[Record | None]:
        contest = self._contest(name)
        while True:
            found: dict[str, Record] = yield Load((name,))
            stored = found.get(name)
            if stored is None or (yield Erase(name, stored)) is not None:
                self._known.pop(name, None)
                return stored
            yield from contest.lost()

    def _expected(self, name: str) -> Record | Condition:
        version = self._known.get(name)
        return Condition.ABSENT if version is None else Record(None, None, None, None, version)

    def _remember(self, name: str, version: Any) -> None:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()  # one step for all threads, unlike finding the oldest
        self._known[name] = version
