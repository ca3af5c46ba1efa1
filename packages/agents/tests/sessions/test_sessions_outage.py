"""`ConversationSessionStore` while its database is away: what it accepts is stored once, in order; the status tells."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from praison_persist import CONVERSATION_STORES
from praison_persist.errors import ClosedError, UnavailableError
from praison_persist_agents import ConversationSessionStore, QueueFullError


class Switch:
    """Turns a store off, or loses the answers of its writes."""

    def __init__(self, store: Any) -> None:
        self.away = False
        self.lose_answers = 0
        self.writes = 0
        for name in ("get_session", "create_session", "update_session", "delete_session", "add_message"):
            setattr(store, name, self._around(getattr(store, name), name))
        for name in ("add_messages", "get_messages", "delete_messages", "list_sessions", "iter_sessions"):
            setattr(store, name, self._around(getattr(store, name), name))

    def _around(self, method: Callable[..., Any], name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if self.away:
                raise UnavailableError("the server does not answer", backend="test", operation=name)
            result = method(*args, **kwargs)
            if name.startswith("add_message"):
                self.writes += 1
                if self.lose_answers:
                    self.lose_answers -= 1
                    raise UnavailableError("the connection broke before the answer", backend="test", operation=name)
            return result

        return call


@pytest.fixture
def database(tmp_path: Path) -> Iterator[tuple[Any, Switch]]:
    with CONVERSATION_STORES.create("sqlite", path=str(tmp_path / "sessions.db")) as store:
        switch = Switch(store)
        yield store, switch
        switch.away = False


@pytest.fixture
def make(database: tuple[Any, Switch]) -> Iterator[Callable[..., ConversationSessionStore]]:
    made: list[ConversationSessionStore] = []

    def make(**options: Any) -> ConversationSessionStore:
        settings = {"retry_delay": 0.02, "max_retry_delay": 0.1, "close_timeout": 0.5, **options}
        made.append(ConversationSessionStore(database[0], **settings))
        return made[-1]

    yield make
    for sessions in made:
        sessions.close()


def contents(sessions: ConversationSessionStore, session_id: str = "s") -> list[Any]:
    return [message["content"] for message in sessions.get_chat_history(session_id)]


def test_messages_of_an_outage_are_stored_in_order_when_it_is_over(
    database: tuple[Any, Switch], make: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    sessions, switch = make(), database[1]
    sessions.add_user_message("s", "before")
    assert sessions.status().state == "ok"
    switch.away = True
    with caplog.at_level(logging.WARNING):
        for number in range(50):
            assert sessions.add_message("s", "user", f"m{number}") is True
        sessions.set_agent_info("s", agent_name="Ada", user_id="u")
        sessions.update_session_metadata("s", model="m")
    assert [record for record in caplog.records if "the database is away" in record.getMessage()][1:] == []
    assert (sessions.status().state, sessions.status().queued) == ("queueing", 52)
    switch.away = False
    switch.writes = 0
    assert sessions.flush(15)
    assert sessions.status().state == "ok"
    assert contents(sessions) == ["before", *(f"m{number}" for number in range(50))]
    session = sessions.get_session("s")
    assert (session.agent_name, session.user_id, session.metadata["model"]) == ("Ada", "u", "m")
    assert switch.writes <= 8  # what waits together is stored together


def test_an_outage_before_the_first_message_loses_nothing(
    database: tuple[Any, Switch], make: Callable[..., Any]
) -> None:
    sessions, switch = make(), database[1]
    switch.away = True
    assert sessions.get_working_history("s") == []
    sessions.set_agent_info("s", agent_name="Ada")
    sessions.add_user_message("s", "one")
    sessions.add_assistant_message("s", "two")
    assert [message["content"] for message in sessions.get_working_history("s")] == ["one", "two"]
    switch.away = False
    end = time.monotonic() + 15
    while sessions.status().queued and time.monotonic() < end:  # a timer stores it, nobody has to call
        time.sleep(0.02)
    assert contents(sessions) == ["one", "two"]


def test_a_message_whose_answer_was_lost_is_stored_once(database: tuple[Any, Switch], make: Callable[..., Any]) -> None:
    sessions, switch = make(), database[1]
    switch.lose_answers = 3
    for text in ("one", "two", "three"):
        sessions.add_user_message("s", text)
    assert sessions.flush(15)
    assert contents(sessions) == ["one", "two", "three"]


def test_reads_and_changes_that_cannot_wait_are_typed_errors_meanwhile(
    database: tuple[Any, Switch], make: Callable[..., Any]
) -> None:
    sessions, switch = make(), database[1]
    sessions.add_user_message("s", "one")
    switch.away = True
    sessions.add_user_message("s", "two")
    calls: list[Callable[[], Any]] = [
        lambda: sessions.get_chat_history("s"),
        lambda: sessions.get_session("s"),
        lambda: sessions.session_exists("s"),
        lambda: sessions.list_sessions(),
        lambda: sessions.search("one"),
        lambda: sessions.clear_session("s"),
        lambda: sessions.delete_session("s"),
        lambda: sessions.create_snapshot("s"),
        lambda: sessions.fork_session("s"),
        lambda: sessions.rename_session("s", "title"),
        lambda: sessions.upsert_partial_assistant_message("s", "part"),
    ]
    for call in calls:
        with pytest.raises(UnavailableError):
            call()
    switch.away = False
    assert sessions.flush(15)
    assert contents(sessions) == ["one", "two"]


def test_the_bound_is_a_loud_typed_error(database: tuple[Any, Switch], make: Callable[..., Any]) -> None:
    sessions, switch = make(queue_limit=2), database[1]
    switch.away = True
    sessions.add_user_message("s", "one")
    sessions.add_user_message("s", "two")
    with pytest.raises(QueueFullError, match="2 writes wait"):
        sessions.add_user_message("s", "three")
    switch.away = False
    assert sessions.flush(15)
    assert contents(sessions) == ["one", "two"]


def test_close_tells_what_it_gave_up_and_ends_the_store(
    database: tuple[Any, Switch], make: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    sessions, switch = make(), database[1]
    switch.away = True
    sessions.add_user_message("s", "one")
    sessions.close()
    assert sessions.status().dropped == 1
    assert any("1 writes were given up" in record.getMessage() for record in caplog.records)
    with pytest.raises(ClosedError):
        sessions.add_user_message("s", "two")


def test_threads_that_write_through_an_outage_lose_and_reorder_nothing(
    database: tuple[Any, Switch], make: Callable[..., Any]
) -> None:
    sessions, switch = make(), database[1]

    def talk(number: int) -> None:
        for turn in range(20):
            sessions.add_user_message(f"s{number}", f"q{turn}")
            sessions.add_assistant_message(f"s{number}", f"a{turn}")
            if number == 0 and turn in (5, 15):
                switch.away = turn == 5
            time.sleep(0.002)

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    switch.away = False
    assert sessions.flush(30)
    for number in range(8):
        assert contents(sessions, f"s{number}") == [t for turn in range(20) for t in (f"q{turn}", f"a{turn}")]


def test_an_unknown_option_is_refused(database: tuple[Any, Switch]) -> None:
    with pytest.raises(TypeError, match="queue_limits"):
        ConversationSessionStore(database[0], queue_limits=3)
