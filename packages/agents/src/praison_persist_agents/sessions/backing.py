"""Where a session store keeps its sessions: the few operations that `store` builds everything on.

A backing checks ids and applies retention; it knows nothing of agents, bots or searches.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from .records import SessionData, SessionMessage
from .retention import Retention

__all__ = ["Backing", "starts_with"]

T = TypeVar("T")


class Backing(ABC):
    """Sessions by id, shared by threads and processes; no write of one is lost to another.

    Attributes:
        backend: name, for errors.
        retention: applied by every write, and to what is read.
    """

    backend: str = "sessions"

    def __init__(self, retention: Retention) -> None:
        self.retention = retention

    @abstractmethod
    def read(self, session_id: str, *, archive: bool = False) -> SessionData | None:
        """The session as it is now, a copy; None where there is none, and nothing is created.

        Args:
            archive: with ``archived_messages``, which are left out otherwise.
        """

    @abstractmethod
    def modify(
        self,
        session_id: str,
        change: Callable[[SessionData], T],
        *,
        operation: str,
        create: bool = True,
        archive: bool = False,
        retain: bool = True,
    ) -> T | None:
        """Change a session: read, change and write are one step for every other writer. An error changes nothing.

        Args:
            change: changes what it is given, and may be called again after a conflict. It replaces messages rather
                than changing them, and adds to ``archived_messages`` unless ``archive`` was asked for.
            operation: the caller's method, for errors.
            create: start from an empty session where there is none; else the result is None then.
            archive: hand ``archived_messages`` over, to be changed at will.
            retain: apply retention.
        """

    @abstractmethod
    def append(self, session_id: str, messages: Sequence[SessionMessage]) -> None:
        """Add messages at the end, all or none; the session is created if need be."""

    @abstractmethod
    def insert(self, session: SessionData, *, overwrite: bool) -> bool:
        """Store a whole session with its archive as it is; False when its id is taken and must not be overwritten."""

    @abstractmethod
    def delete(self, session_id: str) -> bool:
        """Remove everything; False when there was nothing."""

    @abstractmethod
    def exists(self, session_id: str) -> bool:
        """Whether there is such a session."""

    @abstractmethod
    def heads(self) -> Iterator[dict[str, Any]]:
        """Every session's `SessionData.head` with ``message_count``, most recently used first as far as is known."""

    def sessions(self) -> Iterator[SessionData]:
        """Every session with its archive, one at a time."""
        for head in self.heads():
            session = self.read(head["session_id"], archive=True)
            if session is not None:
                yield session


def starts_with(messages: Sequence[SessionMessage], older: Sequence[SessionMessage]) -> bool:
    """Whether these very messages come first, so that what is stored of them need not be written again."""
    return len(messages) >= len(older) and all(a is b for a, b in zip(messages, older, strict=False))
