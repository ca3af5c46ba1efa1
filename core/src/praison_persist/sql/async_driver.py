"""Running operations on an asynchronous database library: the twin of `driver`, and nothing more."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from .operation import Operation, Result, Run

if TYPE_CHECKING:
    from ..errors import PersistError
    from .dialect import Dialect

__all__ = ["AsyncDriver", "adrive", "finished"]

T = TypeVar("T")


class AsyncDriver(ABC):
    """`Driver` for an asynchronous library; usable from several event loops, one after the other."""

    dialect: Dialect
    survives_cancellation: bool = False
    """Whether a connection can be used again after a statement on it was cancelled."""

    @abstractmethod
    async def acquire(self) -> Any:
        """See `Driver.acquire`."""

    @abstractmethod
    async def release(self, connection: Any, *, broken: bool) -> None:
        """See `Driver.release`. Must end although the task is being cancelled; `finished` is for what would not."""

    @abstractmethod
    async def execute(self, connection: Any, sql: str, params: Sequence[Any]) -> Result:
        """See `Driver.execute`."""

    @abstractmethod
    def translate(self, error: Exception) -> PersistError | None:
        """See `Driver.translate`."""

    def about(self) -> Mapping[str, str]:
        """See `Driver.about`."""
        return {}

    async def pooler(self, connection: Any) -> str | None:
        """See `Driver.pooler`."""
        return None

    async def recover(self) -> None:
        """See `Driver.recover`."""

    @abstractmethod
    async def close(self) -> None:
        """See `Driver.close`."""


async def adrive(driver: AsyncDriver, work: Operation[T], *, recover: bool = False) -> T:
    """`drive` for an asynchronous driver; a cancelled run is rolled back before the connection is given back."""
    run = Run(driver.dialect, work)
    connection = None
    try:
        if recover:
            await driver.recover()
        connection = await driver.acquire()
        script = run.script()
        statement = next(script)
        while True:
            try:
                result = await driver.execute(connection, *statement)
            except BaseException as error:
                statement = script.throw(error)
            else:
                statement = script.send(result)
    except StopIteration as stop:
        run.broken = False
        return stop.value
    except asyncio.CancelledError:
        run.cancelled(survives=driver.survives_cancellation)
        raise
    except Exception as error:
        translated = run.failure(error, driver.translate)
        if translated is error:
            raise
        raise translated from error
    finally:
        if connection is not None:
            await driver.release(connection, broken=run.broken)


async def finished(cleanup: Awaitable[None]) -> None:
    """Let a cleanup end although the task is being cancelled, which costs a task of its own."""
    task = asyncio.ensure_future(cleanup)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
