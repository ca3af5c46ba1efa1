"""Files that several processes share: locks, durable replacement, appending, and lines from either end.

Knows nothing of sessions or JSON, so that any file-based backend can use it. Reading needs no lock: a line counts
once its line feed is there, and files are replaced, never changed in place.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
import zlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from praison_persist.errors import OperationTimeoutError

_PRIVATE = 0o600
_BLOCK = 1 << 18
_POLL = 0.002


class Locks:
    """Locks by name between threads and processes, on a fixed number of lock files.

    Names share lock files by hash, so the files are never deleted: deleting one would let two processes hold "it" at
    once. Not reentrant.

    Args:
        directory: where the lock files are; created on first use.
        timeout: seconds to wait for a lock.
    """

    _COUNT = 64

    def __init__(self, directory: Path, timeout: float) -> None:
        self._directory = directory
        self._timeout = timeout
        self._reset()

    @contextmanager
    def __call__(self, name: str) -> Generator[None]:
        """Hold the lock of a name.

        Raises:
            OperationTimeoutError: it was not free in time; nothing was done.
        """
        if self._process != os.getpid():  # a fork copies the thread locks as they were at that moment
            self._reset()
        number = zlib.crc32(name.encode()) % self._COUNT
        deadline = time.monotonic() + self._timeout
        if not self._threads[number].acquire(timeout=self._timeout):
            raise self._late()
        try:
            file = self._files.get(number)
            if file is None:
                self._directory.mkdir(parents=True, exist_ok=True)
                file = self._files[number] = FileLock(self._directory / f"{number:02x}.lock", thread_local=False)
            try:
                file.acquire(timeout=max(0.0, deadline - time.monotonic()), poll_interval=_POLL)
            except Timeout as exc:
                raise self._late() from exc
            try:
                yield
            finally:
                file.release()
        finally:
            self._threads[number].release()

    def _reset(self) -> None:
        self._process = os.getpid()
        self._threads = [threading.Lock() for _ in range(self._COUNT)]
        self._files: dict[int, FileLock] = {}

    def _late(self) -> OperationTimeoutError:
        return OperationTimeoutError(
            f"the lock under {str(self._directory)!r} was not free within {self._timeout} seconds",
            hint="another process holds it: wait for it, end it, or raise timeout=",
        )


def token() -> str:
    """A name part that no other process chooses."""
    return secrets.token_hex(6)


def create(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a new file, synced to disk; its entry in the directory is not yet (see `sync_directory`)."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), _PRIVATE)
    with os.fdopen(descriptor, "wb") as file:
        file.writelines(chunks)
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, data: bytes) -> None:
    """Write a file whole: other processes and a crash see the old one or the new one. On disk when this returns."""
    temporary = path.with_name(f".{path.name}.{token()}.tmp")
    try:
        create(temporary, [data])
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Put creations, renames and deletions inside a directory on disk."""
    if os.name == "posix":  # elsewhere a directory cannot be opened, and its journal has to do
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def open_to_append(path: Path) -> BinaryIO:
    """An existing file, unbuffered, readable anywhere, written at its end."""
    return open(path, "r+b", buffering=0, opener=lambda name, flags: os.open(name, flags | os.O_APPEND))


def append(file: BinaryIO, end: int, data: bytes) -> None:
    """Add data to a file of ``end`` bytes, under the caller's lock; on disk when this returns, gone if it raises."""
    try:
        left = memoryview(data)
        while left:
            left = left[file.write(left) :]
        os.fsync(file.fileno())
    except BaseException:
        with suppress(OSError):  # what cannot be cut off now has no line feed, or the next writer finds it
            file.truncate(end)
        raise


def cut(file: BinaryIO, end: int) -> None:
    """Drop what follows ``end``, under the caller's lock."""
    file.truncate(end)
    os.fsync(file.fileno())


def lines_forward(file: BinaryIO, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Complete lines and their offsets, from a line's start on; an incomplete last one is left out."""
    file.seek(start)
    parts: list[bytes] = []
    while block := file.read(_BLOCK):
        *ends, rest = block.split(b"\n")
        for part in ends:
            line = b"".join([*parts, part])
            parts.clear()
            yield start, line
            start += len(line) + 1
        if rest:
            parts.append(rest)


def lines_backward(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Complete lines and their offsets, last first; reads about as much as is taken, however long the file is."""
    position = file.seek(0, os.SEEK_END)
    size = 1 << 13
    parts: list[bytes] = []  # of a line whose start lies further ahead, last part first
    complete = False  # no line feed was seen yet, so what was read so far is an incomplete line
    while position:
        size = min(size, position)
        position -= size
        file.seek(position)
        block = _read_exactly(file, size)
        first, *others = block.split(b"\n")
        offset = position + len(block)
        for part in reversed(others):
            offset -= len(part)
            if complete:
                yield offset, b"".join([part, *reversed(parts)])
            parts.clear()
            complete = True
            offset -= 1
        parts.append(first)
        size = min(size * 2, 1 << 20)
    if complete:
        yield 0, b"".join(reversed(parts))


def _read_exactly(file: BinaryIO, size: int) -> bytes:
    parts: list[bytes] = []
    while size and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
