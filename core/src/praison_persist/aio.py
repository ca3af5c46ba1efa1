"""Where sync and async meet: `async_view` of a sync store, `sync_view` of an async one.

It knows the contracts' method names from the abstract classes and nothing of any backend; the threads and the loop
are those of `background`.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import inspect
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import suppress
from itertools import islice
from typing import Any, TypeVar, cast, overload

from .background import Threads, background_loop
from .conversation import AsyncConversationStore, ConversationStore
from .errors import ClosedError, ConfigurationError, OperationTimeoutError, UnsupportedError
from .knowledge import AsyncKnowledgeStore, KnowledgeStore
from .state import AsyncStateStore, StateStore
from .validation import check_limit, check_positive

__all__ = ["Threads", "async_view", "sync_view"]

T = TypeVar("T")

_KINDS: tuple[tuple[type[Any], type[Any]], ...] = (
    (ConversationStore, AsyncConversationStore),
    (KnowledgeStore, AsyncKnowledgeStore),
    (StateStore, AsyncStateStore),
)
_CHUNK = 256


@overload
def async_view(store: ConversationStore, *, max_workers: int = 8) -> AsyncConversationStore: ...
@overload
def async_view(store: KnowledgeStore, *, max_workers: int = 8) -> AsyncKnowledgeStore: ...
@overload
def async_view(store: StateStore, *, max_workers: int = 8) -> AsyncStateStore: ...
def async_view(store: Any, *, max_workers: int = 8) -> Any:
    """An async store that runs a sync one in threads, so that the event loop stays free.

    Calls run in the caller's context (contextvars). Cancelling an await abandons the call: what has started runs to
    its end in its thread, what has not never starts; `close` waits for what runs. The view may be used from
    several event loops and after a fork. The sync store is its attribute ``wrapped``; closing the view closes it.

    Args:
        store: any sync store of the three kinds.
        max_workers: most calls at a time; more wait for a thread without blocking the loop.

    Raises:
        ConfigurationError: not a sync store, or ``max_workers`` below 1.
    """
    if not check_limit(max_workers, "max_workers"):
        raise ConfigurationError(f"max_workers must be at least 1, got {max_workers!r}")
    for contract, async_contract in _KINDS:
        if isinstance(store, contract):
            return _view_class(_AsyncView, async_contract)(store, Threads(max_workers))
    raise ConfigurationError(f"async_view takes a sync store, not {type(store).__name__}")


@overload
def sync_view(store: AsyncConversationStore, *, timeout: float | None = None) -> ConversationStore: ...
@overload
def sync_view(store: AsyncKnowledgeStore, *, timeout: float | None = None) -> KnowledgeStore: ...
@overload
def sync_view(store: AsyncStateStore, *, timeout: float | None = None) -> StateStore: ...
def sync_view(store: Any, *, timeout: float | None = None) -> Any:
    """A sync store that runs an async one on the background loop of this process.

    Safe from scripts, from any thread, and from inside a running event loop (which it blocks meanwhile). All views
    share one daemon thread, started by the first call, anew after a fork, and stopped at exit. The async store is the
    view's attribute ``wrapped``; from then on use it through the view only, since its connections belong to that loop.

    Args:
        store: any async store of the three kinds.
        timeout: seconds that one call (one page of an iteration) may take; then it is cancelled. None: no deadline.

    Raises:
        ConfigurationError: not an async store.
        OperationTimeoutError: (methods) the deadline passed.
        UnsupportedError: (methods) called on the background loop itself, where waiting would be a deadlock.
    """
    if timeout is not None:
        check_positive(timeout, "timeout")
    for contract, async_contract in _KINDS:
        if isinstance(store, async_contract):
            return _view_class(_SyncView, contract)(store, timeout)
    raise ConfigurationError(f"sync_view takes an async store, not {type(store).__name__}")


@functools.cache
def _view_class(view: type[_AsyncView | _SyncView], contract: type[Any]) -> Callable[..., Any]:
    """The view for a contract: each public method of the abstract class, by the shape of what it returns."""
    methods: dict[str, Any] = {}
    for name, function in inspect.getmembers(contract, inspect.isfunction):
        if name.startswith("_") or name in vars(view):
            continue
        result = str(function.__annotations__.get("return"))
        if result.startswith(("Iterator[", "AsyncIterator[")):
            forward = view.forward_iterate
        elif result == contract.__name__:
            forward = view.forward_store
        else:
            forward = view.forward_call
        methods[name] = _forwarding(forward, name, function)
    return cast("Callable[..., Any]", type(f"{view.__name__[1:]}Of{contract.__name__}", (view, contract), methods))


def _forwarding(forward: Callable[..., Any], name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def plain(self: Any, *args: Any, **kwargs: Any) -> Any:
        return forward(self, name, args, kwargs)

    async def coroutine(self: Any, *args: Any, **kwargs: Any) -> Any:
        return await forward(self, name, args, kwargs)

    method = functools.wraps(function)(coroutine if inspect.iscoroutinefunction(forward) else plain)
    vars(method).pop("__isabstractmethod__", None)
    return method


def _chunk(kwargs: dict[str, Any]) -> int:
    """Items per hop between the two worlds: the store's own page, if the caller named its size."""
    size = kwargs.get("batch_size", _CHUNK)
    return size if isinstance(size, int) and size > 0 else 1  # a wrong size is the store's to refuse


# -- sync store, async callers -----------------------------------------------------------------------------------------


class _AsyncView:
    """What the async views have in common."""

    def __init__(self, store: Any, threads: Threads) -> None:
        self.wrapped = store
        self.backend = store.backend
        self._threads = threads

    def __repr__(self) -> str:
        return f"async_view({self.wrapped!r})"

    async def forward_call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Await one method of the store."""
        return await asyncio.wrap_future(self._submit(name, getattr(self.wrapped, name), *args, **kwargs))

    async def forward_iterate(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> AsyncIterator[Any]:
        """Iterate over one method of the store, a page per hop."""
        iterator = iter(await self.forward_call(name, args, kwargs))
        size = _chunk(kwargs)
        one_at_a_time = threading.Lock()  # an abandoned page may still be read when the iterator is closed

        def page() -> list[Any]:
            with one_at_a_time:
                return list(islice(iterator, size))

        def close() -> None:
            with one_at_a_time:
                getattr(iterator, "close", lambda: None)()

        finished = False
        try:
            while not finished:
                items = await asyncio.wrap_future(self._submit(name, page))
                finished = len(items) < size
                for item in items:
                    yield item
        finally:
            if not finished:
                self._dispose(close)

    def forward_store(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A view of the store that a method returns, with the same threads."""
        return type(self)(getattr(self.wrapped, name)(*args, **kwargs), self._threads)

    async def close(self) -> None:
        # Shielded: cancelling the await must not take the closing out of the queue.
        await asyncio.shield(asyncio.wrap_future(self._threads.close(self.wrapped.close)))

    def _submit(self, name: str, function: Callable[..., T], *args: Any, **kwargs: Any) -> Future[T]:
        try:
            return self._threads.submit(function, *args, **kwargs)
        except ClosedError as error:
            error.backend, error.operation = self.backend, name
            raise

    def _dispose(self, close: Callable[[], None]) -> None:
        """Close an iterator that was left early; nobody waits for it but `close`."""
        try:
            self._threads.submit(close)
        except ClosedError:
            close()


# -- async store, sync callers -----------------------------------------------------------------------------------------


class _SyncView:
    """What the sync views have in common."""

    def __init__(self, store: Any, timeout: float | None) -> None:
        self.wrapped = store
        self.backend = store.backend
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"sync_view({self.wrapped!r})"

    def forward_call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Wait for one method of the store."""

        async def invoke() -> Any:
            return await getattr(self.wrapped, name)(*args, **kwargs)

        return self._run(name, invoke)

    def forward_iterate(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[Any]:
        """Iterate over one method of the store, a page per hop."""
        iterator: AsyncIterator[Any] | None = None
        size = _chunk(kwargs)

        async def page() -> list[Any]:
            nonlocal iterator
            if iterator is None:
                iterator = aiter(getattr(self.wrapped, name)(*args, **kwargs))
            items: list[Any] = []
            while len(items) < size:
                try:
                    items.append(await anext(iterator))
                except StopAsyncIteration:
                    break
            return items

        async def close() -> None:
            if hasattr(iterator, "aclose"):
                await cast(Any, iterator).aclose()

        try:
            while items := self._run(name, page):
                yield from items
                if len(items) < size:
                    return
        except GeneratorExit:  # left early
            self._dispose(name, close)
            raise

    def forward_store(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A view of the store that a method returns."""
        return type(self)(getattr(self.wrapped, name)(*args, **kwargs), self._timeout)

    def _run(self, name: str, function: Callable[[], Coroutine[Any, Any, T]]) -> T:
        loop = background_loop()
        if loop.is_current:
            raise UnsupportedError(
                "a sync view was called on the background loop, which would wait for itself",
                backend=self.backend,
                operation=name,
                hint="use the async store (the view's attribute 'wrapped') in code that runs there",
            )
        future = loop.start(function())
        try:
            concurrent.futures.wait([future], self._timeout)
        except BaseException:
            future.cancel()
            raise
        if future.done() or not future.cancel():
            return future.result()
        error = OperationTimeoutError(
            f"no answer within {self._timeout} seconds",
            backend=self.backend,
            operation=name,
            hint="the call was cancelled; raise timeout= of sync_view if the store may take longer",
        )
        error.ambiguous = True
        raise error

    def _dispose(self, name: str, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Close an iterator that was left early; the garbage collector may do so anywhere, even on the loop."""
        with suppress(ClosedError):  # at exit the loop has closed its iterators itself
            if background_loop().is_current:
                background_loop().start(close())
            else:
                self._run(name, close)
