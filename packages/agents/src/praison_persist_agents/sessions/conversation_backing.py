"""Sessions in a conversation store: messages are its messages, the rest is events among them (`session_log`).

Uses the conversation contract only, so any backend will do; connections, retries and locks are the store's.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import takewhile
from typing import Any, TypeVar

from praison_persist.conversation import ConversationMessage, ConversationSession, ConversationStore
from praison_persist.errors import AlreadyExistsError, NotFoundError, PersistError
from praison_persist.jsontext import is_plain_text
from praison_persist.validation import MAX_ID

from .backing import Backing
from .records import SessionData, SessionMessage
from .retention import Retention
from .session_log import MARK, Log, is_event, read_log, to_row
from .session_plan import identified, plan_write
from .snapshots import SessionSnapshot

__all__ = ["ConversationBacking"]

T = TypeVar("T")

_CHUNK = 500
_TOUCH = 30.0
_KNOWN = 4096


@dataclass(slots=True)
class _Known:
    """What this process remembers of a session; only to save work.

    Attributes:
        depth: how many rows to read.
        room: how many messages fit before the window should be checked.
        shown, touched: what the session's row says, and since when (monotonic seconds).
    """

    depth: int
    room: int = 0
    shown: tuple[str | None, str | None, str | None] | None = None
    touched: float = float("-inf")


class ConversationBacking(Backing):
    """See `Backing`.

    Args:
        store: used as it is, and never closed here.
        prefix: of the session ids in the store.
    """

    def __init__(self, store: ConversationStore, retention: Retention, *, prefix: str) -> None:
        super().__init__(retention)
        self.store = store
        self.backend = store.backend
        self._prefix = prefix
        self._slack = max(8, retention.window // 4)
        self._lock = threading.Lock()
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def __repr__(self) -> str:
        return repr(self.store)

    # -- contract ------------------------------------------------------------------------------------------------

    def read(self, session_id: str, *, archive: bool = False) -> SessionData | None:
        with self._errors("read"):
            found = self._load(session_id, archive=archive)
            return None if found is None else found[0]

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
        with self._errors(operation):
            found = self._load(session_id, archive=archive)
            if found is None:
                if not create:
                    return None
                found = SessionData(session_id), read_log([], complete=True)
            session, log = found
            assert log is not None  # noqa: S101 - a complete log is always read
            older = log.older if archive else []
            result = change(session)
            if retain:
                self.retention.apply(session)
            self._write(session, log, older)
            return result

    def append(self, session_id: str, messages: Sequence[SessionMessage]) -> None:
        self.add(session_id, identified(messages, fresh=True))

    def add(self, session_id: str, messages: Sequence[SessionMessage]) -> None:
        """`append` messages that have ids; adding them again changes nothing."""
        with self._errors("add_message"):
            self._add(session_id, [to_row(message) for message in messages])
            known = self._knowledge(session_id)
            known.room -= len(messages)
            if known.room < 0 and self.retention.policy != "keep_all":
                self.modify(session_id, lambda _: None, operation="add_message")
            self._touch(session_id)

    def insert(self, session: SessionData, *, overwrite: bool) -> bool:
        with self._errors("import_sessions"):
            found = self._load(session.session_id, archive=True)
            if found is not None and not overwrite:
                return False
            log = found[1] if found else read_log([], complete=True)
            assert log is not None  # noqa: S101 - a complete log is always read
            session.cleared = found is not None
            self._write(session, log, [])
            return True

    def delete(self, session_id: str) -> bool:
        with self._errors("delete_session"):
            with self._lock:
                self._known.pop(session_id, None)
            existed = self.exists(session_id)
            return self.store.delete_session(self._prefix + session_id) and existed

    def exists(self, session_id: str) -> bool:
        with self._errors("session_exists"):
            row = self.store.get_session(self._prefix + session_id)
            # A row of ours without messages is what a crash left between creating and filling it.
            return row is not None and (
                MARK not in (row.metadata or {}) or bool(self.store.get_messages(row.session_id, limit=1))
            )

    def heads(self) -> Iterator[dict[str, Any]]:
        with self._errors("list_sessions"):
            seen: set[str] = set()
            for row in self.store.iter_sessions():
                session_id = row.session_id.removeprefix(self._prefix)
                if not row.session_id.startswith(self._prefix) or session_id in seen:
                    continue
                seen.add(session_id)
                session = self.read(session_id)
                if session is not None:
                    yield {**session.head(), "message_count": len(session.messages)}

    # -- reading -------------------------------------------------------------------------------------------------

    def _load(self, session_id: str, *, archive: bool) -> tuple[SessionData, Log] | None:
        known = self._knowledge(session_id)
        limit = None if archive else known.depth
        log, rows = None, []
        while log is None:
            rows = self.store.get_messages(self._prefix + session_id, limit=limit)
            log = read_log(rows, complete=limit is None or len(rows) < limit)
            limit = None if limit is None or limit > 10_000 else limit * 2
        fields: dict[str, Any] = log.state.get("fields") or {}
        if "created_at" not in fields:
            row = self.store.get_session(self._prefix + session_id)
            if row is None or (not rows and MARK in (row.metadata or {})):
                return None
            fields = {**_fields_of_row(row), **fields}
        session = SessionData.from_dict({**fields, "session_id": session_id})
        if rows:
            session.updated_at = _iso(max(row.created_at for row in rows))
        snapshots = (log.state.get("snapshots") or {}).values()
        session.snapshots = sorted(map(SessionSnapshot.from_dict, snapshots), key=lambda found: found.created_at)
        summary = log.state.get("summary")
        session.messages = [*([SessionMessage.from_dict(summary)] if summary else []), *log.window]
        session.archived_messages = list(log.older) if archive else []
        known.depth = max(64, log.depth + self._slack + 16)
        known.room = self.retention.window + self._slack - len(log.window)
        self.retention.apply(session)
        return session, log

    # -- writing -------------------------------------------------------------------------------------------------

    def _write(self, session: SessionData, log: Log, older: list[SessionMessage]) -> None:
        """One batch that makes the log say what the session says now; then what it hides is deleted."""
        session_id = session.session_id
        self._delete(session_id, log.leftover)  # first, since what follows may move the places that hide them
        if log.state.get("purge"):
            self._delete_before(session_id, log.state["archive_after"])
        plan = plan_write(session, log, older, at=_epoch(session.updated_at), far=self.retention.window)
        if plan.rows:
            self._add(session_id, plan.rows)
            self._delete(session_id, plan.superfluous)
            if plan.cleared_by:
                self._delete_before(session_id, plan.cleared_by)
            self._touch(session_id, session)

    def _add(self, session_id: str, rows: list[ConversationMessage]) -> None:
        key = self._prefix + session_id
        try:
            self._add_rows(key, rows)
        except NotFoundError:
            with suppress(AlreadyExistsError):  # by another process, just now
                self.store.create_session(ConversationSession(key, metadata={MARK: True}))
            self._add_rows(key, rows)

    def _add_rows(self, key: str, rows: list[ConversationMessage]) -> None:
        if len(rows) == 1:
            self.store.add_message(key, rows[0])
        else:
            self.store.add_messages(key, rows)

    def _delete(self, session_id: str, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), _CHUNK):
            self.store.delete_messages(self._prefix + session_id, ids[start : start + _CHUNK])

    def _delete_before(self, session_id: str, row_id: str) -> None:
        """Delete every message before a row; events stay."""
        rows = self.store.iter_messages(self._prefix + session_id)
        before = takewhile(lambda row: row.id != row_id, rows)
        self._delete(session_id, [row.id for row in before if not is_event(row)])

    def _touch(self, session_id: str, session: SessionData | None = None) -> None:
        """Keep the session's row in the store useful to lists: owner, title, and about when it was used last."""
        known = self._knowledge(session_id)
        shown = known.shown if session is None else (session.user_id, session.agent_name, session.title)
        if shown == known.shown and time.monotonic() - known.touched < _TOUCH:
            return
        row = self.store.get_session(self._prefix + session_id)
        if row is not None:
            if shown is not None:
                row.user_id, row.agent_id, row.name = map(_fitting, shown)
            with suppress(NotFoundError):  # deleted, just now
                self.store.update_session(row)
        known.touched, known.shown = time.monotonic(), shown

    # -- inside --------------------------------------------------------------------------------------------------

    def _knowledge(self, session_id: str) -> _Known:
        with self._lock:
            known = self._known.setdefault(session_id, _Known(2 * self.retention.window + 64))
            self._known.move_to_end(session_id)
            if len(self._known) > _KNOWN:
                self._known.popitem(last=False)
            return known

    @contextmanager
    def _errors(self, operation: str) -> Generator[None]:
        try:
            yield
        except PersistError as error:
            error.backend = error.backend or self.backend
            raise


def _fields_of_row(row: ConversationSession) -> dict[str, Any]:
    """A session that something else began: what its row says."""
    return {
        "created_at": _iso(row.created_at),
        "user_id": row.user_id,
        "agent_name": row.agent_id,
        "title": row.name,
        "metadata": {name: value for name, value in (row.metadata or {}).items() if name != MARK},
    }


def _fitting(value: Any) -> str | None:
    """What a session's row can hold; it is for lists only, the whole value is in the log."""
    return value[:MAX_ID] if isinstance(value, str) and is_plain_text(value) else None


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()


def _epoch(text: str) -> float:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return time.time()
