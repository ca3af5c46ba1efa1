"""The adapter while its database is away: nothing accepted is lost, doubled or reordered, and the status tells."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from praison_persist import CONVERSATION_STORES
from praison_persist.conversation import ConversationMessage
from praison_persist.errors import ClosedError, ConflictError, UnavailableError
from praison_persist_agents.adapter.factory import db
from praison_persist_agents.outbox import QueueFullError


class Switch:
    """A store that can be turned off, before or after a write takes effect."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.away = False
        self.lose_answers = 0
        self.block: threading.Event | None = None
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.store, name)
        if not callable(method) or name == "close":
            return method

        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append(name)
            if self.block is not None:
                self.block.wait(30)
            if self.away:
                raise UnavailableError("the server does not answer", backend="test", operation=name)
            result = method(*args, **kwargs)
            if self.lose_answers and name.startswith("add_message"):
                self.lose_answers -= 1
                raise UnavailableError("the connection broke before the answer", backend="test", operation=name)
            return result

        return call


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Switch]:
    real = CONVERSATION_STORES.create("sqlite", path=str(tmp_path / "chats.db"))
    yield Switch(real)
    real.close()


@pytest.fixture
def make(store: Switch) -> Iterator[Callable[..., Any]]:
    made: list[Any] = []

    def make(**options: Any) -> Any:
        settings = {"retry_delay": 0.02, "max_retry_delay": 0.1, "close_timeout": 5.0, **options}
        made.append(db(conversation_store=store, **settings))
        return made[-1]

    yield make
    store.away = False
    for adapter in made:
        adapter.close()


def stored(store: Switch, session_id: str) -> list[Any]:
    return [message.content for message in store.store.get_messages(session_id)]


def eventually(condition: Callable[[], bool], seconds: float = 15.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def test_an_outage_at_the_first_turn_loses_nothing(store: Switch, make: Callable[..., Any]) -> None:
    adapter = make()
    store.away = True
    assert adapter.on_agent_start("A", "s") == []
    adapter.on_run_start("s", "r1", "one")
    adapter.on_user_message("s", "one")
    adapter.on_agent_message("s", "first")
    adapter.on_run_end("s", "r1", "first")
    status = adapter.status()
    assert (status.state, status.dropped, status.rejected) == ("queueing", 0, 0)
    assert status.queued == 5
    assert status.last_error is not None
    assert "does not answer" in status.last_error
    store.away = False
    assert eventually(lambda: adapter.status().queued == 0)  # nobody called a hook meanwhile
    assert adapter.status().state == "ok"
    assert stored(store, "s") == ["one", "first"]
    assert [run.status for run in adapter.get_runs("s")] == ["completed"]


def test_messages_of_many_sessions_come_back_in_order(store: Switch, make: Callable[..., Any]) -> None:
    adapter = make()

    def talk(number: int) -> None:
        for turn in range(10):
            adapter.on_user_message(f"s{number}", f"q{turn}")
            adapter.on_agent_message(f"s{number}", f"a{turn}")
            if number == 0 and turn == 3:
                store.away = True
            time.sleep(0.002)

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    until = time.monotonic() + 30  # the last writes may not have been tried yet
    while adapter.status().state != "queueing" and time.monotonic() < until:
        time.sleep(0.01)
    assert adapter.status().state == "queueing"
    store.away = False
    assert adapter.flush(30)
    expected = [text for turn in range(10) for text in (f"q{turn}", f"a{turn}")]
    for number in range(20):
        assert stored(store, f"s{number}") == expected


def test_a_write_whose_answer_was_lost_is_stored_once(store: Switch, make: Callable[..., Any]) -> None:
    adapter = make()
    store.lose_answers = 3
    for text in ("one", "two", "three"):
        adapter.on_user_message("s", text)
    assert adapter.flush(15)
    assert stored(store, "s") == ["one", "two", "three"]


def test_one_warning_tells_that_the_database_is_away(
    store: Switch, make: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    adapter = make()
    store.away = True
    with caplog.at_level(logging.WARNING, "praison_persist_agents"):
        for number in range(20):
            adapter.on_user_message("s", f"m{number}")
        assert eventually(lambda: len(store.calls) > 3)
    warnings = [record.getMessage() for record in caplog.records]
    assert len(warnings) == 1
    assert "the database is away" in warnings[0]


def test_the_bound_of_the_queue_is_a_loud_typed_error(
    store: Switch, make: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    adapter = make(queue_limit=3)
    store.away = True
    for number in range(3):
        adapter.on_user_message("s", f"m{number}")
    with pytest.raises(QueueFullError, match="3 writes wait") as caught:
        adapter.on_user_message("s", "m3")
    assert "queue_limit" in str(caught.value)
    assert any(record.levelno == logging.ERROR for record in caplog.records)
    assert adapter.status().queued == 3
    store.away = False
    assert adapter.flush(15)
    assert stored(store, "s") == ["m0", "m1", "m2"]


def test_the_memory_fallback_has_no_bound_answers_from_memory_and_says_so(
    store: Switch, make: Callable[..., Any]
) -> None:
    adapter = make(queue_limit=3, fallback="memory")
    store.away = True
    for number in range(10):
        adapter.on_user_message("s", f"m{number}")
    assert adapter.status().state == "memory"
    history = adapter.on_agent_start("B", "s")
    assert [message.content for message in history] == [f"m{number}" for number in range(10)]
    store.away = False
    assert adapter.flush(15)
    assert adapter.status().state == "ok"
    assert stored(store, "s") == [f"m{number}" for number in range(10)]


def test_a_resumed_session_shows_what_still_waits(store: Switch, make: Callable[..., Any]) -> None:
    adapter = make()
    adapter.on_user_message("s", "stored")
    store.away = True
    adapter.on_agent_message("s", "waiting")
    assert [message.content for message in adapter.on_agent_start("B", "s")] == ["waiting"]
    store.away = False
    assert adapter.flush(15)
    assert [message.content for message in adapter.on_agent_start("B", "s")] == ["stored", "waiting"]


def test_close_writes_what_waits(store: Switch, make: Callable[..., Any]) -> None:
    adapter = make(retry_delay=0.05)
    store.away = True
    adapter.on_user_message("s", "one")
    threading.Timer(0.3, lambda: setattr(store, "away", False)).start()
    adapter.close()
    assert stored(store, "s") == ["one"]
    assert adapter.status().state == "closed"
    assert adapter.status().dropped == 0
    with pytest.raises(ClosedError):
        adapter.on_user_message("s", "two")


def test_close_has_a_deadline_and_tells_what_it_gave_up(
    store: Switch, make: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    adapter = make(close_timeout=0.2)
    store.away = True
    adapter.on_user_message("s", "one")
    adapter.on_user_message("s", "two")
    adapter.close()
    assert adapter.status().dropped == 2
    assert any("2 writes were given up" in record.getMessage() for record in caplog.records)


def test_a_hook_returns_at_its_deadline_and_the_write_goes_on(store: Switch, make: Callable[..., Any]) -> None:
    adapter = make(hook_timeout=0.2)
    store.block = threading.Event()
    adapter.on_user_message("s", "slow")  # returns although the store hangs
    assert adapter.status().queued == 1
    assert adapter.status().state == "queueing"
    for number in range(20):
        adapter.on_user_message("s", f"next {number}")  # does not wait for a deadline each
    store.block.set()
    store.block = None
    assert adapter.flush(15)
    assert stored(store, "s") == ["slow", *(f"next {number}" for number in range(20))]
    assert eventually(lambda: adapter.status().state == "ok")


def test_a_start_that_gets_no_answer_in_time_begins_without_history(store: Switch, make: Callable[..., Any]) -> None:
    adapter = make(hook_timeout=0.2)
    store.block = threading.Event()
    assert adapter.on_agent_start("A", "s") == []
    assert asyncio.run(adapter.aon_agent_start("A", "s")) == []
    store.block.set()
    store.block = None


def test_an_error_that_no_retry_mends_reaches_the_caller_and_blocks_nothing(
    store: Switch, make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = make()
    adapter.on_user_message("s", "one")
    real = store.store.add_message

    def refuse(session_id: str, message: ConversationMessage) -> Any:
        if message.content == "two":
            raise ConflictError("taken")
        return real(session_id, message)

    monkeypatch.setattr(store.store, "add_message", refuse)
    with pytest.raises(ConflictError):
        adapter.on_user_message("s", "two")
    adapter.on_user_message("s", "three")
    assert stored(store, "s") == ["one", "three"]
    assert adapter.status().rejected == 0  # the caller was told


def test_a_queued_write_that_is_refused_for_good_is_counted_and_the_rest_goes_on(
    store: Switch, make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    adapter = make()
    adapter.on_user_message("s", "one")
    real, real_batch = store.store.add_message, store.store.add_messages

    def refuse(session_id: str, message: ConversationMessage) -> Any:
        if message.content == "three":
            raise ConflictError("taken")
        return real(session_id, message)

    def refuse_batch(session_id: str, messages: list[ConversationMessage]) -> Any:
        if any(message.content == "three" for message in messages):
            raise ConflictError("taken")
        return real_batch(session_id, messages)

    monkeypatch.setattr(store.store, "add_message", refuse)
    monkeypatch.setattr(store.store, "add_messages", refuse_batch)
    store.away = True
    for text in ("two", "three", "four", "five"):
        adapter.on_user_message("s", text)
    store.away = False
    assert adapter.flush(15)
    assert stored(store, "s") == ["one", "two", "four", "five"]
    assert adapter.status().rejected == 1
    assert any("refused a write for good" in record.getMessage() for record in caplog.records)


def test_what_waits_is_stored_in_few_calls_in_order_and_once(store: Switch, make: Callable[..., Any]) -> None:
    adapter = make()
    adapter.on_agent_start("A", "s")
    store.away = True
    for turn in range(300):
        adapter.on_run_start("s", f"r{turn}", f"q{turn}")
        adapter.on_agent_message("s", f"a{turn}")
        adapter.on_run_end("s", f"r{turn}", f"a{turn}")
    assert adapter.status().queued == 900
    store.lose_answers = 1  # a batch is repeated, whole
    store.calls.clear()
    store.away = False
    assert adapter.flush(30)
    assert stored(store, "s") == [text for turn in range(300) for text in (f"q{turn}", f"a{turn}")]
    assert sum(name.startswith("add_message") for name in store.calls) <= 6
    assert len(store.calls) < 60  # 900 writes
    assert [run.status for run in adapter.get_runs("s", 5)] == ["completed"] * 5


def test_a_slow_log_does_not_stop_the_new_attempts(
    store: Switch, make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next attempt was due while the one before was still telling that it had failed, and was left out for good."""
    from praison_persist_agents.outbox import queue

    told: list[str] = []

    def slow(message: str, *_: object) -> None:
        told.append(message)
        time.sleep(0.2)  # retry_delay is a tenth of it

    adapter = make()
    adapter.on_agent_start("A", "s")
    monkeypatch.setattr(queue.logger, "warning", slow)
    store.lose_answers = 1
    adapter.on_user_message("s", "one")
    assert eventually(lambda: adapter.status().queued == 0, 5.0)
    assert any("is away" in message for message in told)
    assert stored(store, "s") == ["one"]


def test_a_session_that_was_deleted_meanwhile_is_created_again(store: Switch, make: Callable[..., Any]) -> None:
    adapter = make()
    adapter.on_agent_start("A", "s", "user")
    adapter.on_user_message("s", "one")
    store.store.delete_session("s")
    adapter.on_user_message("s", "two")
    assert stored(store, "s") == ["two"]
    assert store.store.get_session("s").user_id == "user"


def test_reads_fail_with_a_typed_error_while_the_database_is_away(store: Switch, make: Callable[..., Any]) -> None:
    adapter = make()
    store.away = True
    adapter.on_user_message("s", "one")
    with pytest.raises(UnavailableError):
        adapter.get_runs("s")
    with pytest.raises(UnavailableError):
        adapter.export_session("s")
    fine, why = adapter.check_schema_compatibility()
    assert not fine
    assert "away" in why
