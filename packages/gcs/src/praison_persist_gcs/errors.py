"""What the errors of Google's client and of requests mean in terms of the contract."""

from __future__ import annotations

import requests
from google.api_core import exceptions
from google.auth import exceptions as auth
from google.cloud.exceptions import from_http_status
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse

from praison_persist.errors import (
    ConfigurationError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)

from .settings import Settings

__all__ = ["from_error"]


def from_error(error: Exception, settings: Settings) -> PersistError | None:
    """The contract's error; None for what is not Cloud Storage's."""
    where = settings.place
    if isinstance(error, InvalidResponse):
        error = from_http_status(error.response.status_code, str(error))
    text = getattr(error, "message", None) or str(error) or type(error).__name__
    if isinstance(error, requests.ConnectTimeout):
        return OperationTimeoutError(
            f"{where}: no connection within {settings.connect_timeout:g} s",
            hint="does the network let you out? otherwise raise connect_timeout=",
        )
    if isinstance(error, (requests.Timeout, TimeoutError)):
        return OperationTimeoutError(
            f"{where}: no answer within {settings.timeout:g} s", hint="try again later, or raise timeout="
        )
    if isinstance(error, exceptions.TooManyRequests):
        return UnavailableError(
            f"{where}: {text}", hint="one object takes about one write a second; spread the writes over time and keys"
        )
    if isinstance(error, (exceptions.ServerError, requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        return UnavailableError(f"{where}: {text}", hint="is the network up, and does it let you out?")
    if isinstance(error, DataCorruption):
        return UnavailableError(f"{where}: the answer was damaged on its way")
    if isinstance(error, (exceptions.Forbidden, exceptions.Unauthorized)):
        return ConfigurationError(
            f"{where}: {text}", hint="the README of praison-persist-gcs lists the permissions that it needs"
        )
    if isinstance(error, exceptions.NotFound):
        return ConfigurationError(f"{where}: {text}", hint="does the bucket exist? give bucket_name=")
    if isinstance(error, auth.TransportError):
        return UnavailableError(f"{where}: {text}", hint="the server that gives out credentials cannot be reached")
    if isinstance(error, auth.GoogleAuthError):
        return ConfigurationError(
            f"{where}: {text}", hint="give credentials_path=, or run: gcloud auth application-default login"
        )
    if isinstance(error, (exceptions.GoogleAPIError, requests.RequestException)):
        return PersistError(f"{where}: {text}")
    return None
