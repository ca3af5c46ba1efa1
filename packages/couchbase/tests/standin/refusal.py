"""How a request is refused: a status of the binary protocol, or a code of the query service."""

from __future__ import annotations

__all__ = ["KeyRefusedError", "QueryRefusedError"]


class KeyRefusedError(Exception):
    """An operation on a key that Couchbase refuses, with the status of the binary protocol."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status:#x}")
        self.status = status


class QueryRefusedError(Exception):
    """A statement that the query service refuses, with its code and the status of HTTP."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
