"""What the stand-in raises for a command that MongoDB refuses."""

from __future__ import annotations

__all__ = ["Refused"]


class Refused(Exception):
    """The command fails with this code."""

    def __init__(self, code: int, name: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.name = name
        self.text = text
