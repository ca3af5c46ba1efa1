"""The threads and the one event loop that the views of `aio` run on; fork-safe, ended at exit.

Nothing else in the project starts threads or loops. Knows no store.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextvars
import functools
import os
import threading
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from .errors import ClosedError
from .lifecycle import store_closed

__all__ = ["BackgroundLoop", "Threads", "background_loop"]

T = TypeVar("T")


class Threads:
    """The threads of one async view, started when needed, at most ``workers``, and none inherited by a fork."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self.reset()
        _threads.add(self)

    def reset(self) -> None:
        """Forget threads and calls, which are the parent's after a fork."""
        self._lock = threading.Lock()
        self._executor = ThreadPoolExecutor(self._workers, "praison-persist-view")
        self._running: set[Future[Any]] = set()
        self._closing: Future[Any] | None = None

    def submit(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> Future[T]:
        """Run the function in a thread, in a copy of the caller's context.

        Raises:
            ClosedError: `close` was called.
        """
        context = contextvars.copy_context()
        with self._lock:
            if self._closing is not None:
                raise store_closed()
            future = self._executor.submit(context.run, functools.partial(function, *args, **kwargs))
            self._running.add(future)
        future.add_done_callback(self._running.discard)
        return future

    def close(self, function: Callable[[], None]) -> Future[None]:
        """Run the function once, when all calls that run have ended, then give the threads up."""
        with self._lock:
            if self._closing is None:
                running = list(self._running)

                def finish() -> None:
                    concurrent.futures.wait(running)
                    function()

                # Behind everything that runs, in the queue of the same threads: it can wait for them.
                self._closing = self._executor.submit(contextvars.copy_context().run, finish)
                self._closing.add_done_callback(lambda _: self._executor.shutdown(wait=False))
            return self._closing


class BackgroundLoop:
    """An event loop in a daemon thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="praison-persist-loop", daemon=True)
        self._thread.start()

    @property
    def is_current(self) -> bool:
        """Whether the caller runs on this loop's thread."""
        return threading.current_thread() is self._thread

    def start(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run the coroutine in a copy of the caller's context."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def stop(self) -> None:
        """Cancel what runs, and end the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5.0)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        stopped = False
        while not stopped:
            try:
                self._loop.run_forever()
                stopped = True
            except (KeyboardInterrupt, SystemExit):  # raised in a task: its caller gets it, the others go on
                continue
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


_threads: weakref.WeakSet[Threads] = weakref.WeakSet()
_loop: BackgroundLoop | None = None
_loop_lock = threading.Lock()
_parents: list[BackgroundLoop | None] = []
_exiting = False


def background_loop() -> BackgroundLoop:
    """The loop of this process, started by the first call.

    Raises:
        ClosedError: the interpreter is exiting.
    """
    global _loop
    with _loop_lock:
        if _exiting:
            raise ClosedError("the interpreter is exiting", hint="close stores before the program ends")
        if _loop is None:
            _loop = BackgroundLoop()
        return _loop


def _after_fork() -> None:
    """Start afresh in the child. The parent's loop is kept, not closed: it shares its selector with the parent."""
    global _loop, _loop_lock
    _parents.append(_loop)
    _loop, _loop_lock = None, threading.Lock()
    for threads in list(_threads):
        threads.reset()


@atexit.register
def _at_exit() -> None:
    global _exiting
    with _loop_lock:
        _exiting = True
    if _loop is not None:
        _loop.stop()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
