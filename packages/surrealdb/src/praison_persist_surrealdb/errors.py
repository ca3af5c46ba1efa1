"""What SurrealDB and its SDK report, as the errors of the contract. No I/O.

The engine's messages are the only thing that tells its errors apart on every version: 2 has no error kinds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from surrealdb.errors import ServerError, SurrealError
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI, WebSocketException

from praison_persist.errors import (
    AlreadyExistsError,
    ConfigurationError,
    ConflictError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
    UnsupportedError,
    UnsupportedFilterError,
)

from .location import Location

__all__ = ["ThrownError", "checked", "from_driver", "from_engine"]

THROWN = "praison-persist: "
_AUTHENTICATION = (
    "problem with authentication",
    "not enough permissions",
    "iam error",
    "anonymous access",
    "not allowed",
)
_NOT_THE_CAUSE = "not executed due to a failed transaction"


class ThrownError(PersistError):
    """A query of this package ended itself; ``message`` is the reason that it gave."""


def checked(statements: Sequence[Mapping[str, Any]], location: Location) -> Any:
    """The last statement's result, when all went well: the SDK's own `query` looks at the first one only."""
    failed = [str(one.get("result")) for one in statements if one.get("status") != "OK"]
    if failed:
        causes = [text for text in failed if _NOT_THE_CAUSE not in text or "retried" in text]
        raise from_engine((causes or failed)[0], location)
    return statements[-1].get("result") if statements else None


def from_engine(text: str, location: Location) -> PersistError:
    """The error for an answer of the engine."""
    lowered = text.lower()
    if "can be retried" in lowered or "transaction conflict" in lowered:
        return ConflictError("transactions on the same records kept colliding", retryable=True, hint="try again")
    if "already contains" in lowered or "already exists" in lowered:
        return AlreadyExistsError(location.scrub(text))
    if THROWN in text:
        return ThrownError(text.partition(THROWN)[2])
    if any(phrase in lowered for phrase in _AUTHENTICATION):
        return ConfigurationError(
            f"SurrealDB at {location} refused the credentials or what they may do: {location.scrub(text)}",
            hint="check username=, password= and auth_level=, or token=",
        )
    if "recursion depth limit" in lowered or "computation depth" in lowered:  # nothing but a filter is nested
        return UnsupportedFilterError("the filter is nested too deeply for SurrealDB", hint="nest fewer $and and $or")
    if "exceeded the timeout" in lowered or "timed out" in lowered:
        return OperationTimeoutError(f"SurrealDB at {location} gave up: {location.scrub(text)}")
    if "the table" in lowered and "does not exist" in lowered:
        return ConfigurationError(location.scrub(text), hint="call setup(), or leave auto_create_tables=True")
    return PersistError(f"SurrealDB at {location} failed: {location.scrub(text)}")


def from_driver(exc: Exception, location: Location, *, sent: bool) -> PersistError | None:
    """The error for what the SDK raised; None for errors of somebody else.

    Args:
        exc: the SDK's error, or that of its transport.
        location: for the message.
        sent: the request may have arrived, so that an unknown outcome is possible.
    """
    error: PersistError
    if isinstance(exc, PersistError):
        return exc
    if isinstance(exc, TimeoutError):
        error = OperationTimeoutError(
            f"SurrealDB at {location} did not answer in time", hint="is it overloaded? raise timeout="
        )
    elif isinstance(exc, ServerError):
        return from_engine(str(exc), location)
    elif isinstance(exc, InvalidURI):
        return ConfigurationError(f"{location} is no address of a server")
    elif isinstance(exc, InvalidHandshake):
        status = f" (status {exc.response.status_code})" if isinstance(exc, InvalidStatus) else ""
        return UnavailableError(
            f"what answers at {location} does not speak SurrealDB's protocol{status}",
            retryable=bool(status) and "5" in status[9:10],
            hint="url= is the server's address, as in ws://host:8000/rpc",
        )
    elif isinstance(exc, (WebSocketException, OSError)):
        error = UnavailableError(
            f"cannot reach SurrealDB at {location}: {location.scrub(exc)}", hint="is it running, is the URL right?"
        )
    elif isinstance(exc, SurrealError):
        return UnsupportedError(f"the SDK of SurrealDB refused: {location.scrub(exc)}")
    elif location.embedded and isinstance(exc, (RuntimeError, ValueError)):
        return from_engine(str(exc), location)
    else:
        return None
    error.ambiguous = sent
    return error
