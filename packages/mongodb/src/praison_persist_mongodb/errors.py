"""What PyMongo's errors and the server's codes mean in terms of the contract."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from bson.errors import InvalidBSON, InvalidDocument
from pymongo import errors

from praison_persist.errors import (
    ConfigurationError,
    InvalidInputError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)
from praison_persist.urls import scrub

from .settings import Settings

__all__ = ["from_error", "lacks_expiry", "lacks_search", "refused_in", "translated", "unreachable"]

_UNAUTHORIZED = 13
_BAD_CREDENTIALS = (18, 8000)
_TOO_LARGE = 10334
_UNKNOWN = (59, 115, 238)
"""Codes of servers that have no such command or option."""
_NO_SEARCH = (*_UNKNOWN, 31082, 40324, 6047401)
"""Codes of servers without MongoDB's search: no such stage, not configured, "only allowed on MongoDB Atlas"."""


def unreachable(error: errors.ServerSelectionTimeoutError, settings: Settings) -> PersistError:
    """The error for a call that no server took: nothing was sent, and the driver has tried until now."""
    why = scrub(str(error).partition(", Timeout:")[0].partition(" (configured timeouts")[0], *settings.secrets)
    return OperationTimeoutError(
        f"{settings.place}: no server within {settings.timeout:g} s: {why}",
        hint="is the server up, and is the address right? otherwise raise timeout=",
    )


def lacks_expiry(error: errors.OperationFailure) -> bool:
    """Whether the server says that it cannot delete what has expired, as some relatives of MongoDB do."""
    return error.code in _UNKNOWN


def lacks_search(error: errors.OperationFailure) -> bool:
    """Whether the server says that it has no search indexes."""
    return error.code in _NO_SEARCH


def refused_in(error: errors.BulkWriteError) -> list[int]:
    """Which parts of a batch met a document that their filter had not found, or with their ``_id``.

    Raises:
        BulkWriteError: it is about something else.
    """
    problems = error.details.get("writeErrors", [])
    if error.details.get("writeConcernErrors") or any(problem["code"] != 11000 for problem in problems):
        raise error
    return [problem["index"] for problem in problems]


@contextmanager
def translated(settings: Settings, *, write: bool = False) -> Generator[None]:
    """Errors of the client inside become errors of the contract.

    Args:
        write: an answer that did not arrive leaves the outcome unknown.
    """
    try:
        yield
    except errors.ServerSelectionTimeoutError as error:
        raise unreachable(error, settings) from error
    except Exception as error:
        known = from_error(error, settings)
        if known is None:
            raise
        known.ambiguous = write and isinstance(known, UnavailableError)
        raise known from error


def from_error(error: Exception, settings: Settings) -> PersistError | None:
    """The contract's error; None for what is not MongoDB's."""
    if isinstance(error, (InvalidDocument, InvalidBSON)):
        return InvalidInputError(f"{settings.place}: {error}", hint="it was written by something else")
    if not isinstance(error, errors.PyMongoError):
        return None
    text = f"{settings.place}: {scrub(str(error).partition(', full error:')[0], *settings.secrets)}"
    if error.timeout:
        return OperationTimeoutError(
            f"{settings.place}: no answer within {settings.timeout:g} s",
            hint="is the server overloaded or out of reach? otherwise raise timeout=",
        )
    if isinstance(error, errors.ConnectionFailure):
        return UnavailableError(text, hint="is the server up, and is the address right?")
    if isinstance(error, errors.DocumentTooLarge):
        return InvalidInputError(text, hint="divide it into several")
    if isinstance(error, errors.OperationFailure):
        if error.code in _BAD_CREDENTIALS:
            return ConfigurationError(f"{settings.place} refuses the credentials", hint="user and password are in url=")
        if error.code == _UNAUTHORIZED:
            return ConfigurationError(text, hint="the README of praison-persist-mongodb lists the rights that it needs")
        if error.code == _TOO_LARGE:
            return InvalidInputError(text, hint="divide it into several")
        if error.has_error_label("RetryableWriteError") or error.has_error_label("TransientTransactionError"):
            return UnavailableError(text)
    if isinstance(error, (errors.ConfigurationError, errors.InvalidURI)):
        return ConfigurationError(text)
    return PersistError(text)
