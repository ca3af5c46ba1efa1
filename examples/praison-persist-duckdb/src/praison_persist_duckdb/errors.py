"""What the driver raises, as errors of the contract. The only place that judges them."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager

from praison_persist.errors import OperationTimeoutError, PersistError, UnavailableError

__all__ = ["guard", "translate"]


def translate(error: Exception) -> PersistError | None:
    """The contract's error; None for what is not the database's."""
    if not isinstance(error, sqlite3.Error):
        return None
    text = str(error)
    if "locked" in text:
        return OperationTimeoutError(text, retryable=True, hint="another writer holds the database; raise timeout=")
    return UnavailableError(text, retryable=False, hint="check the path, its permissions and the free space")


@contextmanager
def guard() -> Generator[None]:
    """Run calls of the client, and translate what they raise."""
    try:
        yield
    except Exception as error:
        translated = translate(error)
        if translated is None:
            raise
        raise translated from error
