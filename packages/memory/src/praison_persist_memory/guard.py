"""What every in-process store does around an operation: one lock, and the lifecycle of core.

Knows nothing of what is stored.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager

from praison_persist.errors import ConfigurationError
from praison_persist.lifecycle import Lifecycle

BACKEND = "memory"
_URLS = (None, "", "memory", ":memory:", "memory:", "memory://", "memory:///")


class Guard:
    """Serializes operations of one store (and of its views) and refuses them once closed."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._lifecycle = Lifecycle(BACKEND)

    @contextmanager
    def __call__(self, operation: str) -> Generator[None]:
        """Hold the lock during one operation of the contract.

        Raises:
            ClosedError: the store was closed.
        """
        with self._lock, self._lifecycle(operation):
            yield

    @contextmanager
    def closing(self) -> Generator[bool]:
        """Hold the lock while closing; True the first time only."""
        with self._lock:
            yield self._lifecycle.close()


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
