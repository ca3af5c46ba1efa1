"""Operations on a blocking driver, repeated where that is safe, with errors that name them. No schema, no SQL."""

from __future__ import annotations

import threading
from typing import TypeVar

from ..errors import PersistError, UnavailableError
from ..lifecycle import store_closed
from ..retry import RetryPolicy
from .driver import Driver, drive
from .operation import Operation

__all__ = ["Attempts"]

T = TypeVar("T")


class Attempts:
    """Runs operations on a driver: retries what is safe to retry, names errors."""

    def __init__(self, backend: str, driver: Driver, retry: RetryPolicy) -> None:
        self.backend = backend
        self.driver = driver
        self.retry = retry
        self._guard = threading.Lock()
        self._closed = False

    def attempt(self, work: Operation[T]) -> T:
        """The operation's value.

        Raises:
            PersistError: with ``backend`` and ``operation`` set.
        """
        lost = False

        def attempt() -> T:
            nonlocal lost
            if self._closed:
                raise store_closed()
            try:
                return drive(self.driver, work, recover=lost)
            except UnavailableError:
                lost = True
                raise

        try:
            return self.retry.call(attempt, idempotent=work.idempotent)
        except PersistError as error:
            error.backend = error.backend or self.backend
            error.operation = error.operation or work.name
            raise

    def close(self) -> None:
        with self._guard:
            closing, self._closed = not self._closed, True
        if closing:
            self.driver.close()
