"""The documents of the stand-in, in a SQLite file so that they survive a kill: conditions, limits, name ranges."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

import grpc
from google.cloud.firestore_v1 import types

MOST_BYTES = 1_048_576
Document: Any = types.Document.pb(types.Document()).__class__


class RefusedError(Exception):
    """What the caller is told."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class Documents:
    """Every document by its full name."""

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        self._file = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._file.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; "
            "CREATE TABLE IF NOT EXISTS documents (name BLOB PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID"
        )
        self._now = 0

    def get(self, name: str) -> Any:
        """The document, or None."""
        with self._lock:
            return self._get(name)

    def commit(self, writes: Iterable[Any]) -> list[Any]:
        """Apply all writes or none; the time of each.

        Raises:
            RefusedError: a condition is false, or a write is not what Firestore takes.
        """
        with self._lock:
            self._file.execute("BEGIN")
            try:
                done = [self._apply(write) for write in writes]
            except BaseException:
                self._file.execute("ROLLBACK")
                raise
            self._file.execute("COMMIT")
            return done

    def between(self, low: str, high: str, *, strictly: bool, limit: int) -> Iterator[Any]:
        """Documents from one name (or after it) to before another, by the bytes of their names."""
        compare = ">" if strictly else ">="
        with self._lock:
            rows = self._file.execute(
                f"SELECT body FROM documents WHERE name {compare} ? AND name < ? ORDER BY name LIMIT ?",
                (low.encode(), high.encode(), limit),
            ).fetchall()
        return (Document.FromString(body) for (body,) in rows)

    def _get(self, name: str) -> Any:
        row = self._file.execute("SELECT body FROM documents WHERE name = ?", (name.encode(),)).fetchone()
        return None if row is None else Document.FromString(row[0])

    def _apply(self, write: Any) -> Any:
        kind = write.WhichOneof("operation")
        if kind not in ("update", "delete") or write.HasField("update_mask") or write.update_transforms:
            raise RefusedError(grpc.StatusCode.UNIMPLEMENTED, "the stand-in knows whole documents only")
        name = write.delete if kind == "delete" else write.update.name
        found = self._get(name)
        _check_condition(name, found, write.current_document)
        if kind == "delete":
            self._file.execute("DELETE FROM documents WHERE name = ?", (name.encode(),))
            return None
        _check_document(write.update)
        document = Document()
        document.CopyFrom(write.update)
        self._now = max(time.time_ns() // 1000, self._now + 1)
        for stamp in (document.update_time, document.create_time):
            stamp.seconds, stamp.nanos = self._now // 1_000_000, self._now % 1_000_000 * 1000
        if found is not None:
            document.create_time.CopyFrom(found.create_time)
        self._file.execute(
            "INSERT OR REPLACE INTO documents VALUES (?, ?)", (name.encode(), document.SerializeToString())
        )
        return document.update_time


def _check_condition(name: str, found: Any, condition: Any) -> None:
    kind = condition.WhichOneof("condition_type")
    if kind == "exists" and condition.exists and found is None:
        raise RefusedError(grpc.StatusCode.NOT_FOUND, f"no entity to update: {name}")
    if kind == "exists" and not condition.exists and found is not None:
        raise RefusedError(grpc.StatusCode.ALREADY_EXISTS, f"entity already exists: {name}")
    if kind == "update_time" and (found is None or found.update_time != condition.update_time):
        raise RefusedError(grpc.StatusCode.FAILED_PRECONDITION, f"the stored version of {name} is another one")


def _check_document(document: Any) -> None:
    last = document.name.rpartition("/")[2]
    if not last or last in (".", "..") or re.fullmatch("__.*__", last) or len(last.encode()) > 1500:
        raise RefusedError(grpc.StatusCode.INVALID_ARGUMENT, f"the id {last!r} is not valid")
    if (size := document.ByteSize()) > MOST_BYTES:
        raise RefusedError(
            grpc.StatusCode.INVALID_ARGUMENT, f"document exceeds the maximum size: {size} bytes of {MOST_BYTES}"
        )
