"""Running operations on a blocking database library: what a backend supplies, and the loop that drives it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from .operation import Operation, Result, Run

if TYPE_CHECKING:
    from ..errors import PersistError
    from .dialect import Dialect

__all__ = ["Driver", "drive"]

T = TypeVar("T")


class Driver(ABC):
    """What a backend supplies for a blocking database library: connections, and one way to execute."""

    dialect: Dialect
    threads: int = 8
    """Most operations at a time of an asynchronous store on this driver."""

    @abstractmethod
    def acquire(self) -> Any:
        """A connection in autocommit mode, waiting for a free one up to the driver's deadline."""

    @abstractmethod
    def release(self, connection: Any, *, broken: bool) -> None:
        """Give the connection back; a broken one must not be handed out again.

        Must not fail where the connection dies meanwhile: the operation's outcome stands.
        """

    @abstractmethod
    def execute(self, connection: Any, sql: str, params: Sequence[Any]) -> Result:
        """Run one statement."""

    @abstractmethod
    def translate(self, error: Exception) -> PersistError | None:
        """The contract's error for an error of the library; None for errors that are not the database's."""

    def about(self) -> Mapping[str, str]:
        """``pool`` and ``pooler`` of `praison_persist.health.StoreHealth`, as far as they are known without I/O."""
        return {}

    def pooler(self, connection: Any) -> str | None:
        """``pooler`` of `praison_persist.health.StoreHealth` as a connection shows it; None where it does not."""
        return None

    def recover(self) -> None:
        """Called before a retry: drop connections that may have died with the one that failed."""

    @abstractmethod
    def close(self) -> None:
        """Close every connection."""


def drive(driver: Driver, work: Operation[T], *, recover: bool = False) -> T:
    """Run the operation on one connection.

    Args:
        driver: where the connection comes from.
        work: what to run.
        recover: the run before this one lost its connection.

    Raises:
        PersistError: with ``operation``, and ``ambiguous`` where the operation may have taken effect all the same.
    """
    run = Run(driver.dialect, work)
    connection = None
    try:
        if recover:
            driver.recover()
        connection = driver.acquire()
        script = run.script()
        statement = next(script)
        while True:
            try:
                result = driver.execute(connection, *statement)
            except BaseException as error:
                statement = script.throw(error)
            else:
                statement = script.send(result)
    except StopIteration as stop:
        run.broken = False
        return stop.value
    except Exception as error:
        translated = run.failure(error, driver.translate)
        if translated is error:
            raise
        raise translated from error
    finally:
        if connection is not None:
            driver.release(connection, broken=run.broken)
