"""What surrounds every operation of a store: refused once closed, errors that name backend and operation.

Knows nothing of what a store does; the SQL base has its own runner.
"""

from __future__ import annotations

import threading

from .errors import ClosedError, PersistError

__all__ = ["Lifecycle", "store_closed"]


def store_closed() -> ClosedError:
    """The error for any call on a closed store."""
    return ClosedError("the store was closed", hint="create a new store")


class Lifecycle:
    """Open until `close`; call it with an operation's name to run that inside::

        with self._lifecycle("get_session"): ...

    Args:
        backend: canonical name, for errors.
    """

    def __init__(self, backend: str) -> None:
        self.backend = backend
        self.closed = False
        self._guard = threading.Lock()

    def __call__(self, operation: str) -> _Running:
        """Run one operation of the contract inside what this gives.

        Raises:
            ClosedError: the store was closed.
        """
        running = _Running(self.backend, operation)
        if self.closed:
            raise running.named(store_closed())
        return running

    def close(self) -> bool:
        """From now on every operation is refused; True the first time only."""
        with self._guard:
            first, self.closed = not self.closed, True
        return first


class _Running:
    """One operation. A class, since a generator as context manager would cost as much as a small operation does."""

    __slots__ = ("_backend", "_operation")

    def __init__(self, backend: str, operation: str) -> None:
        self._backend = backend
        self._operation = operation

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, PersistError):
            self.named(error)

    def named(self, error: PersistError) -> PersistError:
        """The error, with backend and operation unless it knows them."""
        error.backend = error.backend or self._backend
        error.operation = error.operation or self._operation
        return error
