"""How operations run, blocking and asynchronous alike: transactions, failures, retries, setup. With drivers that
only write down what they are asked to do; the real ones are tested in their packages."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from praison_persist.errors import (
    ClosedError,
    InvalidInputError,
    MigrationError,
    NotFoundError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)
from praison_persist.retry import RetryPolicy
from praison_persist.sql import SQLITE, AsyncDriver, Driver, Result, Tables
from praison_persist.sql.async_driver import adrive, finished
from praison_persist.sql.async_stores import AsyncRunner
from praison_persist.sql.driver import drive
from praison_persist.sql.migrations import Migration, Migrator, Step
from praison_persist.sql.operation import Operation, Statement, Steps, operation
from praison_persist.sql.stores import Runner


class LostError(Exception):
    """The library's way to say that the connection is gone."""


class RefusedError(Exception):
    """The library's way to say that the engine refused a statement."""


@dataclass
class Log:
    """What a driver was asked to do, and what goes wrong.

    Attributes:
        events: ``acquire``, ``recover``, ``release``, ``break`` (released as broken), ``close``, or the statement.
        fail: by statement (or ``acquire``, ``recover``), the errors of its next executions, in turn.
        rows: by statement, what it finds.
    """

    events: list[str] = field(default_factory=list)
    fail: dict[str, list[BaseException]] = field(default_factory=dict)
    rows: dict[str, Result] = field(default_factory=dict)

    def do(self, event: str) -> Result:
        self.events.append(event)
        if self.fail.get(event):
            raise self.fail[event].pop(0)
        return self.rows.get(event, Result([], 0))

    @staticmethod
    def translate(error: Exception) -> PersistError | None:
        if isinstance(error, LostError):
            return UnavailableError("the connection is gone")
        return PersistError("refused") if isinstance(error, RefusedError) else None


class Blocking(Driver):
    dialect = SQLITE

    def __init__(self, log: Log) -> None:
        self.log = log

    def acquire(self) -> str:
        self.log.do("acquire")
        return "connection"

    def release(self, connection: Any, *, broken: bool) -> None:
        assert connection == "connection"
        self.log.do("break" if broken else "release")

    def execute(self, connection: Any, sql: str, params: Sequence[Any]) -> Result:
        return self.log.do(sql)

    def translate(self, error: Exception) -> PersistError | None:
        return self.log.translate(error)

    def recover(self) -> None:
        self.log.do("recover")

    def close(self) -> None:
        self.log.do("close")


class Asynchronous(AsyncDriver):
    dialect = SQLITE

    def __init__(self, log: Log) -> None:
        self.log = log

    async def acquire(self) -> str:
        await asyncio.sleep(0)
        self.log.do("acquire")
        return "connection"

    async def release(self, connection: Any, *, broken: bool) -> None:
        await finished(self._release(broken))

    async def _release(self, broken: bool) -> None:
        await asyncio.sleep(0)
        self.log.do("break" if broken else "release")

    async def execute(self, connection: Any, sql: str, params: Sequence[Any]) -> Result:
        await asyncio.sleep(0)
        return self.log.do(sql)

    def translate(self, error: Exception) -> PersistError | None:
        return self.log.translate(error)

    async def recover(self) -> None:
        self.log.do("recover")

    async def close(self) -> None:
        self.log.do("close")


Drive = Callable[..., Any]


@pytest.fixture(params=["blocking", "asynchronous"])
def mode(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def run(mode: str, log: Log) -> Drive:
    """Run an operation once on a driver that writes to the log."""
    if mode == "blocking":
        return lambda work, **options: drive(Blocking(log), work, **options)
    return lambda work, **options: asyncio.run(adrive(Asynchronous(log), work, **options))


@operation(transaction=True)
def move(result: str = "moved", error: BaseException | None = None) -> Steps[str]:
    """Two statements in one transaction."""
    yield Statement("first")
    yield Statement("second")
    if error is not None:
        raise error
    return result


@operation()
def look(error: BaseException | None = None) -> Steps[Result]:
    """One statement that stands alone."""
    if error is not None:
        raise error
    return (yield Statement("first"))


@operation(transaction=True, idempotent=False)
def count() -> Steps[str]:
    """Must not happen twice."""
    yield Statement("first")
    return "counted"


WHOLE = ["acquire", "BEGIN IMMEDIATE", "first", "second", "COMMIT", "release"]


# -- one run -----------------------------------------------------------------------------------------------------


def test_a_transaction_begins_before_the_first_statement_and_commits_after_the_last(run: Drive, log: Log) -> None:
    assert run(move()) == "moved"
    assert log.events == WHOLE


def test_a_single_statement_has_no_transaction_and_gets_its_result(run: Drive, log: Log) -> None:
    log.rows["first"] = Result([(1,)], 1)
    assert run(look()) == Result([(1,)], 1)
    assert log.events == ["acquire", "first", "release"]


def test_an_operation_can_be_run_again(run: Drive, log: Log) -> None:
    work = move()
    assert [run(work), run(work)] == ["moved", "moved"]
    assert log.events == WHOLE * 2


def test_a_refused_statement_rolls_back_and_keeps_the_connection(run: Drive, log: Log) -> None:
    cause = RefusedError("syntax")
    log.fail["second"] = [cause]
    with pytest.raises(PersistError, match="refused") as failure:
        run(move())
    assert log.events == ["acquire", "BEGIN IMMEDIATE", "first", "second", "ROLLBACK", "release"]
    assert failure.value.__cause__ is cause
    assert (failure.value.operation, failure.value.ambiguous) == ("move", False)


def test_an_error_of_the_contract_rolls_back_and_passes_unchanged(run: Drive, log: Log) -> None:
    error = NotFoundError("no such session")
    with pytest.raises(NotFoundError) as failure:
        run(move(error=error))
    assert failure.value is error
    assert error.__cause__ is None
    assert error.operation == "move"
    assert log.events[-2:] == ["ROLLBACK", "release"]


def test_an_error_that_is_not_the_databases_rolls_back_and_passes_as_it_is(run: Drive, log: Log) -> None:
    error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError) as failure:
        run(move(error=error))
    assert failure.value is error
    assert log.events[-2:] == ["ROLLBACK", "break"]


def test_a_lost_connection_is_not_handed_out_again(run: Drive, log: Log) -> None:
    log.fail = {"second": [LostError()], "ROLLBACK": [LostError()]}
    with pytest.raises(UnavailableError) as failure:
        run(move())
    assert log.events == ["acquire", "BEGIN IMMEDIATE", "first", "second", "ROLLBACK", "break"]
    assert not failure.value.ambiguous, "nothing was committed"


def test_a_connection_that_cannot_roll_back_is_not_handed_out_again(run: Drive, log: Log) -> None:
    log.fail["ROLLBACK"] = [RefusedError()]
    with pytest.raises(NotFoundError):
        run(move(error=NotFoundError("x")))
    assert log.events[-2:] == ["ROLLBACK", "break"]


def test_a_begin_that_fails_runs_nothing(run: Drive, log: Log) -> None:
    log.fail["BEGIN IMMEDIATE"] = [LostError()]
    with pytest.raises(UnavailableError):
        run(move())
    assert "first" not in log.events
    assert log.events[-1] == "break"


def test_a_connection_lost_while_committing_is_ambiguous(run: Drive, log: Log) -> None:
    log.fail["COMMIT"] = [LostError()]
    with pytest.raises(UnavailableError) as failure:
        run(move())
    assert failure.value.ambiguous


def test_a_refused_commit_is_not_ambiguous(run: Drive, log: Log) -> None:
    log.fail["COMMIT"] = [RefusedError()]
    with pytest.raises(PersistError) as failure:
        run(move())
    assert not failure.value.ambiguous


def test_a_connection_lost_outside_a_transaction_is_ambiguous(run: Drive, log: Log) -> None:
    log.fail["first"] = [LostError()]
    with pytest.raises(UnavailableError) as failure:
        run(look())
    assert failure.value.ambiguous


def test_bad_input_is_not_ambiguous(run: Drive, log: Log) -> None:
    with pytest.raises(InvalidInputError) as failure:
        run(look(error=InvalidInputError("bad")))
    assert not failure.value.ambiguous
    assert log.events == ["acquire", "release"]


def test_a_connection_that_is_not_had_is_not_released(run: Drive, log: Log) -> None:
    log.fail["acquire"] = [LostError()]
    with pytest.raises(UnavailableError) as failure:
        run(move())
    assert log.events == ["acquire"]
    assert not failure.value.ambiguous


def test_recovery_comes_before_the_connection(run: Drive, log: Log) -> None:
    run(look(), recover=True)
    assert log.events == ["recover", "acquire", "first", "release"]


def test_a_recovery_that_fails_is_the_error(run: Drive, log: Log) -> None:
    log.fail["recover"] = [LostError()]
    with pytest.raises(UnavailableError, match="gone"):
        run(look(), recover=True)
    assert log.events == ["recover"]


@pytest.mark.parametrize("statement", ["BEGIN IMMEDIATE", "first", "second", "COMMIT"])
def test_an_interrupt_rolls_back_and_breaks_the_connection(log: Log, statement: str) -> None:
    log.fail[statement] = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        drive(Blocking(log), move())
    assert log.events[-2:] == ["ROLLBACK", "break"]


@pytest.mark.parametrize("survives", [False, True])
@pytest.mark.parametrize("steps", range(12))
def test_a_cancelled_run_is_rolled_back_and_its_connection_given_back(log: Log, steps: int, survives: bool) -> None:
    async def cancel() -> bool:
        driver = Asynchronous(log)
        driver.survives_cancellation = survives
        task = asyncio.ensure_future(adrive(driver, move()))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    cancelled = asyncio.run(cancel())
    assert log.events.count("acquire") == log.events.count("break") + log.events.count("release")
    if cancelled and "BEGIN IMMEDIATE" in log.events and "COMMIT" not in log.events:
        assert log.events[-2:] == ["ROLLBACK", "release" if survives else "break"]
    if not cancelled:
        assert log.events == WHOLE


def test_a_run_cancelled_twice_does_not_hand_an_open_transaction_out_again(log: Log) -> None:
    class Slow(Asynchronous):
        survives_cancellation = True

        async def execute(self, connection: Any, sql: str, params: Sequence[Any]) -> Result:
            await asyncio.sleep(0.05 if sql == "ROLLBACK" else 0)
            return await super().execute(connection, sql, params)

    async def cancel() -> None:
        task = asyncio.ensure_future(adrive(Slow(log), move()))
        while "first" not in log.events:  # noqa: ASYNC110
            await asyncio.sleep(0)
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0.01)
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert "ROLLBACK" not in log.events
    assert log.events[-1] == "break"


def test_a_run_cancelled_while_releasing_ends_its_release_first(log: Log) -> None:
    ended = asyncio.Event()

    class Slow(Asynchronous):
        async def _release(self, broken: bool) -> None:
            ended.set()
            await asyncio.sleep(0.01)
            await super()._release(broken)

    async def cancel() -> None:
        task = asyncio.ensure_future(adrive(Slow(log), look()))
        await ended.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert log.events[-1] == "release"

    asyncio.run(cancel())


# -- many runs: retries, setup, close ----------------------------------------------------------------------------


class Store:
    """A runner of either kind, called in one way."""

    def __init__(self, mode: str, log: Log, *, retries: int = 3, auto_setup: bool = True, steps: int = 1) -> None:
        migrations = (Migration(1, "one", tuple(Step(f"step {number}") for number in range(steps))),)
        self.migrator = Migrator(Tables(SQLITE), "thing", migrations)
        policy = RetryPolicy(max_retries=retries, retry_delay=0)
        self._blocking = mode == "blocking"
        make: Any = Runner if self._blocking else AsyncRunner
        driver = Blocking(log) if self._blocking else Asynchronous(log)
        self.runner = make("backend", driver, self.migrator, policy, auto_setup=auto_setup)

    def __call__(self, work: Operation[Any]) -> Any:
        return self.runner(work) if self._blocking else asyncio.run(self.runner(work))

    def setup(self) -> None:
        self.runner.setup() if self._blocking else asyncio.run(self.runner.setup())

    def close(self) -> None:
        self.runner.close() if self._blocking else asyncio.run(self.runner.close())


LOOK_UP = "SELECT name FROM pragma_table_info(?)"
APPLIED = 'SELECT version, checksum FROM "praison_schema_migrations" WHERE component = ? ORDER BY version'


@pytest.fixture
def ready(mode: str, log: Log) -> Store:
    """A store whose schema is up to date, with nothing in its log."""
    store = Store(mode, log)
    log.rows = {LOOK_UP: Result([("x",)], 1), APPLIED: Result([(1, store.migrator.migrations[0].checksum)], 1)}
    store.setup()
    log.events.clear()
    return store


def test_the_first_call_sets_up_and_later_ones_do_not(mode: str, log: Log) -> None:
    store = Store(mode, log)
    store(look())
    assert [event for event in log.events if event in ("step 0", "first", "COMMIT")] == ["step 0", "COMMIT", "first"]
    log.events.clear()
    store(look())
    assert log.events == ["acquire", "first", "release"]


def test_threads_that_come_first_set_up_once(log: Log) -> None:
    store = Store("blocking", log)
    start = threading.Barrier(16)

    def use() -> None:
        start.wait()
        store(look())

    threads = [threading.Thread(target=use) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.events.count("step 0") == 1
    assert log.events.count("first") == 16


def test_a_setup_that_failed_is_tried_again_by_the_next_call(mode: str, log: Log) -> None:
    store = Store(mode, log)
    log.fail["step 0"] = [RefusedError()]
    with pytest.raises(PersistError) as failure:
        store(look())
    assert (failure.value.backend, failure.value.operation) == ("backend", "setup")
    assert "first" not in log.events
    store(look())
    assert log.events.count("step 0") == 2


def test_steps_of_a_migration_are_one_transaction(mode: str, log: Log) -> None:
    store = Store(mode, log, steps=3)
    log.fail["step 2"] = [RefusedError()]
    with pytest.raises(PersistError):
        store.setup()
    assert log.events[-2:] == ["ROLLBACK", "release"]
    assert "COMMIT" not in log.events


def test_without_auto_setup_a_missing_schema_is_an_error_and_nothing_is_created(mode: str, log: Log) -> None:
    store = Store(mode, log, auto_setup=False)
    with pytest.raises(MigrationError, match=r"setup\(\)"):
        store(look())
    assert log.events == ["acquire", LOOK_UP, "release"]
    store.setup()
    log.rows = {LOOK_UP: Result([("x",)], 1), APPLIED: Result([(1, store.migrator.migrations[0].checksum)], 1)}
    store(look())
    assert log.events[-2:] == ["first", "release"]


def test_a_lost_connection_is_recovered_and_the_operation_retried(ready: Store, log: Log) -> None:
    log.fail["first"] = [LostError(), LostError()]
    ready(look())
    again = ["recover", "acquire", "first"]
    assert log.events == ["acquire", "first", "break", *again, "break", *again, "release"]


def test_retries_end(ready: Store, log: Log) -> None:
    log.fail["first"] = [LostError() for _ in range(9)]
    with pytest.raises(UnavailableError) as failure:
        ready(look())
    assert log.events.count("first") == 4
    assert (failure.value.backend, failure.value.operation) == ("backend", "look")
    assert isinstance(failure.value.__cause__, LostError)


def test_a_refused_statement_is_not_retried(ready: Store, log: Log) -> None:
    log.fail["first"] = [RefusedError()]
    with pytest.raises(PersistError):
        ready(look())
    assert log.events.count("first") == 1
    assert "recover" not in log.events


def test_a_passed_deadline_is_not_retried(ready: Store, log: Log) -> None:
    log.fail["acquire"] = [OperationTimeoutError("no connection")]
    with pytest.raises(OperationTimeoutError):
        ready(look())
    assert log.events == ["acquire"]


def test_what_must_not_happen_twice_is_retried_only_while_it_cannot_have_happened(ready: Store, log: Log) -> None:
    log.fail = {"acquire": [LostError()], "BEGIN IMMEDIATE": [LostError()], "first": [LostError()]}
    assert ready(count()) == "counted"
    log.events.clear()
    log.fail = {"COMMIT": [LostError()]}
    with pytest.raises(UnavailableError) as failure:
        ready(count())
    assert failure.value.ambiguous
    assert log.events.count("COMMIT") == 1


def test_a_closed_store_refuses_and_closes_once(ready: Store, log: Log) -> None:
    ready.close()
    ready.close()
    assert log.events == ["close"]
    for call in (lambda: ready(look()), ready.setup):
        with pytest.raises(ClosedError, match="backend"):
            call()
    assert log.events == ["close"]


def test_a_store_closed_between_two_attempts_gives_up(log: Log, ready: Store) -> None:
    log.fail["first"] = [LostError()]
    original = log.do

    def do(event: str) -> Result:
        if event == "break":
            ready.runner._closed = True
        return original(event)

    log.do = do  # type: ignore[method-assign]
    with pytest.raises(ClosedError):
        ready(look())
    assert log.events == ["acquire", "first", "break"]
