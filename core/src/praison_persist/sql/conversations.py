"""The conversation contract in SQL: every query of every SQL backend, once.

Each method is an `Operation`: a generator over statements that neither knows nor does any I/O.
To add a method to all SQL backends, write it here and name it in `stores`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..conversation import (
    ConversationMessage,
    ConversationSession,
    check_same_session,
    message_conflict,
    same_body,
    session_exists,
    session_not_found,
)
from ..errors import ConflictError
from ..parts import in_parts
from ..validation import (
    check_batch_size,
    check_id,
    check_limit,
    check_list,
    check_number,
    check_offset,
    check_optional_id,
)
from .operation import Statement, Steps, operation
from .rows import (
    MESSAGE_COLUMNS,
    SESSION_COLUMNS,
    columns,
    message_from_row,
    message_params,
    session_from_row,
    session_params,
)
from .tables import Tables

__all__ = ["Conversations"]


class Conversations:
    """Operations on one store's tables."""

    def __init__(self, tables: Tables) -> None:
        dialect = self.dialect = tables.dialect
        sessions, messages = tables.name("sessions"), tables.name("messages")
        self._sessions, self._messages = sessions, messages
        self._message_columns = columns(dialect, MESSAGE_COLUMNS)
        session_names, message_names = ", ".join(SESSION_COLUMNS), ", ".join(MESSAGE_COLUMNS)
        session_values = ", ".join("?" * len(SESSION_COLUMNS))
        self._message_values = ", ".join("?" * len(MESSAGE_COLUMNS))
        session_row = f"{sessions} ({session_names}) VALUES ({session_values})"
        self._insert_message = f"{dialect.insert_or_skip} {messages} ({message_names})"
        render = dialect.render
        self._create = render(f"{dialect.insert_or_skip} {session_row}{dialect.ignore_conflict}")
        self._upsert = render(f"INSERT INTO {session_row}" + dialect.upsert(SESSION_COLUMNS, ("session_id",)))
        self._update = render(
            f"UPDATE {sessions} SET "
            + ", ".join(f"{name} = ?" for name in SESSION_COLUMNS if name != "session_id")
            + " WHERE session_id = ?"
        )
        self._select_sessions = f"SELECT {columns(dialect, SESSION_COLUMNS)} FROM {sessions}"
        self._newest_first = dialect.order_hint.format(index=tables.index("sessions", "updated"))
        self._get = render(f"{self._select_sessions} WHERE session_id = ?")
        self._get_locked = render(f"{self._select_sessions} WHERE session_id = ?{dialect.lock_row}")
        self._lock = render(f"SELECT session_id FROM {sessions} WHERE session_id = ?{dialect.lock_row}")
        self._delete_session = render(f"DELETE FROM {sessions} WHERE session_id = ?")
        self._delete_messages = render(f"DELETE FROM {messages} WHERE session_id = ?")
        self._append = render(
            f"{self._insert_message} SELECT {self._message_values} FROM {sessions} WHERE session_id = ?"
            f"{dialect.lock_row}{dialect.ignore_conflict}"
        )

    # -- sessions ------------------------------------------------------------------------------------------------

    @operation(transaction=True, idempotent=False)
    def create_session(self, session: ConversationSession) -> Steps[ConversationSession]:
        created = yield Statement(self._create, session_params(self.dialect, session))
        if not created.rowcount:
            raise session_exists(session.session_id)
        return session

    @operation()
    def get_session(self, session_id: str) -> Steps[ConversationSession | None]:
        found = yield Statement(self._get, (check_id(session_id, "session_id"),))
        return session_from_row(found.rows[0]) if found.rows else None

    @operation()
    def update_session(self, session: ConversationSession) -> Steps[ConversationSession]:
        key, *fields, _ = session_params(self.dialect, session)
        now = time.time()
        updated = yield Statement(self._update, (*fields, now, key))
        if not updated.rowcount:  # it is not there, or an engine does not count what it need not change
            yield from self._require_session(key)
        session.updated_at = now
        return session

    @operation()
    def upsert_session(self, session: ConversationSession) -> Steps[ConversationSession]:
        *fields, _ = session_params(self.dialect, session)
        now = time.time()
        yield Statement(self._upsert, (*fields, now))
        session.updated_at = now
        return session

    @operation(transaction=True)
    def change_session(
        self, session_id: str, change: Callable[[ConversationSession], object]
    ) -> Steps[ConversationSession]:
        key = check_id(session_id, "session_id")
        found = yield Statement(self._get_locked, (key,))
        if not found.rows:
            raise session_not_found(key)
        session = session_from_row(found.rows[0])
        change(session)
        _, *fields, _ = session_params(self.dialect, check_same_session(session, key))
        session.updated_at = time.time()
        yield Statement(self._update, (*fields, session.updated_at, key))
        return session

    @operation(transaction=True)
    def delete_session(self, session_id: str) -> Steps[bool]:
        key = check_id(session_id, "session_id")
        deleted = yield Statement(self._delete_session, (key,))
        yield Statement(self._delete_messages, (key,))  # where the engine has no foreign keys
        return deleted.rowcount > 0

    @operation()
    def list_sessions(
        self, user_id: str | None, agent_id: str | None, limit: int | None, offset: int
    ) -> Steps[list[ConversationSession]]:
        check_offset(offset)
        check_limit(limit)
        conditions: list[str] = []
        params: list[Any] = []
        for column, value in (("user_id", user_id), ("agent_id", agent_id)):
            if check_optional_id(value, column) is not None:
                conditions.append(f"{column} = ?")
                params.append(value)
        if limit == 0:
            return []
        where = f" WHERE {' AND '.join(conditions)}" if conditions else self._newest_first
        sql = f"{self._select_sessions}{where} ORDER BY updated_at DESC, session_id LIMIT ? OFFSET ?"
        found = yield Statement(self.dialect.render(sql), (*params, _bounded(limit), offset))
        return [session_from_row(row) for row in found.rows]

    # -- messages ------------------------------------------------------------------------------------------------

    @operation()
    def add_message(self, session_id: str, message: ConversationMessage) -> Steps[ConversationMessage]:
        key = check_id(session_id, "session_id")
        added = yield Statement(self._append, (*message_params(self.dialect, key, message), key))
        if not added.rowcount:
            yield from self._require_session(key)
            yield from self._require_same(key, [message])
        message.session_id = key
        return message

    @operation(transaction=True)
    def add_messages(
        self, session_id: str, messages: Sequence[ConversationMessage]
    ) -> Steps[list[ConversationMessage]]:
        key = check_id(session_id, "session_id")
        batch = check_list(messages, "messages")
        distinct: dict[str, ConversationMessage] = {}
        params: list[tuple[Any, ...]] = []
        for message in batch:
            row = message_params(self.dialect, key, message)
            if same_body(distinct.setdefault(message.id, message), message):
                if distinct[message.id] is message:
                    params.append(row)
            else:
                raise message_conflict(message.id)
        locked = yield Statement(self._lock, (key,))
        if not locked.rows:
            raise session_not_found(key)
        added = 0
        for chunk in self._batches(params):
            values = ", ".join([f"({self._message_values})"] * len(chunk))
            sql = self.dialect.render(f"{self._insert_message} VALUES {values}{self.dialect.ignore_conflict}")
            added += (yield Statement(sql, [value for row in chunk for value in row])).rowcount
        if added != len(params):
            yield from self._require_same(key, list(distinct.values()))
        for message in batch:
            message.session_id = key
        return batch

    @operation()
    def get_messages(
        self, session_id: str, limit: int | None, before: float | None, after: float | None
    ) -> Steps[list[ConversationMessage]]:
        conditions = ["session_id = ?"]
        params: list[Any] = [check_id(session_id, "session_id")]
        check_limit(limit)
        for bound, sign, name in ((before, "<", "before"), (after, ">", "after")):
            if bound is not None:
                conditions.append(f"created_at {sign} ?")
                params.append(float(check_number(bound, name)))
        if limit == 0:
            return []
        sql = f"SELECT {self._message_columns} FROM {self._messages} WHERE {' AND '.join(conditions)} ORDER BY seq"
        if limit is None:
            found = yield Statement(self.dialect.render(sql), params)
            return [message_from_row(row) for row in found.rows]
        # Not a parameter: an engine that does not know the number plans anew with every call (PostgreSQL does).
        found = yield Statement(self.dialect.render(f"{sql} DESC LIMIT {int(_bounded(limit))}"), params)
        return [message_from_row(row) for row in reversed(found.rows)]

    @operation()
    def page_messages(
        self, session_id: str, after_seq: int, limit: int
    ) -> Steps[tuple[list[ConversationMessage], int]]:
        """The next messages in order after a position, and the position of the last of them."""
        sql = (
            f"SELECT {self._message_columns}, seq FROM {self._messages}"
            " WHERE session_id = ? AND seq > ? ORDER BY seq LIMIT ?"
        )
        found = yield Statement(
            self.dialect.render(sql), (check_id(session_id, "session_id"), after_seq, check_batch_size(limit))
        )
        page = [message_from_row(row[:-1]) for row in found.rows]
        return page, found.rows[-1][-1] if page else after_seq

    @operation(transaction=True)
    def delete_messages(self, session_id: str, message_ids: Sequence[str] | None) -> Steps[int]:
        key = check_id(session_id, "session_id")
        if message_ids is None:
            return (yield Statement(self._delete_messages, (key,))).rowcount
        ids = list(dict.fromkeys(check_id(id_, "message id") for id_ in check_list(message_ids, "message_ids")))
        deleted = 0
        for chunk, marks in self._chunks(ids):
            sql = self.dialect.render(f"DELETE FROM {self._messages} WHERE session_id = ? AND id IN ({marks})")
            deleted += (yield Statement(sql, (key, *chunk))).rowcount
        return deleted

    # -- inside --------------------------------------------------------------------------------------------------

    def _chunks(self, ids: Sequence[str]) -> list[tuple[Sequence[str], str]]:
        size = self.dialect.max_params - 1
        chunks = [ids[start : start + size] for start in range(0, len(ids), size)]
        return [(chunk, ", ".join("?" * len(chunk))) for chunk in chunks]

    def _batches(self, rows: Sequence[tuple[Any, ...]]) -> Iterator[Sequence[tuple[Any, ...]]]:
        """The rows in parts that fit into one statement each."""
        most, limit = self.dialect.max_params // len(MESSAGE_COLUMNS), self.dialect.max_characters
        if limit is None:
            yield from (rows[start : start + most] for start in range(0, len(rows), most))
            return
        yield from in_parts(
            rows, lambda row: sum(len(value) for value in row if isinstance(value, str)), limit, longest=most
        )

    def _require_session(self, session_id: str) -> Steps[None]:
        found = yield Statement(self._get, (session_id,))
        if not found.rows:
            raise session_not_found(session_id)

    def _require_same(self, session_id: str, messages: Sequence[ConversationMessage]) -> Steps[None]:
        """Every message whose id was taken must be the stored one again."""
        stored: dict[str, ConversationMessage] = {}
        for chunk, marks in self._chunks([message.id for message in messages]):
            sql = f"SELECT {self._message_columns} FROM {self._messages} WHERE session_id = ? AND id IN ({marks})"
            found = yield Statement(self.dialect.render(sql), (session_id, *chunk))
            stored.update((row.id, row) for row in map(message_from_row, found.rows))
        for message in messages:
            if message.id not in stored:
                raise ConflictError(
                    f"message {message.id!r} was deleted while it was being added",
                    retryable=True,
                    hint="add it again if it is still wanted",
                )
            if not same_body(stored[message.id], message):
                raise message_conflict(message.id)


def _bounded(limit: int | None) -> int:
    return 2**62 if limit is None else min(limit, 2**62)
