"""The adapter on a PostgreSQL that is killed and comes back.

``PRAISON_PERSIST_TEST_OUTAGE`` sets the seconds between.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Any

from praison_persist_agents.adapter.factory import db

OUTAGE = float(os.environ.get("PRAISON_PERSIST_TEST_OUTAGE", "3"))


def contents(database: Any, session_id: str) -> list[Any]:
    return [message["content"] for message in database.export_session(session_id)["messages"]]


def test_a_server_that_is_down_before_the_first_turn(postgres_engine: Any, fresh_prefix: str) -> None:
    postgres_engine.kill()
    with db(postgres_engine.url, table_prefix=fresh_prefix, hook_timeout=20.0, close_timeout=30.0) as database:
        try:
            assert database.on_agent_start("A", "s") == []
            database.on_run_start("s", "r", "q")
            database.on_agent_message("s", "a")
            database.on_run_end("s", "r", "a")
            assert database.status().state == "queueing"
            assert database.status().dropped == 0
        finally:
            postgres_engine.restart()
        assert database.flush(90)
        assert contents(database, "s") == ["q", "a"]
        assert [run.status for run in database.get_runs("s")] == ["completed"]


def test_an_outage_in_mid_run_under_twenty_agents(postgres_engine: Any, fresh_prefix: str) -> None:
    # The bound is far above what these agents say meanwhile: they never wait for a model.
    limits = {"hook_timeout": 20.0, "close_timeout": 60.0, "queue_limit": 100_000}
    database = db(postgres_engine.url, table_prefix=fresh_prefix, **limits)
    running = threading.Event()
    accepted: dict[int, int] = {}
    refused: list[BaseException] = []
    states: set[str] = set()
    longest = 0.0

    def agent(number: int) -> None:
        nonlocal longest
        session = f"s{number}"
        turn = 0
        while not running.is_set():
            began = time.monotonic()
            try:
                if turn == 0:
                    database.on_agent_start(f"A{number}", session)
                database.on_run_start(session, f"r{turn}", f"q{turn}", {"agent_name": f"A{number}"})
                database.on_agent_message(session, f"a{turn}")
                database.on_run_end(session, f"r{turn}", f"a{turn}")
            except BaseException as error:
                refused.append(error)
                return
            longest = max(longest, time.monotonic() - began)
            turn += 1
            accepted[number] = turn
            states.add(database.status().state)
            time.sleep(0.2)

    threads = [threading.Thread(target=agent, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    time.sleep(1.5)
    postgres_engine.kill()
    try:
        time.sleep(OUTAGE)
    finally:
        postgres_engine.restart()
    time.sleep(1.0)
    running.set()
    for thread in threads:
        thread.join(120)
    assert refused == []
    assert database.flush(120), database.status()
    assert "queueing" in states
    assert database.status().state == "ok"
    assert (database.status().rejected, database.status().dropped) == (0, 0)
    for number, turns in accepted.items():
        expected = [text for turn in range(turns) for text in (f"q{turn}", f"a{turn}")]
        assert contents(database, f"s{number}") == expected
    print(f"{sum(accepted.values())} turns, longest {longest:.1f} s, states {sorted(states)}")
    database.close()
