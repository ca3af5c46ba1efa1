"""The state contract over single records, on an engine that is a dictionary; and what a lost answer does to it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from praison_persist.errors import ConflictError, PersistError, UnavailableError, WrongTypeError
from praison_persist.retry import NO_RETRY, RetryPolicy
from praison_persist.state_engines import (
    AsyncEngine,
    AsyncEngineStateStore,
    Engine,
    EngineStateStore,
    RecordStates,
    VersionedStates,
)
from praison_persist.state_engines.naming import escape, unescape
from praison_persist.state_engines.requests import Condition, Erase, Load, Names, Page, Record, Save, SaveAll, SaveMany
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


class Versioned(Dictionary, Engine):
    """Compares versions, sees nothing of what is inside, and counts what it was asked."""

    def __init__(self, *, together: bool = False, lose: int = 0) -> None:
        super().__init__(lose=lose)
        self.together = together
        self.requests = 0

    def perform(self, request: Any) -> Any:
        self.requests += 1
        return super().perform(request)

    def _answer(self, request: Any) -> Any:
        match request:
            case Save(name, record, expect):
                return bool(self._save({name: (record, expect)}))
            case SaveAll(records):
                return self._save(records)
            case Erase(name, expect):
                assert expect is not None
                return super()._answer(request) if self._fits(name, expect) else None
            case _:
                return super()._answer(request)

    def _save(self, records: dict[str, tuple[Record, Record | Condition]]) -> dict[str, Any]:
        fit = [name for name, (_, expect) in records.items() if self._fits(name, expect)]
        if self.together and len(fit) < len(records):
            return {}
        for name in fit:
            self.writes += 1
            self.records[name] = records[name][0]._replace(version=self.writes)
        return {name: self.records[name].version for name in fit}

    def _fits(self, name: str, expect: Record | Condition) -> bool:
        assert expect is not Condition.NO_HASH
        found = self.records.get(name)
        return found is None if expect is Condition.ABSENT else found is not None and found.version == expect.version

    def close(self) -> None:
        """Nothing to release."""


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


def _versioned(engine: Versioned) -> EngineStateStore:
    return EngineStateStore(engine, VersionedStates("p:", load_batch=2), backend="dictionary", retry=RETRY)


class TestVersionedRecords(StateConformance):
    @pytest.fixture
    def target(self) -> Target:
        engine = Versioned()
        return Target("dictionary", factory=lambda: _versioned(engine))


class TestVersionedRecordsInBatches(StateConformance):
    @pytest.fixture
    def target(self) -> Target:
        engine = Versioned(together=True)
        return Target("dictionary", factory=lambda: _versioned(engine))


def test_replacing_what_was_written_or_read_last_takes_one_request() -> None:
    engine = Versioned()
    with _versioned(engine) as store, _versioned(engine) as other:
        store.set("k", 1)
        store.set("k", 2)
        assert engine.requests == 2
        assert other.get("k") == 2
        other.set("k", 3)
        assert engine.requests == 4
        store.set("k", 4)  # what it remembers is no longer true
        assert engine.requests == 7
        assert other.get("k") == 4


def test_a_hash_that_came_where_a_value_was_is_not_replaced() -> None:
    engine = Versioned(together=True)
    with _versioned(engine) as store, _versioned(engine) as other:
        store.set_many({"a": 1, "b": 1})
        other.delete("a")
        other.hset("a", "f", 1)
        with pytest.raises(WrongTypeError, match="a"):
            store.set_many({"a": 2, "b": 2})
        assert (store.hgetall("a"), store.get("b")) == ({"f": 1}, 2)


def test_a_mapping_of_praisonai_is_a_value_and_a_hash_until_it_is_written() -> None:
    engine = Versioned()
    engine.records["p:k"] = Record('{"a": 1}', {"a": "1"}, None, None, 0)
    engine.records["p:l"] = Record('{"a": 1}', {"a": "1"}, None, None, 0)
    with _versioned(engine) as store:
        assert store.get("k") == store.hgetall("k") == {"a": 1}
        store.hset("k", "b", 2)
        with pytest.raises(WrongTypeError):
            store.set("k", 1)
        store.set("l", 1)
        assert store.get("l") == 1


@pytest.mark.parametrize("text", ["", "plain", "50%", "%2F", "a/b", "\x00\x1f\x7f\x9f", "\u00e9\U0001f511", "~._-"])
def test_an_escaped_name_comes_back_and_keeps_its_beginning(text: str) -> None:
    assert unescape(escape(text, "/")) == text
    assert not set(escape(text, "/")) & {"/", "\x00", "\x1f", "\x7f", "\x9f"}
    assert all(escape(text, "/").startswith(escape(text[:end], "/")) for end in range(len(text)))


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


class Dying(Versioned):
    """Is gone once it has written; ``answers`` what it has done, or not even that."""

    def __init__(self, *, answers: bool) -> None:
        super().__init__()
        self.answers = answers

    def perform(self, request: Any) -> Any:
        if self.writes:
            raise Lost
        reply = super().perform(request)
        if self.writes and not self.answers:
            raise Lost
        return reply


@pytest.mark.parametrize("states", [RecordStates, VersionedStates])
def test_an_increment_is_not_called_undone_when_the_engine_died_with_its_answer(states: Any) -> None:
    engine = Dying(answers=False)
    with (
        EngineStateStore(engine, states("p:"), backend="dictionary", retry=RETRY) as store,
        pytest.raises(UnavailableError) as caught,
    ):
        store.incr("n")
    assert engine.records["p:n"].value == "1"
    assert caught.value.ambiguous


def test_half_of_many_is_not_called_nothing_when_the_engine_died_then() -> None:
    engine = Dying(answers=True)
    engine.records["p:b"] = Record("0", None, None, None, 0)
    once = EngineStateStore(engine, VersionedStates("p:"), backend="dictionary", retry=NO_RETRY)
    with once as store, pytest.raises(UnavailableError) as caught:
        store.set_many({"a": 1, "b": 1})
    assert [record.value for record in engine.records.values()] == ["0", "1"]
    assert caught.value.ambiguous


@pytest.mark.parametrize("states", [RecordStates, VersionedStates])
def test_a_write_that_others_always_beat_is_a_conflict_when_its_time_is_over(states: Any) -> None:
    class Busy(Versioned):
        """Somebody else changes every record between two requests."""

        def _answer(self, request: Any) -> Any:
            self.writes += 1
            self.records = {name: record._replace(version=self.writes) for name, record in self.records.items()}
            return super()._answer(request)

    engine = Busy()
    engine.records["n"] = Record("1", None, None, "t", 0)
    with EngineStateStore(engine, states(patience=0.3), backend="dictionary", retry=RETRY) as store:
        calls = [lambda: store.incr("n"), lambda: store.compare_and_set("n", 1, 2)]
        if states is VersionedStates:  # the others let the engine compare
            calls += [lambda: store.set("n", 2), lambda: store.set_many({"n": 2}), lambda: store.delete("n")]
        for call in calls:
            began = time.monotonic()
            with pytest.raises(ConflictError, match="key 'n' was changed by others during each of"):
                call()
            assert time.monotonic() - began < 2
    assert engine.records["n"].value == "1"


@pytest.mark.parametrize("states", [RecordStates, VersionedStates])
def test_callers_of_one_store_take_turns_at_a_record(states: Any) -> None:
    class Slow(Versioned):
        """Ten times as slow as a caller is with everything else."""

        def perform(self, request: Any) -> Any:
            time.sleep(0.002)
            return super().perform(request)

    engine = Slow()
    with (
        EngineStateStore(engine, states(), backend="dictionary", retry=RETRY) as store,
        ThreadPoolExecutor(16) as threads,
    ):
        store.incr("n", 0)
        assert sorted(threads.map(lambda _: store.incr("n"), range(160))) == list(range(1, 161))
        assert engine.requests < 160 * 8  # each loses once or twice; without turns it would be fifteen times


def test_who_waits_for_a_turn_does_not_wait_for_an_engine_that_hangs() -> None:
    hangs = threading.Event()

    class Hanging(Versioned):
        """Compares wrongly at first, so that callers wait for each other, and then hangs for those whose turn it is."""

        def _fits(self, name: str, expect: Record | Condition) -> bool:
            return False

        def perform(self, request: Any) -> Any:
            reply = super().perform(request)
            if self.requests > 8:
                hangs.wait(3)
                raise Lost
            return reply

    engine = Hanging()
    engine.records["n"] = Record("1", None, None, "t", 0)
    store = EngineStateStore(engine, RecordStates(), backend="dictionary", retry=RetryPolicy(max_retries=0))

    def fail(_: int) -> float:
        began = time.monotonic()
        with pytest.raises(UnavailableError):
            store.incr("n")
        return time.monotonic() - began

    with store, ThreadPoolExecutor(4) as threads:
        assert max(threads.map(fail, range(4))) < 5  # their own three seconds and a second for the turn, not four times


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
