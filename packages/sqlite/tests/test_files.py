"""Where a SQLite store keeps its data, and what happens when that place is wrong, busy or damaged."""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import ConfigurationError, OperationTimeoutError, PersistError, UnavailableError
from praison_persist_sqlite import (
    AsyncSQLiteConversationStore,
    SQLiteConversationStore,
    SQLiteStateStore,
    SyncSQLiteConversationStore,
)
from praison_persist_sqlite.location import Location

CLASSES = [SQLiteConversationStore, SyncSQLiteConversationStore, AsyncSQLiteConversationStore, SQLiteStateStore]


def path_of(url: Any = None, path: Any = None) -> str:
    return Location.of(url, path, 30.0, "FULL").path


def test_urls_and_paths_name_files(tmp_path: Path) -> None:
    assert path_of("sqlite:///relative/it.db") == str(Path("relative/it.db"))
    assert path_of("sqlite:////absolute/it.db") == "/absolute/it.db"
    assert path_of("sqlite:///with%20space.db") == "with space.db"
    assert path_of("sqlite+aiosqlite:///it.db") == "it.db"
    assert path_of("SQLite:///it.db") == "it.db"
    assert path_of(None, "it.db") == path_of("it.db") == "it.db"
    assert path_of(None, tmp_path / "it.db") == str(tmp_path / "it.db")
    assert path_of(None, "~/it.db") == str(Path("~/it.db").expanduser())
    assert path_of() == "praisonai_conversations.db"


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", ":memory:"])
def test_memory_has_several_names(url: str) -> None:
    assert path_of(url) == ":memory:"


@pytest.mark.parametrize(
    "url", ["postgres://h/d", "sqlite://host/it.db", "sqlite:///it.db?mode=ro", "sqlite:///it.db#x", "", "a\x00b", b"x"]
)
@pytest.mark.parametrize("cls", CLASSES)
def test_what_is_no_place_for_a_database_is_refused_by_the_constructor(cls: Any, url: Any) -> None:
    with pytest.raises(ConfigurationError):
        cls(url=url)


@pytest.mark.parametrize(
    "options",
    [{"timeout": 0}, {"timeout": "1"}, {"timeout": True}, {"synchronous": "OFF"}, {"url": "a.db", "path": "b.db"}],
    ids=str,
)
@pytest.mark.parametrize("cls", CLASSES)
def test_an_option_out_of_range_is_refused_by_the_constructor(cls: Any, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        cls(**options)


@pytest.mark.parametrize(("synchronous", "level"), [("FULL", 2), ("NORMAL", 1)])
def test_a_file_is_in_wal_mode_and_as_durable_as_asked(tmp_path: Path, synchronous: Any, level: int) -> None:
    with SQLiteConversationStore(tmp_path / "it.db", synchronous=synchronous) as store:
        store.setup()
        connection: Any = store._run.driver._connection  # type: ignore[attr-defined]
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (level,)
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_a_directory_that_does_not_exist_is_an_error_that_says_so(tmp_path: Path) -> None:
    with SQLiteConversationStore(tmp_path / "no" / "it.db", retry_delay=0) as store:
        with pytest.raises(UnavailableError, match="unable to open") as failure:
            store.setup()
        assert "directory" in str(failure.value)


def test_a_file_of_another_kind_is_an_error_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "it.db"
    path.write_text("this is no database, but long enough to have a header" * 100)
    before = path.read_bytes()
    with SQLiteConversationStore(path) as store, pytest.raises(UnavailableError, match="not a database"):
        store.setup()
    assert path.read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="this user may write everything")
def test_a_file_that_must_not_be_written_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "it.db"
    with SQLiteConversationStore(path) as store:
        store.setup()
    path.chmod(0o400)
    with SQLiteConversationStore(path) as store, pytest.raises(UnavailableError, match="readonly"):
        store.create_session(ConversationSession("s"))


def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "it.db"
    with SQLiteConversationStore(path) as store:
        store.create_session(ConversationSession("s"))
        store.add_messages("s", [ConversationMessage(role="user", content="x" * 500) for _ in range(200)])
    whole = bytearray(path.read_bytes())
    whole[4096:] = b"\xff" * (len(whole) - 4096)
    path.write_bytes(whole)
    with SQLiteConversationStore(path) as store, pytest.raises(UnavailableError, match="malformed") as failure:
        store.get_messages("s")
    assert "restore a backup" in str(failure.value)


def test_a_writer_that_does_not_end_is_waited_for_up_to_the_deadline(tmp_path: Path) -> None:
    path = tmp_path / "it.db"
    with SQLiteConversationStore(path, timeout=0.2) as store:
        store.create_session(ConversationSession("s"))
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationTimeoutError, match="locked") as failure:
            store.add_message("s", ConversationMessage(id="m", role="user", content="hi"))
        assert "timeout" in str(failure.value)
        assert store.get_messages("s") == [], "reading does not wait"
        other.execute("ROLLBACK")
        other.close()
        store.add_message("s", ConversationMessage(id="m", role="user", content="hi"))
        assert len(store.get_messages("s")) == 1


def test_a_transaction_that_could_not_be_rolled_back_does_not_block_the_next(tmp_path: Path) -> None:
    with SQLiteConversationStore(tmp_path / "it.db") as store:
        store.create_session(ConversationSession("s"))
        connection: Any = store._run.driver._connection  # type: ignore[attr-defined]
        connection.set_authorizer(  # refuses every statement of a transaction after its BEGIN
            lambda action, operation, *_: (
                sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_DELETE or operation == "ROLLBACK" else sqlite3.SQLITE_OK
            )
        )
        with pytest.raises(PersistError, match="not authorized"):
            store.delete_session("s")
        assert store.delete_session("s"), "on a new connection"


def test_memory_outlives_a_failed_call_and_is_shared_by_threads() -> None:
    with SQLiteConversationStore(":memory:") as store:
        store.create_session(ConversationSession("s"))
        with pytest.raises(PersistError):
            store.create_session(ConversationSession("s"))
        threads = [
            threading.Thread(target=store.add_message, args=("s", ConversationMessage(role="user", content="hi")))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(store.get_messages("s")) == 8


def test_one_handle_serves_any_number_of_threads(tmp_path: Path) -> None:
    handles = Path("/proc/self/fd")
    if not handles.is_dir():
        pytest.skip("this system does not list open files")
    with SQLiteConversationStore(tmp_path / "it.db") as store:
        store.create_session(ConversationSession("s"))
        before = len(list(handles.iterdir()))
        for _ in range(50):
            thread = threading.Thread(target=store.get_session, args=("s",))
            thread.start()
            thread.join()
        assert len(list(handles.iterdir())) <= before + 1
    with sqlite3.connect(tmp_path / "it.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_the_names_of_praisonais_sync_store_work(tmp_path: Path) -> None:
    with SyncSQLiteConversationStore(tmp_path / "it.db") as store:
        store.init()
        store.create_session(ConversationSession("s"))
        store.add_message("s", ConversationMessage(role="user", content="hi"))
        assert store.clear_session("s") == 1
        assert store.get_session("s") is not None
        assert store.get_messages("s") == []
