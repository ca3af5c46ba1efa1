"""What httpx, HTTP statuses and the server's texts mean in terms of the contract."""

from __future__ import annotations

import asyncio
import json

import httpx
from upstash_redis.errors import UpstashError

from praison_persist.errors import (
    ConfigurationError,
    InvalidInputError,
    OperationTimeoutError,
    PersistError,
    SerializationError,
    UnavailableError,
)
from praison_persist.state_engines import Refusal
from praison_persist.urls import scrub

from .settings import Settings

__all__ = ["from_error", "from_status", "reply_of"]

_EXPLAIN = {
    "max request size exceeded": "raise the plan's limit, and max_request_size= with it, or store less under one key",
    "max key size exceeded": "shorten the key",
    "max single record size exceeded": "store less under one key",
}
_QUOTA = ("DB capacity quota exceeded", "max requests limit exceeded", "max daily request limit exceeded")


def from_error(error: Exception, settings: Settings) -> PersistError | None:
    """The contract's error; None for what is not Upstash's."""
    where = settings.url
    if isinstance(error, httpx.ConnectTimeout):
        return OperationTimeoutError(
            f"{where}: no connection within {settings.connect_timeout:g} s",
            hint="is the URL right, and does the network let you out? otherwise raise connect_timeout=",
        )
    if isinstance(error, (httpx.TimeoutException, TimeoutError, asyncio.TimeoutError)):
        return OperationTimeoutError(
            f"{where}: no answer within {settings.timeout:g} s", hint="try again later, or raise timeout="
        )
    if isinstance(error, httpx.HTTPStatusError):
        return UnavailableError(f"{where} answered with HTTP status {error.response.status_code}")
    if isinstance(error, httpx.TransportError):
        text = scrub(error, settings.token) or type(error).__name__
        return UnavailableError(f"{where}: {text}", hint="is the URL right, and does the network let you out?")
    if isinstance(error, UnicodeDecodeError):
        return SerializationError("the stored bytes are no UTF-8 text", hint="they were written by something else")
    if isinstance(error, json.JSONDecodeError):
        return UnavailableError(f"{where} did not answer with JSON", hint="is it the REST URL of an Upstash database?")
    if isinstance(error, UpstashError):
        return PersistError(f"{where}: {scrub(error, settings.token)}")
    return None


def from_status(response: httpx.Response, text: str, settings: Settings) -> Exception:
    """What a status that is neither 200 nor 400 means; an HTTPStatusError where the command may have been executed.

    Args:
        response: its head.
        text: its body.
        settings: of the store.
    """
    status = response.status_code
    said = f"{settings.url} answered with HTTP status {status}: {scrub(text[:200].strip(), settings.token)}"
    if status == 429:
        return UnavailableError(said, hint="the plan's rate limit is reached; spread the calls over time")
    if status in (401, 403):
        return ConfigurationError(f"{settings.url} refuses the token (HTTP status {status})", hint="give token=")
    if status == 413:
        return InvalidInputError(said, hint=_EXPLAIN["max request size exceeded"])
    if status >= 500:
        return httpx.HTTPStatusError(said, request=response.request, response=response)
    return ConfigurationError(said, hint="is url= the HTTPS endpoint from the console?")


def reply_of(error: UpstashError, settings: Settings) -> Refusal:
    """The server's answer to one command, for the operation to judge.

    Raises:
        PersistError: it would say the same of any command.
    """
    text = str(error)
    said = f"{settings.url}: {scrub(text, settings.token)}"
    if text.startswith(("WRONGPASS", "NOAUTH")):
        raise ConfigurationError(f"{settings.url} refuses the token", hint="give token=") from error
    if text.startswith("NOPERM"):
        raise ConfigurationError(
            said, hint="the README of praison-persist-upstash lists the commands that it needs"
        ) from error
    for problem, advice in _EXPLAIN.items():
        if problem in text:
            raise InvalidInputError(said, hint=advice) from error
    if any(problem in text for problem in _QUOTA):
        raise PersistError(said, hint="the plan's quota is used up: upgrade it in the console") from error
    return Refusal(text)
