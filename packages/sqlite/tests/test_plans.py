"""SQLite answers the frequent queries from an index, whatever the length of the session."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.sql import SQLITE, Result, Tables
from praison_persist.sql.conversations import Conversations
from praison_persist.sql.operation import Operation
from praison_persist.sql.states import States
from praison_persist_sqlite import SQLiteConversationStore, SQLiteStateStore

SQL = Conversations(Tables(SQLITE))


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """A database with 10,000 messages in a session, and as many in others."""
    path = tmp_path_factory.mktemp("plans") / "it.db"
    with SQLiteConversationStore(path) as store, SQLiteStateStore(path) as state:
        state.set("k", 1)
        for session in range(11):
            store.create_session(ConversationSession(f"s{session}", user_id=f"u{session}"))
            count = 10_000 if session == 0 else 1_000
            store.add_messages(
                f"s{session}", [ConversationMessage(id=f"m{i}", role="user", content="hi") for i in range(count)]
            )
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


def plan(connection: sqlite3.Connection, work: Operation) -> str:
    """How the first statement of an operation is answered."""
    script = work.start()
    statement = next(script)
    script.close()
    rows = connection.execute(f"EXPLAIN QUERY PLAN {statement.sql}", statement.params).fetchall()
    return "; ".join(row[-1] for row in rows)


@pytest.mark.parametrize(
    ("work", "index"),
    [
        (SQL.get_messages("s0", 20, None, None), "idx_praison_messages_order (session_id=?)"),
        (SQL.get_messages("s0", None, None, None), "idx_praison_messages_order (session_id=?)"),
        (SQL.get_messages("s0", 20, 9e9, 1.0), "idx_praison_messages_order (session_id=?)"),
        (SQL.page_messages("s0", 5_000, 500), "idx_praison_messages_order (session_id=? AND rowid>?)"),
        (SQL.delete_messages("s0", ["m1"]), "sqlite_autoindex_praison_messages_1 (session_id=? AND id=?)"),
        (SQL.get_session("s0"), "sqlite_autoindex_praison_sessions_1 (session_id=?)"),
        (SQL.add_message("s0", ConversationMessage(role="user")), "sqlite_autoindex_praison_sessions_1 (session_id=?)"),
    ],
    ids=["tail", "all", "tail between times", "page", "delete one", "session", "append"],
)
@pytest.mark.parametrize("analyzed", [False, True])
def test_an_index_answers_without_a_sort(
    connection: sqlite3.Connection, work: Operation, index: str, analyzed: bool
) -> None:
    if analyzed:
        connection.execute("ANALYZE")
    found = plan(connection, work)
    assert index in found
    assert "SCAN" not in found
    assert "TEMP B-TREE" not in found


def test_sessions_are_listed_in_the_order_of_an_index(connection: sqlite3.Connection) -> None:
    assert "idx_praison_sessions_updated" in plan(connection, SQL.list_sessions(None, None, 20, 0))
    assert "idx_praison_sessions_user (user_id=?)" in plan(connection, SQL.list_sessions("u5", None, 20, 0))


def test_state_is_read_and_scanned_by_its_key(connection: sqlite3.Connection) -> None:
    states = States(Tables(SQLITE))
    assert "state_1 (state_key=?)" in plan(connection, states.get("k"))
    scan = plan(connection, states.page_keys("k", "", 500))
    assert "state_1 (state_key>?)" in scan
    assert "TEMP B-TREE" not in scan


def test_reading_the_tail_touches_as_many_rows_in_a_long_session_as_in_a_short_one(
    connection: sqlite3.Connection,
) -> None:
    script = SQL.get_messages("s0", 20, None, None).start()
    statement = next(script)

    def steps(session_id: str) -> int:
        """Steps of SQLite's virtual machine, a measure without a clock."""
        counted = [0]
        connection.set_progress_handler(lambda: counted.__setitem__(0, counted[0] + 1) or 0, 1)
        rows = connection.execute(statement.sql, (session_id, *statement.params[1:])).fetchall()
        connection.set_progress_handler(None, 0)
        assert len(rows) == 20
        return counted[0]

    assert steps("s0") == steps("s5")
    with pytest.raises(StopIteration):
        script.send(Result([], 0))
