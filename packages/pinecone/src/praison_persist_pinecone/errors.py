"""What Pinecone's client raises, as the errors of the contract. No I/O, and no key in any message."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import httpx
from pinecone.errors import exceptions as driver

from praison_persist.errors import (
    AlreadyExistsError,
    ConfigurationError,
    InvalidInputError,
    NotFoundError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)

__all__ = ["asked_to_wait", "translated"]

# Where the request was not sent, a write has certainly not happened.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@contextmanager
def translated(where: str, secret: str, *, write: bool) -> Generator[None]:
    """Errors of the client inside become errors of the contract.

    Args:
        where: the control plane, for messages.
        secret: the key, which no message may show.
        write: an answer that did not arrive leaves the outcome unknown.
    """
    try:
        yield
    except driver.PineconeError as exc:
        text = str(getattr(exc, "message", exc)).replace(secret, "***")
        raise _from_driver(exc, text, where, write) from exc
    except httpx.HTTPError as exc:  # a body that is cut off while the client reads it
        error = UnavailableError(f"the connection to Pinecone at {where} broke: {type(exc).__name__}")
        error.ambiguous = write
        raise error from exc


def asked_to_wait(error: PersistError) -> float | None:
    """Seconds after which the service wants to be asked again, where it says so."""
    headers: object = getattr(error.__cause__, "headers", None)
    told = headers.get("retry-after") if isinstance(headers, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    try:
        return max(0.0, float(str(told)))
    except ValueError:
        return None


def _from_driver(exc: driver.PineconeError, text: str, where: str, write: bool) -> PersistError:
    if isinstance(exc, driver.ApiError):
        return _from_status(exc.status_code, text, where, write)
    if isinstance(exc, driver.PineconeTimeoutError):
        error: PersistError = OperationTimeoutError(
            f"Pinecone at {where} did not answer in time", hint="is it overloaded? raise timeout="
        )
    elif isinstance(exc, driver.PineconeConnectionError):
        error = UnavailableError(f"cannot reach Pinecone at {where}: {text}", hint="is the address right?")
    elif isinstance(exc, driver.ResponseParsingError):
        error = UnavailableError(f"what answers at {where} does not speak Pinecone's protocol", retryable=False)
    else:  # the client's own checks; nothing was sent
        return InvalidInputError(f"Pinecone's client refused the request: {text}")
    error.ambiguous = write and not isinstance(exc.__cause__, _NOT_SENT)
    return error


def _from_status(status: int, text: str, where: str, write: bool) -> PersistError:
    if status == 401:
        return ConfigurationError(
            f"Pinecone at {where} refused the API key: {text}", hint="is it expired, or of another project?"
        )
    if status in (402, 403):
        return ConfigurationError(
            f"Pinecone at {where} does not allow this: {text}",
            hint="a quota, a role of the key, or the index's deletion protection",
        )
    if status == 404:
        return NotFoundError(f"Pinecone: {text}")
    if status == 409:
        return AlreadyExistsError(f"Pinecone: {text}")
    if status in (400, 412, 413, 414, 422):
        return InvalidInputError(f"Pinecone refused the request: {text}")
    if status == 429:
        return UnavailableError(f"Pinecone at {where} throttles: {text}", hint="send less, or later")
    error = UnavailableError(f"Pinecone at {where} failed with status {status}: {text}")
    error.ambiguous = write
    return error
