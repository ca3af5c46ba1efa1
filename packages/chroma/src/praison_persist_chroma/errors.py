"""What Chroma's client and its embedded engine raise, as the errors of the contract. No I/O."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager

import httpx
from chromadb import errors as chroma

from praison_persist.errors import (
    AlreadyExistsError,
    ConfigurationError,
    InvalidInputError,
    NotFoundError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)

__all__ = ["translated"]

# Where the request was not sent, a write has certainly not happened.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)

_INVALID = (
    chroma.InvalidArgumentError,
    chroma.InvalidDimensionException,
    chroma.DuplicateIDError,
    chroma.BatchSizeExceededError,
    chroma.QuotaError,
)
_REFUSED = (chroma.ChromaAuthError, chroma.AuthorizationError)
_ALREADY = "already exists"


@contextmanager
def translated(where: str, *, embedded: bool, write: bool) -> Generator[None]:
    """Errors of the client inside become errors of the contract.

    Args:
        where: the server or directory, without secrets, for the message.
        embedded: the engine works in this process.
        write: an answer that did not arrive leaves the outcome unknown.
    """
    try:
        yield
    except PersistError:
        raise
    except httpx.HTTPError as exc:
        raise _from_transport(exc, where, write) from exc
    except chroma.ChromaError as exc:
        raise _from_chroma(exc, where, embedded, write) from exc
    except json.JSONDecodeError as exc:  # orjson's, too
        raise _no_chroma(exc, where, write) from exc
    except (ValueError, TypeError) as exc:
        raise InvalidInputError(f"Chroma refused the request: {exc}") from exc
    except Exception as exc:
        # For an answer that is no error of Chroma's the client raises a bare Exception with the body as its text.
        if type(exc) is not Exception or not isinstance(exc.__context__, httpx.HTTPStatusError):
            raise
        raise _from_status(exc.__context__.response.status_code, str(exc)[:300], where, write) from exc


def _from_transport(exc: httpx.HTTPError, where: str, write: bool) -> PersistError:
    if isinstance(exc, httpx.TimeoutException):
        error = OperationTimeoutError(
            f"Chroma at {where} did not answer in time", hint="is it overloaded? raise timeout="
        )
    else:
        error = UnavailableError(f"cannot reach Chroma at {where}: {exc}", hint="is it running, is the URL right?")
    error.ambiguous = write and not isinstance(exc, _NOT_SENT)
    return error


def _from_chroma(exc: chroma.ChromaError, where: str, embedded: bool, write: bool) -> PersistError:
    text = str(exc)
    if isinstance(exc, chroma.NotFoundError):
        return NotFoundError(f"Chroma: {text}")
    if isinstance(exc, chroma.UniqueConstraintError) or text.endswith(_ALREADY):
        return AlreadyExistsError(f"Chroma: {text}")
    if isinstance(exc, _REFUSED):
        return ConfigurationError(f"Chroma at {where} refused the credentials: {text}", hint="check api_key=")
    if isinstance(exc, _INVALID):
        return InvalidInputError(f"Chroma refused the request: {text}")
    if embedded:
        return PersistError(f"the embedded Chroma in {where} failed: {text}")
    error = UnavailableError(f"Chroma at {where} failed: {text}")
    error.ambiguous = write and not isinstance(exc, chroma.RateLimitError)
    return error


def _from_status(status: int, text: str, where: str, write: bool) -> PersistError:
    if status in (401, 403):
        return ConfigurationError(f"Chroma at {where} refused the credentials: {text}", hint="check api_key=")
    if status == 404:
        return _no_chroma(ValueError(text), where, write)
    if status in (400, 413, 422):
        return InvalidInputError(f"Chroma refused the request: {text}")
    error = UnavailableError(f"Chroma at {where} failed with status {status}: {text}")
    error.ambiguous = write
    return error


def _no_chroma(exc: Exception, where: str, write: bool) -> PersistError:
    error = UnavailableError(
        f"what answers at {where} does not speak Chroma's protocol (version 2): {type(exc).__name__}",
        hint="is the URL right, and the server 1.0 or newer?",
        retryable=False,
    )
    error.ambiguous = write
    return error
