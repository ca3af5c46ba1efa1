"""What Cassandra's driver raises, as the errors of the contract. No I/O."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from cassandra import (
    AlreadyExists,
    AuthenticationFailed,
    DriverException,
    InvalidRequest,
    OperationTimedOut,
    ReadTimeout,
    RequestExecutionException,
    Unauthorized,
    UnresolvableContactPoints,
    WriteFailure,
    WriteTimeout,
)
from cassandra.cluster import NoHostAvailable
from cassandra.connection import ConnectionException
from cassandra.protocol import SyntaxException

from praison_persist.errors import (
    AlreadyExistsError,
    ConfigurationError,
    InvalidInputError,
    NotFoundError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)

__all__ = ["may_be_repeated", "translated"]

_DRIVER_ERRORS = (DriverException, NoHostAvailable, ConnectionException, SyntaxException, RequestExecutionException)
_SLOW = (OperationTimedOut, ReadTimeout, WriteTimeout)


def may_be_repeated(exc: BaseException) -> bool:
    """Whether the server says that a write failed on a replica; repeating one that changes nothing further is safe.

    Cassandra 5.0 fails writes to a vector index so while more of them run at once than the node has processors.
    """
    return isinstance(exc, WriteFailure)


@contextmanager
def translated(where: str, *, write: bool) -> Generator[None]:
    """Driver errors inside become errors of the contract.

    Args:
        where: the cluster, without secrets, for the message.
        write: an answer that did not arrive leaves the outcome unknown.
    """
    try:
        yield
    except _DRIVER_ERRORS as exc:
        raise _from_driver(exc, where, write) from exc


def _from_driver(exc: Any, where: str, write: bool) -> PersistError:
    if isinstance(exc, AlreadyExists):
        return AlreadyExistsError(f"Cassandra: {exc}")
    if isinstance(exc, (AuthenticationFailed, Unauthorized)) or _refused(exc):
        return ConfigurationError(
            f"Cassandra at {where} refused the credentials: {_text(exc)}", hint="check username=, password= and grants"
        )
    if isinstance(exc, (InvalidRequest, SyntaxException)):
        return _from_request(_text(exc))
    if isinstance(exc, UnresolvableContactPoints):
        return UnavailableError(f"no host of {where} has an address", hint="are the names right?")
    if isinstance(exc, _SLOW):
        error: PersistError = OperationTimeoutError(
            f"Cassandra at {where} did not answer in time", hint="is it overloaded? raise timeout="
        )
    else:
        error = UnavailableError(
            f"cannot reach Cassandra at {where}: {_text(exc)}"
            if isinstance(exc, (NoHostAvailable, ConnectionException))
            else f"Cassandra at {where} failed: {_text(exc)}",
            hint="is it running, are hosts= and port= right?",
        )
    error.ambiguous = write
    return error


def _from_request(text: str) -> PersistError:
    if any(words in text for words in ("does not exist", "doesn't exist", "unconfigured table")):
        return NotFoundError(f"Cassandra: {text}")
    return InvalidInputError(f"Cassandra refused the request: {text}")


def _refused(exc: Any) -> bool:
    """Whether every host refused the credentials."""
    if not isinstance(exc, NoHostAvailable) or not exc.errors:
        return False
    inner: list[Any] = list(exc.errors.values())
    return all(isinstance(one, AuthenticationFailed) for one in inner)


def _text(exc: Any) -> str:
    if isinstance(exc, NoHostAvailable):
        return "; ".join(str(one) for one in (exc.errors or {}).values()) or str(exc)
    return str(exc)
