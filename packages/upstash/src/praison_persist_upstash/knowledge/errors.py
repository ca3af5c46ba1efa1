"""What Upstash's vector client raises, as the errors of the contract. No I/O, and no token in any message."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import httpx
from upstash_vector.errors import ClientError, UpstashError

from praison_persist.errors import ConfigurationError, InvalidInputError, NotFoundError, PersistError, UnavailableError
from praison_persist.urls import scrub

from ..errors import from_error, from_status
from ..settings import Settings

__all__ = ["asked_to_wait", "failure_of", "translated"]

# Where the request was not sent, a write has certainly not happened.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@contextmanager
def translated(settings: Settings, *, write: bool) -> Generator[None]:
    """Errors of the client inside become errors of the contract.

    Args:
        settings: whose token no message may show.
        write: an answer that did not arrive leaves the outcome unknown.
    """
    try:
        yield
    except httpx.HTTPStatusError as exc:
        error = _from_response(exc, settings)
        error.ambiguous = write and exc.response.status_code >= 500
        raise error from exc
    except (UpstashError, ClientError) as exc:
        raise InvalidInputError(f"{settings.url} refused the request: {scrub(exc, settings.token)}") from exc
    except (KeyError, TypeError, AttributeError) as exc:  # the client takes any JSON for an answer
        what = f"what answers at {settings.url} does not speak Upstash Vector's protocol"
        error = UnavailableError(what, hint="is it the REST URL of an Upstash Vector index?", retryable=False)
        error.ambiguous = write
        raise error from exc
    except Exception as exc:
        error = from_error(exc, settings)
        if error is None:
            raise
        error.ambiguous = write and not isinstance(exc, _NOT_SENT)
        raise error from exc


def failure_of(response: httpx.Response) -> httpx.HTTPStatusError:
    """The error of a response that brings no result; the client itself ignores statuses."""
    return httpx.HTTPStatusError("no result", request=response.request, response=response)


def asked_to_wait(error: PersistError) -> float | None:
    """Seconds after which the service wants to be asked again, where it says so."""
    cause = error.__cause__
    told = cause.response.headers.get("retry-after") if isinstance(cause, httpx.HTTPStatusError) else None
    try:
        return max(0.0, float(str(told)))
    except ValueError:
        return None


def _from_response(exc: httpx.HTTPStatusError, settings: Settings) -> PersistError:
    status, text = exc.response.status_code, exc.response.text
    said = f"{settings.url} refused the request (HTTP status {status}): {scrub(text[:500].strip(), settings.token)}"
    if status in (400, 422):
        return InvalidInputError(said)
    if status == 402:
        return ConfigurationError(said, hint="the plan's quota is used up: upgrade it in the console")
    if status == 404:
        return NotFoundError(said)
    error = from_status(exc.response, text, settings)
    if isinstance(error, PersistError):
        return error
    return UnavailableError(
        f"{settings.url} failed with HTTP status {status}: {scrub(text[:200].strip(), settings.token)}"
    )
