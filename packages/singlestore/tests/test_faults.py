"""Connections killed inside statements, a server restarted, a pool that is too small: every message is stored once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any

import pytest
import singlestoredb
from singlestoredb.exceptions import Error

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import UnavailableError


@pytest.fixture(params=["mariadb", "singlestore"])
def engine(request: pytest.FixtureRequest) -> Any:
    """A server of this process alone."""
    return request.getfixturevalue(f"{request.param}_engine")


def message(id_: str) -> ConversationMessage:
    return ConversationMessage(id=id_, role="user", content=id_)


def test_connections_killed_between_calls_cost_no_message(over_mysql: Any, engine: Any, fresh_prefix: str) -> None:
    with over_mysql(engine.start(), table_prefix=fresh_prefix, pool_size=1, retry_delay=0.05) as store:
        store.create_session(ConversationSession("s"))
        with singlestoredb.connect(**store._settings.arguments) as admin:
            database = store._settings.arguments["database"]
            for number in range(4):
                store.add_message("s", message(str(number)))
                cursor = admin.cursor()
                cursor.execute("SHOW PROCESSLIST")
                for id_ in [row[0] for row in cursor.fetchall() if (row[3], row[4]) == (database, "Sleep")]:
                    cursor.execute(f"KILL {id_}")
        assert [found.id for found in store.get_messages("s")] == list("0123")


def test_connections_killed_inside_statements_cost_no_message(over_mysql: Any, engine: Any, fresh_prefix: str) -> None:
    killed, done = 0, threading.Event()
    options = {"table_prefix": fresh_prefix, "pool_size": 8, "max_retries": 8, "retry_delay": 0.05}
    with over_mysql(engine.start(), **options) as store:
        store.create_session(ConversationSession("s"))
        arguments = store._settings.arguments
        with closing(singlestoredb.connect(**arguments)) as admin, ThreadPoolExecutor(9) as threads:

            def write(number: int) -> list[str]:
                told: list[str] = []
                batch = 0
                while batch < 8 or (killed <= 8 and batch < 1000):
                    batch += 1
                    with suppress(UnavailableError):
                        some = store.add_messages("s", [message(f"{number}-{batch}-{k}") for k in range(3)])
                        told += [one.id for one in some]
                return told

            def murder() -> None:
                nonlocal killed
                cursor: Any = admin.cursor()
                cursor.execute("SELECT CONNECTION_ID()")
                mine = cursor.fetchone()[0]
                while not done.wait(0.03):
                    cursor.execute("SHOW PROCESSLIST")
                    for row in cursor.fetchall():
                        if row[3] == arguments["database"] and row[0] != mine:
                            with suppress(Error):  # it ended by itself
                                cursor.execute(f"KILL {row[0]}")
                                killed += 1

            murderer = threads.submit(murder)
            acknowledged = [id_ for told in threads.map(write, range(8)) for id_ in told]
            done.set()
            murderer.result()
        stored = [found.id for found in store.get_messages("s")]
    assert killed > 8
    assert acknowledged
    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))


def test_a_server_restarted_under_sixteen_writers_loses_and_repeats_nothing(
    over_mysql: Any, engine: Any, fresh_prefix: str
) -> None:
    options = {"table_prefix": fresh_prefix, "pool_size": 5, "max_retries": 30, "retry_delay": 0.2}
    with over_mysql(engine.start(), **options) as store:
        store.create_session(ConversationSession("s"))
        acknowledged: list[str] = []

        def write(number: int) -> None:
            for i in range(10):
                store.add_message("s", message(f"{number}-{i}"))
                acknowledged.append(f"{number}-{i}")

        with ThreadPoolExecutor(16) as threads:
            writing = [threads.submit(write, number) for number in range(16)]
            while len(acknowledged) < 30 and not all(each.done() for each in writing):
                time.sleep(0.01)
            engine.kill()
            engine.restart()
            for each in writing:
                each.result()
        stored = [found.id for found in store.get_messages("s")]
    assert len(stored) == 160
    assert sorted(stored) == sorted(acknowledged)


def test_a_pool_of_three_serves_sixty_threads(store_class: Any, server_url: str, fresh_prefix: str) -> None:
    with store_class(server_url, table_prefix=fresh_prefix, pool_size=3) as store:

        def use(number: int) -> int:
            store.create_session(ConversationSession(f"s{number}"))
            for i in range(3):
                store.add_message(f"s{number}", message(str(i)))
            return len(store.get_messages(f"s{number}"))

        with ThreadPoolExecutor(60) as threads:
            assert list(threads.map(use, range(60))) == [3] * 60
