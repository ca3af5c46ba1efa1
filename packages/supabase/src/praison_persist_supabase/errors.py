"""Answers of the Data API and failures of HTTP as the contract's errors.

PostgREST's codes: https://docs.postgrest.org/en/stable/references/errors.html; five characters are PostgreSQL's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx

from praison_persist.errors import (
    ConfigurationError,
    InvalidInputError,
    MigrationError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)
from praison_persist.urls import scrub

__all__ = ["Refusal", "Translator"]

_NOT_RUN = ("PGRST000", "PGRST001", "PGRST002", "PGRST003", "53300", "57P03")
"""The statement was certainly not run: no connection to the database, or none free."""

_AGAIN = ("40001", "40P01", "55P03")
_NO_SCHEMA = ("PGRST202", "PGRST203", "PGRST205", "42883", "42P01", "42703")
_NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True)
class Refusal(Exception):  # noqa: N818 - an answer, not yet an error of the contract
    """An answer that is not a success."""

    status: int
    code: str
    message: str

    @classmethod
    def of(cls, response: httpx.Response) -> Refusal:
        """From an answer whose body was read; a gateway's may be anything."""
        try:
            body: Any = json.loads(response.content)
        except ValueError:
            body = {}
        if not isinstance(body, dict):
            body = {}
        message = body.get("message") or body.get("msg") or body.get("error") or response.reason_phrase
        return cls(response.status_code, str(body.get("code") or ""), str(message or "no message"))


@dataclass(frozen=True)
class Translator:
    """Turns failures into errors for one project.

    Attributes:
        place: host of the project, for messages.
        secret: the key, which no message may hold.
        script: how to print the SQL that creates what is missing.
        timeout: seconds that a request may take.
    """

    place: str
    secret: str
    script: str
    timeout: float

    def __call__(self, error: Exception) -> PersistError | None:
        """The contract's error; None for errors that are neither HTTP's nor the server's."""
        if isinstance(error, Refusal):
            return self._refused(error)
        if isinstance(error, httpx.TransportError):
            return self._lost(error)
        if isinstance(error, (httpx.HTTPError, httpx.InvalidURL)):
            return PersistError(self._say(f"{type(error).__name__}: {error}"))
        return None

    def _lost(self, error: httpx.TransportError) -> PersistError:
        if isinstance(error, httpx.TimeoutException) and not isinstance(error, httpx.PoolTimeout):
            made: PersistError = OperationTimeoutError(
                self._say(f"no answer within {self.timeout:g} s"),
                hint="is the project paused or overloaded? otherwise raise timeout=",
            )
        else:
            made = UnavailableError(
                self._say(f"{type(error).__name__}: {error}"), hint="is the address right, and the project not paused?"
            )
        made.ambiguous = not isinstance(error, _NOT_CONNECTED)
        return made

    def _refused(self, answer: Refusal) -> PersistError:
        code, status = answer.code, answer.status
        text = self._say(f"{answer.message} ({code or f'HTTP {status}'})")
        if code in _NO_SCHEMA:
            return MigrationError(
                f"{text}; this project lacks the tables and functions of the store",
                hint=f"print the SQL with\n    {self.script}\n"
                "and run it once in the project's SQL editor (as its owner); running it again does no harm",
            )
        if code == "42501":
            return ConfigurationError(
                text, hint="use the service_role (secret) key, or the key of the role that schema_sql(role=) named"
            )
        if code == "PGRST106":
            return ConfigurationError(text, hint="expose the schema in the project's API settings")
        if code in _AGAIN:
            return PersistError(text, retryable=True)
        if code == "57014":
            return OperationTimeoutError(
                text, hint="the server cancelled the statement (statement_timeout of the role)"
            )
        if code.startswith("22"):
            return InvalidInputError(text)
        if code.startswith("PGRST3") or status in (401, 403):
            return ConfigurationError(text, hint="check key= (or SUPABASE_KEY): the service_role or secret key")
        if 300 <= status < 400 or status in (404, 405):
            return ConfigurationError(
                f"{text}; this is no Supabase project", hint="url= is https://<project>.supabase.co, without a path"
            )
        if code in _NOT_RUN or status == 429:
            return UnavailableError(text, hint="the project has no connection free, or limits requests; try later")
        if code.startswith(("08", "53", "57P", "58")) or (status >= 500 and len(code) != 5):
            made = UnavailableError(text, hint="see the project's status and its database's log")
            made.ambiguous = True
            return made
        return PersistError(text)

    def _say(self, text: str) -> str:
        return f"{self.place}: {scrub(text, self.secret)}"
