"""One stream of the stand-in: statements, batches and their conditions on SQLite. Knows no HTTP."""

from __future__ import annotations

import base64
import sqlite3
from pathlib import Path
from typing import Any

BUSY_SECONDS = 0.05


class Stream:
    """A connection to the database file.

    The real server waits for another writer for a while before it says SQLITE_BUSY; this one says so soon.
    """

    def __init__(self, path: Path, *, keep_log: bool = False) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False)
        self.connection.execute("PRAGMA foreign_keys = ON")
        self.connection.execute("PRAGMA synchronous = NORMAL")  # survives a killed process, not a power cut
        if keep_log:
            self.connection.execute("PRAGMA wal_autocheckpoint = 0")

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The result of one stream request."""
        kind = request["type"]
        try:
            if kind == "execute":
                response: dict[str, Any] = {"type": kind, "result": self._execute(request["stmt"])}
            elif kind == "batch":
                response = {"type": kind, "result": self._batch(request["batch"]["steps"])}
            elif kind == "get_autocommit":
                response = {"type": kind, "is_autocommit": not self.connection.in_transaction}
            elif kind == "close":
                self.close()
                response = {"type": kind}
            else:
                return {"type": "error", "error": {"message": f"the stand-in does not know {kind!r}", "code": None}}
        except (sqlite3.Error, sqlite3.Warning) as error:
            return {"type": "error", "error": describe(error)}
        return {"type": "ok", "response": response}

    def close(self) -> Stream:
        """Roll back what is open; the stream as new."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")
        return self

    def _execute(self, statement: dict[str, Any]) -> dict[str, Any]:
        before = self.connection.total_changes
        cursor = self.connection.execute(statement["sql"], [decode(value) for value in statement.get("args") or []])
        rows = cursor.fetchall()
        return {
            "cols": [{"name": column[0], "decltype": None} for column in cursor.description or ()],
            "rows": [[encode(value) for value in row] for row in rows] if statement.get("want_rows", True) else [],
            "affected_row_count": max(cursor.rowcount, 0) if self.connection.total_changes > before else 0,
            "last_insert_rowid": str(cursor.lastrowid) if cursor.lastrowid else None,
            "rows_read": len(rows),
            "rows_written": 0,
            "query_duration_ms": 0.1,
        }

    def _batch(self, steps: list[dict[str, Any]]) -> dict[str, Any]:
        results: list[Any] = []
        errors: list[Any] = []
        for step in steps:
            result = error = None
            if self._holds(step.get("condition"), results, errors):
                try:
                    result = self._execute(step["stmt"])
                except (sqlite3.Error, sqlite3.Warning) as failure:
                    error = describe(failure)
            results.append(result)
            errors.append(error)
        return {"step_results": results, "step_errors": errors}

    def _holds(self, condition: dict[str, Any] | None, results: list[Any], errors: list[Any]) -> bool:
        if condition is None:
            return True
        kind = condition["type"]
        if kind == "ok":
            return results[condition["step"]] is not None
        if kind == "error":
            return errors[condition["step"]] is not None
        if kind == "not":
            return not self._holds(condition["cond"], results, errors)
        if kind == "is_autocommit":
            return not self.connection.in_transaction
        parts = [self._holds(part, results, errors) for part in condition["conds"]]
        return all(parts) if kind == "and" else any(parts)


def describe(error: Exception) -> dict[str, Any]:
    """An error as the server words it: SQLite's text and the name of its code."""
    code = getattr(error, "sqlite_errorname", None)  # Python 3.11 and newer
    if code is None:
        code = "SQLITE_BUSY" if "locked" in str(error) else "SQLITE_ERROR"
    return {"message": f"SQLite error: {error}", "code": code}


def encode(value: Any) -> dict[str, Any]:
    """A value of SQLite as Hrana writes it."""
    if value is None:
        return {"type": "null"}
    if isinstance(value, int):
        return {"type": "integer", "value": str(value)}
    if isinstance(value, float):
        return {"type": "float", "value": value}
    if isinstance(value, bytes):
        return {"type": "blob", "base64": base64.b64encode(value).decode().rstrip("=")}
    return {"type": "text", "value": value}


def decode(value: dict[str, Any]) -> Any:
    """The value that Hrana writes so."""
    kind = value["type"]
    if kind == "null":
        return None
    if kind == "integer":
        return int(value["value"])
    if kind == "blob":
        return base64.b64decode(value["base64"] + "=" * (-len(value["base64"]) % 4))
    return value["value"]
