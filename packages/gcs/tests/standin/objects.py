"""The objects of the stand-in, in a SQLite file so that they survive its kill: generations, conditions, pages."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from typing import Any


class RefusedError(Exception):
    """What the caller is told."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Objects:
    """Buckets and what is in them."""

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        self._file = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._file.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
            "CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY);"
            "CREATE TABLE IF NOT EXISTS objects (bucket TEXT, name BLOB, generation INTEGER, about TEXT, body BLOB,"
            " PRIMARY KEY (bucket, name)) WITHOUT ROWID"
        )
        self._now = 0

    def make_bucket(self, bucket: str) -> None:
        """Again does nothing but say so."""
        with self._lock:
            if not self._file.execute("INSERT OR IGNORE INTO buckets VALUES (?)", (bucket,)).rowcount:
                raise RefusedError(409, "Your previous request to create the named bucket succeeded.")

    def put(self, bucket: str, name: str, about: dict[str, Any], body: bytes, expected: int | None) -> dict[str, Any]:
        """Store an object if its generation is the expected one (0: there is none); the resource."""
        if not name or len(name.encode()) > 1024 or "\n" in name or "\r" in name or name in (".", ".."):
            raise RefusedError(400, f"Invalid object name: {name!r}")
        with self._lock:
            self._check(bucket, name, expected)
            self._now = max(time.time_ns() // 1000, self._now + 1)
            self._file.execute(
                "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)",
                (bucket, name.encode(), self._now, json.dumps(about), body),
            )
            return _resource(bucket, name, self._now, about, len(body))

    def get(self, bucket: str, name: str) -> tuple[int, dict[str, Any], bytes]:
        """Generation, what was said about it, and content."""
        with self._lock:
            self._check(bucket, name, None)
            row = self._row(bucket, name)
        if row is None:
            raise RefusedError(404, f"No such object: {bucket}/{name}")
        return row[0], json.loads(row[1]), row[2]

    def delete(self, bucket: str, name: str, expected: int | None) -> None:
        """Delete an object if its generation is the expected one."""
        with self._lock:
            self._check(bucket, name, expected)
            done = self._file.execute("DELETE FROM objects WHERE bucket = ? AND name = ?", (bucket, name.encode()))
        if not done.rowcount:
            raise RefusedError(404, f"No such object: {bucket}/{name}")

    def page(self, bucket: str, prefix: str, after: str, most: int) -> tuple[list[dict[str, Any]], str | None]:
        """The next objects whose names start with the prefix, by their bytes, and the last name if more follow."""
        low = max(prefix.encode(), after.encode() + b"\x00" if after else b"")
        with self._lock:
            self._check(bucket, "", None)
            rows = self._file.execute(
                "SELECT name, generation, about, length(body) FROM objects WHERE bucket = ? AND name >= ? AND name < ?"
                " ORDER BY name LIMIT ?",
                (bucket, low, prefix.encode() + b"\xff\xff", most + 1),
            ).fetchall()
        found = [_resource(bucket, name.decode(), one, json.loads(about), size) for name, one, about, size in rows]
        return found[:most], found[most - 1]["name"] if len(found) > most else None

    def _row(self, bucket: str, name: str) -> Any:
        return self._file.execute(
            "SELECT generation, about, body FROM objects WHERE bucket = ? AND name = ?", (bucket, name.encode())
        ).fetchone()

    def _check(self, bucket: str, name: str, expected: int | None) -> None:
        if self._file.execute("SELECT 1 FROM buckets WHERE name = ?", (bucket,)).fetchone() is None:
            raise RefusedError(404, "The specified bucket does not exist.")
        if expected is not None:
            row = self._row(bucket, name)
            if (row[0] if row else 0) != expected:
                raise RefusedError(412, "At least one of the pre-conditions you specified did not hold.")


def _resource(bucket: str, name: str, generation: int, about: dict[str, Any], size: int) -> dict[str, Any]:
    own = {"kind": "storage#object", "bucket": bucket, "name": name, "size": str(size)}
    return {**about, **own, "generation": str(generation), "metageneration": "1"}
