"""What every session store knows of sessions besides messages, over every backing."""

from __future__ import annotations

import threading
from typing import Any

import pytest

IDS = [
    "bot/alice@x.com", "bot_alice_x_com", "a/b", "a:b", "a b", "a_b", "A_b", "..", ".", "con", "CON", "é", "e\u0301",
    "x.json", "a" * 128, "a" * 129, "a" * 200, " s", "s ", "s", "S", "~", "*", "tab\there", "日本",
]  # fmt: skip


def test_ids_that_differ_are_different_sessions(open_sessions: Any) -> None:
    store = open_sessions()
    for session_id in IDS:
        store.add_user_message(session_id, f"of {session_id}")
    again = open_sessions()
    for session_id in IDS:
        assert again.get_chat_history(session_id) == [{"role": "user", "content": f"of {session_id}"}]
    assert sorted(row["session_id"] for row in again.list_sessions(None)) == sorted(IDS)
    assert again.delete_session("a/b")
    assert again.get_chat_history("a:b") == [{"role": "user", "content": "of a:b"}]
    assert not again.session_exists("a/b")


def test_reading_an_unknown_session_creates_nothing(store: Any) -> None:
    session = store.get_session("u")
    assert (session.session_id, session.messages, session.metadata, session.agent_name) == ("u", [], {}, None)
    assert store.get_chat_history("u") == store.get_working_history("u") == store.window("u") == []
    assert store.get_runtime_state("u", "native") == {}
    assert store.export_session("u") == {"version": 1, "sessions": []}
    assert store.clear_session("u") is True
    assert store.delete_session("u") is False
    assert store.rename_session("u", "title") is False
    assert store.clear_runtime_state("u") is True
    assert store.session_exists("u") is False
    assert store.list_sessions() == []


def test_what_is_handed_out_is_a_copy(store: Any) -> None:
    store.update_session_metadata("s", nested={"a": 1})
    store.get_session("s").metadata["nested"]["a"] = 2
    store.get_metadata("s").clear()
    assert store.get_metadata("s") == {"nested": {"a": 1}}


def test_an_agent_is_noted_and_what_is_not_given_stays(open_sessions: Any) -> None:
    store = open_sessions()
    assert store.set_agent_info("s", agent_name="Bob", user_id="u1")
    assert store.set_agent_info("s", agent_name="Eve")
    session = open_sessions().get_session("s")
    assert (session.agent_name, session.user_id) == ("Eve", "u1")


def test_metadata_is_merged_and_none_changes_nothing(open_sessions: Any) -> None:
    store = open_sessions()
    store.update_session_metadata("s", model="m", cost=1.5, total_tokens=10, source="chat", agent_id="a1")
    store.update_session_metadata("s", model=None, cost=2)
    assert store.update_session_metadata("s")
    session = open_sessions().get_session("s")
    assert session.metadata == {"model": "m", "cost": 2, "total_tokens": 10, "source": "chat", "agent_id": "a1"}
    assert session.agent_id == "a1"
    assert store.get_session_model("s") == "m"
    (row,) = store.list_sessions()
    assert (row["model"], row["cost"], row["total_tokens"], row["source"]) == ("m", 2, 10, "chat")


def test_a_map_of_the_metadata_is_merged_entry_by_entry(store: Any) -> None:
    store.merge_session_metadata_map("s", "histories", {"a": [1]}, defaults={"a": [0], "b": [0]})
    store.merge_session_metadata_map("s", "histories", {"c": {}}, defaults={"b": [9], "d": [9]})
    assert store.get_metadata("s") == {"histories": {"a": [1], "b": [0], "c": {}, "d": [9]}}
    store.set_metadata("s", {"other": []})
    assert store.get_metadata("s")["other"] == []


def test_the_model_is_found_in_the_messages_too(store: Any) -> None:
    store.add_message("s", "assistant", "x", {"model": "m1", "reasoning_effort": "high"})
    assert (store.get_session_model("s"), store.get_session_reasoning_effort("s")) == ("m1", "high")
    assert store.get_session_model("u") is None


def test_sessions_are_listed_most_recently_used_first(store: Any) -> None:
    for name in ("one", "two", "three"):
        store.add_user_message(name, "x")
    store.set_agent_info("one", agent_name="Bob", user_id="u")
    store.add_user_message("one", "y")
    rows = store.list_sessions()
    assert [row["session_id"] for row in rows] == ["one", "three", "two"]
    assert (rows[0]["id"], rows[0]["agent_name"], rows[0]["message_count"]) == ("one", "Bob", 2)
    assert [row["session_id"] for row in store.list_sessions(2)] == ["one", "three"]
    assert len(store.list_sessions(limit=None)) == 3
    assert store.list_sessions(0) == []
    assert [summary.session_id for summary in store.recent(limit=1)] == ["one"]


def test_a_title_can_be_given_and_taken_away(store: Any) -> None:
    store.add_user_message("s", "x")
    assert store.rename_session("s", "  About x ")
    assert store.list_sessions()[0]["title"] == "About x"
    assert store.recent()[0].title == "About x"
    store.rename_session("s", " ")
    assert store.list_sessions()[0]["title"] is None


def test_sessions_are_found_by_agent_and_by_gateway(store: Any) -> None:
    store.set_agent_info("s1", agent_name="Bob")
    store.set_agent_info("s2", agent_name="Eve")
    store.add_user_message("s1", "hello")
    store.set_gateway_info("s2", gateway_session_id="g-7", agent_id="agent-7")
    assert store.list_sessions_by_agent("Bob") == ["s1"]
    assert [s.session_id for s in store.get_sessions_by_agent("Eve")] == ["s2"]
    assert store.get_agent_chat_history("Bob") == [
        {"role": "user", "content": "hello", "session_id": "s1", "agent_name": "Bob"}
    ]
    assert store.get_by_gateway_session("g-7").session_id == "s2"
    assert store.get_by_gateway_session("g-8") is None
    assert store.list_sessions_by_gateway_agent("agent-7") == ["s2"]


def test_runtime_state_is_kept_by_runtime_and_turn_when_asked_for(open_sessions: Any) -> None:
    store = open_sessions()
    assert store.set_runtime_state("s", "native", "t1", {"calls": ["c1"]}, mirror_enabled=False) is True
    assert not store.session_exists("s")
    store.set_runtime_state("s", "native", "t1", {"calls": ["c1"]})
    store.set_runtime_state("s", "native", "t2", {"calls": []}, True)
    store.set_runtime_state("s", "plugin", "t1", {"x": {}})
    again = open_sessions()
    assert again.get_runtime_state("s", "native", "t1") == {"calls": ["c1"]}
    assert again.get_runtime_state("s", "native") == {"t1": {"calls": ["c1"]}, "t2": {"calls": []}}
    assert again.get_runtime_state("s", "native", "t9") == again.get_runtime_state("s", "other") == {}
    again.clear_runtime_state("s", "native")
    assert store.get_runtime_state("s", "native") == {}
    assert store.get_runtime_state("s", "plugin") == {"t1": {"x": {}}}
    store.clear_runtime_state("s")
    assert store.get_runtime_state("s", "plugin") == {}


def test_search_finds_archived_messages_and_window_scrolls_around_them(open_sessions: Any) -> None:
    store = open_sessions(max_messages=5)
    for number in range(20):
        store.add_user_message("long", f"turn {number} " + ("the billing migration" if number == 3 else "small talk"))
    store.add_user_message("other", "billing only")
    store.add_user_message("unrelated", "nothing here")
    hits = store.search("Billing  Migration", window=1)
    assert [hit.session_id for hit in hits] == ["long", "other"]
    best = hits[0]
    assert best.anchor_index == 3
    assert [m["index"] for m in best.messages] == [2, 3, 4]
    assert best.messages[1]["archived"] is True
    assert "billing migration" in best.snippet
    assert best.bookends["opening"][0]["content"].startswith("turn 0")
    around = store.window("long", str(best.anchor_index), window=1)
    assert [m["content"] for m in around] == [m["content"] for m in best.messages]
    assert [m["index"] for m in store.window("long", window=1)] == [18, 19]
    assert [m["index"] for m in store.window("long", "999", window=0)] == [19]
    assert store.search("   ") == store.search("zebra quokka") == []
    assert best.as_dict()["session_id"] == "long"


def test_search_shows_one_session_of_a_lineage_and_ranks_machines_lower(store: Any) -> None:
    for name in ("first", "second"):
        store.add_user_message(name, "the needle")
        store.update_session_metadata(name, lineage_id="L")
    store.add_user_message("cron-1", "the needle the needle")
    store.add_user_message("cron-1", "the needle")
    store.update_session_metadata("cron-1", source="cron")
    found = [hit.session_id for hit in store.search("needle")]
    assert len(found) == 2
    assert found[0] in ("first", "second")
    assert found[1] == "cron-1"


def test_changes_of_different_fields_do_not_undo_each_other(open_sessions: Any) -> None:
    stores = [open_sessions() for _ in range(4)]

    def changer(number: int) -> None:
        store = stores[number]
        for turn in range(8):
            store.update_session_metadata("s", **{f"k{number}": turn})
            store.set_runtime_state("s", f"r{number}", str(turn), {"n": turn})
            store.merge_session_metadata_map("s", "map", {f"m{number}": turn})

    threads = [threading.Thread(target=changer, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    session = open_sessions().get_session("s")
    assert {k: v for k, v in session.metadata.items() if k != "map"} == {f"k{n}": 7 for n in range(4)}
    assert session.metadata["map"] == {f"m{n}": 7 for n in range(4)}
    assert all(len(session.runtime_state[f"r{n}"]) == 8 for n in range(4))


@pytest.mark.parametrize("changes", [300])
def test_many_changes_are_summed_up_without_a_trace(open_sessions: Any, changes: int) -> None:
    store = open_sessions(max_messages=20)
    for number in range(changes):
        store.update_session_metadata("s", last=number, **{f"key{number % 7}": number})
        if number % 10 == 0:
            store.add_user_message("s", str(number))
    session = open_sessions(max_messages=20).get_session("s")
    assert session.metadata["last"] == changes - 1
    assert {session.metadata[f"key{n}"] for n in range(7)} == set(range(changes - 7, changes))
    assert [m.content for m in session.messages[1:]] == [str(n) for n in range(100, changes, 10)]
