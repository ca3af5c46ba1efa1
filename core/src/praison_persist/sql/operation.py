"""SQL operations: generators that yield statements and receive results, and what surrounds a run of one.

Every SQL operation of the repository is one generator function decorated with `operation`. `drive` (in `driver`) runs
it on a blocking connection, `adrive` (in `async_driver`) on an asynchronous one. No database library is known here.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from ..errors import PersistError, UnavailableError
from ..operation import Operation, operation

if TYPE_CHECKING:
    from .dialect import Dialect

__all__ = ["Operation", "Result", "Run", "Statement", "Steps", "operation"]

T = TypeVar("T")


class Statement(NamedTuple):
    """SQL in the dialect's own placeholder style, with its parameters in order."""

    sql: str
    params: Sequence[Any] = ()


class Result(NamedTuple):
    """What a statement gave: its rows (tuples, possibly none), and how many rows it found or changed."""

    rows: Sequence[Sequence[Any]]
    rowcount: int


Steps = Generator[Statement, Result, T]


class Run(Generic[T]):
    """One run of an operation: which statement comes next, and what its failure means. Does no I/O."""

    def __init__(self, dialect: Dialect, work: Operation[T]) -> None:
        self.work = work
        self.dialect = dialect
        self.ambiguous = False
        self.broken = True
        self._left_open = False

    def script(self) -> Steps[T]:
        """The statements, with the transaction around them; failures are thrown in where they happened."""
        if not self.work.transaction:
            self.ambiguous = True
            return (yield from self.work.start())
        try:
            yield Statement(self.dialect.begin)
            value = yield from self.work.start()
            self.ambiguous = True  # from here on the engine may have committed whatever we hear
            yield Statement("COMMIT")
        except BaseException:
            self._left_open = True
            with suppress(Exception):  # the first failure is the one to report
                yield Statement("ROLLBACK")
                self._left_open = False
            raise
        return value

    def cancelled(self, *, survives: bool) -> None:
        """The run was cancelled, on a driver whose connections survive that or not."""
        self.broken = self._left_open or not survives

    def failure(self, error: Exception, translate: Callable[[Exception], PersistError | None]) -> PersistError:
        """The contract's error for what went wrong."""
        translated = error if isinstance(error, PersistError) else translate(error)
        if translated is None:
            raise error
        unavailable = isinstance(translated, UnavailableError)
        self.broken = unavailable or self._left_open
        translated.operation = translated.operation or self.work.name
        translated.ambiguous = self.ambiguous and unavailable  # any other error is the engine's answer, or ours
        return translated
