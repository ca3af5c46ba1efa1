"""The order of a session is the order of commits: who appends to it waits for who did before, and for nobody else."""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.sql import POSTGRES, Tables
from praison_persist.sql.conversations import Conversations
from praison_persist_postgres import PostgresConversationStore


def message(id_: str) -> ConversationMessage:
    return ConversationMessage(id=id_, role="user", content=id_)


def test_appends_to_one_session_wait_for_each_other(database_url: str, fresh_prefix: str) -> None:
    append: Any = next(
        Conversations(Tables(POSTGRES, fresh_prefix, "public")).add_message("s", message("first")).start()
    )
    waiting = (
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        f" AND query LIKE '%{fresh_prefix}messages%'"
    )
    with (
        PostgresConversationStore(database_url, table_prefix=fresh_prefix) as store,
        psycopg.connect(database_url) as other,
    ):
        store.create_session(ConversationSession("s"))
        store.create_session(ConversationSession("elsewhere"))
        other.execute(append.sql, append.params)  # another process, which has not committed yet
        writer = threading.Thread(target=lambda: store.add_message("s", message("second")))
        writer.start()
        with psycopg.connect(database_url, autocommit=True) as admin:
            deadline = time.monotonic() + 20
            while not admin.execute(waiting).fetchall():  # type: ignore[arg-type]
                assert time.monotonic() < deadline, "the second append did not wait for the first"
                time.sleep(0.01)
        store.add_message("elsewhere", message("at once"))
        assert store.get_messages("s") == []
        other.commit()
        writer.join()
        assert [found.id for found in store.get_messages("s")] == ["first", "second"]
        assert [found.id for found in store.iter_messages("s", batch_size=1)] == ["first", "second"]
