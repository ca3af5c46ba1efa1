"""The state contract over operations without I/O: which one each method runs, for SQL and for other engines alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any

from .state import StateStore

__all__ = ["OperatedStateStore"]


class OperatedStateStore(StateStore):
    """Every method but `scan_prefix`, whose pages differ.

    Attributes:
        _states: makes the operations, and those of a namespace.
        _run: runs one and returns its value; has ``setup`` and ``close``. Namespaces share it.
    """

    _states: Any
    _run: Any

    def setup(self) -> None:
        self._run.setup()

    def namespace(self, name: str) -> StateStore:
        view = copy(self)
        view._states = self._states.namespace(name)
        return view

    def get(self, key: str) -> Any:
        return self._run(self._states.get(key))

    def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        return self._run(self._states.get_many(keys))

    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        self._run(self._states.set(key, value, ttl))

    def set_many(self, values: Mapping[str, Any], ttl: float | None = None) -> None:
        self._run(self._states.set_many(values, ttl))

    def delete(self, key: str) -> bool:
        return self._run(self._states.delete(key))

    def exists(self, key: str) -> bool:
        return self._run(self._states.exists(key))

    def keys(self, pattern: str = "*") -> list[str]:
        return self._run(self._states.keys(pattern))

    def ttl(self, key: str) -> int | None:
        return self._run(self._states.ttl(key))

    def expire(self, key: str, ttl: float) -> bool:
        return self._run(self._states.expire(key, ttl))

    def hget(self, key: str, field: str) -> Any:
        return self._run(self._states.hget(key, field))

    def hset(self, key: str, field: str, value: Any) -> None:
        self._run(self._states.hset(key, field, value))

    def hgetall(self, key: str) -> dict[str, Any]:
        return self._run(self._states.hgetall(key))

    def hdel(self, key: str, *fields: str) -> int:
        return self._run(self._states.hdel(key, fields))

    def incr(self, key: str, amount: int = 1) -> int:
        return self._run(self._states.incr(key, amount))

    def compare_and_set(self, key: str, expected: Any, value: Any, *, ttl: float | None = None) -> bool:
        return self._run(self._states.compare_and_set(key, expected, value, ttl))

    def close(self) -> None:
        self._run.close()
