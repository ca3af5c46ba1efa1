"""What Weaviate's client raises, as the errors of the contract. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import grpc
import httpx
from weaviate.exceptions import (
    InsufficientPermissionsError,
    ResponseCannotBeDecodedError,
    UnexpectedStatusCodeError,
    WeaviateBaseError,
    WeaviateClosedClientError,
    WeaviateConnectionError,
    WeaviateInsertManyAllFailedError,
    WeaviateStartUpError,
    WeaviateTimeoutError,
)

from praison_persist.errors import (
    ClosedError,
    ConfigurationError,
    InvalidInputError,
    NotFoundError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
    UnsupportedError,
)

__all__ = ["refusal", "telling", "telling_async", "translated"]

_CALLS = ("Search", "BatchObjects", "BatchDelete", "Aggregate", "TenantsGet")
_NO_CLASS = ("could not find class", "class not found", "not present in schema", "not found in schema")
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class _CallError(Exception):
    """A gRPC call failed; not the vendor's error, so that the client neither waits a minute nor hides the code."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self.code = code


def telling(stub: Any) -> Any:
    """The blocking client's gRPC calls, telling at once what failed; else it tries again for a minute."""

    def wrapped(call: Callable[..., Any]) -> Callable[..., Any]:
        def ask(*arguments: Any, **options: Any) -> Any:
            try:
                return call(*arguments, **options)
            except grpc.RpcError as exc:
                raise _told(exc) from exc

        return ask

    return SimpleNamespace(**{name: wrapped(getattr(stub, name)) for name in _CALLS})


def telling_async(stub: Any) -> Any:
    """As `telling`, for the asynchronous client."""

    def wrapped(call: Callable[..., Any]) -> Callable[..., Any]:
        async def ask(*arguments: Any, **options: Any) -> Any:
            try:
                return await call(*arguments, **options)
            except grpc.RpcError as exc:
                raise _told(exc) from exc

        return ask

    return SimpleNamespace(**{name: wrapped(getattr(stub, name)) for name in _CALLS})


@contextmanager
def translated(where: str, *, write: bool, connecting: bool = False) -> Generator[None]:
    """Driver errors inside become errors of the contract.

    Args:
        where: the server, without secrets, for the message.
        write: an answer that did not arrive leaves the outcome unknown.
        connecting: the client reads the server's first answer, and trusts it.
    """
    try:
        yield
    except PersistError:
        raise
    except _CallError as exc:
        raise _from_grpc(exc, where, write) from exc
    except (WeaviateBaseError, httpx.HTTPError) as exc:
        raise _from_rest(exc, where, write) from exc
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        if not connecting:
            raise
        raise _stranger(where) from exc


def refusal(message: str, where: str) -> PersistError:
    """What the server says about one document."""
    if any(text in message for text in _NO_CLASS):
        return NotFoundError(f"Weaviate: {message}")
    if "read-only" in message or "readonly" in message or "memory pressure" in message:
        return UnavailableError(f"Weaviate at {where} takes no documents for now: {message}")
    return InvalidInputError(f"Weaviate refused the request: {message}")


def _told(exc: Any) -> _CallError:
    return _CallError(exc.code(), str(exc.details()))


def _from_grpc(exc: _CallError, where: str, write: bool) -> PersistError:
    text = str(exc)
    if exc.code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return _ambiguous(_slow(where), write)
    if exc.code is grpc.StatusCode.UNAVAILABLE:
        # Without a connection nothing was sent.
        sent = "failed to connect" not in text.lower() and "connection refused" not in text.lower()
        hint = "is it running, are grpc_host and grpc_port right?"
        return _ambiguous(
            UnavailableError(f"cannot reach the gRPC API of Weaviate at {where}: {text}", hint=hint), write and sent
        )
    if exc.code in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED):
        return _denied(where, text)
    if exc.code is grpc.StatusCode.CANCELLED:
        return _ambiguous(UnavailableError(f"Weaviate at {where} broke off: {text}"), write)
    return refusal(text, where)


def _from_rest(exc: Exception, where: str, write: bool) -> PersistError:
    if isinstance(exc, UnexpectedStatusCodeError):
        return _from_status(exc.status_code, exc.error or "", where, write)
    if isinstance(exc, InsufficientPermissionsError):
        return _denied(where, exc.message)
    if isinstance(exc, WeaviateClosedClientError):
        return ClosedError(f"the client of Weaviate at {where} was closed")
    if isinstance(exc, WeaviateInsertManyAllFailedError):
        return refusal(exc.message, where)
    source = exc.__cause__ if isinstance(exc, (WeaviateConnectionError, WeaviateTimeoutError)) else exc
    if isinstance(exc, WeaviateStartUpError):
        if "is not supported" in exc.message:
            return UnsupportedError(f"Weaviate at {where} is too old: {exc.message}")
        source = getattr(exc.__cause__, "__cause__", None) or exc.__cause__ or exc
    if isinstance(source, httpx.TimeoutException) and not isinstance(source, _NOT_SENT):
        return _ambiguous(_slow(where), write)
    if isinstance(source, (httpx.TransportError, WeaviateConnectionError)):
        error = UnavailableError(f"cannot reach Weaviate at {where}: {source}", hint="is it running, is the URL right?")
        return _ambiguous(error, write and not isinstance(source, _NOT_SENT))
    if isinstance(exc, (WeaviateStartUpError, ResponseCannotBeDecodedError, httpx.HTTPError)):
        return _stranger(where)
    return _ambiguous(PersistError(f"Weaviate at {where}: {exc}"), write)


def _from_status(status: int, message: Any, where: str, write: bool) -> PersistError:
    text = str(message)
    if status == 404:
        return NotFoundError(f"Weaviate: {text}")
    if status in (401, 403):
        return _denied(where, text)
    if status in (400, 413, 422):
        return refusal(text, where)
    return _ambiguous(UnavailableError(f"Weaviate at {where} failed with status {status}: {text}"), write)


def _denied(where: str, message: str) -> PersistError:
    return ConfigurationError(f"Weaviate at {where} refused the credentials: {message}", hint="check api_key=")


def _slow(where: str) -> PersistError:
    return OperationTimeoutError(f"Weaviate at {where} did not answer in time", hint="is it overloaded? raise timeout=")


def _stranger(where: str) -> PersistError:
    return UnavailableError(f"what answers at {where} does not speak Weaviate's protocol", retryable=False)


def _ambiguous(error: PersistError, ambiguous: bool) -> PersistError:
    error.ambiguous = ambiguous
    return error
