"""The async view of a sync store and the sync view of an async one, without any backend."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import inspect
import os
import subprocess
import sys
import textwrap
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from praison_persist.aio import async_view, sync_view
from praison_persist.conversation import AsyncConversationStore, ConversationStore
from praison_persist.errors import (
    ClosedError,
    ConfigurationError,
    OperationTimeoutError,
    PersistError,
    UnsupportedError,
)
from praison_persist.knowledge import AsyncKnowledgeStore, KnowledgeStore
from praison_persist.state import AsyncStateStore, StateStore
from praison_persist_testkit.faults import exit_code_of

PATIENCE = 20.0
"""Seconds after which a test gives up: a limit for what must not hang, never a measure."""

CONTRACTS = [
    (ConversationStore, AsyncConversationStore),
    (KnowledgeStore, AsyncKnowledgeStore),
    (StateStore, AsyncStateStore),
]
request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="none")


def concrete(contract: type[Any], **methods: Any) -> Any:
    """A store of the contract: the given methods, and for the others one that tells how it was called."""

    def telling(name: str) -> Any:
        def tell(self: Any, *args: Any, **kwargs: Any) -> Any:
            return name, args, kwargs

        async def atell(self: Any, *args: Any, **kwargs: Any) -> Any:
            return name, args, kwargs

        return atell if contract.__name__.startswith("Async") else tell

    abstract = {name: telling(name) for name in contract.__abstractmethods__}
    return type("Told", (contract,), {**abstract, **methods})()


class Values(StateStore):
    """As much of a state store as these tests need."""

    backend = "values"

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.threads: set[int] = set()
        self.closed = 0
        self.reading = 0
        self.gate = threading.Event()
        self.entered = threading.Event()

    def get(self, key: str) -> Any:
        self.threads.add(threading.get_ident())
        if key == "context":
            return request_id.get()
        if key == "missing":
            raise KeyError(key)
        return self.values.get(key)

    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        self.entered.set()
        assert self.gate.wait(PATIENCE)
        self.values[key] = value

    def scan_prefix(self, prefix: str) -> Iterator[str]:
        self.reading += 1
        try:
            for number in range(1000):
                yield f"{prefix}{number}"
        finally:
            self.reading -= 1

    def namespace(self, name: str) -> StateStore:
        inner = Values()
        inner.values["name"] = name
        return inner

    def close(self) -> None:
        self.closed += 1


for _name in StateStore.__abstractmethods__ - set(vars(Values)):
    setattr(Values, _name, lambda self, *args, **kwargs: (args, kwargs))
Values.__abstractmethods__ = frozenset()


class AsyncValues(AsyncStateStore):
    """The async counterpart of `Values`."""

    backend = "values"

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.loops: set[Any] = set()
        self.closed = 0
        self.reading = 0
        self.cancelled = threading.Event()

    async def get(self, key: str) -> Any:
        self.loops.add(asyncio.get_running_loop())
        await asyncio.sleep(0)
        if key == "context":
            return request_id.get()
        if key == "missing":
            raise KeyError(key)
        if key == "exit":
            raise SystemExit(3)
        if key == "never":
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        return self.values.get(key)

    async def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        self.values[key] = value

    async def scan_prefix(self, prefix: str) -> AsyncIterator[str]:
        self.reading += 1
        try:
            for number in range(1000):
                await asyncio.sleep(0)
                yield f"{prefix}{number}"
        finally:
            self.reading -= 1

    def namespace(self, name: str) -> AsyncStateStore:
        inner = AsyncValues()
        inner.values["name"] = name
        return inner

    async def close(self) -> None:
        self.closed += 1


async def _told(self: Any, *args: Any, **kwargs: Any) -> Any:
    return args, kwargs


for _name in AsyncStateStore.__abstractmethods__ - set(vars(AsyncValues)):
    setattr(AsyncValues, _name, _told)
AsyncValues.__abstractmethods__ = frozenset()


def in_child(function: Callable[[], bool]) -> int:
    """The exit status of a forked child: 0 when the function returned True, 9 when it hung."""
    pid = os.fork()
    if pid == 0:
        watchdog = threading.Timer(PATIENCE, os._exit, [9])
        watchdog.daemon = True
        watchdog.start()
        status = 1
        try:
            status = 0 if function() else 2
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return exit_code_of(pid)


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")


# -- both ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("contract", "async_contract"), CONTRACTS)
def test_views_inherit_the_contract_and_have_every_method_of_it(contract: type[Any], async_contract: type[Any]) -> None:
    forward, backward = async_view(concrete(contract)), sync_view(concrete(async_contract))
    assert isinstance(forward, async_contract)
    assert isinstance(backward, contract)
    names = {name for name, _ in inspect.getmembers(contract, inspect.isfunction) if not name.startswith("_")}
    for name in names - {"close"}:
        for view, base in ((forward, async_contract), (backward, contract)):
            assert getattr(type(view), name) is not getattr(base, name), f"{name} is the default of {base.__name__}"
            assert inspect.signature(getattr(type(view), name)) == inspect.signature(getattr(base, name))


@pytest.mark.parametrize(("contract", "async_contract"), CONTRACTS)
def test_views_hand_arguments_and_results_through(contract: type[Any], async_contract: type[Any]) -> None:
    for name in sorted(contract.__abstractmethods__ - {"close", "namespace", "iter_documents"}):
        told = (name, (1, "two"), {"three": 3})
        backward = sync_view(concrete(async_contract))
        assert getattr(backward, name)(1, "two", three=3) == told
        forward = async_view(concrete(contract))
        assert asyncio.run(getattr(forward, name)(1, "two", three=3)) == told


def test_a_coroutine_method_of_the_contract_is_a_coroutine_function_of_the_view() -> None:
    view = async_view(Values())
    assert inspect.iscoroutinefunction(view.get)
    assert inspect.iscoroutinefunction(view.close)


@pytest.mark.parametrize("view", [async_view, sync_view])
def test_what_is_no_store_is_refused(view: Any) -> None:
    with pytest.raises(ConfigurationError, match="not dict"):
        view({})


def test_a_view_of_the_wrong_direction_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="takes a sync store"):
        async_view(cast(Any, AsyncValues()))
    with pytest.raises(ConfigurationError, match="takes an async store"):
        sync_view(cast(Any, Values()))


def test_the_backend_name_and_the_store_are_those_of_the_wrapped_one() -> None:
    store, inner = Values(), AsyncValues()
    assert (async_view(store).backend, cast(Any, async_view(store)).wrapped) == ("values", store)
    assert (sync_view(inner).backend, cast(Any, sync_view(inner)).wrapped) == ("values", inner)


# -- async view of a sync store -----------------------------------------------------------------------------------


def test_the_loop_stays_free_while_the_sync_store_works() -> None:
    store = Values()

    async def main() -> int:
        view = async_view(store)
        write = asyncio.ensure_future(view.set("key", 1))
        beats = 0
        while not (store.entered.is_set() and beats >= 100):
            await asyncio.sleep(0)
            beats += 1
        assert not write.done()
        store.gate.set()
        await write
        return beats

    assert asyncio.run(asyncio.wait_for(main(), PATIENCE)) >= 100
    assert store.values == {"key": 1}


def test_an_async_view_works_in_two_event_loops_one_after_the_other() -> None:
    store = Values()
    store.gate.set()
    view = async_view(store)
    asyncio.run(view.set("key", 1))
    assert asyncio.run(view.get("key")) == 1


def test_at_most_max_workers_threads_work_at_a_time() -> None:
    store = Values()

    async def main() -> None:
        view = async_view(store, max_workers=2)
        await asyncio.gather(*(view.get("key") for _ in range(50)))

    asyncio.run(main())
    assert 1 <= len(store.threads) <= 2
    assert threading.get_ident() not in store.threads


def test_an_impossible_number_of_workers_is_refused() -> None:
    with pytest.raises(PersistError):
        async_view(Values(), max_workers=0)


def test_the_sync_store_sees_the_context_of_the_caller() -> None:
    async def main() -> Any:
        request_id.set("r1")
        return await async_view(Values()).get("context")

    assert asyncio.run(main()) == "r1"


def test_an_exception_of_the_sync_store_keeps_type_and_traceback() -> None:
    with pytest.raises(KeyError, match="missing") as caught:
        asyncio.run(async_view(Values()).get("missing"))
    assert "in get" in "".join(traceback.format_tb(caught.value.__traceback__))


def test_cancelling_the_await_lets_the_write_that_has_begun_finish() -> None:
    store = Values()

    async def main() -> None:
        view = async_view(store)
        write = asyncio.ensure_future(view.set("key", "whole"))
        assert await asyncio.to_thread(store.entered.wait, PATIENCE)
        write.cancel()
        with pytest.raises(asyncio.CancelledError):
            await write
        assert store.values == {}
        store.gate.set()
        await view.close()
        assert store.values == {"key": "whole"}

    asyncio.run(main())
    assert store.closed == 1


def test_cancelling_the_await_before_a_thread_is_free_starts_nothing() -> None:
    store = Values()

    async def main() -> None:
        view = async_view(store, max_workers=1)
        first = asyncio.ensure_future(view.set("first", 1))
        assert await asyncio.to_thread(store.entered.wait, PATIENCE)
        second = asyncio.ensure_future(view.set("second", 2))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        store.gate.set()
        await first
        await view.close()

    asyncio.run(main())
    assert store.values == {"first": 1}


def test_a_cancelled_close_still_closes() -> None:
    store = Values()

    async def main() -> None:
        view = async_view(store)
        write = asyncio.ensure_future(view.set("key", 1))
        assert await asyncio.to_thread(store.entered.wait, PATIENCE)
        closing = asyncio.ensure_future(view.close())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        store.gate.set()
        await write
        await view.close()

    asyncio.run(main())
    assert store.closed == 1


def test_a_closed_async_view_refuses_calls_and_closes_once() -> None:
    store = Values()

    async def main() -> None:
        async with async_view(store) as view:
            await view.get("key")
        await view.close()
        with pytest.raises(ClosedError) as caught:
            await view.get("key")
        assert (caught.value.backend, caught.value.operation) == ("values", "get")

    asyncio.run(main())
    assert store.closed == 1


def test_an_async_iteration_gives_every_item_in_order() -> None:
    async def main() -> list[str]:
        return [key async for key in async_view(Values()).scan_prefix("p")]

    assert asyncio.run(main()) == [f"p{number}" for number in range(1000)]


def test_an_async_iteration_that_is_left_early_closes_the_sync_iterator() -> None:
    store = Values()

    async def main() -> None:
        view = async_view(store)
        keys = cast(Any, view.scan_prefix("p"))
        async for _ in keys:
            break
        await keys.aclose()
        await view.close()

    asyncio.run(main())
    assert store.reading == 0


def test_a_namespace_of_an_async_view_is_an_async_view() -> None:
    view = async_view(Values()).namespace("inner")
    assert isinstance(view, AsyncStateStore)
    assert asyncio.run(view.get("name")) == "inner"


@needs_fork
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_an_async_view_works_in_a_forked_child() -> None:
    store = Values()
    store.gate.set()
    view = async_view(store)
    asyncio.run(view.set("key", 1))
    assert in_child(lambda: asyncio.run(view.get("key")) == 1) == 0
    assert asyncio.run(view.get("key")) == 1


# -- sync view of an async store ----------------------------------------------------------------------------------


def test_a_sync_view_works_in_a_script() -> None:
    view = sync_view(AsyncValues())
    view.set("key", 1)
    assert view.get("key") == 1


def test_a_sync_view_works_inside_a_running_loop_and_in_successive_ones() -> None:
    store = AsyncValues()
    view = sync_view(store)

    async def main() -> Any:
        view.set("key", 1)
        return view.get("key")

    assert asyncio.run(main()) == 1
    assert asyncio.run(main()) == 1
    assert len(store.loops) == 1


def test_many_threads_share_one_loop() -> None:
    stores = [AsyncValues() for _ in range(8)]
    views = [sync_view(store) for store in stores]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda number: views[number % 8].get("key"), range(200))) == [None] * 200
    assert len(set().union(*(store.loops for store in stores))) == 1
    assert [thread.name for thread in threading.enumerate()].count("praison-persist-loop") == 1


def test_a_sync_view_called_on_the_background_loop_is_an_error_and_no_deadlock() -> None:
    inner = sync_view(AsyncValues())

    class Careless(AsyncValues):
        async def get(self, key: str) -> Any:
            return inner.get(key)

    with pytest.raises(UnsupportedError, match="wait for itself") as caught:
        sync_view(Careless(), timeout=PATIENCE).get("key")
    assert caught.value.operation == "get"


def test_a_sync_view_of_an_async_view_of_a_sync_view_answers() -> None:
    store = AsyncValues()
    view = sync_view(async_view(sync_view(store)), timeout=PATIENCE)
    view.set("key", 1)
    assert view.get("key") == 1


def test_a_call_beyond_the_deadline_is_cancelled_and_a_timeout_error() -> None:
    store = AsyncValues()
    view = sync_view(store, timeout=0.05)
    with pytest.raises(OperationTimeoutError, match=r"no answer within 0\.05 seconds") as caught:
        view.get("never")
    assert caught.value.retryable
    assert caught.value.ambiguous
    assert store.cancelled.wait(PATIENCE)
    assert view.get("key") is None


def test_a_deadline_must_be_positive() -> None:
    with pytest.raises(PersistError):
        sync_view(AsyncValues(), timeout=0)


def test_the_async_store_sees_the_context_of_the_caller() -> None:
    view = sync_view(AsyncValues())
    context = contextvars.copy_context()
    context.run(request_id.set, "r2")
    assert context.run(view.get, "context") == "r2"
    assert view.get("context") == "none"


def test_an_exception_of_the_async_store_keeps_type_and_traceback() -> None:
    with pytest.raises(KeyError, match="missing") as caught:
        sync_view(AsyncValues()).get("missing")
    assert "in get" in "".join(traceback.format_tb(caught.value.__traceback__))


def test_a_task_that_exits_does_not_take_the_loop_with_it() -> None:
    view = sync_view(AsyncValues(), timeout=PATIENCE)
    with pytest.raises(SystemExit):
        view.get("exit")
    assert view.get("key") is None


def test_a_sync_iteration_gives_every_item_in_order() -> None:
    assert list(sync_view(AsyncValues()).scan_prefix("p")) == [f"p{number}" for number in range(1000)]


def test_a_sync_iteration_that_is_left_early_closes_the_async_iterator() -> None:
    store = AsyncValues()
    keys = cast(Any, sync_view(store).scan_prefix("p"))
    assert next(keys) == "p0"
    assert store.reading == 1
    keys.close()
    assert store.reading == 0


def test_an_iterator_collected_on_the_background_loop_is_closed_without_a_deadlock() -> None:
    store = AsyncValues()
    view = sync_view(store, timeout=PATIENCE)
    left = [iter(view.scan_prefix("p"))]
    next(left[0])

    class Collecting(AsyncValues):
        async def get(self, key: str) -> Any:
            left.clear()
            gc.collect()

    sync_view(Collecting(), timeout=PATIENCE).get("key")
    view.get("key")
    assert store.reading == 0


def test_a_namespace_of_a_sync_view_is_a_sync_view() -> None:
    view = sync_view(AsyncValues()).namespace("inner")
    assert isinstance(view, StateStore)
    assert view.get("name") == "inner"


def test_closing_a_sync_view_closes_the_async_store() -> None:
    store = AsyncValues()
    with sync_view(store) as view:
        view.get("key")
    assert store.closed == 1


@needs_fork
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_sync_view_works_in_a_forked_child_and_still_in_the_parent() -> None:
    view = sync_view(AsyncValues(), timeout=PATIENCE)
    view.set("key", 1)
    assert in_child(lambda: view.get("key") == 1) == 0
    assert view.get("key") == 1


def run_script(text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(text)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_importing_the_module_starts_no_thread() -> None:
    done = run_script("""
        import threading, praison_persist.aio
        assert threading.active_count() == 1, threading.enumerate()
    """)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_program_with_open_views_and_iterators_ends_quietly() -> None:
    done = run_script("""
        import asyncio
        from praison_persist.aio import sync_view
        from praison_persist.state import AsyncStateStore

        class Store(AsyncStateStore):
            async def get(self, key):
                return asyncio.get_running_loop().create_task(asyncio.sleep(1000)) and key
            async def scan_prefix(self, prefix):
                for number in range(10**6):
                    yield prefix
        Store.__abstractmethods__ = frozenset()
        view = sync_view(Store())
        assert view.get("key") == "key"
        keys = iter(view.scan_prefix("p"))
        assert next(keys) == "p"
        print("end")
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")
