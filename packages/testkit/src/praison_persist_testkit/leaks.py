"""What a test left behind after its stores were closed: threads, descriptors, unawaited coroutines, open resources.

Looks from outside; knows nothing of stores.
"""

from __future__ import annotations

import gc
import threading
import time
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Snapshot", "recorded_warnings"]

_DESCRIPTORS = next((path for path in (Path("/proc/self/fd"), Path("/dev/fd")) if path.is_dir()), None)


@dataclass(frozen=True)
class Snapshot:
    """Threads and descriptors of this process at one moment."""

    threads: frozenset[threading.Thread] = field(default_factory=lambda: frozenset(threading.enumerate()))
    descriptors: frozenset[tuple[str, str]] = field(default_factory=lambda: frozenset(_descriptors()))

    def left(self, *, threads: int = 0, descriptors: int = 0, patience: float = 3.0) -> list[str]:
        """What is new since then and does not go away, beyond what the driver may keep for the process.

        Args:
            threads, descriptors: how many of each are no leak.
            patience: seconds that a driver has to wind down.
        """
        gc.collect()
        deadline = time.monotonic() + patience
        while True:
            now = Snapshot()
            new_threads = sorted(thread.name for thread in now.threads - self.threads)
            new_descriptors = sorted(what for _, what in now.descriptors - self.descriptors)
            found = [f"thread {name}" for name in new_threads] if len(new_threads) > threads else []
            found += [f"descriptor {what}" for what in new_descriptors] if len(new_descriptors) > descriptors else []
            if not found or time.monotonic() > deadline:
                return found
            time.sleep(0.05)


@contextmanager
def recorded_warnings() -> Generator[list[str]]:
    """Collects the warnings that prove a leak: coroutines never awaited, resources never closed."""
    found: list[str] = []
    gc.freeze()  # a collection then looks at nothing older than the block, which makes it cheap
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ResourceWarning)
            warnings.simplefilter("always", RuntimeWarning)
            yield found
    finally:
        gc.unfreeze()
    for warning in caught:
        text = str(warning.message)
        if issubclass(warning.category, ResourceWarning) or "never awaited" in text:
            found.append(f"{warning.category.__name__}: {text}")
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def _descriptors() -> list[tuple[str, str]]:
    if _DESCRIPTORS is None:
        return []
    found: list[tuple[str, str]] = []
    for path in list(_DESCRIPTORS.iterdir()):
        try:
            found.append((path.name, str(path.readlink())))
        except OSError:  # the descriptor of the listing itself is closed by now
            continue
    return found
