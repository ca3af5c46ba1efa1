"""What surrounds every operation of a store: refused once closed, errors that name backend and operation.

Knows nothing of what a store does; the SQL base has its own runner.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager

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

    @contextmanager
    def __call__(self, operation: str) -> Generator[None]:
        """Run one operation of the contract.

        Raises:
            ClosedError: the store was closed.
        """
        try:
            if self.closed:
                raise store_closed()
            yield
        except PersistError as error:
            error.backend = error.backend or self.backend
            error.operation = error.operation or operation
            raise

    def close(self) -> bool:
        """From now on every operation is refused; True the first time only."""
        with self._guard:
            first, self.closed = not self.closed, True
        return first
