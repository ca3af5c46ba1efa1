"""The servers answer the frequent queries from an index, in its order, whatever the length of the session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.sql import MYSQL, Tables
from praison_persist.sql.conversations import Conversations
from praison_persist.sql.operation import Operation
from praison_persist_mysql import MySQLConversationStore

SQL = Conversations(Tables(MYSQL, "praison_"))
WORKS: dict[str, tuple[Operation[Any], str]] = {
    "tail": (SQL.get_messages("s0", 20, None, None), "PRIMARY"),
    "tail between times": (SQL.get_messages("s0", 20, 9e9, 1.0), "PRIMARY"),
    "page": (SQL.page_messages("s0", 1_000, 500), "PRIMARY"),
    "session": (SQL.get_session("s0"), ""),  # MySQL reads a constant row while it plans
    "list": (SQL.list_sessions(None, None, 20, 0), "idx_praison_sessions_updated"),
    "list of user": (SQL.list_sessions("u5", None, 20, 0), "idx_praison_sessions_user"),
}


def test_an_index_answers_and_messages_need_no_sort(database_url: str, query: Callable[..., list[Any]]) -> None:
    with MySQLConversationStore(database_url) as store:
        for session in range(400):
            store.upsert_session(ConversationSession(f"s{session}", user_id=f"u{session}"))
        store.add_messages("s0", [ConversationMessage(id=f"m{i}", role="user", content="hi") for i in range(3_000)])
        store.add_messages("s1", [ConversationMessage(id=f"m{i}", role="user", content="hi") for i in range(1_000)])
    query("ANALYZE TABLE praison_sessions, praison_messages")
    for name, (work, index) in WORKS.items():
        script = work.start()
        statement = next(script)
        script.close()
        query("FLUSH STATUS")
        query(statement.sql, *statement.params)
        status = {key: int(value) for key, value in query("SHOW SESSION STATUS LIKE 'Handler_read%'")}
        (plan,) = query(f"EXPLAIN FORMAT=JSON {statement.sql}", *statement.params)
        assert index in plan[0], (name, plan[0])
        if name in ("tail", "tail between times", "page", "session"):
            assert "filesort" not in plan[0].replace('"using_filesort": false', ""), (name, plan[0])
        assert status["Handler_read_rnd_next"] == 0, (name, "no scan", status)
        assert sum(status.values()) <= 520, (name, status)


@pytest.mark.parametrize("length", [10, 3_000])
def test_the_tail_reads_as_many_rows_in_a_long_session_as_in_a_short_one(
    database_url: str, query: Callable[..., list[Any]], length: int
) -> None:
    with MySQLConversationStore(database_url) as store:
        store.create_session(ConversationSession("s"))
        store.add_messages("s", [ConversationMessage(id=f"m{i}", role="user", content="hi") for i in range(length)])
    statement = next(SQL.get_messages("s", 5, None, None).start())
    query("FLUSH STATUS")
    query(statement.sql, *statement.params)
    status = {key: int(value) for key, value in query("SHOW SESSION STATUS LIKE 'Handler_read%'")}
    assert sum(status.values()) <= 6, status
