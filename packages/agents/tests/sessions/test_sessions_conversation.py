"""`ConversationSessionStore`: what is particular to sessions in a conversation store."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from praison_persist import CONVERSATION_STORES, ConversationMessage, ConversationSession
from praison_persist.conversation import ConversationStore
from praison_persist.errors import ConfigurationError
from praison_persist_agents.sessions import ConversationSessionStore, HierarchicalSessionStore

MARK = "praison_persist_session"


@pytest.fixture
def raw() -> Any:
    return CONVERSATION_STORES.create("memory")


def contents(store: Any, session_id: str = "s") -> list[Any]:
    return [message["content"] for message in store.get_chat_history(session_id)]


def rows(raw: Any, key: str = "session:s") -> tuple[list[str], int]:
    """The contents of all message rows, and how many other rows there are."""
    found = raw.get_messages(key)
    return [r.content for r in found if MARK not in (r.metadata or {})], sum(MARK in (r.metadata or {}) for r in found)


@pytest.mark.parametrize("wrong", [None, "sqlite:///x.db", object()])
def test_only_a_conversation_store_will_do(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="conversation store"):
        ConversationSessionStore(wrong)


def test_the_store_is_not_closed(raw: Any) -> None:
    ConversationSessionStore(raw).add_user_message("s", "x")
    assert raw.get_session("session:s") is not None


def test_sessions_are_apart_from_those_of_others(raw: Any) -> None:
    raw.create_session(ConversationSession("s", name="an orchestrator's"))
    raw.add_message("s", ConversationMessage(role="user", content="theirs"))
    store = ConversationSessionStore(raw)
    assert not store.session_exists("s")
    store.add_user_message("s", "mine")
    assert contents(store) == ["mine"]
    assert [m.content for m in raw.get_messages("s")] == ["theirs"]
    assert [row["session_id"] for row in store.list_sessions()] == ["s"]


def test_without_a_prefix_it_continues_a_session_that_something_else_began(raw: Any) -> None:
    began = ConversationSession("s", user_id="u", agent_id="Bob", name="Title", metadata={"k": 1}, created_at=5.0)
    raw.create_session(began)
    raw.add_message("s", ConversationMessage(role="user", content="theirs"))
    store = ConversationSessionStore(raw, prefix="")
    session = store.get_session("s")
    assert (session.user_id, session.agent_name, session.title, session.metadata) == ("u", "Bob", "Title", {"k": 1})
    assert session.created_at == "1970-01-01T00:00:05+00:00"
    store.update_session_metadata("s", cost=2)
    store.add_assistant_message("s", "mine")
    assert contents(store) == ["theirs", "mine"]
    assert store.get_metadata("s") == {"k": 1, "cost": 2}


def test_the_row_of_a_session_says_whose_it_is(raw: Any) -> None:
    store = ConversationSessionStore(raw)
    store.set_agent_info("s", agent_name="Bob", user_id="u")
    store.rename_session("s", "T" * 300)
    row = raw.get_session("session:s")
    assert (row.user_id, row.agent_id, row.name) == ("u", "Bob", "T" * 255)
    assert store.get_session("s").title == "T" * 300


class Crash(RuntimeError):
    """The process ends here: nothing is tried again."""


class Counting:
    """A conversation store that counts what is asked of another one, and can fail."""

    def __init__(self, store: ConversationStore) -> None:
        self.wrapped = store
        self.read: list[int] = []
        self.calls: list[str] = []
        self.failing: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        function = getattr(self.wrapped, name)
        if not callable(function):
            return function

        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append(name)
            if name in self.failing:
                raise Crash
            result = function(*args, **kwargs)
            if name == "get_messages":
                self.read.append(len(result))
            return result

        return call


ConversationStore.register(Counting)


def test_adding_a_message_costs_the_same_however_long_the_session_is(raw: Any) -> None:
    counting: Any = Counting(raw)
    store = ConversationSessionStore(counting, max_messages=50)
    calls: list[int] = []
    for number in range(2000):
        store.add_user_message("s", str(number))
        calls.append(len(counting.calls))
    assert calls[-1] - calls[-1001] <= (calls[999] - calls[0]) * 1.1
    assert max(counting.read[len(counting.read) // 2 :]) <= 4 * 50
    found, events = rows(raw)
    assert found == [str(number) for number in range(2000)]
    assert events < 60


def test_adding_a_message_is_one_insert(raw: Any) -> None:
    counting: Any = Counting(raw)
    store = ConversationSessionStore(counting)
    store.add_user_message("s", "first")
    counting.calls.clear()
    for number in range(20):
        store.add_user_message("s", str(number))
    assert counting.calls == ["add_message"] * 20


def test_a_bots_turn_appends_and_rewrites_nothing(raw: Any) -> None:
    counting: Any = Counting(raw)
    store = ConversationSessionStore(counting)
    store.set_chat_history("s", [{"role": "user", "content": str(n)} for n in range(30)])
    counting.calls.clear()
    store.set_chat_history("s", [*store.get_chat_history("s"), {"role": "user", "content": "new"}])
    assert counting.calls == ["get_messages", "get_messages", "add_message"]


def test_events_do_not_pile_up(raw: Any) -> None:
    store = ConversationSessionStore(raw)
    for number in range(500):
        store.update_session_metadata("s", n=number)
    assert rows(raw)[1] < 110


@pytest.mark.parametrize("action", ["clear", "replace", "partial", "truncate"])
def test_what_was_removed_is_gone_for_readers_at_once_and_for_good_with_the_next_write(raw: Any, action: str) -> None:
    counting: Any = Counting(raw)
    options: dict[str, Any] = {"max_messages": 3, "retention": "truncate"} if action == "truncate" else {}
    store = ConversationSessionStore(counting, **options)
    store.set_chat_history("s", [{"role": "user", "content": f"secret {n}"} for n in range(3)])
    if action == "partial":
        store.upsert_partial_assistant_message("s", "secret half")
    counting.failing.add("delete_messages")  # a crash after the commit
    removals = {
        "clear": lambda: store.clear_session("s"),
        "replace": lambda: store.set_chat_history("s", [{"role": "user", "content": "new"}]),
        "partial": lambda: store.upsert_partial_assistant_message("s", "whole", finalize=True),
        "truncate": lambda: store.set_chat_history("s", [*store.get_chat_history("s"), {"content": "new"}]),
    }
    with pytest.raises(Crash):
        removals[action]()
    expected = {
        "clear": [],
        "replace": ["new"],
        "partial": ["secret 0", "secret 1", "secret 2", "whole"],
        "truncate": ["secret 1", "secret 2", "new"],
    }[action]
    again = ConversationSessionStore(raw, **options)
    assert contents(again) == expected
    assert len(rows(raw)[0]) > len(expected)
    again.update_session_metadata("s", any="write")
    assert contents(again) == expected
    assert rows(raw)[0] == expected


def test_a_long_session_that_was_cleared_halfway_is_removed_to_the_end_by_the_next_write(raw: Any) -> None:
    counting: Any = Counting(raw)
    store = ConversationSessionStore(counting, max_messages=3)
    for number in range(400):
        store.add_user_message("s", f"secret {number}")
    counting.failing.add("delete_messages")
    with pytest.raises(Crash):
        store.clear_session("s")
    again = ConversationSessionStore(raw, max_messages=3)
    assert again.get_chat_history("s") == again.search("secret") == []
    again.add_user_message("s", "new")
    again.update_session_metadata("s", any="write")
    assert rows(raw)[0] == ["new"]


def test_a_field_that_was_set_after_a_replacement_outlives_many_events(raw: Any) -> None:
    store = ConversationSessionStore(raw)
    store.set_chat_history("s", [{"content": "old"}])
    store.append_compaction_checkpoint("s", "before")
    store.set_chat_history("s", [{"content": "new"}])  # forgets the checkpoint
    store.append_compaction_checkpoint("s", "after")
    for number in range(150):
        store.update_session_metadata("s", n=number)
    assert store.get_working_history("s") == [{"role": "system", "content": "after"}]
    assert contents(store) == ["new"]


def test_checkpoints_that_a_crash_left_behind_change_nothing(raw: Any) -> None:
    counting: Any = Counting(raw)
    store = ConversationSessionStore(counting)
    counting.failing.add("delete_messages")
    failed = 0
    for number in range(200):
        try:
            store.update_session_metadata("s", n=number, **{f"k{number % 9}": number})
        except Crash:
            failed += 1
    assert failed > 1
    checkpoints = [row for row in raw.get_messages("session:s") if "state" in (row.metadata or {})[MARK]]
    assert len(checkpoints) > 1
    expected = {"n": 199, **{f"k{number % 9}": number for number in range(191, 200)}}
    assert ConversationSessionStore(raw).get_metadata("s") == expected
    late = checkpoints[0]  # one that a slow process adds when another has already gone on
    raw.add_message("session:s", ConversationMessage(role="system", content="", metadata=late.metadata))
    again = ConversationSessionStore(raw)
    assert again.get_metadata("s") == expected
    again.update_session_metadata("s", n=200)
    assert again.get_metadata("s") == {**expected, "n": 200}


def test_a_session_that_a_crash_left_without_a_message_does_not_exist(raw: Any) -> None:
    counting: Any = Counting(raw)
    counting.failing |= {"add_message", "add_messages"}
    store = ConversationSessionStore(counting)
    with pytest.raises(Crash):
        store.add_user_message("s", "x")
    raw.create_session(ConversationSession("session:s", metadata={MARK: True}))
    assert not store.session_exists("s")
    assert store.list_sessions() == []
    payload = {"sessions": [{"session_id": "s", "messages": [{"role": "user", "content": "in"}]}]}
    assert ConversationSessionStore(raw).import_sessions(payload).imported == 1


@pytest.mark.parametrize("backend", ["sqlite", "async_sqlite"])
def test_it_works_inside_running_loops_one_after_the_other(tmp_path: Path, backend: str) -> None:
    raw = CONVERSATION_STORES.create(backend, path=str(tmp_path / "x.db"))
    store = ConversationSessionStore(raw)

    async def inside(text: str) -> list[Any]:
        store.add_user_message("s", text)
        await asyncio.to_thread(store.add_user_message, "s", f"{text} in a thread")
        return contents(store)

    asyncio.run(inside("one"))
    assert asyncio.run(inside("two")) == ["one", "one in a thread", "two", "two in a thread"]
    assert contents(store)[-1] == "two in a thread"


def shown(store: Any) -> dict[str, Any]:
    """What a caller can see of a session, without times and row ids."""
    session = store.get_session("s")
    exported = store.export_session("s", include_lineage=False)["sessions"]
    return {
        "exists": store.session_exists("s"),
        "history": store.get_chat_history("s"),
        "working": store.get_working_history("s"),
        "archived": [m["content"] for m in exported[0]["archived_messages"]] if exported else [],
        "metadata": session.metadata,
        "fields": (session.agent_name, session.user_id, session.title, session.runtime_state),
        "compaction": session.last_compaction and session.last_compaction.message_index,
        "count": [row["message_count"] for row in store.list_sessions()],
    }


def act(store: Any, action: str, text: str, number: int, role: str, snapshot: str) -> Any:
    """One call of a store."""
    given = [{"role": role, "content": f"{text}.{n}"} for n in range(number)]
    history = store.get_chat_history("s")
    calls = {
        "add": lambda: store.add_message("s", role, text, {"n": number}),
        "partial": lambda: store.upsert_partial_assistant_message("s", text),
        "finalize": lambda: store.upsert_partial_assistant_message("s", text * (number > 0), finalize=True),
        "discard": lambda: store.discard_partial_assistant_message("s"),
        "extend": lambda: store.set_chat_history("s", [*history, *given]),
        "replace": lambda: store.set_chat_history("s", given),
        "shorten": lambda: store.set_chat_history("s", [*history[:number], *given]),
        "clear": lambda: store.clear_session("s"),
        "delete": lambda: store.delete_session("s"),
        "meta": lambda: store.update_session_metadata("s", **{f"k{number}": {"text": text}}),
        "agent": lambda: store.set_agent_info("s", agent_name=text),
        "checkpoint": lambda: store.append_compaction_checkpoint("s", text),
        "rename": lambda: store.rename_session("s", text * (number > 1)),
        "runtime": lambda: store.set_runtime_state("s", f"r{number}", text, {"x": {}}),
        "snapshot": lambda: store.session_exists("s"),
        "revert": lambda: store.revert_to_snapshot("s", snapshot),
        "back": lambda: store.revert_to_message("s", number),
    }
    return calls[action]()


ACTIONS = [
    *["add"] * 6, "partial", "finalize", "discard", "extend", "replace", "shorten", "clear", "delete", "meta", "agent",
    "checkpoint", "rename", "runtime", "snapshot", "revert", "back",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(25))
def test_any_sequence_of_calls_gives_the_same_session_as_files_do(tmp_path: Path, raw: Any, seed: int) -> None:
    chance = random.Random(seed)
    options: dict[str, Any] = {"max_messages": chance.choice([3, 6, 20])}
    if chance.random() < 0.3:
        options["retention"] = chance.choice(["truncate", "keep_all"])
    files = HierarchicalSessionStore(tmp_path, **options)
    database = ConversationSessionStore(raw, **options)
    snapshots: list[tuple[str, str]] = [("none", "none")]
    for step in range(60):
        action, number = chance.choice(ACTIONS), chance.randrange(6)
        role = chance.choice(["user", "assistant", "tool"])
        picked = chance.choice(snapshots)
        results = [
            act(store, action, f"t{step}", number, role, snapshot)
            for store, snapshot in zip((files, database), picked, strict=True)
        ]
        assert results[0] == results[1], (step, action)
        if action == "snapshot" and results[0]:
            snapshots.append((files.create_snapshot("s"), database.create_snapshot("s")))
        assert shown(files) == shown(database), (step, action)
        if step % 20 == 19:  # another process
            database = ConversationSessionStore(raw, **options)
