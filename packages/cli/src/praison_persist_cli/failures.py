"""What went wrong, for a person and for a program: message, next step, exit code. No secret leaves through here."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from typing import Any

from praison_persist.errors import ConfigurationError, MigrationError, PersistError
from praison_persist.urls import DatabaseURL, parse, scrub

__all__ = ["FAILED", "INTERRUPTED", "USAGE", "Failure", "as_failure", "cleaned"]

FAILED, USAGE, INTERRUPTED = 1, 2, 130

_SECRET = re.compile(r"pass|pwd|token|secret|key|credential", re.IGNORECASE)


class Failure(Exception):  # noqa: N818 - what it means to the user
    """A command that ends without success.

    Attributes:
        message: what happened.
        hint: the next step.
        code: the exit code.
        kind: the name of the error's class.
        backend, operation: where it happened, as far as a store is involved.
        details: more, for programs.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        code: int = FAILED,
        kind: str = "",
        backend: str | None = None,
        operation: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code
        self.kind = kind or ("UsageError" if code == USAGE else "Failure")
        self.backend = backend
        self.operation = operation
        self.details = details or {}

    def document(self) -> dict[str, Any]:
        """The failure as JSON."""
        return {
            "error": {
                "type": self.kind,
                "message": cleaned(self.message),
                "hint": cleaned(self.hint) if self.hint else None,
                "backend": self.backend,
                "operation": self.operation,
                **self.details,
            }
        }


def as_failure(error: BaseException) -> Failure:
    """What an exception means to the user of the command line."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, PersistError):
        where = ".".join(part for part in (error.backend, error.operation) if part)
        return Failure(
            f"{where}: {error.message}" if where else error.message,
            hint=_hint(error),
            code=USAGE if isinstance(error, ConfigurationError) and not error.operation else FAILED,
            kind=type(error).__name__,
            backend=error.backend,
            operation=error.operation,
        )
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return Failure(
            f"{place}{error.strerror or error}",
            hint="check the path, its permissions and the free space",
            kind=type(error).__name__,
        )
    return Failure(
        f"{type(error).__name__}: {error}",
        hint="this should not happen: set PRAISON_PERSIST_DEBUG=1, repeat, and report the traceback",
        kind=type(error).__name__,
    )


_OPTIONS = (
    (re.compile(r"\b(?:database_url|conversation_url)="), "--conversation-url "),
    (re.compile(r"\b(knowledge|state)_url="), r"--\1-url "),
    (re.compile(r"\b(?:database|conversation|knowledge|state)_backend="), "--backend (--src-backend, --dst-backend) "),
    (re.compile(r"\bname a backend: create\(name, url=\.\.\.\)"), "name it: --backend (--src-backend, --dst-backend)"),
    (re.compile(r"\bname one: create\(name, url=\.\.\.\)"), "name it: --backend (--src-backend, --dst-backend)"),
)


def _hint(error: PersistError) -> str | None:
    """The next step; hints are written for programs, and name arguments that are options here."""
    if isinstance(error, MigrationError) and "setup()" in (error.hint or ""):
        return "look with praison-persist migrate plan, then run praison-persist migrate up"
    hint = error.hint
    for pattern, option in _OPTIONS:
        hint = pattern.sub(option, hint) if hint else hint
    if hint:
        return hint
    return "run the same command again" if error.retryable else "look with praison-persist doctor"


def cleaned(text: str) -> str:
    """The text without any password that this process was given on the command line or in its environment."""
    return scrub(text, *_secrets())


def _secrets() -> Iterator[str | DatabaseURL]:
    environment = [value for name, value in os.environ.items() if name.endswith("_URL")]
    for text in (*sys.argv[1:], *environment):
        name, _, value = text.partition("=")
        if value and "://" not in name and _SECRET.search(name):
            yield value
        start = re.search(r"[A-Za-z][A-Za-z0-9_.+-]*://", text)
        if start is None:
            continue
        try:
            yield parse(text[start.start() :])
        except ConfigurationError:
            userinfo = text[start.end() :].rpartition("@")[0]
            yield userinfo
            yield userinfo.partition(":")[2]
