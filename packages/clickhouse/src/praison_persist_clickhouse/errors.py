"""What clickhouse-connect raises, as the errors of the contract. No I/O."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager

from clickhouse_connect.driver.exceptions import ClickHouseError

from praison_persist.errors import (
    AlreadyExistsError,
    ConfigurationError,
    InvalidInputError,
    NotFoundError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)

__all__ = ["UNKNOWN_TABLE", "translated"]

UNKNOWN_TABLE = 60

_NOT_FOUND = {UNKNOWN_TABLE, 81}  # a table, a database
_EXISTS = {57, 82}
_CREDENTIALS = {192, 193, 194, 497, 516}
_SLOW = {159, 209}
_BUSY = {202, 241, 242, 243, 252, 999}  # too many queries, memory, read-only, disk, too many parts, keeper
_WRONG = {36, 42, 43, 44, 47, 53, 62, 69, 70, 117, 456, 457, 469}

# Where the request was not sent, a write has certainly not happened; names, since aiohttp need not be loaded.
_NOT_SENT = {"NewConnectionError", "ConnectTimeoutError", "ClientConnectorError", "ConnectionTimeoutError"}
_TIMEOUTS = {"TimeoutError", "ReadTimeoutError", "ConnectTimeoutError", "ServerTimeoutError"}


@contextmanager
def translated(where: str, *, write: bool) -> Generator[None]:
    """Driver errors inside become errors of the contract.

    Args:
        where: the server or directory, without secrets, for the message.
        write: an answer that did not arrive leaves the outcome unknown.
    """
    try:
        yield
    except ClickHouseError as exc:
        raise _from_driver(exc, where, write) from exc


def _from_driver(exc: ClickHouseError, where: str, write: bool) -> PersistError:
    code = getattr(exc, "code", None)
    if isinstance(code, int) and code > 0:
        return _from_code(code, _message(exc), where, write)
    names = {name for cause in _causes(exc) for kind in type(cause).__mro__ for name in (kind.__name__,)}
    ambiguous = write and not names & _NOT_SENT
    if names & _TIMEOUTS:
        error: PersistError = OperationTimeoutError(
            f"ClickHouse at {where} did not answer in time", hint="is it overloaded? raise timeout="
        )
    else:
        error = UnavailableError(
            f"cannot reach ClickHouse at {where}: {_message(exc)}", hint="is it running, is the URL right?"
        )
    error.ambiguous = ambiguous
    return error


def _from_code(code: int, message: str, where: str, write: bool) -> PersistError:
    if code in _NOT_FOUND:
        return NotFoundError(f"ClickHouse: {message}")
    if code in _EXISTS:
        return AlreadyExistsError(f"ClickHouse: {message}")
    if code in _CREDENTIALS:
        return ConfigurationError(f"ClickHouse at {where} refused access: {message}", hint="check username=, password=")
    if code in _WRONG:
        return InvalidInputError(f"ClickHouse refused the statement: {message}")
    error = OperationTimeoutError if code in _SLOW else UnavailableError
    made = error(f"ClickHouse at {where} failed: {message}", retryable=code in _SLOW | _BUSY)
    made.ambiguous = write
    return made


def _causes(exc: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = exc
    while seen is not None:
        yield seen
        reason = getattr(seen, "reason", None)  # urllib3 hides the cause of its last attempt there
        if isinstance(reason, BaseException):
            yield reason
        seen = seen.__cause__ or seen.__context__


def _message(exc: BaseException) -> str:
    """The first line of what the server said, without its version."""
    text = str(exc).strip().partition("\n")[0]
    return re.sub(r"\s*\(version [^)]*\)\s*$", "", text)[:500]
