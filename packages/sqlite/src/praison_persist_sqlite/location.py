"""Where the database is and how it is opened: paths, URLs and PRAGMAs, shared by the blocking and async drivers."""

from __future__ import annotations

import os
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from praison_persist.errors import (
    ConfigurationError,
    InvalidInputError,
    MigrationError,
    OperationTimeoutError,
    PersistError,
    SerializationError,
    UnavailableError,
    UnsupportedError,
)

__all__ = ["DEFAULT_PATH", "Location", "Synchronous", "translate"]

DEFAULT_PATH = "praisonai_conversations.db"

Synchronous = Literal["FULL", "NORMAL"]


@dataclass(frozen=True, slots=True)
class Location:
    """A database file, or ``:memory:``, with the settings of a connection.

    Attributes:
        path: file path, or ``:memory:``.
        timeout: seconds to wait for another writer.
        synchronous: ``FULL`` keeps acknowledged writes through a power cut, ``NORMAL`` through a crash.
    """

    path: str
    timeout: float
    synchronous: str

    @classmethod
    def of(cls, url: str | None, path: str | os.PathLike[str] | None, timeout: float, synchronous: str) -> Location:
        """From the options of a store; accepts ``sqlite:///relative``, ``sqlite:////absolute``, paths and ``:memory:``.

        Raises:
            ConfigurationError: both given, or an unknown setting.
        """
        if url is not None and path is not None:
            raise ConfigurationError("give url= or path=, not both", backend="sqlite")
        if synchronous not in ("FULL", "NORMAL"):
            raise ConfigurationError(f"synchronous must be 'FULL' or 'NORMAL', got {synchronous!r}", backend="sqlite")
        if not isinstance(timeout, (int, float)) or isinstance(timeout, bool) or not 0 < timeout < 86400:
            raise ConfigurationError(f"timeout must be a number of seconds above 0, got {timeout!r}", backend="sqlite")
        return cls(_path(url if path is None else path), float(timeout), synchronous)

    @property
    def in_memory(self) -> bool:
        """Whether the database lives in its connection only."""
        return self.path == ":memory:"

    def configure(self, connection: sqlite3.Connection) -> None:
        """Apply the PRAGMAs; waits for the lock itself, since switching to WAL ignores the busy timeout."""
        if sqlite3.sqlite_version_info < (3, 35):
            raise UnsupportedError(
                f"SQLite {sqlite3.sqlite_version} is too old; 3.35 or newer is needed", backend="sqlite"
            )
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA synchronous = {self.synchronous}")
        if self.in_memory:
            return
        deadline = time.monotonic() + self.timeout
        while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


def _path(given: str | os.PathLike[str] | None) -> str:
    if given is None:
        return DEFAULT_PATH
    text = os.fspath(given)
    if not isinstance(text, str) or not text or "\x00" in text:
        raise ConfigurationError("the database path must be non-empty text", backend="sqlite")
    scheme, separator, rest = text.partition("://")
    if not separator:
        return text if text == ":memory:" else str(Path(text).expanduser())
    if scheme.partition("+")[0].lower() != "sqlite":
        raise ConfigurationError(f"{scheme}:// is not a SQLite URL", backend="sqlite", hint=_URL_HINT)
    host, slash, file = rest.partition("/")
    if host or "?" in file or "#" in file:
        raise ConfigurationError(
            "a SQLite URL has neither host nor query; settings are options of the store",
            backend="sqlite",
            hint=_URL_HINT,
        )
    return ":memory:" if not slash or file in ("", ":memory:") else str(Path(unquote(file)).expanduser())


_URL_HINT = "sqlite:///relative.db, sqlite:////absolute/path.db or sqlite:// (in memory)"

_ERRORS: dict[int, tuple[type[PersistError], bool, str]] = {
    5: (OperationTimeoutError, True, "another writer holds the database; raise timeout="),  # SQLITE_BUSY
    6: (OperationTimeoutError, True, "another writer holds the database; raise timeout="),  # SQLITE_LOCKED
    8: (UnavailableError, False, "this process may not write the file"),  # SQLITE_READONLY
    10: (UnavailableError, False, "the disk failed; see the system's log"),  # SQLITE_IOERR
    11: (UnavailableError, False, "the file is damaged; restore a backup"),  # SQLITE_CORRUPT
    13: (UnavailableError, False, "free some disk space"),  # SQLITE_FULL
    14: (UnavailableError, False, "does the directory exist, and may this process write there?"),  # SQLITE_CANTOPEN
    18: (SerializationError, False, "SQLite keeps at most 1 GB in one value"),  # SQLITE_TOOBIG
    26: (UnavailableError, False, "the path names another kind of file"),  # SQLITE_NOTADB
}
_CODES = (
    ("locked", 5),
    ("readonly", 8),
    ("disk I/O", 10),
    ("malformed", 11),
    ("is full", 13),
    ("unable to open", 14),
    ("too big", 18),
    ("not a database", 26),
)


def translate(error: Exception) -> PersistError | None:
    """The contract's error for an error of the sqlite3 module."""
    if isinstance(error, OverflowError):
        return InvalidInputError(str(error))
    if not isinstance(error, sqlite3.Error):
        return None
    text = str(error)
    code = getattr(error, "sqlite_errorcode", None)  # Python 3.11 and newer
    if code is None:
        code = next((code for part, code in _CODES if part in text), 0)
    if "no such table" in text or "no such column" in text or "has no column" in text:
        return MigrationError(text, hint="call setup(), or leave auto_create_tables=True")
    if (code & 0xFF) in _ERRORS:
        kind, retryable, hint = _ERRORS[code & 0xFF]
        return kind(text, retryable=retryable, hint=hint)
    return PersistError(f"{type(error).__name__}: {text}")
