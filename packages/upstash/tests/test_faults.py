"""A service that dies, hangs, throttles or fails costs a typed error at worst, no acknowledged write."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from praison_persist.errors import (
    ConfigurationError,
    InvalidInputError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
    WrongTypeError,
)
from praison_persist_testkit.faults import exit_code_of
from praison_persist_upstash import AsyncUpstashStateStore, UpstashStateStore

Make = Callable[..., Any]


@pytest.fixture
def silent(silent_port: int) -> str:
    """The URL of a port that accepts and never answers."""
    return f"http://127.0.0.1:{silent_port}"


def test_a_service_killed_and_restarted_under_load_loses_and_doubles_nothing(
    make_upstash: Make, fresh_prefix: str
) -> None:
    service = make_upstash()
    acknowledged, unknown, stored = [0] * 4, [0] * 4, list[str]()
    stop = threading.Event()

    def work(number: int) -> None:
        for i in itertools.count():
            if stop.is_set():
                return
            try:
                store.set(f"{number}:{i}", i)
                stored.append(f"{number}:{i}")
                store.incr("n")
                acknowledged[number] += 1
            except UnavailableError as error:
                unknown[number] += error.ambiguous and error.operation == "incr"
                time.sleep(0.01)

    with (
        UpstashStateStore(service.url, service.token, prefix=fresh_prefix) as store,
        ThreadPoolExecutor(4) as threads,
    ):
        jobs = [threads.submit(work, number) for number in range(4)]
        for _ in range(3):
            time.sleep(0.4)
            service.kill()
            time.sleep(0.1)
            service.start()
        time.sleep(0.4)
        stop.set()
        for job in jobs:
            job.result(60)
        assert sum(acknowledged) <= store.get("n") <= sum(acknowledged) + sum(unknown)
        assert len(stored) > 20
        assert store.get_many(stored).keys() == set(stored)


def test_a_service_that_is_away_is_said_in_time() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        with UpstashStateStore(url, "secret-token") as store:
            began = time.monotonic()
            with pytest.raises(UnavailableError, match=url) as caught:
                store.get("k")
            assert time.monotonic() - began < 5
            assert "secret-token" not in str(caught.value)
            assert not caught.value.ambiguous


def test_a_service_that_never_answers_is_given_up_in_time(silent: str) -> None:
    with UpstashStateStore(silent, "t", timeout=0.3) as store:
        began = time.monotonic()
        with pytest.raises(OperationTimeoutError) as caught:
            store.set("k", 1)
        assert time.monotonic() - began < 5
        assert caught.value.ambiguous


def test_an_awaited_service_that_never_answers_is_given_up_in_time(silent: str) -> None:
    async def main() -> None:
        async with AsyncUpstashStateStore(silent, "t", timeout=0.3) as store:
            with pytest.raises(OperationTimeoutError):
                await store.set("k", 1)

    began = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began < 5


def test_a_connection_closed_halfway_is_said(script: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def cut() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
                    connection.close()

        threading.Thread(target=cut, daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with UpstashStateStore(url, "t") as store, pytest.raises(UnavailableError) as caught:
            store.incr("n")
        assert caught.value.ambiguous
        server.close()


def test_throttling_is_waited_out_and_adds_once(script: Make) -> None:
    service = script((429, {"error": "too many requests"}), (429, "slow down"), (200, {"result": 5}))
    with UpstashStateStore(service.url, "t", retry_delay=0.01) as store:
        assert store.incr("n", 5) == 5
    assert len(service.seen) == 3


def test_throttling_that_does_not_end_is_said(script: Make) -> None:
    service = script((429, {"error": "too many requests"}))
    with UpstashStateStore(service.url, "t", retry_delay=0.01) as store:
        with pytest.raises(UnavailableError, match="429") as caught:
            store.set("k", 1)
        assert not caught.value.ambiguous
    assert len(service.seen) == 4


def test_a_failing_service_is_asked_again_only_where_that_is_harmless(script: Make) -> None:
    service = script((503, "<html>"), (200, {"result": None}))
    with UpstashStateStore(service.url, "t", retry_delay=0.01) as store:
        assert store.get("k") is None
    assert len(service.seen) == 2
    failing = script((500, {"error": "internal"}))
    with UpstashStateStore(failing.url, "t", retry_delay=0.01) as store:
        with pytest.raises(UnavailableError, match="500") as caught:
            store.incr("n")
        assert caught.value.ambiguous
    assert len(failing.seen) == 1


def test_an_awaited_failing_service_is_asked_again(script: Make) -> None:
    service = script((502, "bad gateway"), (429, "slow down"), (200, {"result": None}))

    async def main() -> None:
        async with AsyncUpstashStateStore(service.url, "t", retry_delay=0.01) as store:
            assert await store.get("k") is None

    asyncio.run(main())
    assert len(service.seen) == 3


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (200, "<html>Welcome to the hotel</html>", UnavailableError),
        (301, "", ConfigurationError),
        (401, {"error": "Unauthorized"}, ConfigurationError),
        (404, {"error": "not found"}, ConfigurationError),
        (413, "too large", InvalidInputError),
        (400, {"error": "NOPERM this user has no permissions"}, ConfigurationError),
        (400, {"error": "WRONGPASS invalid token"}, ConfigurationError),
        (400, {"error": "ERR max requests limit exceeded. Limit: 500000, Usage: 500000."}, PersistError),
        (400, {"error": "ERR max request size exceeded. Limit: 10 bytes"}, InvalidInputError),
        (400, {"error": "ERR anything else"}, PersistError),
    ],
)
def test_every_answer_has_its_error(script: Make, status: int, answer: Any, kind: type[PersistError]) -> None:
    service = script((status, answer))
    with UpstashStateStore(service.url, "t", max_retries=0) as store, pytest.raises(kind) as caught:
        store.get("k")
    assert service.url in str(caught.value) or "ERR anything else" in str(caught.value)


def test_what_is_too_large_is_refused_before_it_is_sent(script: Make) -> None:
    service = script((200, {"result": None}))
    with UpstashStateStore(service.url, "t", max_request_size=1000) as store:
        with pytest.raises(InvalidInputError, match="1000"):
            store.set("k", "x" * 1000)
        with pytest.raises(InvalidInputError, match="1000"):
            store.set_many({"small": 1, "large": "x" * 1000})
    assert service.seen == []


def test_many_large_values_travel_in_several_requests(make_upstash: Make, fresh_prefix: str) -> None:
    service = make_upstash()
    values = {f"k{i}": f"{i}" * 300_000 for i in range(8)}
    with UpstashStateStore(service.url, service.token, prefix=fresh_prefix) as store:
        store.set_many(values)
        assert store.get_many(values) == values


def test_a_hash_among_many_keys_is_named(upstash: Any, fresh_prefix: str) -> None:
    with UpstashStateStore(upstash.url, upstash.token, prefix=fresh_prefix) as store:
        store.hset("k3", "f", 1)
        with pytest.raises(WrongTypeError, match="k3"):
            store.set_many({f"k{i}": i for i in range(8)})
        with pytest.raises(WrongTypeError, match="k3"):
            store.get_many([f"k{i}" for i in range(8)])
        assert store.get("k7") == 7


def test_two_event_loops_in_turn_use_one_store(upstash: Any, fresh_prefix: str) -> None:
    store = AsyncUpstashStateStore(upstash.url, upstash.token, prefix=fresh_prefix)
    assert asyncio.run(store.incr("n")) == 1
    assert asyncio.run(store.incr("n")) == 2
    asyncio.run(store.close())


def test_a_forked_child_has_connections_of_its_own(upstash: Any, fresh_prefix: str) -> None:
    with UpstashStateStore(upstash.url, upstash.token, prefix=fresh_prefix) as store:
        store.set("parent", 1)
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                store.set("child", 2)
                os._exit(0)
            os._exit(1)
        assert exit_code_of(child) == 0
        assert store.get_many(["parent", "child"]) == {"parent": 1, "child": 2}
