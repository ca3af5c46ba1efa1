"""What PyMongo's errors and the server's codes mean in terms of the contract."""

from __future__ import annotations

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

__all__ = ["from_error", "lacks_expiry", "unreachable"]

_UNAUTHORIZED = 13
_BAD_CREDENTIALS = (18, 8000)
_TOO_LARGE = 10334
_UNKNOWN = (59, 115, 238)
"""Codes of servers that have no such command or option."""


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


def from_error(error: Exception, settings: Settings) -> PersistError | None:
    """The contract's error; None for what is not MongoDB's."""
    if isinstance(error, (InvalidDocument, InvalidBSON)):
        return InvalidInputError(f"{settings.place}: {error}", hint="the key was written by something else")
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
        return InvalidInputError(text, hint="divide the value over several keys")
    if isinstance(error, errors.OperationFailure):
        if error.code in _BAD_CREDENTIALS:
            return ConfigurationError(f"{settings.place} refuses the credentials", hint="user and password are in url=")
        if error.code == _UNAUTHORIZED:
            return ConfigurationError(text, hint="the README of praison-persist-mongodb lists the rights that it needs")
        if error.code == _TOO_LARGE:
            return InvalidInputError(text, hint="divide the value over several keys")
        if error.has_error_label("RetryableWriteError") or error.has_error_label("TransientTransactionError"):
            return UnavailableError(text)
    if isinstance(error, (errors.ConfigurationError, errors.InvalidURI)):
        return ConfigurationError(text)
    return PersistError(text)
