"""Runs, traces, export and import of the adapter."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from praison_persist import CONVERSATION_STORES
from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import (
    AlreadyExistsError,
    ConfigurationError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
)
from praison_persist_agents.adapter.database import PersistDb
from praison_persist_agents.adapter.factory import db
from praison_persist_agents.adapter.runs import RUNS_IN_SESSION


@pytest.fixture(params=["in the session", "in a state store"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PersistDb]:
    state = f"sqlite:///{tmp_path}/state.db" if request.param == "in a state store" else None
    with db(f"sqlite:///{tmp_path}/chats.db", state) as adapter:
        yield adapter


@pytest.fixture
def traced(tmp_path: Path) -> Iterator[PersistDb]:
    with db(f"sqlite:///{tmp_path}/chats.db", f"sqlite:///{tmp_path}/state.db") as adapter:
        yield adapter


def run(database: PersistDb, session_id: str, number: int) -> None:
    database.on_run_start(session_id, f"r{number}", f"q{number}", {"agent_name": "A"})
    database.on_run_end(session_id, f"r{number}", f"a{number}")


def test_runs_are_newest_first_and_can_be_limited(database: PersistDb) -> None:
    for number in range(5):
        run(database, "s", number)
    assert [each.run_id for each in database.get_runs("s")] == ["r4", "r3", "r2", "r1", "r0"]
    assert [each.run_id for each in database.get_runs("s", limit=2)] == ["r4", "r3"]
    assert database.get_runs("s", limit=0) == []
    assert database.get_runs("unknown") == []


@pytest.mark.parametrize("session_id", ["user[1]", "*", "a:b", "a?", "über/x", "a%3Ab"])
def test_ids_with_wildcards_and_separators_see_their_own_runs_only(database: PersistDb, session_id: str) -> None:
    for other in ("user1", "s", "a", "ab", "u"):
        run(database, other, 0)
    run(database, session_id, 7)
    assert [each.run_id for each in database.get_runs(session_id)] == ["r7"]


def test_runs_survive_the_adapter_and_keep_what_the_session_held(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/chats.db"
    with CONVERSATION_STORES.create_from_url(url) as store:
        store.create_session(ConversationSession("s", state={"mine": 1}))
    with db(url) as first:
        run(first, "s", 1)
    with db(url) as second:
        assert second.get_runs("s")[0].output_content == "a1"
        assert second.export_session("s")["state"] == {"mine": 1}


def test_a_session_keeps_its_newest_runs(tmp_path: Path) -> None:
    with db(f"sqlite:///{tmp_path}/chats.db") as database:
        for number in range(RUNS_IN_SESSION + 3):
            database.on_run_end("s", f"r{number}", None, status="error")
        runs = database.get_runs("s")
        assert len(runs) == RUNS_IN_SESSION
        assert runs[0].run_id == f"r{RUNS_IN_SESSION + 2}"


def test_the_end_of_a_run_in_another_process_keeps_its_beginning(database: PersistDb) -> None:
    database.on_run_start("s", "r", "question", {"agent_name": "A"})
    started = database.get_runs("s")[0].started_at
    database._turns.reset()
    database.on_run_end("s", "r", "answer")
    [ended] = database.get_runs("s")
    assert (ended.started_at, ended.input_content, ended.agent_name) == (started, "question", "A")
    assert ended.ended_at >= started


def test_runs_in_a_state_store_live_as_long_as_was_asked(tmp_path: Path) -> None:
    state = f"sqlite:///{tmp_path}/state.db"
    with db(f"sqlite:///{tmp_path}/chats.db", state, run_ttl=0.3) as database:
        database.on_run_end("s", "r", None, status="error")
        end = time.monotonic() + 10
        while database.get_runs("s") and time.monotonic() < end:
            time.sleep(0.05)
        assert database.get_runs("s") == []


def test_traces_come_back_with_their_spans(traced: PersistDb) -> None:
    traced.on_trace_start("t1", session_id="s*", agent_name="A", user_id="u", metadata={"a": 1})
    traced.on_span_start("one", "t1", "model", attributes={"tokens": 1})
    traced.on_span_start("two", "t1", "tool", parent_span_id="one")
    traced.on_span_end("two", "error")
    traced.on_span_end("one", attributes={"cost": 2})
    traced.on_trace_end("t1", metadata={"b": 2})
    traced.on_trace_start("t2", session_id="s1")
    [trace] = traced.get_traces(session_id="s*")
    assert (trace.trace_id, trace.status, trace.metadata) == ("t1", "ok", {"a": 1, "b": 2})
    assert [(span.span_id, span.status, span.parent_span_id) for span in trace.spans] == [
        ("one", "ok", None),
        ("two", "error", "one"),
    ]
    assert trace.spans[0].attributes == {"tokens": 1, "cost": 2}
    assert [each.trace_id for each in traced.get_traces()] == ["t2", "t1"]
    assert [each.trace_id for each in traced.get_traces(limit=1)] == ["t2"]
    assert [each.trace_id for each in traced.get_traces(user_id="u")] == ["t1"]


def test_traces_without_a_state_store_are_refused_not_dropped(tmp_path: Path) -> None:
    with db(f"sqlite:///{tmp_path}/chats.db") as database:
        for refused in (
            lambda: database.on_trace_start("t"),
            lambda: database.on_span_start("s", "t", "n"),
            lambda: database.get_traces(),
        ):
            with pytest.raises(ConfigurationError, match="state"):
                refused()


def fill(database: PersistDb) -> dict[str, Any]:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    database.on_agent_start("A", "s", "user", {"role": "r"})
    database.on_run_start("s", "r", "question")
    database.on_user_message("s", "question\x00", {"nested": {"a": [1, None]}})
    database.on_assistant_message("s", None, tool_calls=[call])
    database.on_tool_message("s", "", tool_call_id="c1")
    database.on_agent_message("s", [{"type": "text", "text": "parts"}])
    database.on_run_end("s", "r", "answer")
    return database.export_session("s")


def test_an_export_is_json_and_imports_as_it_was(database: PersistDb, tmp_path: Path) -> None:
    exported = fill(database)
    exported["state"] = {"cart": [1]}
    document = json.loads(json.dumps(exported))
    for state in (None, f"sqlite:///{tmp_path}/other-state.db"):
        with db(f"sqlite:///{tmp_path}/copy-{state is None}.db", state) as other:
            assert other.import_session(document) == "s"
            assert other.export_session("s") == exported


def test_a_second_import_changes_nothing(database: PersistDb, tmp_path: Path) -> None:
    exported = fill(database)
    with db(f"sqlite:///{tmp_path}/copy.db") as other:
        other.import_session(exported)
        other.import_session(exported)
        assert [each["id"] for each in other.export_session("s")["messages"]] == [
            each["id"] for each in exported["messages"]
        ]
        with pytest.raises(AlreadyExistsError):
            other.import_session(exported, if_exists="error")


@pytest.mark.parametrize(
    "broken",
    [
        {"role": "user", "content": 42},
        {"role": "", "content": "x"},
        {"role": "user", "content": "x", "metadata": {"a": float("nan")}},
        "no mapping",
    ],
)
def test_a_bad_message_in_the_middle_leaves_nothing(tmp_path: Path, broken: Any) -> None:
    good = {"role": "user", "content": "x"}
    with db(f"sqlite:///{tmp_path}/chats.db") as database:
        with pytest.raises(InvalidInputError, match="message 1"):
            database.import_session({"session_id": "s", "messages": [good, broken, good]})
        with pytest.raises(NotFoundError):
            database.export_session("s")


def test_an_import_whose_store_fails_in_the_middle_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = CONVERSATION_STORES.create("memory")
    real = store.add_message

    def fail(session_id: str, message: ConversationMessage) -> Any:
        if message.content == "two":
            raise ConflictError("no")
        return real(session_id, message)

    monkeypatch.setattr(store, "add_message", fail)
    monkeypatch.setattr(store, "add_messages", super(type(store), store).add_messages)
    messages = [{"role": "user", "content": text} for text in ("one", "two", "three")]
    with db(conversation_store=store) as database, pytest.raises(ConflictError):
        database.import_session({"session_id": "s", "messages": messages})
    assert store.get_session("s") is None


def test_an_import_over_other_messages_with_its_ids_is_a_conflict(database: PersistDb) -> None:
    exported = fill(database)
    changed = json.loads(json.dumps(exported))
    changed["messages"].insert(0, {"id": "new", "role": "user", "content": "new"})
    changed["messages"][2]["content"] = "another"
    with pytest.raises(ConflictError):
        database.import_session(changed)
    assert database.export_session("s") == exported


def test_an_export_of_praisonai_imports_the_same_each_time(database: PersistDb) -> None:
    document = {
        "session_id": "s",
        "user_id": "u",
        "agent_id": "A",
        "name": "Session s",
        "metadata": {},
        "created_at": 1.5,
        "messages": [{"role": "user", "content": "a", "metadata": {}, "created_at": 2.5}, {"role": "x", "content": ""}],
    }
    database.import_session(document)
    database.import_session(document)
    exported = database.export_session("s")
    assert [(each["content"], each["created_at"]) for each in exported["messages"]] == [("a", 2.5), ("", 1.5)]
    assert exported["created_at"] == 1.5


@pytest.mark.parametrize(
    "document", [None, [], {}, {"session_id": ""}, {"session_id": "s", "version": 9}, {"session_id": "s", "runs": [1]}]
)
def test_what_is_no_export_is_refused(database: PersistDb, document: Any) -> None:
    with pytest.raises(InvalidInputError):
        database.import_session(document)


def test_the_export_of_an_unknown_session_is_not_found(database: PersistDb) -> None:
    with pytest.raises(NotFoundError):
        database.export_session("unknown")
    with pytest.raises(NotFoundError):
        asyncio.run(database.aexport_session("unknown"))


def test_the_schema_methods_answer(database: PersistDb) -> None:
    assert database.get_schema_version() == "1.0"
    assert database.migrate_schema("1.0", "1.0") is True
    assert database.migrate_schema("1.0", "2.0") is False
    assert database.check_schema_compatibility()[0] is True
