"""The error that a request is answered with."""

from __future__ import annotations

__all__ = ["RequestError"]


class RequestError(Exception):
    """A refusal.

    Attributes:
        status: of the answer.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
