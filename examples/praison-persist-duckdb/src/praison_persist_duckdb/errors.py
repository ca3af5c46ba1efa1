"""What DuckDB raises, as errors of the contract. The only place that judges them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import duckdb
from praison_persist.errors import PersistError, UnavailableError

__all__ = ["guard", "translate"]


def translate(error: Exception) -> PersistError | None:
    """The contract's error; None for what is not the database's."""
    if not isinstance(error, duckdb.Error):
        return None
    hint = "is the file another process's? check the path, its permissions and the free space"
    return UnavailableError(str(error), retryable=False, hint=hint)


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
