"""Statements on chDB: an engine per process, a session for each HTTP connection. Knows nothing of HTTP."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import chdb

_DATA = re.compile(rb"(\s*INSERT\s.*?)\bFORMAT\s+(\w+)[ \t]*(?:\r?\n|$)", re.IGNORECASE | re.DOTALL)
_FORMAT = re.compile(rb"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_CODE = re.compile(r"Code: (\d+)\.")


class StatementError(Exception):
    """What ClickHouse says of a statement that fails; ``code`` is its number of the error."""

    def __init__(self, message: str) -> None:
        start = message.find("Code: ")
        super().__init__(message[start:] if start >= 0 else message)
        found = _CODE.search(message)
        self.code = int(found[1]) if found else 1002


class Engine:
    """The engine over one directory; it stays open as long as the process lives."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._held = chdb.connect(path)

    def session(self) -> Session:
        """A new session; sessions run at the same time."""
        return Session(chdb.connect(self._path))


class Session:
    """Statements one after the other."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._settings: dict[str, str] = {}
        self.close = connection.close

    def run(
        self, statement: bytes, parameters: Mapping[str, str], settings: Mapping[str, str], default_format: str
    ) -> tuple[bytes, str]:
        """The bytes that a statement gives, and their format; data of an INSERT follows in ``statement``.

        Raises:
            StatementError: ClickHouse refuses it.
        """
        try:
            self._set(settings)
            data = _DATA.match(statement)
            if data is not None:
                return self._insert(data[1].decode(), data[2].decode(), statement[data.end() :]), ""
            found = _FORMAT.search(statement)
            name = found[1].decode() if found else default_format
            text = statement[: found.start()] if found else statement
            answer = self._connection.query(text.decode(), name, params=dict(parameters))
            return b"" if answer is None else answer.bytes(), name
        except RuntimeError as exc:
            raise StatementError(str(exc)) from exc

    def _set(self, settings: Mapping[str, str]) -> None:
        """These settings and no others, from here on."""
        for name in self._settings.keys() - settings.keys():
            self._connection.query(f"SET {name} = DEFAULT")
            del self._settings[name]
        for name, value in settings.items():
            if self._settings.get(name) != value:
                self._connection.query(f"SET {name} = {_literal(value)}")
                self._settings[name] = value

    def _insert(self, statement: str, name: str, data: bytes) -> bytes:
        """chDB reads the data of an INSERT from files only."""
        handle, path = tempfile.mkstemp()
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            self._connection.query(f"{statement} FROM INFILE {_literal(path)} COMPRESSION 'none' FORMAT {name}")
        finally:
            Path(path).unlink()
        return b""


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
