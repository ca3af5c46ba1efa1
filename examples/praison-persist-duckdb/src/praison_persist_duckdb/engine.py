"""The database's client: here a small document database over SQLite, so that the package works from the first minute.

Put the vendor's client behind the same methods. Knows no session, vector or key.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from .connecting import Connection
from .settings import Settings

__all__ = ["Change", "Client", "Document"]


class Document(NamedTuple):
    """A stored document; its version changes with every write."""

    name: str
    body: str
    version: str


class Change(NamedTuple):
    """A write. ``body`` None deletes; ``expect`` is the version to replace, ``""`` for none, None for any."""

    name: str
    body: str | None
    expect: str | None = None


class Client:
    """Opens nothing until the first call; safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._connection = Connection(settings)

    def read(self, names: Sequence[str]) -> dict[str, Document]:
        """The documents that there are."""
        with self._use() as connection:
            found = (_read(connection, name) for name in names)
            return {document.name: document for document in found if document is not None}

    def page(self, prefix: str, after: str = "", limit: int = 500, *, backwards: bool = False) -> list[Document]:
        """The next documents whose names start so, in order of their names, or of the last ones first."""
        first, last = _raw(prefix), _raw(prefix) + b"\xff"
        if after:
            first, last = (first, _raw(after)) if backwards else (_raw(after) + b"\x00", last)
        query = "SELECT name, body, version FROM documents WHERE name >= ? AND name < ? ORDER BY name"
        with self._use() as connection:
            rows = connection.execute(query + (" DESC" if backwards else "") + " LIMIT ?", (first, last, limit))
            return [Document(name.decode("utf-8", "surrogatepass"), body, version) for name, body, version in rows]

    def write(self, changes: Sequence[Change], unchanged: Sequence[Document] = ()) -> dict[str, str] | None:
        """All changes or none, if every expectation holds and those documents are as they were.

        Returns:
            The new versions by name; None where an expectation did not hold.
        """
        expected = [(change.name, change.expect) for change in changes]
        expected += [(document.name, document.version) for document in unchanged]
        versions: dict[str, str] = {}
        with self._use() as connection:
            connection.execute("BEGIN IMMEDIATE")
            for name, expect in expected:
                found = _read(connection, name) if expect is not None else None
                if expect is not None and expect != (found.version if found else ""):
                    connection.execute("ROLLBACK")
                    return None
            for name, body, _ in changes:
                if body is None:
                    connection.execute("DELETE FROM documents WHERE name = ?", (_raw(name),))
                else:
                    versions[name] = secrets.token_hex(8)
                    row = (_raw(name), body, versions[name])
                    connection.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", row)
            connection.execute("COMMIT")
        return versions

    def close(self) -> None:
        """Once."""
        self._connection.close()

    @contextmanager
    def _use(self) -> Generator[sqlite3.Connection]:
        connection, broken = self._connection.acquire(), True
        try:
            connection.execute("CREATE TABLE IF NOT EXISTS documents (name BLOB PRIMARY KEY, body TEXT, version TEXT)")
            yield connection
            broken = False
        finally:
            self._connection.release(connection, broken=broken)


def _raw(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")


def _read(connection: sqlite3.Connection, name: str) -> Document | None:
    row = connection.execute("SELECT body, version FROM documents WHERE name = ?", (_raw(name),)).fetchone()
    return None if row is None else Document(name, *row)
