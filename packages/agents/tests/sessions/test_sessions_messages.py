"""What every session store does with messages, over every backing."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from praison_persist.errors import InvalidInputError, SerializationError
from praison_persist_agents.sessions import SessionStoreProtocol
from praison_persist_agents.sessions.protocols import (
    IncrementalSessionStoreProtocol,
    PortableSessionStoreProtocol,
    RuntimeStateMirroringProtocol,
    SearchableSessionStoreProtocol,
)

CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Paris"}'}}


def contents(store: Any, session_id: str = "s") -> list[Any]:
    return [message["content"] for message in store.get_chat_history(session_id)]


@pytest.mark.parametrize(
    "protocol",
    [
        SessionStoreProtocol,
        IncrementalSessionStoreProtocol,
        PortableSessionStoreProtocol,
        RuntimeStateMirroringProtocol,
        SearchableSessionStoreProtocol,
    ],
)
def test_a_store_has_the_shape_of_each_protocol(store: Any, protocol: Any) -> None:
    assert isinstance(store, protocol)


def test_messages_come_back_in_order_in_another_store(open_sessions: Any) -> None:
    store = open_sessions()
    assert store.add_user_message("s", "My name is Alice") is True
    assert store.add_assistant_message("s", "Hello Alice") is True
    assert open_sessions().get_chat_history("s") == [
        {"role": "user", "content": "My name is Alice"},
        {"role": "assistant", "content": "Hello Alice"},
    ]


def test_tool_fields_are_kept(store: Any) -> None:
    store.add_message("s", "user", "weather?")
    store.add_message("s", "assistant", "", tool_calls=[CALL])
    store.add_message("s", "tool", "sunny", tool_call_id="c1")
    assert store.get_chat_history("s")[1:] == [
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "content": "sunny", "tool_call_id": "c1"},
    ]


@pytest.mark.parametrize(
    "content",
    ["", None, "nul \x00 and \ud800 alone", "日本 🎉\nline\r\n", [{"type": "text", "text": "hi"}], "x" * 300_000],
)
def test_any_content_comes_back_as_it_was(open_sessions: Any, content: Any) -> None:
    open_sessions().add_message("s", "user", content, {"k": ["v", None, {"n": 1.5}]})
    message = open_sessions().get_session("s").messages[0]
    assert (message.content, message.metadata) == (content, {"k": ["v", None, {"n": 1.5}]})


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("", "user", "x"), InvalidInputError),
        (("a\x00b", "user", "x"), InvalidInputError),
        ((None, "user", "x"), InvalidInputError),
        (("s", "", "x"), InvalidInputError),
        (("s", "r" * 51, "x"), InvalidInputError),
        (("s", "user", 7), InvalidInputError),
        (("s", "user", "x", ["no mapping"]), InvalidInputError),
        (("s", "user", "x", {"k": float("nan")}), SerializationError),
        (("s", "user", "x", {"k": object()}), SerializationError),
        (("s", "user", "x", None, "calls"), InvalidInputError),
        (("s", "user", "x", None, None, 5), InvalidInputError),
    ],
)
def test_what_cannot_be_stored_is_refused_before_anything_is_written(store: Any, arguments: Any, error: type) -> None:
    with pytest.raises(error):
        store.add_message(*arguments)
    assert not store.session_exists("s")


def test_the_newest_messages_are_returned_oldest_first(store: Any) -> None:
    for number in range(5):
        store.add_user_message("s", str(number))
    assert [m["content"] for m in store.get_chat_history("s", 2)] == ["3", "4"]
    assert [m["content"] for m in store.get_chat_history("s", max_messages=50)] == ["0", "1", "2", "3", "4"]
    assert store.get_chat_history("s", 0) == []
    with pytest.raises(InvalidInputError):
        store.get_chat_history("s", -1)


def test_history_never_starts_with_a_tool_result_without_its_call(store: Any) -> None:
    store.add_message("s", "user", "weather?")
    store.add_message("s", "assistant", None, tool_calls=[CALL, {**CALL, "id": "c2"}])
    store.add_message("s", "tool", "sunny", tool_call_id="c1")
    store.add_message("s", "tool", "windy", tool_call_id="c2")
    store.add_message("s", "assistant", "It is sunny.")
    assert [m["role"] for m in store.get_chat_history("s", 3)] == ["assistant"]
    assert [m["role"] for m in store.get_chat_history("s", 4)] == ["assistant", "tool", "tool", "assistant"]


def test_retention_never_parts_a_tool_result_from_its_call(open_sessions: Any) -> None:
    store = open_sessions(max_messages=2)
    store.add_message("s", "user", "weather?")
    store.add_message("s", "assistant", "", tool_calls=[CALL])
    for _ in range(3):
        store.add_message("s", "tool", "sunny", tool_call_id="c1")
    assert [m["role"] for m in store.get_chat_history("s")] == ["system", "assistant", "tool", "tool", "tool"]
    store.add_message("s", "assistant", "done")
    store.add_message("s", "user", "thanks")
    assert [m["role"] for m in store.get_chat_history("s")] == ["system", "assistant", "user"]


@pytest.mark.parametrize("options", [{"max_messages": 10}, {"active_window": 10}])
def test_what_leaves_the_window_is_archived_and_summed_up(open_sessions: Any, options: dict[str, Any]) -> None:
    store = open_sessions(**options)
    for number in range(60):
        store.add_user_message("s", f"message {number}")
        assert len([m for m in store.get_chat_history("s") if m["role"] == "user"]) == min(number + 1, 10)
    history = open_sessions(**options).get_chat_history("s")
    assert history[0]["role"] == "system"
    assert history[0]["content"].startswith("[Session Summary]\n50 earlier messages are archived:\nuser: message 0\n")
    assert [m["content"] for m in history[1:]] == [f"message {n}" for n in range(50, 60)]
    (exported,) = store.export_session("s")["sessions"]
    assert [m["content"] for m in exported["archived_messages"]] == [f"message {n}" for n in range(50)]


def test_a_summary_stays_short_however_much_it_stands_for(open_sessions: Any) -> None:
    store = open_sessions(max_messages=3)
    sizes: list[int] = []
    for _ in range(80):
        store.add_user_message("s", "a long question " * 50)
        sizes.append(len(store.get_chat_history("s")[0]["content"]))
    assert max(sizes[40:]) <= 25 * 180


def test_only_truncate_deletes(open_sessions: Any) -> None:
    store = open_sessions(max_messages=5, retention="truncate")
    for number in range(30):
        store.add_user_message("s", str(number))
    assert contents(store) == ["25", "26", "27", "28", "29"]
    assert store.export_session("s")["sessions"][0]["archived_messages"] == []
    assert store.search("3") == []


def test_keep_all_keeps_all(open_sessions: Any) -> None:
    store = open_sessions(max_messages=5, retention="keep_all")
    for number in range(30):
        store.add_user_message("s", str(number))
    assert contents(store) == [str(number) for number in range(30)]


def test_a_larger_window_loses_nothing(open_sessions: Any) -> None:
    """The documents' ``max_messages=200``, which truncates in PraisonAI."""
    store = open_sessions(max_messages=200)
    store.set_chat_history("s", [{"role": "user", "content": str(number)} for number in range(250)])
    (exported,) = store.export_session("s")["sessions"]
    assert [m["content"] for m in exported["archived_messages"]] == [str(n) for n in range(50)]
    assert [m["content"] for m in exported["messages"][1:]] == [str(n) for n in range(50, 250)]


@pytest.mark.parametrize("options", [{"retention": "forget"}, {"max_messages": 0}, {"active_window": -1}])
def test_options_out_of_range_are_refused(open_sessions: Any, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"retention|max_messages"):
        open_sessions(**options)


def test_set_chat_history_replaces_the_active_messages(open_sessions: Any) -> None:
    store = open_sessions()
    for number in range(3):
        store.add_user_message("s", str(number))
    assert store.set_chat_history("s", [{"role": "user", "content": "new"}, {"role": "assistant", "content": "yes"}])
    assert contents(open_sessions()) == ["new", "yes"]
    store.set_chat_history("s", [])
    assert contents(open_sessions()) == []
    assert store.session_exists("s")


def test_set_chat_history_keeps_what_stays_the_same(store: Any) -> None:
    store.add_message("s", "user", "one", {"mark": 1})
    before = store.get_session("s").messages[0]
    store.set_chat_history("s", [*store.get_chat_history("s"), {"role": "assistant", "content": "two"}])
    assert store.get_session("s").messages[0] == before
    assert contents(store) == ["one", "two"]


def test_a_bot_that_gives_the_whole_history_back_archives_like_one_that_appends(open_sessions: Any) -> None:
    store = open_sessions(max_messages=6)
    for number in range(20):
        history = store.get_chat_history("bot")
        store.set_chat_history("bot", [*history, {"role": "user", "content": str(number)}])
    (exported,) = store.export_session("bot")["sessions"]
    assert [m["content"] for m in exported["archived_messages"]] == [str(n) for n in range(14)]
    assert [m["content"] for m in exported["messages"][1:]] == [str(n) for n in range(14, 20)]
    assert exported["messages"][0]["metadata"]["compacted_count"] == 14


def test_set_chat_history_refuses_a_bad_message_before_it_changes_anything(store: Any) -> None:
    store.add_user_message("s", "kept")
    with pytest.raises(InvalidInputError):
        store.set_chat_history("s", [{"role": "user", "content": "fine"}, {"role": "user", "content": {1, 2}}])
    with pytest.raises(InvalidInputError):
        store.set_chat_history("s", ["text"])
    assert contents(store) == ["kept"]


def test_a_streamed_answer_is_one_message_that_grows(open_sessions: Any) -> None:
    store = open_sessions()
    store.add_user_message("s", "hi")
    for text in ("He", "Hello", "Hello!"):
        assert store.upsert_partial_assistant_message("s", text)
        assert contents(open_sessions()) == ["hi", text]
    assert store.get_session("s").messages[-1].is_partial
    store.upsert_partial_assistant_message("s", "Hello!", finalize=True)
    assert not store.get_session("s").messages[-1].is_partial
    store.upsert_partial_assistant_message("s", "Second", finalize=True)
    assert contents(store) == ["hi", "Hello!", "Second"]


def test_an_interrupted_answer_stays_and_can_be_discarded(store: Any) -> None:
    store.add_user_message("s", "hi")
    store.upsert_partial_assistant_message("s", "half an ans")
    store.add_user_message("s", "go on")
    store.discard_partial_assistant_message("s")
    assert contents(store) == ["hi", "half an ans", "go on"]
    store.upsert_partial_assistant_message("s", "another")
    store.discard_partial_assistant_message("s")
    store.upsert_partial_assistant_message("s", "third")
    store.upsert_partial_assistant_message("s", "", finalize=True)
    assert contents(store) == ["hi", "half an ans", "go on"]
    assert store.discard_partial_assistant_message("unknown")
    assert not store.session_exists("unknown")


def test_working_history_starts_at_the_checkpoint(open_sessions: Any) -> None:
    store = open_sessions()
    for number in range(4):
        store.add_user_message("s", str(number))
    assert store.append_compaction_checkpoint("s", "they counted", tokens_before=9, tokens_after=3)
    store.add_user_message("s", "4")
    assert open_sessions().get_working_history("s") == [
        {"role": "system", "content": "they counted"},
        {"role": "user", "content": "4"},
    ]
    assert contents(store) == ["0", "1", "2", "3", "4"]
    assert store.get_session("s").last_compaction.tokens_before == 9
    assert [m["content"] for m in store.get_working_history("s", 1)] == ["they counted"]


def test_a_checkpoint_stays_in_place_when_the_window_moves(open_sessions: Any) -> None:
    store = open_sessions(max_messages=6)
    for number in range(6):
        store.add_user_message("s", str(number))
    store.append_compaction_checkpoint("s", "six")
    for number in range(6, 10):
        store.add_user_message("s", str(number))
    assert [m["content"] for m in store.get_working_history("s")] == ["six", "6", "7", "8", "9"]


def test_a_blank_checkpoint_and_one_of_nothing_are_refused(store: Any) -> None:
    assert store.append_compaction_checkpoint("s", "text") is False
    store.add_user_message("s", "x")
    assert store.append_compaction_checkpoint("s", "  ") is False
    assert store.get_working_history("s") == [{"role": "user", "content": "x"}]


def test_working_history_tells_tool_exchanges_in_text_since_agents_restore_nothing_else(store: Any) -> None:
    store.add_message("s", "user", "weather?")
    store.add_message("s", "assistant", "", tool_calls=[CALL])
    store.add_message("s", "tool", "sunny", tool_call_id="c1")
    store.add_message("s", "assistant", "one more", tool_calls=[{**CALL, "id": "c2"}])
    assert store.get_working_history("s") == [
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": '[Called weather({"city": "Paris"}); it returned: sunny]'},
        {
            "role": "assistant",
            "content": 'one more\n[Called weather({"city": "Paris"}); no result was recorded]',
        },
    ]


def test_clear_removes_the_archive_too_and_keeps_the_session(open_sessions: Any) -> None:
    store = open_sessions(max_messages=3)
    store.set_agent_info("s", agent_name="Bob")
    for number in range(20):
        store.add_user_message("s", f"secret {number}")
    assert store.clear_session("s") is True
    again = open_sessions(max_messages=3)
    assert again.get_chat_history("s") == []
    assert again.search("secret") == []
    assert again.get_session("s").agent_name == "Bob"
    again.add_user_message("s", "new")
    assert again.get_chat_history("s") == [{"role": "user", "content": "new"}]


def test_delete_says_whether_there_was_a_session(open_sessions: Any) -> None:
    store = open_sessions(max_messages=3)
    for number in range(10):
        store.add_user_message("s", str(number))
    assert store.delete_session("s") is True
    assert store.delete_session("s") is False
    assert not open_sessions().session_exists("s")
    store.add_user_message("s", "reborn")
    (exported,) = store.export_session("s")["sessions"]
    assert exported["archived_messages"] == []
    assert contents(store) == ["reborn"]


def test_threads_share_a_store(store: Any) -> None:
    def work(name: str) -> None:
        for number in range(15):
            store.add_user_message("s", f"{name}-{number}")

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = contents(store)
    assert len(found) == 60
    for name in "abcd":
        assert [c for c in found if c.startswith(name)] == [f"{name}-{n}" for n in range(15)]
