"""Error codes of servers that speak MySQL's protocol as the contract's errors, for every driver. Imports none.

Codes: https://dev.mysql.com/doc/mysql-errors/en/ and https://mariadb.com/kb/en/mariadb-error-codes/
"""

from __future__ import annotations

from ..errors import (
    ConfigurationError,
    InvalidInputError,
    MigrationError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)

__all__ = ["from_code", "no_answer", "too_large", "too_late", "unreachable"]

_LOST = frozenset(
    {2002, 2003, 2005, 2006, 2013, 2055, 1040, 1053, 1080, 1152, 1158, 1159, 1160, 1161, 1203, 1927, 3169, 4031}
)
_READ_ONLY = frozenset({1290, 1792, 1836})
"""What a server says that was a primary before; its successor is found by connecting anew."""
_RETRY = frozenset({1020, 1205, 1213, 1412, 3058})
_LOGIN = frozenset({1044, 1045, 1130, 1251, 1698, 1820, 1862, 2026, 2054, 2059, 3118, 3159})
_RIGHTS = frozenset({1142, 1143, 1227, 1370, 1419})
_FULL = frozenset({1021, 1030, 1037, 1038, 1041, 1114, 1135})
_DEADLINE = frozenset({1317, 1969, 3024})
_VALUE = frozenset({1264, 1265, 1366, 1406})
_ASLEEP = ("Unavailable", "not serving", "no healthy tablet")
"""What Vitess, and so PlanetScale, says under the general code 1105 while a database wakes or changes its primary."""


def from_code(code: int | None, text: str, *, place: str) -> PersistError:
    """The contract's error for an error of the server or of a client library; None as code: it has none.

    Args:
        code: as the server's error packet has it, or from 2000 on of the client library.
        text: the message with it, without secrets.
        place: the server, for messages.
    """
    if code in _LOST or code in _READ_ONLY or (code == 1105 and any(word in text for word in _ASLEEP)):
        return unreachable(text, place)
    if code in _RETRY:
        return PersistError(text, retryable=True)
    if code in _LOGIN:
        return ConfigurationError(
            f"{place} refused the login: {text}",
            hint="check user, password (percent-encode it in a URL), database and the TLS options",
        )
    if code == 1049:
        return ConfigurationError(text, hint=f"create the database first: CREATE DATABASE on {place}")
    if code in (1146, 1054):  # no such table or column
        return MigrationError(text, hint="call setup(), or leave auto_create_tables=True")
    if code in _RIGHTS:
        return ConfigurationError(text, hint="grant the right, or create the tables as another user and call again")
    if code == 1153:
        return too_large(text)
    if code in _FULL:
        return UnavailableError(text, retryable=False, hint="the server is out of a resource; see its log")
    if code in _DEADLINE:
        return OperationTimeoutError(text, hint="the server ended the statement")
    if code in _VALUE:
        return InvalidInputError(text)
    return PersistError(f"{text} (error {code})" if code else text)


def unreachable(text: str, place: str) -> UnavailableError:
    """The error for a server that cannot be talked to; the text without secrets."""
    return UnavailableError(f"{place}: {text}", hint="is the server up, and is the address right?")


def no_answer(place: str, seconds: float) -> OperationTimeoutError:
    """The error for a server that lets itself be called and says nothing, while connecting."""
    return OperationTimeoutError(
        f"{place}: no answer within {seconds:g} s while connecting",
        hint="is that a MySQL server? if it only needs longer (a suspended database), raise connect_timeout=",
    )


def too_late(place: str, seconds: float) -> OperationTimeoutError:
    """The error for a statement that took longer than ``command_timeout``."""
    return OperationTimeoutError(
        f"{place}: no answer within {seconds:g} s",
        hint="is the server overloaded or out of reach? otherwise raise command_timeout=",
    )


def too_large(text: str) -> InvalidInputError:
    """The error for a statement that is longer than the server takes; nothing was written."""
    return InvalidInputError(text, hint="raise max_allowed_packet on the server, or store less in one message")
