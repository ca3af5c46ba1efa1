"""What LanceDB raises, as the errors of the contract. No I/O."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager

from praison_persist.errors import (
    AlreadyExistsError,
    ConfigurationError,
    InvalidInputError,
    NotFoundError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)

__all__ = ["translated"]

_PLACE_IN_SOURCE = re.compile(r",? ?/\S+\.rs:\d+(:\d+)?")
_BUSY = re.compile(r"commit conflict|concurrent writers|Incompatible transaction|contention", re.IGNORECASE)
_CREDENTIALS = re.compile(r"\b(401|403)\b|unauthorized|forbidden|credential|access denied", re.IGNORECASE)
_GONE = re.compile(r"was not found|not found: .*\.lance|does not exist", re.IGNORECASE)


@contextmanager
def translated(where: str, *, write: bool) -> Generator[None]:
    """Errors of LanceDB inside become errors of the contract.

    Args:
        where: the URI, without secrets, for the message.
        write: a deadline that passed leaves the outcome unknown.
    """
    try:
        yield
    except PersistError:
        raise
    except TimeoutError as exc:
        error = OperationTimeoutError(f"LanceDB at {where} did not answer in time", hint="raise timeout=")
        error.ambiguous = write
        raise error from exc
    except (ValueError, RuntimeError, OSError, NotImplementedError) as exc:
        raise _translate(exc, where, write) from exc


def _translate(exc: Exception, where: str, write: bool) -> PersistError:
    text = _PLACE_IN_SOURCE.sub("", str(exc))
    if text.startswith("Table ") and text.endswith("already exists"):
        return AlreadyExistsError(f"LanceDB: {text}")
    if _GONE.search(text):
        return NotFoundError(f"LanceDB: {text}")
    if _BUSY.search(text):
        return UnavailableError(f"others write to the table in {where} all the time: {text}", hint="try again")
    if _CREDENTIALS.search(text):
        return ConfigurationError(
            f"LanceDB at {where} refused the credentials: {text}", hint="check api_key= or storage_options="
        )
    if isinstance(exc, ValueError):
        return InvalidInputError(f"LanceDB refused the request: {text}")
    error = UnavailableError(f"LanceDB at {where} failed: {text}", hint="is the place there, and may it be written to?")
    error.ambiguous = write
    return error
