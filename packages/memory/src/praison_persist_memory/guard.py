"""What every in-process store does around an operation: one lock, a closed flag, errors that name their place.

Knows nothing of what is stored.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager

from praison_persist.errors import ClosedError, ConfigurationError, PersistError

BACKEND = "memory"
_URLS = (None, "", "memory", ":memory:", "memory:", "memory://", "memory:///")


class Guard:
    """Serializes operations of one store (and of its views) and refuses them once closed."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._closed = False

    @contextmanager
    def __call__(self, operation: str) -> Generator[None]:
        """Hold the lock during one operation of the contract.

        Raises:
            ClosedError: the store was closed.
        """
        with self._lock:
            try:
                if self._closed:
                    raise ClosedError("the store was closed", hint="create a new store")
                yield
            except PersistError as error:
                error.backend = error.backend or BACKEND
                error.operation = error.operation or operation
                raise

    @contextmanager
    def closing(self) -> Generator[bool]:
        """Hold the lock while closing; True the first time only."""
        with self._lock:
            first, self._closed = not self._closed, True
            yield first


def check_url(url: str | None) -> None:
    """Refuse a URL that names a place outside of this process: a caller would believe that data goes there.

    Raises:
        ConfigurationError: anything but None or ``memory://``.
    """
    if url not in _URLS:
        scheme = url.partition(":")[0] if isinstance(url, str) else type(url).__name__
        raise ConfigurationError(
            f"the memory backend takes no URL of scheme {scheme!r}; it keeps everything in this process",
            backend=BACKEND,
            hint="pass url=None or 'memory://', or choose the backend that the URL belongs to",
        )
