"""How a request is refused."""

from __future__ import annotations

from typing import Any

__all__ = ["RequestError", "bad"]


class RequestError(Exception):
    """A request that Cosmos DB refuses, with the HTTP status, the code in the answer, and headers.

    Attributes:
        status: of HTTP.
        code: word in the answer.
        headers: of the answer.
    """

    def __init__(self, status: int, code: str, message: str, **headers: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = {"x-ms-" + name.replace("_", "-"): str(value) for name, value in headers.items()}


def bad(message: str) -> RequestError:
    """A request with something wrong in it."""
    return RequestError(400, "BadRequest", message)
