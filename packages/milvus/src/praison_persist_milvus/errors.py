"""What Milvus's client raises, as the errors of the contract. No I/O."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager

import grpc
from pymilvus.exceptions import ErrorCode, MilvusException, ParamError

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

__all__ = ["translated"]

_INVALID = 1100
_NO_DATABASE = 800
_LATE = re.compile(r"DEADLINE_EXCEEDED|deadline exceeded", re.IGNORECASE)
_REFUSED = re.compile(r"UNAUTHENTICATED|auth check failure|permission deny|PERMISSION_DENIED", re.IGNORECASE)
_TAKEN = re.compile(r"duplicate collection|already exist", re.IGNORECASE)


@contextmanager
def translated(where: str, secret: str | None, *, write: bool, connecting: bool = False) -> Generator[None]:
    """Errors of the client inside become errors of the contract.

    Args:
        where: the server or file, without secrets, for the message.
        secret: what no message may hold.
        write: an answer that did not arrive leaves the outcome unknown.
        connecting: nothing was sent yet, so that a failure is one of the way there.
    """
    try:
        yield
    except PersistError:
        raise
    except (MilvusException, grpc.RpcError, grpc.FutureTimeoutError) as exc:
        raise _translate(exc, where, scrub(exc, secret), write and not connecting, connecting) from exc


def _translate(exc: Exception, where: str, text: str, write: bool, connecting: bool) -> PersistError:
    code = getattr(exc, "code", None)
    if _REFUSED.search(text):
        return ConfigurationError(f"Milvus at {where} refused the credentials: {text}", hint="check token=")
    if code == _NO_DATABASE:
        return ConfigurationError(f"Milvus at {where} has no such database: {text}", hint="check db_name=")
    if code == ErrorCode.COLLECTION_NOT_FOUND:
        return NotFoundError(f"Milvus: {text}")
    if _TAKEN.search(text):
        return AlreadyExistsError(f"Milvus: {text}")
    if isinstance(exc, ParamError) or code == _INVALID:
        return InvalidInputError(f"Milvus refused the request: {text}")
    if _LATE.search(text) and not connecting:
        error: PersistError = OperationTimeoutError(
            f"Milvus at {where} did not answer in time", hint="is it overloaded? raise timeout="
        )
    else:
        error = UnavailableError(f"Milvus at {where} failed: {text}", hint="is it running, is the URL right?")
    error.ambiguous = write
    return error
