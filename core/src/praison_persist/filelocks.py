"""One process at a time: a lock file that names its holder. Standard library only; no waiting.

POSIX record locks: a fork does not inherit them, and the system drops them when the holder dies.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .errors import UnavailableError

__all__ = ["lock", "unlock"]

_OFFSET = 1 << 30  # a byte far behind the text, so that where locks are mandatory the holder's id stays readable

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        os.lseek(descriptor, _OFFSET, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _OFFSET)


def lock(path: Path, *, hint: str) -> int:
    """Lock the file for this process until `unlock`; at most once per process and file.

    Args:
        path: made if there is none.
        hint: what to do where another process holds it.

    Raises:
        UnavailableError: another process holds it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _try_lock(descriptor)
    except OSError as exc:
        holder = os.read(descriptor, 20).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise UnavailableError(f"{str(path)!r} is locked by process {holder or '(unknown)'}", hint=hint) from exc
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor


def unlock(descriptor: int) -> None:
    """Give the lock up. The file stays: removing it would let two processes lock two files of one name."""
    os.close(descriptor)
