"""What Qdrant's client raises, as the errors of the contract. No I/O."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import grpc
import httpx
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from praison_persist.errors import (
    AlreadyExistsError,
    ClosedError,
    ConfigurationError,
    InvalidInputError,
    NotFoundError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)

__all__ = ["translated"]

_DRIVER_ERRORS = (
    UnexpectedResponse,
    ResponseHandlingException,
    ResourceExhaustedResponse,
    json.JSONDecodeError,
    grpc.RpcError,
)
_EMBEDDED_ERRORS = (ValueError, RuntimeError)

# Where the request was not sent, a write has certainly not happened.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)

_SLOW = "Qdrant at {} did not answer in time"

_GRPC_STATUS = {
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
}


@contextmanager
def translated(where: str, *, embedded: bool, write: bool) -> Generator[None]:
    """Driver errors inside become errors of the contract.

    Args:
        where: the server or directory, without secrets, for the message.
        embedded: the client works in this process and raises plain exceptions.
        write: an answer that did not arrive leaves the outcome unknown.
    """
    try:
        yield
    except _DRIVER_ERRORS as exc:
        raise _from_driver(exc, where, write) from exc
    except _EMBEDDED_ERRORS as exc:
        if not embedded or isinstance(exc, PersistError):
            raise
        raise _from_embedded(exc, where) from exc


def _from_driver(exc: Exception, where: str, write: bool) -> PersistError:
    if isinstance(exc, UnexpectedResponse):
        return _from_status(exc.status_code or 0, _message(exc), where, write)
    if isinstance(exc, ResourceExhaustedResponse):
        return UnavailableError(
            f"Qdrant at {where} refuses more requests for now: {exc}", hint=f"try again in {exc.retry_after_s} s"
        )
    if isinstance(exc, ResponseHandlingException):
        return _from_transport(exc.source, where, write)
    if isinstance(exc, json.JSONDecodeError):
        return _from_transport(exc, where, write)
    return _from_grpc(exc, where, write)


def _from_transport(source: BaseException, where: str, write: bool) -> PersistError:
    ambiguous = write and not isinstance(source, _NOT_SENT)
    if isinstance(source, httpx.TimeoutException):
        return _ambiguous(
            OperationTimeoutError(_SLOW.format(where), hint="is it overloaded? raise timeout="),
            ambiguous,
        )
    if isinstance(source, httpx.TransportError):
        return _ambiguous(
            UnavailableError(f"cannot reach Qdrant at {where}: {source}", hint="is it running, is the URL right?"),
            ambiguous,
        )
    return _ambiguous(
        UnavailableError(
            f"what answers at {where} does not speak Qdrant's protocol: {type(source).__name__}", retryable=False
        ),
        ambiguous,
    )


def _from_grpc(exc: Any, where: str, write: bool) -> PersistError:
    code, details = exc.code(), str(exc.details())
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return _ambiguous(
            OperationTimeoutError(f"Qdrant at {where} did not answer in time", hint="raise timeout="), write
        )
    if code is grpc.StatusCode.UNAVAILABLE:
        return _ambiguous(
            UnavailableError(f"cannot reach Qdrant at {where}: {details}", hint="is it running, is grpc_port right?"),
            write,
        )
    return _from_status(_GRPC_STATUS.get(code, 500), details, where, write)


def _from_status(status: int, message: str, where: str, write: bool) -> PersistError:
    if status == 404:
        return NotFoundError(f"Qdrant: {message}")
    if status == 409:
        return AlreadyExistsError(f"Qdrant: {message}")
    if status in (401, 403):
        return ConfigurationError(f"Qdrant at {where} refused the credentials: {message}", hint="check api_key=")
    if status in (400, 413, 422):
        return InvalidInputError(f"Qdrant refused the request: {message}")
    return _ambiguous(UnavailableError(f"Qdrant at {where} failed with status {status}: {message}"), write)


def _from_embedded(exc: Exception, where: str) -> PersistError:
    text = str(exc)
    if "is closed" in text:
        return ClosedError(f"the embedded Qdrant at {where} was closed")
    if text.startswith("Collection ") and text.endswith(" not found"):
        return NotFoundError(text)
    if text.endswith(" already exists"):
        return AlreadyExistsError(text)
    if isinstance(exc, ValueError):
        return InvalidInputError(f"Qdrant refused the request: {text}")
    return PersistError(f"the embedded Qdrant at {where} failed: {text}")


def _ambiguous(error: PersistError, ambiguous: bool) -> PersistError:
    error.ambiguous = ambiguous
    return error


def _message(exc: UnexpectedResponse) -> str:
    try:
        return str(json.loads(exc.content)["status"]["error"])
    except (ValueError, KeyError, TypeError):
        return f"{exc.status_code} {exc.reason_phrase}".strip()
