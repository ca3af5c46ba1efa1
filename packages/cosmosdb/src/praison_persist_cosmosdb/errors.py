"""What Cosmos DB's client raises, as the errors of the contract. No I/O, and no key in any message."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from azure.core import exceptions as core
from azure.cosmos import exceptions as driver

from praison_persist.errors import (
    AlreadyExistsError,
    ConfigurationError,
    InvalidInputError,
    NotFoundError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)
from praison_persist.urls import scrub

from .location import Location

__all__ = ["asked_to_wait", "refused", "translated"]

_RETRY_AFTER = "x-ms-retry-after-ms"
_OTHER_REGION = (3, 1008)
"""Substatus of a region that takes no writes now, or no requests at all."""

_LONGEST = 300


@contextmanager
def translated(location: Location, *, write: bool) -> Generator[None]:
    """Errors of the client inside become errors of the contract.

    Args:
        location: the database, for messages, which never show its key.
        write: an answer that did not arrive leaves the outcome unknown.
    """
    try:
        yield
    except (core.AzureError, TimeoutError) as exc:
        raise _from_driver(exc, location, write) from exc


def asked_to_wait(error: PersistError) -> float | None:
    """Seconds after which the service wants to be asked again, where it says so."""
    cause: Any = error.__cause__
    told = (getattr(cause, "headers", None) or {}).get(_RETRY_AFTER)
    if told is None:
        failed = refused(error)
        told = None if failed is None else failed.get("retryAfterMilliseconds")
    try:
        return max(0.0, float(str(told)) / 1000.0)
    except ValueError:
        return None


def refused(error: PersistError) -> dict[str, Any] | None:
    """Cosmos DB's answer for the operation that a batch failed with, and its ``index``; None for other errors."""
    cause = error.__cause__
    if not isinstance(cause, driver.CosmosBatchOperationError) or cause.error_index is None:
        return None
    responses: list[dict[str, Any]] = cause.operation_responses or []
    return {**responses[cause.error_index], "index": cause.error_index} if responses else None


def _from_driver(exc: Exception, location: Location, write: bool) -> PersistError:
    where = str(location)
    if isinstance(exc, (driver.CosmosHttpResponseError, driver.CosmosBatchOperationError)):
        text = scrub(_text(exc.http_error_message), location.key)
        return _from_status(exc.status_code or 0, exc.sub_status, text, where, write)
    if isinstance(exc, core.ClientAuthenticationError):
        return ConfigurationError(
            f"no token for {where}: {type(exc).__name__}", hint="is the credential's identity allowed to use it?"
        )
    if isinstance(exc, core.DecodeError) and not _is_cut_off(exc):
        return UnavailableError(f"what answers at {where} does not speak Cosmos DB's protocol", retryable=False)
    slow = (driver.CosmosClientTimeoutError, core.ServiceRequestTimeoutError, core.ServiceResponseTimeoutError)
    if isinstance(exc, (*slow, TimeoutError)):
        error: PersistError = OperationTimeoutError(
            f"Cosmos DB at {where} did not answer in time", hint="is it overloaded? raise timeout="
        )
    elif isinstance(exc, core.ServiceRequestError):
        text = scrub(str(exc), location.key)[:_LONGEST]
        error = UnavailableError(f"cannot reach Cosmos DB at {where}: {text}", hint="is the address right?")
    else:
        error = UnavailableError(f"the connection to Cosmos DB at {where} broke: {type(exc).__name__}")
    error.ambiguous = write and not isinstance(exc, core.ServiceRequestError)
    return error


def _is_cut_off(exc: core.DecodeError) -> bool:
    """Whether the answer is shorter than announced, which the client reads to its end all the same."""
    response: Any = exc.response
    if isinstance(exc, core.IncompleteReadError) or response is None:
        return True
    announced = str(response.headers.get("content-length"))
    return announced.isdecimal() and len(response.body()) < int(announced)


def _from_status(status: int, sub_status: int | None, text: str, where: str, write: bool) -> PersistError:
    if status == 401:
        return ConfigurationError(f"Cosmos DB at {where} refused the key: {text}", hint="was the key renewed?")
    if status == 403 and sub_status not in _OTHER_REGION:
        return ConfigurationError(
            f"Cosmos DB at {where} does not allow this: {text}",
            hint="a firewall, a role, a read-only key, or a full partition of 20 GB",
        )
    if status == 404:
        return NotFoundError(f"Cosmos DB: {text}")
    if status == 409:
        return AlreadyExistsError(f"Cosmos DB: {text}")
    if status in (400, 412, 413):
        return InvalidInputError(f"Cosmos DB refused the request: {text}")
    if status in (429, 449, 403):
        hint = "give the container more RU/s, or send less" if status == 429 else None
        return UnavailableError(f"Cosmos DB at {where} cannot take the request now: {text}", hint=hint)
    if status == 408:
        error: PersistError = OperationTimeoutError(f"Cosmos DB at {where} took too long: {text}")
    else:
        error = UnavailableError(f"Cosmos DB at {where} failed with status {status}: {text}")
    error.ambiguous = write
    return error


def _text(message: Any) -> str:
    """The sentence in Cosmos DB's answer, without what follows it about the request and the client."""
    text = str(message or "")
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if isinstance(body, dict) and "message" in body:
        text = str(body["message"])
    return " ".join(text.partition("\r\n")[0].partition("\n")[0].split())[:_LONGEST]
