"""The asynchronous store class over an engine: run, retry, name errors, and nothing else."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Mapping
from copy import copy
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import PersistError
from ..lifecycle import Lifecycle
from ..operation import Operation
from ..retry import RetryPolicy
from ..state import AsyncStateStore
from .requests import Pause, Turn, has_written
from .stores import failure
from .turns import AsyncTurns

if TYPE_CHECKING:
    from .commands import CommandStates
    from .records import RecordStates

__all__ = ["AsyncEngine", "AsyncEngineStateStore"]

T = TypeVar("T")


class AsyncEngine(ABC):
    """What a backend supplies for an asynchronous client library; see `Engine`.

    It may be used from one event loop after another: clients that belong to a loop are its own concern.
    """

    async def setup(self) -> None:
        """See `Engine.setup`; safe when several tasks race."""

    @abstractmethod
    async def perform(self, request: Any) -> Any:
        """See `Engine.perform`."""

    @abstractmethod
    def translate(self, error: Exception) -> PersistError | None:
        """See `Engine.translate`."""

    @abstractmethod
    async def close(self) -> None:
        """See `Engine.close`."""


class AsyncEngineStateStore(AsyncStateStore):
    """The state contract on an asynchronous engine; arguments as in `EngineStateStore`."""

    def __init__(
        self,
        engine: AsyncEngine,
        states: CommandStates | RecordStates,
        *,
        backend: str,
        retry: RetryPolicy,
        auto_setup: bool = False,
    ) -> None:
        self.backend = backend
        self._states = states
        self._run = _AsyncRunner(engine, backend, retry, auto_setup)

    async def setup(self) -> None:
        await self._run.setup()

    def namespace(self, name: str) -> AsyncStateStore:
        view = copy(self)
        view._states = self._states.namespace(name)
        return view

    async def get(self, key: str) -> Any:
        return await self._run(self._states.get(key))

    async def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        return await self._run(self._states.get_many(keys))

    async def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        await self._run(self._states.set(key, value, ttl))

    async def set_many(self, values: Mapping[str, Any], ttl: float | None = None) -> None:
        await self._run(self._states.set_many(values, ttl))

    async def delete(self, key: str) -> bool:
        return await self._run(self._states.delete(key))

    async def exists(self, key: str) -> bool:
        return await self._run(self._states.exists(key))

    async def keys(self, pattern: str = "*") -> list[str]:
        return await self._run(self._states.keys(pattern))

    async def scan_prefix(self, prefix: str) -> AsyncIterator[str]:
        seen: set[str] = set()
        more: Any = None
        while True:
            page, more = await self._run(self._states.page_keys(prefix, more))
            for key in page:
                if key not in seen:
                    yield key
            if more is None:
                return
            seen.update(page)

    async def ttl(self, key: str) -> int | None:
        return await self._run(self._states.ttl(key))

    async def expire(self, key: str, ttl: float) -> bool:
        return await self._run(self._states.expire(key, ttl))

    async def hget(self, key: str, field: str) -> Any:
        return await self._run(self._states.hget(key, field))

    async def hset(self, key: str, field: str, value: Any) -> None:
        await self._run(self._states.hset(key, field, value))

    async def hgetall(self, key: str) -> dict[str, Any]:
        return await self._run(self._states.hgetall(key))

    async def hdel(self, key: str, *fields: str) -> int:
        return await self._run(self._states.hdel(key, fields))

    async def incr(self, key: str, amount: int = 1) -> int:
        return await self._run(self._states.incr(key, amount))

    async def compare_and_set(self, key: str, expected: Any, value: Any, *, ttl: float | None = None) -> bool:
        return await self._run(self._states.compare_and_set(key, expected, value, ttl))

    async def close(self) -> None:
        await self._run.close()


class _AsyncRunner:
    """Runs operations on the engine; shared by a store and its namespaces."""

    def __init__(self, engine: AsyncEngine, backend: str, retry: RetryPolicy, auto_setup: bool) -> None:
        self._engine = engine
        self._retry = retry
        self._lifecycle = Lifecycle(backend)
        self._ready = not auto_setup
        self._turns = AsyncTurns()

    async def __call__(self, work: Operation[T]) -> T:
        with self._lifecycle(work.name):
            if not self._ready:
                await self._setup()
            return await self._retry.acall(lambda: self._drive(work), idempotent=work.idempotent)

    async def setup(self) -> None:
        with self._lifecycle("setup"):
            await self._setup()

    async def close(self) -> None:
        if self._lifecycle.close():
            await asyncio.shield(self._engine.close())

    async def _setup(self) -> None:
        await self._retry.acall(self._set_up)
        self._ready = True

    async def _set_up(self) -> None:
        try:
            await self._engine.setup()
        except Exception as error:
            raise failure(error, None, self._engine.translate(error)) from error

    async def _drive(self, work: Operation[T]) -> T:
        # In one body: each coroutine between a caller and the client is entered again with every turn of the loop.
        steps = work.start()
        turn: Any = None
        written = False
        try:
            request = next(steps)
            while True:
                try:
                    if type(request) is Turn:
                        turn = await self._turns.take(request)
                        reply = turn is not None
                    elif type(request) is Pause:
                        reply = await asyncio.sleep(request.seconds)
                    else:
                        try:
                            reply = await self._engine.perform(request)
                        except Exception as error:
                            raise failure(error, request, self._engine.translate(error), written=written) from error
                        written = written or has_written(request, reply)
                except PersistError as error:
                    request = steps.throw(error)
                else:
                    request = steps.send(reply)
        except StopIteration as stop:
            return stop.value
        finally:
            if turn is not None:
                self._turns.give(turn)
