"""GLIDE's errors, and the server's, as errors of the contract. GLIDE tells most of them apart by their text alone."""

from __future__ import annotations

import re

from glide_shared import exceptions

from praison_persist.errors import (
    ConfigurationError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)
from praison_persist.state_engines import Refusal
from praison_persist.urls import scrub

from .settings import Settings

__all__ = ["from_error", "reply_of"]

# The server's code, or GLIDE's own name for it, with which the text begins ("... signalled by the server: - ReadOnly").
_CODE = re.compile(r"(?:.*?signalled by the server: - |.*?for address `[^`]*`: )*(\w+)", re.DOTALL)
_CREDENTIALS = {"WRONGPASS", "NOAUTH", "AuthenticationFailed"}
_PERMISSION = {"NOPERM", "PermissionDenied"}
_LATER = {
    *("READONLY", "LOADING", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "BUSY"),
    *("ReadOnly", "BusyLoadingError", "TryAgain", "ClusterDown", "MasterDown"),
}


def from_error(error: Exception, settings: Settings) -> PersistError | None:
    """The contract's error; None for what is not Valkey's."""
    if isinstance(error, exceptions.TimeoutError):
        return OperationTimeoutError(
            f"{settings.place}: no answer within {settings.timeout:g} s",
            hint="is the server up and not overloaded? otherwise raise timeout=",
        )
    if isinstance(error, exceptions.ConfigurationError):
        return ConfigurationError(_text(error, settings), hint="check the options of the store")
    if isinstance(error, exceptions.ConnectionError):
        return UnavailableError(_text(error, settings), hint="is the server up, and is the address right?")
    if isinstance(error, exceptions.ClosingError):
        return _unreachable(error, settings)
    if isinstance(error, exceptions.GlideError):
        return _known(error, settings) or PersistError(_text(error, settings))
    return None


def reply_of(error: exceptions.RequestError, settings: Settings) -> Refusal:
    """The server's answer to one command, for the operation to judge.

    Raises:
        PersistError: it would say the same of any command, or never heard of this one.
    """
    if type(error) is exceptions.RequestError:
        found = _known(error, settings)
        if found is None:
            return Refusal(str(error))
        raise found from error
    raise error


def _unreachable(error: Exception, settings: Settings) -> PersistError:
    """No connection could be made: nothing was sent."""
    if (found := _known(error, settings)) is not None:
        return found
    if "timed out" in str(error):  # GLIDE says so of refused connections as well
        return OperationTimeoutError(
            f"{settings.place}: no connection within {settings.connect_timeout:g} s",
            hint="is the server up, and is the address right? otherwise raise connect_timeout=",
        )
    return UnavailableError(_text(error, settings), hint="is the server up, and is the address right?")


def _known(error: Exception, settings: Settings) -> PersistError | None:
    """The error for a code that says the same of any command."""
    match = _CODE.match(str(error))
    code = match[1] if match else ""
    if code in _CREDENTIALS:
        return ConfigurationError(f"{settings.place} refuses the credentials", hint="give username= and password=")
    if code in _PERMISSION:
        hint = "the README of praison-persist-valkey lists the commands that it needs"
        return ConfigurationError(_text(error, settings), hint=hint)
    if code == "OOM":
        return PersistError(_text(error, settings), hint="raise the server's maxmemory, or give keys a ttl")
    if code in _LATER:
        return UnavailableError(_text(error, settings))
    return None


def _text(error: Exception, settings: Settings) -> str:
    return f"{settings.place}: {scrub(str(error).strip(), settings.password)}"
