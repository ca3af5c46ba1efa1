"""Databases written by PraisonAI's turso store open and migrate; see ``praisonai/make_turso.py``."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist_turso import TursoConversationStore
from praison_persist_turso.hrana import Connection
from praison_persist_turso.location import Endpoint

FIXTURES = Path(__file__).parent / "praisonai"
SCRIPT = (FIXTURES / "4.7.19-turso.sql").read_text()
KNOWN = json.loads((FIXTURES / "4.7.19-turso.json").read_text())


def in_file(path: Path, script: str = SCRIPT) -> dict[str, Any]:
    """Options of a store on a file as PraisonAI left it."""
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()
    return {"local_path": path}


def on_server(url: str) -> dict[str, Any]:
    """Options of a store on a server that holds what PraisonAI left."""
    connection = Connection(Endpoint.of(url, None), 30.0)
    for sql in statements():
        if not sql.startswith(("BEGIN", "COMMIT")):
            connection.execute(sql, ())
    connection.close()
    return {"url": url}


def statements() -> list[str]:
    """The fixture, sessions first: the server checks foreign keys."""
    found: list[str] = []
    rest = ""
    for line in SCRIPT.splitlines(keepends=True):
        rest += line
        if sqlite3.complete_statement(rest):
            found.append(rest.strip())
            rest = ""
    return sorted(found, key=lambda sql: (not sql.startswith("CREATE TABLE"), "sessions" not in sql[:40]))


def assert_complete(store: TursoConversationStore) -> None:
    """The store gives back what PraisonAI gave back."""
    for session in KNOWN["sessions"]:
        assert store.get_session(session["session_id"]) == ConversationSession(**session)
    for session_id, messages in KNOWN["messages"].items():
        assert store.get_messages(session_id) == [ConversationMessage(**message) for message in messages]


def assert_takes_more(store: TursoConversationStore) -> None:
    store.add_message("chat-1", ConversationMessage(id="new", role="tool", content="x\0y", tool_calls=[{}]))
    assert [message.id for message in store.get_messages("chat-1")] == ["early", "z", "a", "m", "b", "late", "new"]
    assert store.get_messages("chat-1")[-1].content == "x\0y"


def test_a_file_of_praisonai_reads_back_completely_and_takes_more(tmp_path: Path) -> None:
    options = in_file(tmp_path / "it.db")
    with TursoConversationStore(**options) as store:
        assert_complete(store)
        assert_takes_more(store)
    with TursoConversationStore(**options) as store:
        assert store.get_messages("chat-1")[-1].content == "x\0y"


def test_a_file_with_the_old_prefix_is_adopted(tmp_path: Path) -> None:
    with TursoConversationStore(**in_file(tmp_path / "it.db", SCRIPT.replace("praison_", "praisonai_"))) as store:
        assert_complete(store)


def test_a_server_of_praisonai_reads_back_completely_and_takes_more(standin: Callable[..., str]) -> None:
    options = on_server(standin())
    with TursoConversationStore(**options) as store:
        assert_complete(store)
        assert_takes_more(store)


def test_a_replica_of_praisonai_reads_back_completely_and_takes_more(
    standin: Callable[..., str], tmp_path: Path
) -> None:
    options = on_server(standin("--sync"))
    with TursoConversationStore(**options, local_path=tmp_path / "replica.db") as store:
        assert_complete(store)
        assert_takes_more(store)


def test_a_migrated_file_is_the_file_that_sqlite_reads(tmp_path: Path) -> None:
    path = tmp_path / "it.db"
    with TursoConversationStore(**in_file(path)) as store:
        store.setup()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert connection.execute("SELECT COUNT(*) FROM praison_messages").fetchall() == [(7,)]
    connection.close()


@pytest.mark.parametrize("text", ["a\x00b", "\x00", "end\x00", "\ud800", "\x1epraison-persist/json:x"])
def test_text_that_the_engine_would_cut_off_comes_back_whole(tmp_path: Path, text: str) -> None:
    with TursoConversationStore(local_path=tmp_path / "it.db") as store:
        store.create_session(ConversationSession("s", metadata={"text": text}))
        store.add_message("s", ConversationMessage(role="user", content=text, metadata={"text": text}))
        found = store.get_messages("s")[0]
        assert (found.content, found.metadata) == (text, {"text": text})
        assert store.get_session("s").metadata == {"text": text}  # type: ignore[union-attr]
