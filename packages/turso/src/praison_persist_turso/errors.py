"""What a libSQL engine answered as the contract's errors, for both drivers. Imports neither.

Codes: https://www.sqlite.org/rescode.html, and those of the server, which its protocol leaves open.
"""

from __future__ import annotations

from praison_persist.errors import (
    ConfigurationError,
    MigrationError,
    OperationTimeoutError,
    PersistError,
    SerializationError,
    UnavailableError,
)
from praison_persist.urls import scrub

from .location import Location

__all__ = ["AnswerError", "from_answer"]


class AnswerError(Exception):
    """An engine refused something.

    Args:
        text: its words.
        code: ``SQLITE_BUSY`` and the like, or the server's; where the engine gives none, told by the text.
        status: HTTP status of the answer; 0 where a statement failed, and for an embedded engine.
    """

    def __init__(self, text: str, code: str = "", status: int = 0) -> None:
        super().__init__(text)
        known = next((name for part, name in _TEXTS if part in text), "")
        self.code = known if known == "SQLITE_TOOBIG" else code or known  # the server calls that ARGS_INVALID
        self.status = status

    @property
    def busy(self) -> bool:
        """Another writer holds the database, and nothing was done."""
        return self.code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "TRANSACTION_BUSY"))


_TEXTS = (  # libsql's errors are a ValueError with SQLite's words
    ("locked", "SQLITE_BUSY"),
    ("readonly", "SQLITE_READONLY"),
    ("disk I/O", "SQLITE_IOERR"),
    ("malformed", "SQLITE_CORRUPT"),
    ("is full", "SQLITE_FULL"),
    ("unable to open", "SQLITE_CANTOPEN"),
    ("Unable to open", "SQLITE_CANTOPEN"),
    ("too big", "SQLITE_TOOBIG"),
    ("not a database", "SQLITE_NOTADB"),
)

_KINDS: tuple[tuple[str, type[PersistError], bool, str], ...] = (
    ("SQLITE_READONLY", UnavailableError, False, "may this process, or this token, write?"),
    ("SQLITE_IOERR", UnavailableError, False, "the disk failed; see the system's log"),
    ("SQLITE_CORRUPT", UnavailableError, False, "the file is damaged; restore a backup"),
    ("SQLITE_FULL", UnavailableError, False, "free some disk space"),
    ("SQLITE_CANTOPEN", UnavailableError, False, "does the directory exist, and may this process write there?"),
    ("SQLITE_NOTADB", UnavailableError, False, "the path names another kind of file"),
    (
        "SQLITE_TOOBIG",
        SerializationError,
        False,
        "a file keeps 1 GB in one value, a server what its max_row_size says",
    ),
    ("RESPONSE_TOO_LARGE", PersistError, False, "read less at a time, with limit= or iter_messages()"),
    ("BLOCKED", UnavailableError, False, "the database is blocked; see its limits and plan"),
    ("TRANSACTION_TIMEOUT", PersistError, True, "the server ended a transaction that took too long"),
    ("SYNC_FAILED", UnavailableError, True, "can the server be reached, and does it offer replicas? sqld does not"),
    ("STREAM_", PersistError, True, "the server forgot the transaction; it was restarted, or took too long"),
)


def from_answer(error: AnswerError, location: Location) -> PersistError:
    """The contract's error for an engine's answer."""
    text = f"{location.place}: {scrub(error, *location.secrets)}"
    if error.busy:
        return OperationTimeoutError(text, hint="another writer holds the database; raise timeout=")
    unwanted = error.code == "SYNC_FAILED" and any(part in str(error) for part in ("401", "403", "Unauthorized"))
    if unwanted or error.status in (401, 403) or error.code.startswith("AUTH_"):
        return ConfigurationError(
            f"{location.place} refused the token: {scrub(error, *location.secrets)}",
            hint="check auth_token= or TURSO_AUTH_TOKEN: is it of this database, may it write, has it expired?",
        )
    for code, kind, retryable, hint in _KINDS:
        if error.code.startswith(code):
            return kind(text, retryable=retryable, hint=hint)
    if any(part in str(error) for part in ("no such table", "no such column", "has no column")):
        return MigrationError(text, hint="call setup(), or leave auto_create_tables=True")
    if error.status == 404 or 300 <= error.status < 400:
        return ConfigurationError(
            f"{text} (HTTP {error.status})", hint="does the database exist, and is the URL that of a libSQL server?"
        )
    if error.status == 429 or error.status >= 500:
        return UnavailableError(f"{text} (HTTP {error.status})", hint="the server is overloaded, or restarting")
    return PersistError(f"{text} ({error.code or f'HTTP {error.status}'})" if error.code or error.status else text)
