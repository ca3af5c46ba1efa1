"""Entries by key with expiry, and the one table that all stores of a process share per file.

Keeps JSON texts and knows nothing of namespaces or of the contract; how a file is written is `snapshot`'s concern.
"""

from __future__ import annotations

import heapq
import os
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from praison_persist.errors import ClosedError

from .snapshot import Entry, SnapshotFile


class Table:
    """Live entries by key. Every method but `release` is called inside `locked`."""

    def __init__(self, file: SnapshotFile | None = None, entries: dict[str, Entry] | None = None) -> None:
        self._file = file
        self._entries = entries or {}
        self._due: list[tuple[float, str]] = []
        self._lock = threading.RLock()
        self._unsaved = False
        self._saved_at = time.monotonic()
        self._process = os.getpid()
        self._users = 0
        self._schedule()

    @contextmanager
    def locked(self) -> Generator[None]:
        """Hold the lock; what has expired is gone.

        Raises:
            ClosedError: the table's file was opened by the parent of this process.
        """
        if self._file is not None and self._process != os.getpid():
            raise ClosedError(
                f"this store was opened by process {self._process}, before a fork", hint="create stores after forking"
            )
        with self._lock:
            now = time.time()
            while self._due and self._due[0][0] <= now:
                expires, name = heapq.heappop(self._due)
                entry = self._entries.get(name)
                if entry is not None and entry.expires == expires:
                    del self._entries[name]
            yield

    def get(self, name: str) -> Entry | None:
        """The live entry."""
        return self._entries.get(name)

    def names(self) -> list[str]:
        """The live keys."""
        return list(self._entries)

    def commit(self, changes: Mapping[str, Entry | None], interval: float) -> None:
        """Apply changes (None deletes), all or none, and save if the last save is ``interval`` seconds ago.

        Raises:
            UnavailableError: the file cannot be written; nothing was changed.
        """
        before = {name: self._entries.get(name) for name in changes}
        unsaved = self._unsaved
        self._apply(changes)
        if time.monotonic() - self._saved_at >= interval:
            try:
                self.save()
            except BaseException:
                self._apply(before)
                self._unsaved = unsaved
                raise

    def save(self) -> None:
        """Write the file if something changed since the last time.

        Raises:
            UnavailableError: the file cannot be written; it is as it was.
        """
        if self._file is not None and self._unsaved:
            self._file.write(self._entries)
            self._unsaved, self._saved_at = False, time.monotonic()

    def release(self) -> None:
        """One user fewer; the last one saves and gives the file free."""
        if self._file is None or self._process != os.getpid():
            return
        with _registry_lock, self._lock:
            try:
                self.save()
            finally:
                self._users -= 1
                if self._users == 0:
                    del _registry[self._file.path]
                    self._file.close()

    def _apply(self, changes: Mapping[str, Entry | None]) -> None:
        for name, entry in changes.items():
            if entry is None:
                self._entries.pop(name, None)
                continue
            self._entries[name] = entry
            if entry.expires is not None:
                heapq.heappush(self._due, (entry.expires, name))
        self._unsaved = self._unsaved or bool(changes)
        if len(self._due) > 2 * len(self._entries) + 64:
            self._schedule()

    def _schedule(self) -> None:
        """Forget the expiries of entries that were replaced."""
        self._due = [(entry.expires, name) for name, entry in self._entries.items() if entry.expires is not None]
        heapq.heapify(self._due)


_registry: dict[Path, Table] = {}
_registry_lock = threading.Lock()


def open_table(path: Path) -> Table:
    """The table of a file, loaded and locked against other processes; `Table.release` ends the use.

    Raises:
        UnavailableError: another process has the file open, or it cannot be read.
        SerializationError: the file is not what this store or PraisonAI writes.
    """
    real = Path(os.path.realpath(path))
    with _registry_lock:
        table = _registry.get(real)
        if table is None or table._process != os.getpid():
            file = SnapshotFile(real)
            try:
                entries = file.read()
            except BaseException:
                file.close()
                raise
            table = _registry[real] = Table(file, entries)
        table._users += 1
        return table
