"""How a request is refused."""

from __future__ import annotations

__all__ = ["RequestError", "bad"]


class RequestError(Exception):
    """A request that Pinecone refuses, with the HTTP status and the code in the answer."""

    def __init__(self, status: int, code: str | int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def bad(message: str) -> RequestError:
    """A request of the vectors API with something wrong in it."""
    return RequestError(400, 3, message)
