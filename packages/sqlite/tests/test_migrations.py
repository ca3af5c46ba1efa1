"""Databases written by PraisonAI open, migrate and read back completely; see ``praisonai/make.py`` for the fixtures."""

from __future__ import annotations

import json
import logging
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import AlreadyExistsError, MigrationError, PersistError
from praison_persist_sqlite import SQLiteConversationStore, SQLiteStateStore

FIXTURES = Path(__file__).parent / "praisonai"
LAYOUTS = sorted(path.stem for path in FIXTURES.glob("*.sql"))
OLD_LAYOUT = "4.5.126-async_sqlite"


def create(path: Path, layout: str) -> Path:
    """A database as PraisonAI left it."""
    connection = sqlite3.connect(path)
    connection.executescript((FIXTURES / f"{layout}.sql").read_text())
    connection.close()
    return path


def query(path: Path, sql: str, *params: Any) -> list[Any]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql, params).fetchall()
    finally:
        connection.commit()
        connection.close()


def dump(path: Path) -> list[Any]:
    """Everything in the database, word for word."""
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def schema(path: Path) -> dict[str, Any]:
    """The meaning of the schema: columns, keys and indexes, in no order."""
    found: dict[str, Any] = {}
    for (table,) in query(path, "SELECT name FROM sqlite_master WHERE type = 'table'"):
        found[table] = sorted(row[1:] for row in query(path, f"PRAGMA table_xinfo({table})"))
        found[f"{table} references"] = [row[2:] for row in query(path, f"PRAGMA foreign_key_list({table})")]
        for _, index, unique, origin, partial in query(path, f"PRAGMA index_list({table})"):
            columns = [row[2:] for row in query(path, f"PRAGMA index_xinfo({index})")]
            found[index] = (table, unique, origin, partial, columns)
    return found


def expected(layout: str) -> Any:
    return json.loads((FIXTURES / f"{layout}.json").read_text())


def assert_complete(store: SQLiteConversationStore, layout: str) -> None:
    """The store gives back what PraisonAI gave back."""
    known = expected(layout)
    for session in known["sessions"]:
        assert store.get_session(session["session_id"]) == ConversationSession(**session)
    for session_id, messages in known["messages"].items():
        assert store.get_messages(session_id) == [ConversationMessage(**message) for message in messages]
        assert store.get_session(session_id) is not None, "messages of no session get one"
    assert {session.session_id for session in store.list_sessions(limit=None)} == set(known["messages"]) | {
        session["session_id"] for session in known["sessions"]
    }


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_database_of_praisonai_reads_back_completely_and_takes_more(tmp_path: Path, layout: str) -> None:
    path = create(tmp_path / "it.db", layout)
    with SQLiteConversationStore(path) as store:
        assert_complete(store, layout)
        store.add_message("chat-1", ConversationMessage(id="new", role="tool", content="x\0", tool_calls=[{}]))
        store.add_message("Chat-1 ", ConversationMessage(id="z", role="user", content="same id, other session"))
        store.update_session(ConversationSession("chat-1", state={"step": 4}))
        assert [message.id for message in store.get_messages("chat-1")] == ["early", "z", "a", "m", "b", "late", "new"]
        assert [message.id for message in store.get_messages("chat-1", limit=3)] == ["b", "late", "new"]
    with SQLiteConversationStore(path) as store:
        assert store.get_messages("chat-1")[-1].content == "x\0"
        assert store.get_session("chat-1").state == {"step": 4}  # type: ignore[union-attr]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_setup_again_changes_nothing(tmp_path: Path, layout: str) -> None:
    path = create(tmp_path / "it.db", layout)
    with SQLiteConversationStore(path) as store:
        store.setup()
        before = dump(path)
        store.setup()
    with SQLiteConversationStore(path) as store:
        store.setup()
    assert dump(path) == before


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_migrated_schema_is_the_fresh_schema(tmp_path: Path, layout: str) -> None:
    old, fresh = create(tmp_path / "old.db", layout), tmp_path / "fresh.db"
    for path in (old, fresh):
        with SQLiteConversationStore(path) as store:
            store.setup()
    assert schema(old) == schema(fresh)
    assert query(old, "PRAGMA foreign_key_check") == []


def test_tables_of_an_old_prefix_open_under_their_own_prefix_too(tmp_path: Path) -> None:
    path = create(tmp_path / "it.db", OLD_LAYOUT)
    with SQLiteConversationStore(path, table_prefix="praisonai_") as store:
        assert_complete(store, OLD_LAYOUT)
    assert query(path, "SELECT name FROM sqlite_master WHERE name LIKE 'praison\\_%' ESCAPE '\\'") == []


def test_a_message_without_a_session_id_is_kept(tmp_path: Path) -> None:
    path = create(tmp_path / "it.db", OLD_LAYOUT)
    query(path, "INSERT INTO praisonai_messages (id, role, content, created_at) VALUES ('lost', 'user', 'hi', 1)")
    with SQLiteConversationStore(path) as store:
        assert [message.content for message in store.get_messages("lost")] == ["hi"]


@pytest.mark.parametrize("count", [2, 20])
def test_processes_that_migrate_at_once_agree(tmp_path: Path, count: int) -> None:
    path = create(tmp_path / "it.db", OLD_LAYOUT)
    code = (
        "import sys; from praison_persist_sqlite import SQLiteConversationStore as S; s = S(sys.argv[1]);"
        "print('ready', flush=True); sys.stdin.readline(); s.setup(); print(len(s.get_messages('chat-1'))); s.close()"
    )
    racers = [
        subprocess.Popen([sys.executable, "-c", code, path], stdin=-1, stdout=-1, text=True) for _ in range(count)
    ]
    assert {racer.stdout.readline() for racer in racers} == {"ready\n"}  # type: ignore[union-attr]
    for racer in racers:
        racer.stdin.write("go\n")  # type: ignore[union-attr]
        racer.stdin.flush()  # type: ignore[union-attr]
    assert [racer.communicate(timeout=50)[0] for racer in racers] == ["6\n"] * count
    with SQLiteConversationStore(path) as store:
        assert_complete(store, OLD_LAYOUT)
    assert query(path, "SELECT version FROM praison_schema_migrations ORDER BY version") == [(1,), (2,)]


def test_both_prefixes_are_a_warning_and_neither_is_touched(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = create(create(tmp_path / "it.db", OLD_LAYOUT), "4.7.19-sqlite")
    old = query(path, "SELECT * FROM praisonai_messages")
    with caplog.at_level(logging.WARNING), SQLiteConversationStore(path) as store:
        assert_complete(store, "4.7.19-sqlite")
        store.setup()
    (warning,) = [record.getMessage() for record in caplog.records if record.name == "praison_persist.sql"]
    assert "praisonai_sessions" in warning
    assert 'table_prefix="praisonai_"' in warning
    assert query(path, "SELECT * FROM praisonai_messages") == old
    with SQLiteConversationStore(path, table_prefix="praisonai_") as store:
        assert_complete(store, OLD_LAYOUT)


def test_a_migration_that_fails_leaves_the_old_layout(tmp_path: Path) -> None:
    path = create(tmp_path / "it.db", "4.7.19-sqlite")
    query(path, "CREATE TABLE praison_messages_new (taken INTEGER)")  # stands in the way of migration 2
    before = dump(path)
    with SQLiteConversationStore(path) as store:
        with pytest.raises(PersistError, match="praison_messages_new") as failure:
            store.setup()
        assert (failure.value.backend, failure.value.operation) == ("sqlite", "setup")
        assert dump(path) == before
        query(path, "DROP TABLE praison_messages_new")
        assert_complete(store, "4.7.19-sqlite")


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "it.db"
    with SQLiteConversationStore(path) as store:
        store.setup()
    query(path, "INSERT INTO praison_schema_migrations VALUES ('conversation', 99, 'later', 'x', 0)")
    with SQLiteConversationStore(path) as store, pytest.raises(MigrationError, match=r"version 99.*knows 2") as failure:
        store.list_sessions()
    assert "upgrade praison-persist" in str(failure.value)


def test_an_edited_migration_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "it.db"
    with SQLiteConversationStore(path) as store:
        store.setup()
    query(path, "UPDATE praison_schema_migrations SET checksum = 'other' WHERE version = 2")
    with SQLiteConversationStore(path) as store, pytest.raises(MigrationError, match="other steps"):
        store.setup()


@pytest.mark.parametrize("layout", [None, "4.7.19-sqlite", OLD_LAYOUT])
def test_without_auto_create_tables_only_setup_changes_the_schema(tmp_path: Path, layout: str | None) -> None:
    path = tmp_path / "it.db"
    if layout:
        create(path, layout)
    with SQLiteConversationStore(path, auto_create_tables=False) as store:
        before = dump(path)
        with pytest.raises(MigrationError, match=r"setup\(\)"):
            store.add_message("chat-1", ConversationMessage(role="user", content="hi"))
        with pytest.raises(MigrationError, match=r"setup\(\)"):
            store.get_messages("chat-1")
        assert dump(path) == before
        store.setup()
        assert len(store.get_messages("chat-1")) == (6 if layout else 0)


def test_conversations_and_state_share_a_file(tmp_path: Path) -> None:
    path = create(tmp_path / "it.db", "4.7.19-sqlite")
    with SQLiteStateStore(path) as state, SQLiteConversationStore(path) as store:
        state.set("key", 1)
        assert_complete(store, "4.7.19-sqlite")
        assert state.get("key") == 1
        with pytest.raises(AlreadyExistsError):
            store.create_session(ConversationSession("chat-1"))
    components = query(path, "SELECT component, version FROM praison_schema_migrations ORDER BY 1, 2")
    assert components == [("conversation", 1), ("conversation", 2), ("state", 1)]
