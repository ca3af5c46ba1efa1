"""The blocking conversation store on SurrealDB: its queries, each one transaction.

Connections are the business of `engine`, the form of records that of `layout`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from praison_persist.conversation import (
    ConversationMessage,
    ConversationSession,
    ConversationStore,
    message_conflict,
    same_body,
    session_exists,
    session_not_found,
)
from praison_persist.errors import AlreadyExistsError, PersistError
from praison_persist.lifecycle import Lifecycle
from praison_persist.validation import (
    check_batch_size,
    check_bool,
    check_id,
    check_limit,
    check_list,
    check_number,
    check_offset,
    check_optional_id,
)

from .layout import Layout, message_row, session_row, to_message, to_session
from .location import AuthLevel
from .migration import check, migrate
from .options import open_engine

__all__ = ["SurrealDBConversationStore"]

_CHUNK = 200
"""Ids that one query names."""


class SurrealDBConversationStore(ConversationStore):
    """Conversations in SurrealDB 2.3 or newer, on a server or inside this process.

    Args:
        url: ``ws://``, ``wss://``, ``http://``, ``https://`` or ``surrealdb://user:password@host:8000``, with
            ``/namespace/database`` if need be; ``surrealkv://directory`` or ``mem://`` for the engine in this process.
        namespace, database: where the URL names none; made where they are missing and the user may.
        username, password: of the user; the URL's go first.
        token: a JSON web token instead.
        auth_level: where the user is defined: ``"root"``, ``"namespace"`` or ``"database"``.
        table_prefix: start of the table names.
        auto_create_tables: create and migrate tables on first use; otherwise only `setup` does.
        pool_size: most connections; callers wait for a free one.
        timeout: seconds to wait for an answer, and for a free connection.
        connect_timeout: seconds for a new connection with its sign-in.
        max_retries, retry_delay: see `praison_persist.retry.RetryPolicy`.

    Raises:
        ConfigurationError, InvalidInputError: wrong URL or options.
    """

    backend = "surrealdb"
    SCHEMA_VERSION = "1.0.0"
    """PraisonAI's name for the layout of its tables, which this store reads."""

    def __init__(
        self,
        url: str | None = None,
        *,
        namespace: str = "praisonai",
        database: str = "conversations",
        username: str | None = None,
        password: str | None = None,
        token: str | None = None,
        auth_level: AuthLevel = "root",
        table_prefix: str = "praison_",
        auto_create_tables: bool = True,
        pool_size: int = 5,
        timeout: float = 30.0,
        connect_timeout: float = 10.0,
        max_retries: int = 3,
        retry_delay: float = 0.5,
    ) -> None:
        try:
            self._layout = Layout(table_prefix)
            self._auto = check_bool(auto_create_tables, "auto_create_tables")
            self._engine = open_engine(
                url,
                self._prepare,
                namespace=namespace,
                database=database,
                username=username,
                password=password,
                token=token,
                auth_level=auth_level,
                pool_size=pool_size,
                timeout=timeout,
                connect_timeout=connect_timeout,
                max_retries=max_retries,
                retry_delay=retry_delay,
            )
        except PersistError as error:
            error.backend = self.backend
            raise
        self.table_prefix = table_prefix
        self._lifecycle = Lifecycle(self.backend)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._engine.location)!r})"

    def setup(self) -> None:
        with self._lifecycle("setup"):
            self._auto = True
            self._engine.setup(again=True)

    def close(self) -> None:
        if self._lifecycle.close():
            self._engine.close()

    def _prepare(self, run: Callable[..., Any]) -> None:
        if self._auto:
            migrate(run, self._layout, self._engine.location)
        else:
            check(run, self._layout)

    # -- sessions ------------------------------------------------------------------------------------------------

    def create_session(self, session: ConversationSession) -> ConversationSession:
        with self._lifecycle("create_session"):
            row = session_row(session)
            try:
                self._engine.query(
                    "{ CREATE $record CONTENT $row RETURN NONE; UPSERT $sequence SET seq = 0 RETURN NONE; }",
                    {**self._records(session.session_id), "row": row},
                    write=True,
                    idempotent=False,
                )
            except AlreadyExistsError:
                raise session_exists(session.session_id) from None
            return session

    def get_session(self, session_id: str) -> ConversationSession | None:
        with self._lifecycle("get_session"):
            check_id(session_id, "session_id")
            found = self._engine.query("SELECT * FROM $record", {"record": self._layout.session(session_id)})
            return to_session(found[0]) if found else None

    def update_session(self, session: ConversationSession) -> ConversationSession:
        with self._lifecycle("update_session"):
            now = time.time()
            row = {**session_row(session), "updated_at": now}
            found = self._engine.query(
                "UPDATE $record CONTENT $row RETURN VALUE session_id",
                {"record": self._layout.session(session.session_id), "row": row},
                write=True,
            )
            if not found:
                raise session_not_found(session.session_id)
            session.updated_at = now
            return session

    def upsert_session(self, session: ConversationSession) -> ConversationSession:
        with self._lifecycle("upsert_session"):
            now = time.time()
            row = {**session_row(session), "updated_at": now}
            self._engine.query(
                """{
                    UPSERT $record CONTENT $row RETURN NONE;
                    IF (SELECT VALUE seq FROM $sequence) = [] { CREATE $sequence SET seq = 0 RETURN NONE };
                }""",
                {**self._records(session.session_id), "row": row},
                write=True,
            )
            session.updated_at = now
            return session

    def delete_session(self, session_id: str) -> bool:
        with self._lifecycle("delete_session"):
            check_id(session_id, "session_id")
            return self._engine.query(
                """{
                    LET $gone = (DELETE $record RETURN BEFORE);
                    LET $numbers = (DELETE $sequence RETURN BEFORE);
                    IF $numbers != [] { DELETE $messages RETURN NONE };
                    RETURN $gone != [];
                }""",
                {**self._records(session_id), "messages": self._messages(session_id)},
                write=True,
            )

    def list_sessions(
        self,
        user_id: str | None = None,
        agent_id: str | None = None,
        limit: int | None = 100,
        offset: int = 0,
    ) -> list[ConversationSession]:
        with self._lifecycle("list_sessions"):
            check_offset(offset)
            check_limit(limit)
            conditions: list[str] = []
            for name, value in (("user_id", user_id), ("agent_id", agent_id)):
                if check_optional_id(value, name) is not None:
                    conditions.append(f"{name} = ${name}")
            if limit == 0:
                return []
            where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
            found = self._engine.query(
                f"SELECT * FROM `{self._layout.sessions}`{where}"
                " ORDER BY updated_at DESC, session_id LIMIT $limit START $offset",
                {
                    "user_id": user_id,
                    "agent_id": agent_id,
                    "limit": _bounded(limit),
                    "offset": _bounded(offset),
                },
            )
            return [to_session(row) for row in found]

    # -- messages ------------------------------------------------------------------------------------------------

    def add_message(self, session_id: str, message: ConversationMessage) -> ConversationMessage:
        with self._lifecycle("add_message"):
            self._append(session_id, [message])
            return message

    def add_messages(self, session_id: str, messages: Sequence[ConversationMessage]) -> list[ConversationMessage]:
        with self._lifecycle("add_messages"):
            batch = check_list(messages, "messages")
            self._append(session_id, batch)
            return batch

    def _append(self, session_id: str, messages: list[ConversationMessage]) -> None:
        check_id(session_id, "session_id")
        distinct: dict[str, ConversationMessage] = {}
        rows: dict[str, dict[str, Any]] = {}
        for message in messages:
            row = message_row(session_id, message)
            rows.setdefault(message.id, row)
            if not same_body(distinct.setdefault(message.id, message), message):
                raise message_conflict(message.id)
        while not self._insert(session_id, list(rows.values())):
            for id_, stored in self._stored(session_id, list(rows)):
                if not same_body(stored, distinct[id_]):
                    raise message_conflict(id_)
                del rows[id_]
        for message in messages:
            message.session_id = session_id

    def _insert(self, session_id: str, rows: list[dict[str, Any]]) -> bool:
        """Append the rows, all or none; False where an id is taken."""
        numbered = [{**row, "back": back} for row, back in zip(rows, reversed(range(len(rows))), strict=True)]
        try:
            # The number is the session's: without it there is no session, and who deletes it collides with us.
            found = self._engine.query(
                f"""{{
                    LET $last = (UPDATE $sequence SET seq += $count RETURN VALUE seq)[0];
                    IF $last = NONE {{ RETURN false }};
                    INSERT INTO `{self._layout.messages}` (
                        SELECT *, $last - back AS seq, [session_id, back - $last, message_id] AS id OMIT back FROM $rows
                    ) RETURN NONE;
                    RETURN true;
                }}""",
                {"sequence": self._layout.sequence(session_id), "count": len(rows), "rows": numbered},
                write=True,
            )
        except AlreadyExistsError:
            return False
        if not found:
            raise session_not_found(session_id)
        return True

    def _stored(self, session_id: str, ids: list[str]) -> Iterator[tuple[str, ConversationMessage]]:
        """Those of the messages that are there."""
        for start in range(0, len(ids), _CHUNK):
            chunk = {f"id{number}": id_ for number, id_ in enumerate(ids[start : start + _CHUNK])}
            # One look-up for each: SurrealDB 3 answers IN by reading the whole session.
            parts = (
                f"(SELECT * FROM `{self._layout.messages}` WHERE session_id = $session_id AND message_id = ${name})"
                for name in chunk
            )
            found = self._engine.query(f"RETURN [{', '.join(parts)}]", {"session_id": session_id, **chunk})
            yield from ((row["message_id"], to_message(row)) for rows in found for row in rows)

    def get_messages(
        self,
        session_id: str,
        limit: int | None = None,
        before: float | None = None,
        after: float | None = None,
    ) -> list[ConversationMessage]:
        with self._lifecycle("get_messages"):
            check_id(session_id, "session_id")
            check_limit(limit)
            conditions: list[str] = []
            bounds: dict[str, float] = {}
            for bound, sign, name in ((before, "<", "before"), (after, ">", "after")):
                if bound is not None:
                    bounds[f"strictly_{name}"] = float(check_number(bound, name))  # $before and $after are the engine's
                    conditions.append(f"created_at {sign} $strictly_{name}")
            if limit == 0:
                return []
            found = self._newest(session_id, limit, " AND ".join(conditions), bounds)
            return [to_message(row) for row in reversed(found)]

    def _newest(self, session_id: str, limit: int | None, condition: str, bounds: dict[str, float]) -> list[Any]:
        """The newest rows that match, newest first.

        Read in windows of numbers, which grow: SurrealDB 3 reads a whole range even where the query has a LIMIT.
        """
        where = f" WHERE {condition}" if condition else ""
        if limit is None:
            return self._engine.query(
                f"SELECT * FROM $messages{where}", {"messages": self._messages(session_id), **bounds}
            )
        rows: list[Any] = []
        ids = f"`{self._layout.messages}`:[$session_id, -$end, '']..[$session_id, $window - $end, '']"
        end, window = None, _bounded(limit)
        while True:
            end, page = self._engine.query(
                f"""{{
                    LET $end = $known ?? (SELECT VALUE seq FROM $sequence)[0] ?? 0;
                    RETURN [$end, (
                        SELECT * FROM {ids}{where} LIMIT $limit
                    )];
                }}""",
                {
                    "known": end,
                    "sequence": self._layout.sequence(session_id),
                    "session_id": session_id,
                    "window": window,
                    "limit": _bounded(limit) - len(rows),
                    **bounds,
                },
            )
            rows += page
            end -= window
            if end <= 0 or len(rows) >= limit:
                return rows
            window *= 4

    def iter_messages(self, session_id: str, *, batch_size: int = 500) -> Iterator[ConversationMessage]:
        with self._lifecycle("iter_messages"):
            check_id(session_id, "session_id")
            check_batch_size(batch_size)
        position = 1
        while True:
            with self._lifecycle("iter_messages"):
                last, page = self._engine.query(
                    "RETURN [(SELECT VALUE seq FROM $sequence)[0] ?? 0, (SELECT * FROM $messages)]",
                    {
                        "sequence": self._layout.sequence(session_id),
                        "messages": self._layout.range(session_id, position, position + batch_size - 1),
                    },
                )
            yield from (to_message(row) for row in reversed(page))
            position += batch_size
            if position > last:
                return

    def delete_messages(self, session_id: str, message_ids: Sequence[str] | None = None) -> int:
        with self._lifecycle("delete_messages"):
            check_id(session_id, "session_id")
            # Counted apart: in the expression of a RETURN, SurrealDB 3 lets nothing be deleted.
            if message_ids is None:
                return self._engine.query(
                    "{ LET $gone = (DELETE $messages RETURN BEFORE); RETURN array::len($gone); }",
                    {"messages": self._messages(session_id)},
                    write=True,
                )
            ids = list(dict.fromkeys(check_id(id_, "message id") for id_ in check_list(message_ids, "message_ids")))
            if not ids:
                return 0
            table = self._layout.messages
            variables = {f"id{number}": id_ for number, id_ in enumerate(ids)}
            deletions = (
                f"LET $of_{name} = (DELETE `{table}` WHERE session_id = $session_id AND message_id = ${name}"
                " RETURN BEFORE);"
                for name in variables
            )
            counted = ", ".join(f"array::len($of_{name})" for name in variables)
            counts = self._engine.query(
                f"{{ {' '.join(deletions)} RETURN [{counted}]; }}",
                {"session_id": session_id, **variables},
                write=True,
            )
            return sum(counts)

    # -- inside --------------------------------------------------------------------------------------------------

    def _records(self, session_id: str) -> dict[str, Any]:
        return {"record": self._layout.session(session_id), "sequence": self._layout.sequence(session_id)}

    def _messages(self, session_id: str) -> Any:
        """All messages of a session, newest first."""
        return self._layout.range(session_id, 1, _LAST)


_LAST = 2**62
"""Above every number of a message."""

_MOST = 2**31 - 1
"""The engine's own bound for LIMIT and START is 32 bit."""


def _bounded(number: int | None) -> int:
    return _MOST if number is None else min(number, _MOST)
