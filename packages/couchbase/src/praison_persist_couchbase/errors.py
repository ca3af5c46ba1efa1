"""What Couchbase's client raises, as the errors of the contract. No I/O, and no password or document in a message."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from couchbase import exceptions as driver

from praison_persist.errors import (
    ConfigurationError,
    InvalidInputError,
    NotFoundError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)
from praison_persist.urls import scrub

from .location import Location

__all__ = ["asked_to_wait", "from_driver", "translated", "unreachable"]

_TIMEOUTS = (
    driver.AmbiguousTimeoutException,
    driver.UnAmbiguousTimeoutException,
    driver.TimeoutException,
    TimeoutError,
    asyncio.TimeoutError,
)
_AMBIGUOUS = (
    driver.AmbiguousTimeoutException,
    driver.TimeoutException,
    driver.RequestCanceledException,
    driver.DurabilitySyncWriteAmbiguousException,
    driver.InternalServerFailureException,
    driver.InternalSDKException,
)
_THROTTLED = (driver.RateLimitedException, driver.TemporaryFailException)
_GONE = (driver.KeyspaceNotFoundException, driver.CollectionNotFoundException, driver.ScopeNotFoundException)
_NOT_ALLOWED = (13014, 10000)
_FORBIDDEN = 403
_QUEUE_FULL = (1180, 1181, 1182)


@contextmanager
def translated(location: Location, *, write: bool) -> Generator[None]:
    """Errors of the client inside become errors of the contract; ``write``: an answer that is lost is ambiguous."""
    try:
        yield
    except PersistError:  # a timeout of ours is a TimeoutError, too
        raise
    except (driver.CouchbaseException, TimeoutError, asyncio.TimeoutError) as exc:
        raise from_driver(exc, location, write=write) from exc


def asked_to_wait(error: PersistError, /) -> None:
    """Couchbase does not say when to come again."""
    del error


def unreachable(exc: BaseException, location: Location, seconds: float) -> PersistError:
    """The error of a connection that was not made."""
    if isinstance(exc, driver.AuthenticationException):
        return _refused(location)
    if isinstance(exc, (driver.BucketNotFoundException, driver.BucketDoesNotExistException)):
        return _no_bucket(location)
    if isinstance(exc, driver.InvalidArgumentException):
        return ConfigurationError(f"Couchbase's client refused {location}: {_told(exc, location)}")
    return OperationTimeoutError(  # the client has repeated it all the time
        f"cannot reach Couchbase at {location.place} within {seconds:g} s",
        hint="is the address right, does the cluster run, and does it speak TLS (couchbases://)? else raise "
        "connect_timeout=",
    )


def from_driver(exc: BaseException, location: Location, *, write: bool) -> PersistError:
    """The contract's error for one of the client's."""
    error = _classified(exc, location)
    error.ambiguous = write and error.retryable and isinstance(exc, _AMBIGUOUS)
    return error


def _classified(exc: BaseException, location: Location) -> PersistError:
    context: Any = getattr(exc, "error_context", None)
    code, status = getattr(context, "first_error_code", None), getattr(context, "response_code", None)
    told = _told(exc, location)
    gone = "key_value_collection_outdated" in (getattr(context, "retry_reasons", None) or ())
    if gone or isinstance(exc, _GONE):
        return NotFoundError(f"{location} is gone", hint="setup() makes the collection again, without documents")
    if isinstance(exc, _TIMEOUTS):
        return OperationTimeoutError(
            f"Couchbase at {location.place} did not answer in time",
            hint="is it overloaded, or does it refuse the user by now? else raise timeout=",
        )
    if isinstance(exc, driver.AuthenticationException):
        return _refused(location)
    if isinstance(exc, (driver.BucketNotFoundException, driver.BucketDoesNotExistException)):
        return _no_bucket(location)
    if isinstance(exc, _THROTTLED) or code in _QUEUE_FULL:
        return UnavailableError(f"Couchbase at {location.place} throttles: {told}", hint="send less, or later")
    if isinstance(exc, driver.QuotaLimitedException) or code in _NOT_ALLOWED or status == _FORBIDDEN:
        return ConfigurationError(
            f"Couchbase at {location.place} does not allow this: {told}", hint="a quota, or a role of the user"
        )
    if isinstance(exc, (driver.DurabilityImpossibleException, driver.DurabilityInvalidLevelException)):
        return ConfigurationError(
            f"{location} has not the nodes for this durability", hint="choose another durability="
        )
    if isinstance(exc, driver.ParsingFailedException):
        return UnavailableError(
            f"Couchbase at {location.place} does not know this SQL++: {told}",
            retryable=False,
            hint="vectors are compared from version 7.6.6 on",
        )
    if isinstance(exc, (driver.InvalidArgumentException, driver.InvalidValueException, driver.ValueFormatException)):
        return InvalidInputError(f"Couchbase refused the request: {told}")
    return UnavailableError(f"Couchbase at {location.place} failed: {told}")


def _refused(location: Location) -> ConfigurationError:
    return ConfigurationError(
        f"Couchbase at {location.place} refused user {location.username!r} or the password",
        hint="is the password right, and has the user a role on this bucket?",
    )


def _no_bucket(location: Location) -> ConfigurationError:
    return ConfigurationError(f"there is no bucket at {location.place}", hint="create it, this store does not")


def _told(exc: BaseException, location: Location) -> str:
    """What the server says of an error: its own words, since the client's would repeat the request."""
    context: Any = getattr(exc, "error_context", None)
    message = getattr(context, "first_error_message", None)
    code = getattr(context, "first_error_code", None)
    text = f"{message} ({code})" if message else type(exc).__name__.removesuffix("Exception")
    return scrub(text, location.password)
