"""Drives sync and async stores through one set of test bodies: every contract method is awaited.

Opens, closes, races; checks nothing of the contract itself. `watchdog` turns a hang into a failure.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any, Generic, TypeVar, cast

from praison_persist.conversation import AsyncConversationStore
from praison_persist.knowledge import AsyncKnowledgeStore
from praison_persist.state import AsyncStateStore

from .target import Target

__all__ = ["Handle", "Harness", "NotApplicable", "Refusal", "beats_while", "only", "refuses", "watchdog"]

T = TypeVar("T")
E = TypeVar("E", bound=BaseException)

ASYNC_STORES = (AsyncConversationStore, AsyncKnowledgeStore, AsyncStateStore)


class NotApplicable(Exception):  # noqa: N818 - not an error
    """This test says nothing about this store; the reason is shown."""


class Handle:
    """A store whose methods are all awaited and whose iterators become lists, whether it is sync or async."""

    def __init__(self, store: Any) -> None:
        self.raw = store
        self.is_async = isinstance(store, ASYNC_STORES)

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        method = getattr(self.raw, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await self._settle(name, method(*args, **kwargs))

        return call

    def namespace(self, name: str) -> Handle:
        """The view of a state store: made without I/O, so never awaited."""
        return Handle(self.raw.namespace(name))

    async def __aenter__(self) -> Handle:
        entered = await self._settle("__aenter__", self._dunder("enter")())
        assert entered is self.raw, "entering the store's context gives the store itself"
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self._settle("__aexit__", self._dunder("exit")(exc_type, exc, tb))

    def _dunder(self, name: str) -> Callable[..., Any]:
        return getattr(self.raw, f"__a{name}__" if self.is_async else f"__{name}__")

    async def _settle(self, name: str, result: Any) -> Any:
        if isinstance(result, AsyncIterator):
            assert self.is_async, f"{name}() of a sync store gave an async iterator"
            return [item async for item in cast("AsyncIterator[Any]", result)]
        if inspect.isawaitable(result):
            if not self.is_async:
                _discard(result)
                raise AssertionError(f"{name}() of a sync store gave an awaitable")
            result = await result
            if inspect.isawaitable(result):
                _discard(result)
                raise AssertionError(f"{name}() gave an awaitable that nobody awaited")
        elif self.is_async:
            raise AssertionError(f"{name}() of an async store gave {type(result).__name__}, not an awaitable")
        return list(cast("Iterator[Any]", result)) if isinstance(result, Iterator) else result


class Harness:
    """The stores and the event loop of one test."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.opened: list[Handle] = []
        self._loop = asyncio.new_event_loop()

    def run(self, awaitable: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the test's loop."""
        return self._loop.run_until_complete(awaitable)

    def open(self) -> Handle:
        """Another store object on the test's data; closed when the test ends."""
        handle = Handle(self.target.open())
        self.opened.append(handle)
        return handle

    async def together(self, count: int, job: Callable[[int], Coroutine[Any, Any, T]]) -> list[T | BaseException]:
        """``job(0)`` to ``job(count - 1)`` at once: threads for a sync store, tasks for an async one.

        Returns:
            What each returned or raised, in order.
        """
        if self.opened[0].is_async:
            return await asyncio.gather(*(job(i) for i in range(count)), return_exceptions=True)
        results: list[T | BaseException] = [AssertionError("did not run")] * count
        start = threading.Barrier(count)

        def work(i: int) -> None:
            try:
                start.wait(30)
                results[i] = _drive(job(i))
            except BaseException as error:
                results[i] = error

        threads = [threading.Thread(target=work, args=(i,), name=f"racer-{i}", daemon=True) for i in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def finish(self) -> list[str]:
        """Close everything; what the stores left on the loop."""
        try:
            self.run(self._close())
            return self.run(_left_tasks())
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _close(self) -> None:
        errors: list[BaseException] = []
        for handle in reversed(self.opened):
            try:
                await handle.close()
            except BaseException as error:
                errors.append(error)
        if errors:
            raise errors[0]


class Refusal(Generic[E]):
    """A block that must raise one of the errors; ``error`` is what it raised. Other exceptions pass through."""

    error: E

    def __init__(self, *errors: type[E], why: str = "") -> None:
        self._errors = errors
        self._why = why

    def __enter__(self) -> Refusal[E]:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> bool:
        if exc is None:
            names = " or ".join(error.__name__ for error in self._errors)
            raise AssertionError(f"{names} was not raised{': ' if self._why else ''}{self._why}")
        if not isinstance(exc, self._errors):
            return False
        self.error = exc
        return True


def refuses(*errors: type[E], why: str = "") -> Refusal[E]:
    """Shorthand of `Refusal`."""
    return Refusal(*errors, why=why)


def only(results: list[T | BaseException], *allowed: type[BaseException]) -> list[T]:
    """The results of a race without its allowed errors; any other error is raised."""
    values: list[T] = []
    for result in results:
        if not isinstance(result, BaseException):
            values.append(result)
        elif not isinstance(result, allowed):
            raise result
    return values


def watchdog(work: Callable[[], T], seconds: float) -> T:
    """Run ``work`` in a thread of its own.

    Raises:
        AssertionError: it did not end in time; the stack of every thread is in the message.
    """
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=run, name="conformance test", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise AssertionError(f"still running after {seconds:g} s\n{_stacks()}")
    if failure:
        raise failure[0]
    return outcome[0]


def _stacks() -> str:
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return "\n".join(
        f"--- thread {names.get(ident, ident)}\n{''.join(traceback.format_stack(frame))}"
        for ident, frame in sys._current_frames().items()  # pyright: ignore[reportPrivateUsage]
        if ident != threading.get_ident()
    )


async def _left_tasks() -> list[str]:
    for _ in range(20):
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if not others:
            return []
        await asyncio.sleep(0.05)
    left = [repr(task) for task in asyncio.all_tasks() - {asyncio.current_task()}]
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    return left


def _drive(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine over sync stores: nothing in it ever waits for a loop."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    coroutine.close()
    raise AssertionError("a coroutine over sync stores waited for an event loop")


def _discard(awaitable: Awaitable[Any]) -> None:
    if inspect.iscoroutine(awaitable):
        awaitable.close()


async def beats_while(work: Awaitable[Any]) -> tuple[int, BaseException | None]:
    """How often the event loop came to a pulse of 10 ms while this went on, and the error that ended it."""
    going, beats = asyncio.ensure_future(work), 0
    while not going.done():
        await asyncio.sleep(0.01)
        beats += 1
    return beats, going.exception()
