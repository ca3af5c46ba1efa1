"""Session files: their names and layout, damage, locks, and what each write costs."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from praison_persist.errors import OperationTimeoutError, SerializationError, UnavailableError
from praison_persist_agents.sessions import (
    DefaultSessionStore,
    HierarchicalSessionStore,
    get_default_session_store,
    get_hierarchical_session_store,
    set_default_session_store,
)
from praison_persist_testkit.faults import exit_code_of

THEIRS = {
    "session_id": "theirs",
    "messages": [
        {"role": "user", "content": "hi", "timestamp": 1.5, "metadata": {}},
        {"role": "assistant", "content": "", "timestamp": 2.5, "metadata": {}, "tool_calls": [{"id": "c"}]},
        {"role": "tool", "content": "r", "timestamp": 3.5, "metadata": {}, "tool_call_id": "c"},
    ],
    "created_at": "2026-01-01T00:00:00+00:00",
    "updated_at": "2026-01-02T00:00:00+00:00",
    "agent_name": "Bob",
    "user_id": "u",
    "metadata": {"model": "m"},
    "gateway_session_id": None,
    "agent_id": None,
    "runtime_state": {},
    "archived_messages": [{"role": "user", "content": "old", "timestamp": 0.5, "metadata": {}}],
    "model": "m",
    "some_future_key": {"kept": True},
}


@pytest.fixture
def store(tmp_path: Path) -> DefaultSessionStore:
    return DefaultSessionStore(tmp_path, lock_timeout=0.3)


def document(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


# -- format ------------------------------------------------------------------------------------------------------------


def test_nothing_is_created_before_something_is_written(tmp_path: Path) -> None:
    store = DefaultSessionStore(tmp_path / "deep" / "down")
    assert store.get_chat_history("s") == []
    assert store.list_sessions() == []
    assert store.search("x") == []
    assert not (tmp_path / "deep").exists()
    store.add_user_message("s", "x")
    assert sorted(path.name for path in (tmp_path / "deep" / "down").iterdir()) == ["s.json", "s.json.lock"]


def test_a_file_has_praisonais_keys_and_a_line_for_each_message(store: DefaultSessionStore, tmp_path: Path) -> None:
    store.add_message("s", "user", "one\nline")
    store.add_message("s", "assistant", "", tool_calls=[{"id": "c"}])
    store.update_session_metadata("s", model="m", cost=1)
    data = document(tmp_path / "s.json")
    assert data["session_id"] == "s"
    assert data["messages"][0].keys() == {"role", "content", "timestamp", "metadata"}
    assert data["messages"][1]["tool_calls"] == [{"id": "c"}]
    assert (data["model"], data["cost"], data["archived_messages"]) == ("m", 1, [])
    lines = (tmp_path / "s.json").read_text().splitlines()
    assert sum(line.startswith('{"role"') for line in lines) == 2
    if os.name == "posix":
        assert (tmp_path / "s.json").stat().st_mode & 0o077 == 0


def test_a_file_of_praisonai_opens_and_keeps_what_it_has(store: DefaultSessionStore, tmp_path: Path) -> None:
    (tmp_path / "theirs.json").write_text(json.dumps(THEIRS, indent=2))
    assert store.list_sessions()[0]["message_count"] == 3
    assert store.get_chat_history("theirs")[1:] == [
        {"role": "assistant", "content": "", "tool_calls": [{"id": "c"}]},
        {"role": "tool", "content": "r", "tool_call_id": "c"},
    ]
    store.add_user_message("theirs", "new")
    data = document(tmp_path / "theirs.json")
    assert data["messages"][:3] == THEIRS["messages"]
    assert data["archived_messages"] == THEIRS["archived_messages"]
    assert data["some_future_key"] == {"kept": True}
    for name in ("created_at", "agent_name", "user_id", "metadata", "model"):
        assert data[name] == THEIRS[name]


def test_a_file_of_another_id_under_praisonais_name_is_not_taken(store: DefaultSessionStore, tmp_path: Path) -> None:
    (tmp_path / "bot_alice_x_com.json").write_text(json.dumps({**THEIRS, "session_id": "bot/alice@x.com"}))
    assert store.get_chat_history("bot_alice_x_com") == []
    assert not store.session_exists("bot_alice_x_com")
    store.add_user_message("bot_alice_x_com", "mine")
    assert len(store.get_chat_history("bot/alice@x.com")) == 3
    store.add_user_message("bot/alice@x.com", "hers")
    assert document(tmp_path / "bot_alice_x_com.json")["messages"][-1]["content"] == "hers"
    assert {row["session_id"] for row in store.list_sessions()} == {"bot_alice_x_com", "bot/alice@x.com"}


def test_a_foreign_json_file_disturbs_nothing(store: DefaultSessionStore, tmp_path: Path) -> None:
    foreign = {"list.json": "[1]", "text.json": '"x"', "map.json": '{"a": 1}', "broken.json": "{", ".hidden.json": "["}
    for name, text in foreign.items():
        (tmp_path / name).write_text(text)
    store.add_user_message("s", "x")
    store.add_user_message("map", "y")
    assert [row["session_id"] for row in store.list_sessions()] == ["map", "s"]
    assert [hit.session_id for hit in store.search("x")] == ["s"]
    assert len(store.export_all()["sessions"]) == 2
    assert {name: (tmp_path / name).read_text() for name in foreign} == foreign


def test_an_entry_that_is_no_message_is_skipped_and_the_checkpoint_stays_in_place(
    store: DefaultSessionStore, tmp_path: Path
) -> None:
    checkpoint = {"summary": "sum", "message_index": 2, "role": "system"}
    messages = [None, {"role": "user", "content": "a"}, {"role": "user", "content": "b"}]
    data = {"session_id": "s", "messages": messages, "last_compaction": checkpoint}
    (tmp_path / "s.json").write_text(json.dumps(data))
    assert [m["content"] for m in store.get_working_history("s")] == ["sum", "b"]


# -- damage ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe", b'{"session_id": "s", "messages": [', b"\x00" * 50])
def test_a_damaged_file_is_put_aside_and_reported_once(
    store: DefaultSessionStore, tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "s.json").write_bytes(damage)
    with caplog.at_level(logging.WARNING):
        assert store.get_chat_history("s") == []
        store.add_user_message("s", "fresh")
    (aside,) = tmp_path.glob("s.json.corrupt-*")
    assert aside.read_bytes() == damage
    (quarantined,) = store.quarantined
    assert (quarantined.session_id, quarantined.path) == ("s", aside)
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert str(aside) in errors[0].getMessage()
    assert store.get_chat_history("s") == [{"role": "user", "content": "fresh"}]


def test_the_archive_of_a_damaged_file_is_put_aside_with_it(tmp_path: Path) -> None:
    store = DefaultSessionStore(tmp_path, max_messages=2)
    for number in range(300):
        store.add_user_message("s", str(number))
    (tmp_path / "s.json").write_text("{")
    store.add_user_message("s", "fresh")
    assert store.search("150") == []
    (aside,) = (tmp_path / ".archive").glob("s.corrupt-*")
    assert any(b'"150"' in path.read_bytes() for path in aside.iterdir())


def test_damaged_snapshots_are_an_error_and_change_nothing(tmp_path: Path) -> None:
    store = HierarchicalSessionStore(tmp_path)
    store.create_session("s")
    store.create_snapshot("s")
    data = document(tmp_path / "s.json")
    data["snapshot_storage"]["records"] = {}
    (tmp_path / "s.json").write_text(json.dumps(data))
    before = (tmp_path / "s.json").read_bytes()
    with pytest.raises(SerializationError, match="backup"):
        store.add_user_message("s", "x")
    assert (tmp_path / "s.json").read_bytes() == before


def test_a_place_that_cannot_be_written_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match="permissions") as caught:
        DefaultSessionStore(tmp_path / "file").add_user_message("s", "x")
    assert caught.value.operation == "add_message"


# -- archive -----------------------------------------------------------------------------------------------------------


def test_adding_a_message_writes_no_more_when_the_archive_grows(tmp_path: Path) -> None:
    store = DefaultSessionStore(tmp_path, max_messages=20)
    sizes: list[int] = []
    for number in range(2000 if os.environ.get("CI") else 1000):
        store.add_user_message("s", f"{number} " + "x" * 100)
        sizes.append((tmp_path / "s.json").stat().st_size)
    assert max(sizes[-300:]) <= max(sizes[300:600]) * 1.05
    (exported,) = store.export_session("s")["sessions"]
    found = [*exported["archived_messages"], *exported["messages"][1:]]
    assert [int(m["content"].split()[0]) for m in found] == list(range(len(sizes)))


def test_the_archive_is_found_again_after_praisonai_wrote_the_file(tmp_path: Path) -> None:
    store = DefaultSessionStore(tmp_path, max_messages=2)
    for number in range(300):
        store.add_user_message("s", str(number))
    data = document(tmp_path / "s.json")
    del data["praison_persist"]  # it drops what it does not know
    (tmp_path / "s.json").write_text(json.dumps(data, indent=2))
    store.add_user_message("s", "300")
    (exported,) = store.export_session("s")["sessions"]
    found = [*exported["archived_messages"], *exported["messages"][1:]]
    assert [m["content"] for m in found] == [str(number) for number in range(301)]


def test_a_session_of_the_same_id_does_not_inherit_an_archive(tmp_path: Path) -> None:
    store = DefaultSessionStore(tmp_path, max_messages=2)
    for number in range(300):
        store.add_user_message("s", f"secret {number}")
    (tmp_path / "s.json").unlink()  # PraisonAI deletes the file alone
    (tmp_path / "s.json").write_text(json.dumps({**THEIRS, "session_id": "s"}))
    assert store.search("secret") == []
    store.add_user_message("s", "x")
    assert store.search("secret") == []
    assert not any(b"secret" in p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())


def test_nothing_of_a_cleared_or_deleted_session_is_left_on_disk(tmp_path: Path) -> None:
    store = DefaultSessionStore(tmp_path, max_messages=2)
    for action in (store.clear_session, store.delete_session):
        for number in range(300):
            store.add_user_message("s", f"secret {number}")
        action("s")
        assert not any(b"secret" in p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())


def test_an_archive_that_a_crash_left_longer_than_known_is_cut(tmp_path: Path) -> None:
    store = DefaultSessionStore(tmp_path, max_messages=2)

    def stored() -> list[str]:
        (exported,) = store.export_session("s")["sessions"]
        return [m["content"] for m in (*exported["archived_messages"], *exported["messages"][1:])]

    for number in range(300):
        store.add_user_message("s", str(number))
    (path,) = (tmp_path / ".archive" / "s").iterdir()
    with path.open("ab") as file:
        file.write(b'{"role": "user", "content": "never acknowledged", "timestamp": 1, "metadata": {}}\n' * 500)
        file.write(b'{"role": "us')
    assert stored() == [str(number) for number in range(300)]
    for number in range(300, 600):
        store.add_user_message("s", str(number))
    assert stored() == [str(number) for number in range(600)]
    assert b"never acknowledged" not in path.read_bytes()


def test_listing_reads_the_beginning_of_a_file_only(store: DefaultSessionStore, tmp_path: Path) -> None:
    store.add_user_message("s", "x" * 1000)
    store.rename_session("s", "T")
    path = tmp_path / "s.json"
    start = path.read_bytes().split(b'"messages"')[0]
    path.write_bytes(start + b'"messages": [\nnot read')
    (row,) = store.list_sessions()
    assert (row["session_id"], row["title"], row["message_count"]) == ("s", "T", 1)


# -- locks -------------------------------------------------------------------------------------------------------------


def test_a_message_that_cannot_get_the_lock_is_parked_and_taken_in_in_order(
    store: DefaultSessionStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store.add_user_message("s", "0")
    with FileLock(tmp_path / "s.json.lock"), caplog.at_level(logging.WARNING):
        assert store.add_user_message("s", "1") is True
        assert store.add_assistant_message("s", "2") is True
        assert "parked" in caplog.text
        assert [m["content"] for m in store.get_chat_history("s")] == ["0", "1", "2"]  # readers need not wait
        assert len(list((tmp_path / ".parked").iterdir())) == 2
    again = DefaultSessionStore(tmp_path)
    again.add_user_message("s", "3")
    assert [m["content"] for m in document(tmp_path / "s.json")["messages"]] == ["0", "1", "2", "3"]
    assert list((tmp_path / ".parked").iterdir()) == []


def test_the_first_message_of_a_session_can_be_parked_too(store: DefaultSessionStore, tmp_path: Path) -> None:
    tmp_path.mkdir(exist_ok=True)
    with FileLock(tmp_path / "s.json.lock"):
        store.add_user_message("s", "first")
        assert store.session_exists("s")
        assert [row["session_id"] for row in store.list_sessions()] == ["s"]
    store.clear_session("s")
    assert store.get_chat_history("s") == []
    assert list((tmp_path / ".parked").iterdir()) == []


def test_a_message_that_a_crash_left_parked_after_taking_it_in_is_there_once(
    store: DefaultSessionStore, tmp_path: Path
) -> None:
    with FileLock(tmp_path / "s.json.lock"):
        store.add_user_message("s", "once")
    (parked,) = (tmp_path / ".parked").iterdir()
    copy = parked.read_bytes()
    store.set_agent_info("s", agent_name="Bob")
    parked.write_bytes(copy)
    store.add_user_message("s", "twice")
    assert [m["content"] for m in store.get_chat_history("s")] == ["once", "twice"]


def test_other_changes_that_cannot_get_the_lock_say_so(store: DefaultSessionStore, tmp_path: Path) -> None:
    store.add_user_message("s", "0")
    with FileLock(tmp_path / "s.json.lock"):
        with pytest.raises(OperationTimeoutError, match="lock_timeout"):
            store.set_agent_info("s", agent_name="Bob")
        with pytest.raises(OperationTimeoutError):
            store.clear_session("s")
        with pytest.raises(OperationTimeoutError):
            store.delete_session("s")
    assert store.get_session("s").agent_name is None
    assert [m["content"] for m in store.get_chat_history("s")] == ["0"]


def test_the_lock_file_stays_where_praisonai_looks_for_it(store: DefaultSessionStore, tmp_path: Path) -> None:
    store.add_user_message("s", "x")
    before = (tmp_path / "s.json.lock").stat().st_ino
    store.add_user_message("s", "y")
    assert (tmp_path / "s.json.lock").stat().st_ino == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_store_works_on_both_sides_of_a_fork(store: DefaultSessionStore) -> None:
    store.add_user_message("s", "before")
    child = os.fork()
    if child == 0:
        try:
            store.add_user_message("s", "child")
            os._exit(0)
        finally:
            os._exit(1)
    assert exit_code_of(child) == 0
    store.add_user_message("s", "parent")
    assert [m["content"] for m in store.get_chat_history("s")] == ["before", "child", "parent"]


# -- the process's stores ----------------------------------------------------------------------------------------------


def test_the_default_store_follows_praisonai_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRAISONAI_HOME", str(tmp_path / "one"))
    first = get_default_session_store()
    assert first is get_default_session_store()
    assert first.session_dir == str(tmp_path / "one" / "sessions")
    trees = get_hierarchical_session_store()
    assert (trees.session_dir, trees is first) == (first.session_dir, False)
    monkeypatch.setenv("PRAISONAI_HOME", str(tmp_path / "two"))
    assert get_default_session_store().session_dir == str(tmp_path / "two" / "sessions")


def test_the_directory_is_the_one_that_praisonai_uses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PRAISONAI_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert DefaultSessionStore().session_dir == str(tmp_path / "data" / "praisonai" / "sessions")
    (tmp_path / ".praison").mkdir()
    assert DefaultSessionStore().session_dir == str(tmp_path / ".praison" / "sessions")
    (tmp_path / ".praisonai").mkdir()
    assert DefaultSessionStore().session_dir == str(tmp_path / ".praisonai" / "sessions")


def test_the_default_store_takes_its_retention_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PRAISONAI_HOME", str(tmp_path / "a"))
    monkeypatch.setenv("PRAISONAI_SESSION_RETENTION", "truncate")
    monkeypatch.setenv("PRAISONAI_SESSION_ACTIVE_WINDOW", "2")
    store = get_default_session_store()
    store.set_chat_history("s", [{"content": str(n)} for n in range(5)])
    assert [m["content"] for m in store.get_chat_history("s")] == ["3", "4"]
    monkeypatch.setenv("PRAISONAI_HOME", str(tmp_path / "b"))
    monkeypatch.setenv("PRAISONAI_SESSION_RETENTION", "nonsense")
    monkeypatch.setenv("PRAISONAI_SESSION_ACTIVE_WINDOW", "many")
    assert get_default_session_store().add_user_message("s", "x")
    assert "PRAISONAI_SESSION_RETENTION" in caplog.text
    assert "PRAISONAI_SESSION_ACTIVE_WINDOW" in caplog.text


def test_a_program_can_put_its_own_default_store_in() -> None:
    mine = object()
    assert set_default_session_store(mine) is None
    try:
        assert get_default_session_store() is mine
    finally:
        assert set_default_session_store(None) is mine
    assert get_default_session_store() is not mine


# -- mirror ------------------------------------------------------------------------------------------------------------


class Mirror:
    def __init__(self, fail: int = 0) -> None:
        self.records: list[dict[str, Any]] = []
        self.fail = fail
        self.gate = threading.Event()
        self.gate.set()

    def append(self, session_id: str, records: list[dict[str, Any]]) -> None:
        self.gate.wait(10)
        if self.fail:
            self.fail -= 1
            raise RuntimeError("down")
        self.records += records

    def load(self, session_id: str) -> list[dict[str, Any]]:
        return self.records

    def list_sessions(self, *, user_id: str | None = None) -> list[dict[str, Any]]:
        return []


def test_a_mirror_is_sent_every_message_in_order(tmp_path: Path) -> None:
    mirror = Mirror(fail=2)
    store = DefaultSessionStore(tmp_path, mirror=mirror)
    store.add_user_message("s", "a")
    store.set_chat_history("s", [{"role": "user", "content": "b"}])
    store.upsert_partial_assistant_message("s", "c")
    store.upsert_partial_assistant_message("s", "c!", finalize=True)
    assert store.flush_mirror(timeout=30)
    assert [record["content"] for record in mirror.records] == ["a", "b", "c!"]
    assert mirror.records[0]["id"] == f"s:{mirror.records[0]['timestamp']}"
    store.close_mirror()
    store.add_user_message("s", "d")
    assert len(mirror.records) == 3


def test_a_mirror_that_is_down_or_slow_holds_nothing_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    mirror = Mirror(fail=10**6)
    mirror.gate.clear()
    store = DefaultSessionStore(tmp_path, mirror=mirror)
    assert store.add_user_message("s", "a")
    assert store.flush_mirror(timeout=0.05) is False
    mirror.gate.set()
    assert store.flush_mirror(timeout=30)
    assert "the mirror refused" in caplog.text
    assert len(store.get_chat_history("s")) == 1
    store.close_mirror()


def test_time_moves_on_with_every_write(store: DefaultSessionStore) -> None:
    store.add_user_message("s", "a")
    first = store.get_session("s")
    time.sleep(0.002)
    store.set_agent_info("s", agent_name="Bob")
    second = store.get_session("s")
    assert second.created_at == first.created_at
    assert second.updated_at > first.updated_at
