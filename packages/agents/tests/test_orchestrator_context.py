"""What a model is shown of a stored conversation: the newest turns, every tool turn whole."""

from __future__ import annotations

import pytest

from praison_persist import (
    CONVERSATION_STORES,
    KNOWLEDGE_STORES,
    ConversationMessage,
    InvalidInputError,
    KnowledgeDocument,
)
from praison_persist_agents.context import MISSING_RESULT, for_model, newest_turns, whole_turns
from praison_persist_agents.orchestrator import PersistenceOrchestrator


def user(text):
    return ConversationMessage(role="user", content=text)


def said(text):
    return ConversationMessage(role="assistant", content=text)


def calls(*ids, text=None):
    return ConversationMessage(role="assistant", content=text, tool_calls=[{"id": i, "type": "function"} for i in ids])


def result(call_id, text="r"):
    return ConversationMessage(role="tool", content=text, tool_call_id=call_id)


def shape(messages):
    return [tuple(c["id"] for c in m.tool_calls) if m.tool_calls else m.tool_call_id or m.content for m in messages]


@pytest.mark.parametrize("backend", ["memory", "sqlite", "json"])
def test_history_is_the_newest_turns_in_order(backend, tmp_path):
    options = {} if backend == "memory" else {"path": str(tmp_path / "s")}
    with PersistenceOrchestrator(CONVERSATION_STORES.create(backend, **options)) as orchestrator:
        for number in range(50):
            orchestrator.on_message("s", "user", f"msg {number}")
        history = orchestrator.build_context("s", history_limit=3)["history"]
        assert history == [{"role": "user", "content": f"msg {number}"} for number in (47, 48, 49)]
        assert len(orchestrator.build_context("s")["history"]) == 20
        assert len(orchestrator.build_context("s", history_limit=None)["history"]) == 50
        assert orchestrator.build_context("s", history_limit=0)["history"] == []
        with pytest.raises(InvalidInputError):
            orchestrator.build_context("s", history_limit=-1)


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_a_limit_that_cuts_a_tool_turn_takes_all_of_it(limit):
    with PersistenceOrchestrator(CONVERSATION_STORES.create("memory")) as orchestrator:
        orchestrator.on_messages(
            "s", [user("old"), user("q"), calls("a", "b", "c"), result("a"), result("b"), result("c")]
        )
        history = orchestrator.build_context("s", history_limit=limit)["history"]
        assert [entry["role"] for entry in history] == ["assistant", "tool", "tool", "tool"]
        assert [call["id"] for call in history[0]["tool_calls"]] == ["a", "b", "c"]


def test_a_tool_turn_much_longer_than_the_limit_is_found():
    with PersistenceOrchestrator(CONVERSATION_STORES.create("memory")) as orchestrator:
        ids = [f"c{number}" for number in range(100)]
        orchestrator.on_messages("s", [user("q"), calls(*ids), *map(result, ids)])
        assert len(orchestrator.build_context("s", history_limit=3)["history"]) == 101


def test_newest_turns_without_tools_are_exactly_the_newest():
    assert shape(newest_turns([user("a"), said("b"), user("c")], 2)) == ["b", "c"]
    assert newest_turns([], 5) == []


def test_a_result_without_its_call_is_left_out():
    assert shape(whole_turns([result("lost"), user("q"), said("a")])) == ["q", "a"]


def test_a_call_without_its_result_gets_one_that_says_so():
    turns = whole_turns([user("q"), calls("a", "b"), result("b"), user("next")])
    assert shape(turns) == ["q", ("a", "b"), "b", "a", "next"]
    assert turns[3].content == MISSING_RESULT
    assert turns[3].metadata == {"missing": True}


def test_a_result_that_was_stored_late_moves_to_its_call():
    turns = whole_turns([calls("a"), user("other process"), result("a")])
    assert shape(turns) == [("a",), "a", "other process"]


def test_models_that_number_their_calls_anew_keep_each_result_at_its_own_call():
    turns = whole_turns([calls("0"), result("0", "first"), calls("0"), result("0", "second")])
    assert [turn.content for turn in turns] == [None, "first", None, "second"]
    turns = whole_turns([calls("0"), calls("0"), result("0", "second")])
    assert [turn.content for turn in turns] == [None, MISSING_RESULT, None, "second"]


def test_chat_messages_have_tool_fields_only_where_there_are_any():
    assert for_model([user("q"), calls("a"), result("a", "4"), said("4")]) == [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "a", "type": "function"}]},
        {"role": "tool", "content": "4", "tool_call_id": "a"},
        {"role": "assistant", "content": "4"},
    ]


def test_context_holds_knowledge_with_scores_when_there_is_a_query():
    with PersistenceOrchestrator(
        CONVERSATION_STORES.create("memory"), KNOWLEDGE_STORES.create("memory")
    ) as orchestrator:
        orchestrator.add_knowledge([KnowledgeDocument(id="d", content="D", embedding=[1.0, 0.0], metadata={"n": 1})])
        assert orchestrator.build_context("s")["knowledge"] == []
        (found,) = orchestrator.build_context("s", query_embedding=[1.0, 0.0], knowledge_limit=1)["knowledge"]
        assert found == {"id": "d", "content": "D", "metadata": {"n": 1}, "score": pytest.approx(1.0)}
