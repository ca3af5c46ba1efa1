"""The state contract over single records, on an engine that is a dictionary; and what a lost answer does to it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from praison_persist.errors import PersistError, UnavailableError
from praison_persist.retry import RetryPolicy
from praison_persist.state_engines import AsyncEngine, AsyncEngineStateStore, Engine, EngineStateStore, RecordStates
from praison_persist.state_engines.requests import Condition, Erase, Load, Names, Page, Record, Save, SaveMany
from praison_persist_testkit import StateConformance, Target

RETRY = RetryPolicy(max_retries=5, retry_delay=0.001)


class Lost(Exception):
    """The connection failed after the engine had done its work."""


class Dictionary:
    """Records by name. ``lose`` every n-th write: it takes effect, and the caller hears of a lost connection."""

    def __init__(self, *, lose: int = 0) -> None:
        self.records: dict[str, Record] = {}
        self.lose = lose
        self.writes = 0
        self._lock = threading.Lock()

    def perform(self, request: Any) -> Any:
        with self._lock:
            reply = self._answer(request)
            if isinstance(request, (Save, SaveMany, Erase)) and self.lose:
                self.writes += 1
                if self.writes % self.lose == 0:
                    raise Lost
        return reply

    def _answer(self, request: Any) -> Any:
        match request:
            case Load(names):
                return {name: self.records[name] for name in names if name in self.records}
            case Save(name, record, expect):
                fits = self._fits(name, expect)
                if fits:
                    self.records[name] = record
                return fits
            case SaveMany(records):
                refused = [name for name in records if not self._fits(name, Condition.NO_HASH)]
                self.records.update({name: record for name, record in records.items() if name not in refused})
                return refused
            case Erase(name, expect):
                fits = expect is None or self._fits(name, expect)
                return self.records.pop(name, None) if fits else None
            case Names(prefix, after):
                names = sorted(name for name in self.records if name.startswith(prefix) and name > (after or ""))[:3]
                return Page(
                    [(name, self.records[name].expires) for name in names], names[-1] if len(names) == 3 else None
                )
            case _:
                raise AssertionError(request)

    def _fits(self, name: str, expect: Record | Condition) -> bool:
        found = self.records.get(name)
        if expect is Condition.ABSENT:
            return found is None
        if expect is Condition.NO_HASH:
            return found is None or found.fields is None or (found.expires is not None and found.expires <= time.time())
        return found == expect

    def translate(self, error: Exception) -> PersistError | None:
        return UnavailableError("the answer was lost") if isinstance(error, Lost) else None


class BlockingEngine(Dictionary, Engine):
    def close(self) -> None:
        """Nothing to release."""


class AwaitedEngine(Dictionary, AsyncEngine):
    async def perform(self, request: Any) -> Any:
        return super().perform(request)

    async def close(self) -> None:
        """Nothing to release."""


def _store(engine: Engine, **options: Any) -> EngineStateStore:
    return EngineStateStore(engine, RecordStates("p:", **options), backend="dictionary", retry=RETRY)


class TestRecords(StateConformance):
    @pytest.fixture
    def target(self) -> Target:
        engine = BlockingEngine()
        return Target("dictionary", factory=lambda: _store(engine))


class TestRecordsInBatches(StateConformance):
    @pytest.fixture
    def target(self) -> Target:
        engine = BlockingEngine()
        return Target("dictionary", factory=lambda: _store(engine, load_batch=2, save_batch=2))


class TestAsyncRecords(StateConformance):
    @pytest.fixture
    def target(self) -> Target:
        engine = AwaitedEngine()

        def make() -> AsyncEngineStateStore:
            return AsyncEngineStateStore(engine, RecordStates("p:"), backend="dictionary", retry=RETRY)

        return Target("dictionary", factory=make)


def test_an_increment_whose_answer_was_lost_counts_once() -> None:
    with _store(BlockingEngine(lose=2)) as store:
        assert [store.incr("n") for _ in range(50)] == list(range(1, 51))


def test_a_swap_whose_answer_was_lost_succeeds_once() -> None:
    engine = BlockingEngine()
    with _store(engine) as store:
        store.set("k", 1)
        engine.lose = 1
        assert store.compare_and_set("k", 1, 2) is True
        assert store.compare_and_set("k", 1, 3) is False
        assert store.get("k") == 2


def test_what_cannot_be_told_any_more_is_an_error_and_never_counted_twice() -> None:
    engine = BlockingEngine(lose=5)
    with _store(engine) as store:
        counted, unknown = [0] * 8, [0] * 8

        def work(number: int) -> None:
            for _ in range(25):
                try:
                    store.incr("n")
                    counted[number] += 1
                except UnavailableError as error:
                    unknown[number] += error.ambiguous and not error.retryable

        with ThreadPoolExecutor(8) as threads:
            list(threads.map(work, range(8)))
        assert sum(counted) <= store.get("n") <= sum(counted) + sum(unknown)
        assert sum(counted) + sum(unknown) == 200


def test_an_expired_record_that_the_engine_still_has_counts_as_absent() -> None:
    engine = BlockingEngine()
    with _store(engine) as store:
        for name, fields in (("p:value", None), ("p:hash", {"f": "1"})):
            engine.records[name] = Record(None if fields else "1", fields, time.time() - 1, "t")
        assert store.keys() == []
        assert store.incr("value") == 1
        store.set("hash", "now a value")
        assert store.get("hash") == "now a value"
        assert not store.delete("missing")
