"""PostgreSQL's error codes as the contract's errors, for both drivers. Imports neither.

Codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from __future__ import annotations

from praison_persist.errors import (
    ConfigurationError,
    InvalidInputError,
    MigrationError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)
from praison_persist.urls import scrub

from .settings import Settings

__all__ = ["from_sqlstate", "no_answer", "too_late", "unreachable"]

_LOST = ("57P01", "57P02", "57P03", "57P05", "53300", "25P02")
_RETRY = ("40001", "40P01", "55P03")
_RACE = ("42P07", "42P06", "42701", "42710", "23505")
"""Another process set up the same tables, where no lock keeps it from that; the next attempt finds them."""

# libpq keeps the code of a refused connection to itself; in other languages the error is an UnavailableError.
_REFUSALS = (
    ("authentication failed", "28P01"),
    ("no password supplied", "28P01"),
    ("pg_hba.conf", "28000"),
    ("is not permitted to log in", "28000"),
    ('FATAL:  role "', "28000"),
    ('FATAL:  database "', "3D000"),
    ("permission denied for database", "42501"),
    ("invalid value for parameter", "22023"),
    ("unrecognized configuration parameter", "22023"),
    ("does not support SSL", "28000"),
    (' value: "', "22023"),  # libpq: invalid sslmode value: "..."
)


def from_sqlstate(code: str | None, message: str, settings: Settings) -> PersistError:
    """The contract's error for a SQLSTATE; None as code means that the connection itself failed."""
    text = scrub(message.strip(), *settings.secrets)
    if code is None:
        code = next((code for part, code in _REFUSALS if part in text), None)
    if code is None:
        return unreachable(text, settings)
    if code.startswith("28"):
        return ConfigurationError(
            f"{settings.place} refused the login: {text}", hint="check user and password (percent-encode it in a URL)"
        )
    if code == "3D000":
        return ConfigurationError(text, hint=f"create the database first, for example with createdb ({settings.place})")
    if code in _LOST or code.startswith("08"):
        return unreachable(text, settings)
    if code in _RETRY or code in _RACE:
        return PersistError(text, retryable=True)
    if code == "57014":
        return OperationTimeoutError(text, hint="the server cancelled the statement (statement_timeout)")
    if code in ("42P01", "42703"):  # no such table or column
        return MigrationError(text, hint="call setup(), or leave auto_create_tables=True")
    if code in ("42P05", "26000"):  # a prepared statement is there already, or not at all
        return ConfigurationError(
            text, hint='connections go through a pooler in transaction mode, it seems: say pooler="transaction"'
        )
    if code == "42501":
        return ConfigurationError(text, hint="grant the right, or create the tables as another role and call again")
    if code.startswith(("53", "58")):
        return UnavailableError(text, retryable=False, hint="the server is out of a resource; see its log")
    if code.startswith("22"):
        return InvalidInputError(text)
    return PersistError(f"{text} (SQLSTATE {code})")


def unreachable(text: str, settings: Settings) -> UnavailableError:
    """The error for a server that cannot be talked to."""
    return UnavailableError(
        f"{settings.place}: {scrub(text, *settings.secrets)}", hint="is the server up, and is the address right?"
    )


def no_answer(settings: Settings) -> OperationTimeoutError:
    """The error for a server that lets itself be called and says nothing, while connecting."""
    return OperationTimeoutError(
        f"{settings.place}: no answer within {settings.connect_timeout:g} s while connecting",
        hint="is that a PostgreSQL server? if it only needs longer (a suspended database), raise connect_timeout=",
    )


def too_late(settings: Settings) -> OperationTimeoutError:
    """The error for a statement that took longer than ``command_timeout``."""
    return OperationTimeoutError(
        f"{settings.place}: no answer within {settings.command_timeout or 0:g} s",
        hint="is the server overloaded or out of reach? otherwise raise command_timeout=",
    )
