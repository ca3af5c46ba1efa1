"""What the errors of Google's clients mean in terms of the contract."""

from __future__ import annotations

import asyncio

from google.api_core import exceptions
from google.auth import exceptions as auth

from praison_persist.errors import (
    ConfigurationError,
    InvalidInputError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)

from .settings import Settings

__all__ = ["UNFULFILLED", "from_error"]

UNFULFILLED = (
    exceptions.AlreadyExists,
    exceptions.FailedPrecondition,
    exceptions.NotFound,
    exceptions.Aborted,
)
"""A commit that changed nothing since its condition was false, or other writers were quicker."""

_LATER = (
    exceptions.ServiceUnavailable,
    exceptions.InternalServerError,
    exceptions.BadGateway,
    exceptions.Aborted,
    exceptions.Cancelled,
    exceptions.Unknown,
)


def from_error(error: Exception, settings: Settings) -> PersistError | None:
    """The contract's error; None for what is not Firestore's."""
    where, text = settings.place, getattr(error, "message", None) or str(error) or type(error).__name__
    if isinstance(error, (exceptions.DeadlineExceeded, asyncio.TimeoutError, TimeoutError)):
        return OperationTimeoutError(
            f"{where}: no answer within {settings.timeout:g} s",
            hint="is the network up, and does it let you out? otherwise raise timeout=",
        )
    if isinstance(error, exceptions.ResourceExhausted):
        return UnavailableError(
            f"{where}: {text}", hint="a quota or the write rate is exceeded; spread the writes over time and keys"
        )
    if isinstance(error, _LATER):
        return UnavailableError(f"{where}: {text}", hint="is the network up, and does it let you out?")
    if isinstance(error, (exceptions.PermissionDenied, exceptions.Unauthenticated)):
        return ConfigurationError(
            f"{where}: {text}", hint="the README of praison-persist-firestore lists the permissions that it needs"
        )
    if isinstance(error, exceptions.NotFound):
        return ConfigurationError(f"{where}: {text}", hint="does the database exist? give project= and database=")
    if isinstance(error, exceptions.InvalidArgument):
        return InvalidInputError(f"{where}: {text}")
    if isinstance(error, auth.TransportError):
        return UnavailableError(f"{where}: {text}", hint="the server that gives out credentials cannot be reached")
    if isinstance(error, auth.GoogleAuthError):
        return ConfigurationError(
            f"{where}: {text}", hint="give credentials_path=, or run: gcloud auth application-default login"
        )
    if isinstance(error, exceptions.GoogleAPIError):
        return PersistError(f"{where}: {text}")
    return None
