"""redis-py's errors, and the server's, as errors of the contract."""

from __future__ import annotations

import asyncio

from redis import exceptions
from redis.asyncio.sentinel import MasterNotFoundError as AsyncMasterNotFoundError
from redis.sentinel import MasterNotFoundError

from praison_persist.errors import (
    ConfigurationError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)
from praison_persist.state_engines import Refusal
from praison_persist.urls import scrub

from .settings import Settings

__all__ = ["busy", "from_error", "reply_of", "unreachable"]

_LATER = (
    exceptions.ReadOnlyError,
    exceptions.TryAgainError,
    exceptions.ClusterDownError,
    exceptions.MasterDownError,
    exceptions.BusyLoadingError,
)

_NO_NODE = exceptions.RedisClusterException  # no RedisError: none of a cluster's nodes could be asked


def from_error(error: Exception, settings: Settings) -> PersistError | None:
    """The contract's error; None for what is not Redis's."""
    text = f"{settings.place}: {scrub(error, *settings.secrets)}"
    if isinstance(error, (exceptions.TimeoutError, TimeoutError, asyncio.TimeoutError)):
        return OperationTimeoutError(
            f"{settings.place}: no answer within {settings.timeout:g} s",
            hint="is the server overloaded or out of reach? otherwise raise timeout=",
        )
    if isinstance(error, (exceptions.AuthenticationError, exceptions.AuthorizationError)):
        return ConfigurationError(f"{settings.place} refuses the credentials", hint="give username= and password=")
    if isinstance(error, exceptions.NoPermissionError):
        return ConfigurationError(text, hint="the README of praison-persist-redis lists the commands that it needs")
    if isinstance(error, exceptions.OutOfMemoryError):
        return PersistError(text, hint="raise the server's maxmemory, or give keys a ttl")
    if isinstance(error, (MasterNotFoundError, AsyncMasterNotFoundError)):  # its text lists clients and options
        return UnavailableError(
            f"{settings.place}: no Sentinel names a master", hint="are they up, and is the name of the service right?"
        )
    if isinstance(error, _LATER):
        return UnavailableError(text)
    if isinstance(error, (exceptions.ConnectionError, exceptions.ClusterError, _NO_NODE, OSError)):
        return UnavailableError(text, hint="is the server up, and is the address right?")
    if isinstance(error, exceptions.RedisError):
        return PersistError(text)
    return None


def unreachable(error: Exception, settings: Settings) -> PersistError:
    """The error for a connection that could not be made: nothing was sent yet."""
    found = from_error(error, settings)
    if isinstance(found, OperationTimeoutError):
        return OperationTimeoutError(
            f"{settings.place}: no connection within {settings.connect_timeout:g} s",
            hint="is the server up, and is the address right? otherwise raise connect_timeout=",
        )
    if found is None:
        raise error
    return found


def busy(settings: Settings) -> OperationTimeoutError:
    """The error for a call that found no free connection."""
    return OperationTimeoutError(
        f"{settings.place}: none of {settings.pool_size} connections was free within {settings.timeout:g} s",
        hint="raise pool_size= or timeout=",
    )


def reply_of(error: exceptions.ResponseError, settings: Settings) -> Refusal:
    """The server's answer to one command, for the operation to judge.

    Raises:
        PersistError: it would say the same of any command.
    """
    if isinstance(error, (*_LATER, exceptions.NoPermissionError, exceptions.OutOfMemoryError)):
        found = from_error(error, settings)
        assert found is not None  # noqa: S101 - all of these are known
        raise found from error
    return Refusal(str(error))
