"""Files that several processes share: locks that PraisonAI understands, durable replacement, durable appending.

Knows nothing of sessions.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from praison_persist.errors import OperationTimeoutError

__all__ = ["append", "locked", "make_directory", "replace", "sync_directory", "token"]

_PRIVATE = 0o600
_POLL = 0.004


@contextmanager
def locked(path: Path, timeout: float) -> Generator[None]:
    """Hold the lock of a file, ``{path}.lock`` beside it, against threads and processes; not reentrant.

    The lock file stays: deleting it would let two processes hold "it" at once.

    Raises:
        OperationTimeoutError: it was not free within ``timeout`` seconds; nothing was done.
    """
    # A new object each time has no state that a thread or a fork could share.
    lock = FileLock(f"{path}.lock", mode=_PRIVATE, thread_local=False)
    try:
        lock.acquire(timeout=timeout, poll_interval=_POLL)
    except Timeout as exc:
        raise OperationTimeoutError(
            f"the session file {str(path)!r} was locked by another process for {timeout} seconds",
            hint="try again, or raise lock_timeout=",
        ) from exc
    try:
        yield
    finally:
        lock.release()


def token() -> str:
    """A name part that no other process chooses."""
    return secrets.token_hex(6)


def make_directory(path: Path) -> None:
    """Create a directory of the user alone, and those above it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def replace(path: Path, data: bytes) -> None:
    """Write a file whole: others, and a crash, see the old one or the new one. On disk when this returns."""
    temporary = path.with_name(f".{path.name[:80]}.{token()}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), _PRIVATE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def append(path: Path, end: int, data: bytes) -> None:
    """Make a file continue with the data after its first ``end`` bytes. On disk when this returns."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), _PRIVATE)
    with os.fdopen(descriptor, "r+b") as file:
        file.truncate(end)
        file.seek(end)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_directory(path: Path) -> None:
    """Put creations, renames and deletions inside a directory on disk."""
    if os.name == "posix":  # elsewhere a directory cannot be opened, and its journal has to do
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
