"""PyMySQL's exceptions, which aiomysql raises too, as the contract's errors."""

from __future__ import annotations

import ssl
from typing import Any

import pymysql

from praison_persist.errors import ConfigurationError, PersistError
from praison_persist.sql.mysqlwire import from_code, no_answer, too_large, too_late, unreachable
from praison_persist.urls import scrub

from .settings import Settings

__all__ = ["check_size", "not_encrypted", "translate"]

_LARGE = 1 << 20
"""Statements of fewer characters are not measured: no server takes less than 4 MiB."""

_CUT_OFF = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
"""A server that went away while it was talked to, as one that is being restarted does; nobody's settings are wrong."""

CONNECTION_FAILED = 2003
TLS_FAILED = 2026


def translate(error: Exception, settings: Settings) -> PersistError | None:
    """The contract's error; None for what is not the database's."""
    if not isinstance(error, pymysql.Error):
        return None
    code = error.args[0] if error.args and isinstance(error.args[0], int) else None
    text = scrub(error.args[1] if len(error.args) > 1 else error, *settings.secrets)
    cause: Any = getattr(error, "original_exception", None) or error.__cause__ or error.__context__
    if isinstance(cause, ssl.SSLError) and not isinstance(cause, _CUT_OFF):
        return ConfigurationError(
            f"{settings.place}: TLS failed: {scrub(cause, *settings.secrets)}",
            hint="see ssl_mode and ssl_ca in the URL",
        )
    if isinstance(cause, TimeoutError) and getattr(cause, "errno", None) is None:
        if code == CONNECTION_FAILED or settings.command_timeout is None:
            return no_answer(settings.place, settings.connect_timeout)
        return too_late(settings.place, settings.command_timeout)
    if isinstance(error, pymysql.InterfaceError) or (code is None and isinstance(error, pymysql.OperationalError)):
        return unreachable(text or "the connection was closed", settings.place)
    return from_code(code or None, text, place=settings.place)


def check_size(sql: str, limit: Any) -> None:
    """See that the server takes a statement, which would otherwise cut the connection.

    Args:
        sql: with its values.
        limit: ``@@max_allowed_packet`` in bytes.

    Raises:
        InvalidInputError: it does not; nothing was sent.
    """
    size = len(sql.encode())
    if size + 2 > int(limit):
        raise too_large(f"a statement of {size:,} bytes is larger than the server takes ({int(limit):,})")


def is_large(sql: str) -> bool:
    """Whether `check_size` should be asked."""
    return len(sql) > _LARGE


def not_encrypted() -> pymysql.OperationalError:
    """The error for a server without TLS where it is required, before anything secret is sent."""
    return pymysql.OperationalError(TLS_FAILED, "TLS is required, and the server has none")
