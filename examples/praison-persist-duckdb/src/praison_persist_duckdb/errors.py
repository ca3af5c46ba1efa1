"""What DuckDB raises, as errors of the contract. The only place that judges them."""

from __future__ import annotations

import duckdb
from praison_persist.errors import UnavailableError

__all__ = ["translate"]


def translate(error: duckdb.Error) -> UnavailableError:
    """The contract's error: whatever is wrong with the input was found before DuckDB saw it."""
    hint = "is the file another process's? check the path, its permissions and the free space"
    return UnavailableError(str(error), retryable=False, hint=hint)
