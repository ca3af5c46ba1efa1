"""What the hooks store of a turn: what the client drops is filled in, nothing is doubled, tool turns are whole."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pytest

from praison_persist.errors import InvalidInputError, SerializationError
from praison_persist_agents.adapter.database import PersistDb
from praison_persist_agents.adapter.factory import db
from praison_persist_agents.context import MISSING_RESULT


@pytest.fixture
def database(tmp_path: Path) -> Iterator[PersistDb]:
    with db(f"sqlite:///{tmp_path}/chats.db") as adapter:
        yield adapter


def turns(database: PersistDb, session_id: str = "s") -> list[tuple[str, Any]]:
    return [(message["role"], message["content"]) for message in database.export_session(session_id)["messages"]]


CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Paris"}'}}


def test_a_turn_that_the_client_reports_whole_is_stored_once(database: PersistDb) -> None:
    database.on_agent_start("A", "s", "user", {"role": "helper"})
    database.on_run_start("s", "r", "hi", {"agent_name": "A"})
    database.on_user_message("s", "hi")
    database.on_agent_message("s", "hello")
    database.on_run_end("s", "r", "hello", metrics={"duration_ms": 1.0}, metadata={"agent_name": "A"})
    assert turns(database) == [("user", "hi"), ("assistant", "hello")]
    [run] = database.get_runs("s")
    assert (run.status, run.input_content, run.output_content, run.agent_name) == ("completed", "hi", "hello", "A")
    assert run.metrics == {"duration_ms": 1.0}


def test_a_dropped_question_is_stored_before_the_answer(database: PersistDb) -> None:
    database.on_run_start("s", "r", "hi")
    database.on_agent_message("s", "hello")
    database.on_run_end("s", "r", "hello")
    assert turns(database) == [("user", "hi"), ("assistant", "hello")]


def test_a_dropped_answer_is_taken_from_the_end_of_the_run(database: PersistDb) -> None:
    database.on_run_start("s", "r", "hi")
    database.on_user_message("s", "hi")
    database.on_run_end("s", "r", "hello")
    assert turns(database) == [("user", "hi"), ("assistant", "hello")]


def test_hooks_in_worker_threads_belong_to_the_run_of_their_context(database: PersistDb) -> None:
    database.on_run_start("s", "r1", "first", {"agent_name": "A"})
    first = copy_context()
    other = copy_context()
    other.run(database.on_run_start, "s", "r2", "second", {"agent_name": "B"})
    for context, answer in ((other, "to the second"), (first, "to the first")):
        thread = threading.Thread(target=context.run, args=(database.on_agent_message, "s", answer))
        thread.start()
        thread.join(30)
    assert turns(database) == [
        ("user", "second"),
        ("assistant", "to the second"),
        ("user", "first"),
        ("assistant", "to the first"),
    ]
    messages = database.export_session("s")["messages"]
    assert [message["metadata"]["agent_name"] for message in messages] == ["B", "B", "A", "A"]
    assert [message["metadata"]["run_id"] for message in messages] == ["r2", "r2", "r1", "r1"]


def test_a_run_inside_a_run_gives_the_outer_one_back(database: PersistDb) -> None:
    database.on_run_start("s", "outer", "question", {"agent_name": "A"})
    database.on_user_message("s", "question")
    database.on_run_start("s", "inner", "handed over", {"agent_name": "B"})
    database.on_agent_message("s", "from B")
    database.on_run_end("s", "inner", "from B")
    database.on_agent_message("s", "from A")
    database.on_run_end("s", "outer", "from A")
    assert turns(database) == [
        ("user", "question"),
        ("user", "handed over"),
        ("assistant", "from B"),
        ("assistant", "from A"),
    ]


def test_runs_that_an_older_client_never_ends_do_not_swallow_the_next_turn(database: PersistDb) -> None:
    for number in range(3):
        database.on_run_start("s", f"r{number}", f"q{number}", {"agent_name": "A"})
        database.on_user_message("s", f"q{number}")
        database.on_agent_message("s", f"a{number}")
    assert turns(database) == [pair for n in range(3) for pair in (("user", f"q{n}"), ("assistant", f"a{n}"))]


def test_the_end_of_a_run_that_began_elsewhere_invents_no_messages(database: PersistDb) -> None:
    database.on_run_start("s", "r", "hi")
    database.on_agent_message("s", "hello")
    database._turns.reset()
    copy_context().run(database.on_run_end, "s", "r", "hello")
    assert turns(database) == [("user", "hi"), ("assistant", "hello")]


def test_a_session_that_cannot_be_created_is_an_error_of_the_start(
    database: PersistDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(session: Any) -> Any:
        raise InvalidInputError("read only")

    monkeypatch.setattr(database.conversation_store, "create_session", refuse)
    with pytest.raises(InvalidInputError, match="read only"):
        database.on_agent_start("A", "s")


def test_a_failed_run_keeps_the_question_and_invents_no_answer(database: PersistDb) -> None:
    database.on_run_start("s", "r", "hi")
    database.on_run_end("s", "r", None, status="error")
    assert turns(database) == [("user", "hi")]
    assert database.get_runs("s")[0].status == "error"


def test_a_question_that_the_client_repeats_after_a_failure_is_not_doubled(database: PersistDb) -> None:
    database.on_run_start("s", "r1", "hi")
    database.on_user_message("s", "hi")
    database.on_run_end("s", "r1", None, status="error")
    database.on_run_start("s", "r2", "hi")  # the client finds its history ends with this question, and reports none
    database.on_agent_message("s", "hello")
    database.on_run_end("s", "r2", "hello")
    assert turns(database) == [("user", "hi"), ("assistant", "hello")]


def test_the_question_of_a_prompt_with_attachments_is_its_text(database: PersistDb) -> None:
    parts = [{"type": "text", "text": "what is this?"}, {"type": "image_url", "image_url": {"url": "data:,"}}]
    database.on_run_start("s", "r", str(parts))
    database.on_run_end("s", "r", "a cat")
    assert turns(database) == [("user", "what is this?"), ("assistant", "a cat")]


def test_the_session_is_created_by_whichever_hook_comes_first(database: PersistDb) -> None:
    database.on_user_message("one", "hi")
    database.on_tool_call("two", "weather", {"city": "Paris"}, "sunny")
    database.on_run_start("three", "r", "hi")
    database.on_agent_message("four", "hello")
    for session_id in ("one", "two", "three", "four"):
        assert database.export_session(session_id)["session_id"] == session_id


def test_a_later_start_fills_in_the_user_and_agent(database: PersistDb) -> None:
    database.on_user_message("s", "hi")
    database.on_agent_start("A", "s", "alice")
    exported = database.export_session("s")
    assert (exported["user_id"], exported["agent_id"]) == ("alice", "A")


def test_agents_that_start_one_new_session_at_once_all_succeed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/chats.db"
    adapters = [db(url) for _ in range(8)]
    barrier = threading.Barrier(8)
    failures: list[BaseException] = []

    def begin(adapter: PersistDb, number: int) -> None:
        barrier.wait(30)
        try:
            adapter.on_agent_start(f"A{number}", "s")
            adapter.on_user_message("s", f"m{number}")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=begin, args=pair) for pair in zip(adapters, range(8), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert sorted(content for _, content in turns(adapters[0])) == [f"m{number}" for number in range(8)]
    for adapter in adapters:
        adapter.close()


def test_tool_turns_come_back_in_order_with_their_ids(database: PersistDb) -> None:
    database.on_user_message("s", "weather?")
    database.on_assistant_message("s", "", tool_calls=[CALL])
    database.on_tool_message("s", "sunny", tool_call_id="c1")
    database.on_agent_message("s", "It is sunny.")
    history = database.on_agent_start("A", "s")
    assert [(message.role, message.content) for message in history] == [
        ("user", "weather?"),
        ("assistant", ""),
        ("tool", "sunny"),
        ("assistant", "It is sunny."),
    ]
    assert history[1].tool_calls == [CALL]
    assert history[2].tool_call_id == "c1"


def test_a_call_without_a_result_gets_one_that_says_it_is_missing(database: PersistDb) -> None:
    other = {**CALL, "id": "c2"}
    database.on_assistant_message("s", None, tool_calls=[CALL, other])
    database.on_tool_message("s", "sunny", tool_call_id="c2")
    history = database.on_agent_start("A", "s")
    assert [(message.role, message.tool_call_id, message.content) for message in history] == [
        ("assistant", None, None),
        ("tool", "c2", "sunny"),
        ("tool", "c1", MISSING_RESULT),
    ]
    assert history[2].metadata["missing"] is True
    assert len(turns(database)) == 2  # it is shown, not stored


def test_a_tool_call_is_stored_as_the_call_and_its_result(database: PersistDb) -> None:
    database.on_tool_call("s", "weather", {"city": "Paris"}, {"sky": "blue"}, {"tool_call_id": "c1"})
    database.on_tool_call("s", "weather", {"city": "Paris"}, {"sky": "blue"}, {"tool_call_id": "c1"})
    messages = database.export_session("s")["messages"]
    assert [message["role"] for message in messages] == ["assistant", "tool"]
    assert messages[0]["tool_calls"] == [CALL]
    assert (messages[1]["tool_call_id"], messages[1]["content"]) == ("c1", '{"sky": "blue"}')


def test_only_the_newest_messages_are_handed_to_an_agent_and_no_tool_turn_is_cut(tmp_path: Path) -> None:
    with db(f"sqlite:///{tmp_path}/chats.db", history_limit=2) as database:
        database.on_user_message("s", "old")
        database.on_assistant_message("s", "", tool_calls=[CALL])
        database.on_tool_message("s", "sunny", tool_call_id="c1")
        database.on_agent_message("s", "It is sunny.")
        assert [message.role for message in database.on_agent_start("A", "s")] == ["assistant", "tool", "assistant"]


def test_bad_input_is_refused_before_anything_is_written(database: PersistDb) -> None:
    with pytest.raises(InvalidInputError):
        database.on_user_message("", "hi")
    with pytest.raises(InvalidInputError):
        database.on_user_message("s", 42)
    with pytest.raises(SerializationError):
        database.on_user_message("s", "hi", {"when": object()})
    with pytest.raises(SerializationError):
        database.on_assistant_message("s", "", tool_calls=[{"id": object()}])
    assert database.status().queued == 0
    assert database.conversation_store.get_session("s") is None


def test_the_end_of_an_agent_is_noted_beside_what_others_noted(database: PersistDb) -> None:
    database.on_agent_start("A", "s", metadata={"role": "helper"})
    database.on_agent_end("s", {"cost": 1})
    metadata = database.export_session("s")["metadata"]
    assert (metadata["role"], metadata["cost"]) == ("helper", 1)
    assert metadata["ended_at"] > 0
