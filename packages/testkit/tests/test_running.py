"""What drives the suites: sync and async alike, races, a watchdog, and eyes for leaks."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
import warnings

import pytest

from praison_persist.aio import async_view
from praison_persist.errors import ConflictError, NotFoundError
from praison_persist_memory import MemoryStateStore
from praison_persist_testkit import Target
from praison_persist_testkit.exact import same
from praison_persist_testkit.faults import exit_code_of
from praison_persist_testkit.leaks import Snapshot, recorded_warnings
from praison_persist_testkit.running import Harness, only, refuses, watchdog


@pytest.fixture(params=["sync", "async"])
def harness(request: pytest.FixtureRequest):
    factory = MemoryStateStore if request.param == "sync" else lambda: async_view(MemoryStateStore())
    harness = Harness(Target("memory", factory=factory, shared=False))
    harness.open()
    yield harness
    assert harness.finish() == []


def test_one_body_drives_sync_and_async_stores(harness: Harness) -> None:
    async def body() -> None:
        store = harness.opened[0]
        await store.set("a", 1)
        assert await store.get("a") == 1
        assert await store.scan_prefix("") == ["a"]
        assert await store.namespace("n").keys() == []
        async with harness.open() as other:
            assert await other.keys() == []

    harness.run(body())


def test_a_race_gives_results_and_errors_in_order(harness: Harness) -> None:
    async def job(i: int) -> int:
        if i == 2:
            raise ConflictError("lost")
        return await harness.opened[0].incr("n", 0) + i

    results = harness.run(harness.together(4, job))
    assert only(results, ConflictError) == [0, 1, 3]
    with pytest.raises(ConflictError):
        only(results, NotFoundError)


def test_a_refusal_must_happen_and_lets_other_errors_pass() -> None:
    with refuses(NotFoundError) as refusal:
        raise NotFoundError("x")
    assert str(refusal.error) == "x"
    with pytest.raises(AssertionError, match="NotFoundError was not raised: why"), refuses(NotFoundError, why="why"):
        pass
    with pytest.raises(KeyError), refuses(NotFoundError):
        raise KeyError


def test_a_hang_is_a_failure_that_shows_every_stack() -> None:
    release = threading.Event()

    def sleeps_in_here() -> None:
        release.wait(30)

    with pytest.raises(AssertionError, match=r"still running after 0.1 s\n(.|\n)*sleeps_in_here"):
        watchdog(sleeps_in_here, 0.1)
    release.set()


def test_the_watchdog_passes_results_and_errors_on() -> None:
    assert watchdog(lambda: 5, 10) == 5
    with pytest.raises(ZeroDivisionError):
        watchdog(lambda: 1 // 0, 10)


def test_threads_and_descriptors_that_stay_are_leaks() -> None:
    before = Snapshot()
    release = threading.Event()
    thread = threading.Thread(target=release.wait, name="left over")
    thread.start()
    reader, writer = os.pipe()
    found = before.left(patience=0.1)
    assert "thread left over" in found
    assert len([what for what in found if what.startswith("descriptor")]) in (0, 2)
    assert before.left(threads=1, descriptors=2, patience=0.1) == []
    release.set()
    thread.join()
    os.close(reader)
    os.close(writer)
    assert before.left() == []


def test_a_thread_that_ends_soon_is_no_leak() -> None:
    before = Snapshot()
    thread = threading.Thread(target=time.sleep, args=(0.2,))
    thread.start()
    assert before.left() == []
    thread.join()


def test_coroutines_that_nobody_awaits_are_found() -> None:
    async def forgotten() -> None: ...

    with recorded_warnings() as found:
        forgotten()
    assert len(found) == 1
    assert "forgotten' was never awaited" in found[0]


def test_other_warnings_pass() -> None:
    with pytest.warns(UserWarning, match="mine"), recorded_warnings() as found:
        warnings.warn("mine", UserWarning, stacklevel=1)
    assert found == []


def test_tasks_that_stay_are_found() -> None:
    harness = Harness(Target("memory", factory=MemoryStateStore, shared=False))
    tasks: list[asyncio.Task[None]] = []

    async def body() -> None:
        tasks.append(asyncio.create_task(asyncio.sleep(30)))

    harness.open()
    harness.run(body())
    found = harness.finish()
    assert len(found) == 1
    assert "sleep" in found[0]


@pytest.mark.parametrize(
    ("left", "right"),
    [(1, True), (1, 1.0), (0.0, -0.0), ("1", 1), ([], ()), ({}, None), ({"a": 1}, {"a": True}), ([1], [1.0])],
)
def test_equality_tells_types_apart(left: object, right: object) -> None:
    assert not same(left, right)
    assert same(left, left)
    assert same(right, right)


def test_a_target_shows_no_secret_and_travels_as_json() -> None:
    target = Target("x", url="db://u:hunter2@h", options={"password": "hunter2"}, secret="hunter2", kind="state")
    assert "hunter2" not in repr(target)
    assert target.to_dict() == {
        "name": "x",
        "url": "db://u:hunter2@h",
        "options": {"password": "hunter2"},
        "kind": "state",
    }


def test_only_a_shared_registered_target_reaches_other_processes() -> None:
    assert Target("x").processes
    assert not Target("x", shared=False).processes
    assert not Target("x", factory=MemoryStateStore).processes


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_that_hangs_is_killed_and_one_that_ends_says_how() -> None:
    hanging, ending, killed = (
        os.fork() or job() for job in (signal.pause, lambda: os._exit(3), lambda: os.kill(os.getpid(), 9))
    )
    with pytest.raises(AssertionError, match=r"did not end within 0\.2 s"):
        exit_code_of(hanging, within=0.2)
    assert exit_code_of(ending) == 3
    assert exit_code_of(killed) == -signal.SIGKILL
