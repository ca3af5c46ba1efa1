"""Sessions whose writes wait in this process while their database is away: a backing before another one.

Adds no queue of its own: `outbox` is the one that the adapter has. Never answers a read with less than is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from ..outbox import Outbox, OutboxStatus, Posted, QueueSettings, wait
from .backing import Backing
from .conversation_backing import ConversationBacking
from .records import SessionData, SessionMessage
from .session_plan import identified

__all__ = ["QueuedBacking"]

T = TypeVar("T")

_REPEATABLE = frozenset(
    [
        "merge_session_metadata_map",
        "set_agent_info",
        "set_chat_history",
        "set_gateway_info",
        "set_runtime_state",
        "update_session_metadata",
    ]
)
"""Changes that mean the same whenever they are made, and once they are made again. Only these wait."""


class QueuedBacking(Backing):
    """See `Backing`. One session's calls keep their order, whichever thread they come from."""

    def __init__(self, inner: ConversationBacking, settings: QueueSettings) -> None:
        super().__init__(inner.retention)
        self.backend = inner.backend
        self.hook_timeout = settings.hook_timeout
        self.outbox: Outbox = settings.outbox()
        self._inner = inner
        self._close_timeout = settings.close_timeout

    def __repr__(self) -> str:
        return repr(self._inner)

    def status(self) -> OutboxStatus:
        """How the sessions stand with their database; asks only this process."""
        return self.outbox.status()

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until nothing waits in the queue; whether that was reached in time (``hook_timeout`` by default)."""
        return self.outbox.flush(self.hook_timeout if timeout is None else timeout)

    def close(self) -> None:
        """Write what waits, for at most ``close_timeout`` seconds. What could not be stored is told in the log."""
        self.outbox.close(self._close_timeout, lambda: None)

    def waiting(self, session_id: str) -> list[SessionMessage]:
        """The messages that wait for the database, oldest first; [] while it answers."""
        pending = self.outbox.pending(session_id, self._append_together) if self.outbox.is_away else []
        return [message for _, messages in pending for message in messages]

    # -- contract ------------------------------------------------------------------------------------------------

    def append(self, session_id: str, messages: Sequence[SessionMessage]) -> None:
        added = identified(messages, fresh=True)
        self._write(
            session_id,
            "add_message",
            lambda: self._inner.add(session_id, added),
            value=(session_id, added),
            together=self._append_together,
        )

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
        def attempt() -> T | None:
            return self._inner.modify(
                session_id, change, operation=operation, create=create, archive=archive, retain=retain
            )

        if operation in _REPEATABLE:
            self._write(session_id, operation, attempt)
            return None
        return self._ask(session_id, operation, attempt)

    def read(self, session_id: str, *, archive: bool = False) -> SessionData | None:
        return self._ask(session_id, "read", lambda: self._inner.read(session_id, archive=archive))

    def insert(self, session: SessionData, *, overwrite: bool) -> bool:
        return self._ask(
            session.session_id, "import_sessions", lambda: self._inner.insert(session, overwrite=overwrite)
        )

    def delete(self, session_id: str) -> bool:
        return self._ask(session_id, "delete_session", lambda: self._inner.delete(session_id))

    def exists(self, session_id: str) -> bool:
        return self._ask(session_id, "session_exists", lambda: self._inner.exists(session_id))

    def heads(self) -> Iterator[dict[str, Any]]:
        return self._inner.heads()

    # -- inside --------------------------------------------------------------------------------------------------

    def _write(self, session_id: str, operation: str, attempt: Callable[[], Any], **batch: Any) -> None:
        wait(self, Posted((self.outbox.post(session_id, attempt, **batch),)), operation)

    def _ask(self, session_id: str, operation: str, attempt: Callable[[], T]) -> T:
        """Something that has no sense later: behind what waits of the session, an error while the database is away."""
        posted = Posted((self.outbox.post(session_id, attempt, stays=False),), is_read=True, result=lambda value: value)
        return wait(self, posted, operation)

    def _append_together(self, waiting: list[tuple[str, list[SessionMessage]]]) -> None:
        self._inner.add(waiting[0][0], [message for _, messages in waiting for message in messages])
