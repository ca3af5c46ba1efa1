"""A server that dies, hangs or cuts connections costs a typed error at worst, no acknowledged write."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pymongo
import pytest

from praison_persist.errors import InvalidInputError, OperationTimeoutError, UnavailableError, WrongTypeError
from praison_persist_mongodb import AsyncMongoDBStateStore, MongoDBStateStore
from praison_persist_testkit.faults import exit_code_of


@pytest.fixture
def silent(silent_port: int) -> str:
    """The URL of a port that accepts and never answers."""
    return f"mongodb://ada:s3cret@127.0.0.1:{silent_port}"


def test_a_server_killed_and_restarted_under_load_loses_and_doubles_nothing(
    mongodb_engine: Any, fresh_prefix: str
) -> None:
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

    with MongoDBStateStore(mongodb_engine.url, prefix=fresh_prefix) as store, ThreadPoolExecutor(4) as threads:
        jobs = [threads.submit(work, number) for number in range(4)]
        for _ in range(3):
            time.sleep(0.5)
            mongodb_engine.kill()
            time.sleep(0.1)
            mongodb_engine.restart()
        time.sleep(0.5)
        stop.set()
        for job in jobs:
            job.result(60)
        assert sum(acknowledged) <= store.get("n") <= sum(acknowledged) + sum(unknown)
        assert len(stored) >= 8
        assert store.get_many(stored).keys() == set(stored)


def test_a_server_that_is_away_is_said_in_time() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{reserved.getsockname()[1]}"
        with MongoDBStateStore(f"mongodb://ada:s3cret@{place}") as store:
            began = time.monotonic()
            with pytest.raises(UnavailableError, match=place) as caught:
                store.set("k", 1)
            assert time.monotonic() - began < 5
            assert "s3cret" not in str(caught.value)
            assert not caught.value.ambiguous


def test_a_server_that_never_answers_is_given_up_in_time(silent: str) -> None:
    with MongoDBStateStore(silent, timeout=0.5, connect_timeout=0.5) as store:
        began = time.monotonic()
        with pytest.raises(OperationTimeoutError) as caught:
            store.set("k", 1)
        assert time.monotonic() - began < 5
        assert "s3cret" not in str(caught.value)


def test_an_awaited_server_that_never_answers_is_given_up_in_time(silent: str) -> None:
    async def main() -> None:
        async with AsyncMongoDBStateStore(silent, timeout=0.5, connect_timeout=0.5) as store:
            with pytest.raises(OperationTimeoutError):
                await store.set("k", 1)

    began = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began < 5


class Relay:
    """Passes bytes on to a server until it is told to cut answers off, or to keep them."""

    def __init__(self, port: int) -> None:
        self.mood = "pass"
        self._target = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"mongodb://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
                threading.Thread(target=self._pump, args=(client, server, False), daemon=True).start()
                threading.Thread(target=self._pump, args=(server, client, True), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if answers and self.mood == "cut":
                    self.mood = "pass"
                    break
                if answers and self.mood == "hang":
                    continue
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@pytest.fixture
def relay(mongodb_url: str) -> Iterator[Relay]:
    found = Relay(pymongo.uri_parser.parse_uri(mongodb_url)["nodelist"][0][1])
    yield found
    found.close()


def test_an_answer_that_is_lost_adds_once(relay: Relay, fresh_prefix: str) -> None:
    with MongoDBStateStore(relay.url, prefix=fresh_prefix) as store:
        assert store.incr("n") == 1
        for expected in range(2, 8):
            relay.mood = "cut"
            assert store.incr("n") == expected
        relay.mood = "cut"
        assert store.compare_and_set("n", 7, "done")
        assert store.get("n") == "done"


def test_an_answer_that_does_not_come_is_given_up_and_said_to_be_unknown(relay: Relay, fresh_prefix: str) -> None:
    with MongoDBStateStore(relay.url, prefix=fresh_prefix, timeout=0.5) as store:
        store.set("k", 1)
        relay.mood = "hang"
        began = time.monotonic()
        with pytest.raises(OperationTimeoutError) as caught:
            store.set("k", 2)
        assert time.monotonic() - began < 5
        assert caught.value.ambiguous
        relay.mood = "pass"


def test_what_is_too_large_is_refused_before_any_of_the_batch_is_written(mongodb_url: str, fresh_prefix: str) -> None:
    with MongoDBStateStore(mongodb_url, prefix=fresh_prefix, timeout=30) as store:
        with pytest.raises(InvalidInputError, match="16777216"):
            store.set_many({"a": 1, "b": "x" * (16 * 1024 * 1024)})
        with pytest.raises(InvalidInputError, match="16777216"):
            store.hset("h", "f", "ü" * (8 * 1024 * 1024))
        assert store.keys() == []


def test_a_hash_in_the_way_of_a_batch_is_named_and_the_others_are_stored(mongodb_url: str, fresh_prefix: str) -> None:
    with MongoDBStateStore(mongodb_url, prefix=fresh_prefix) as store:
        store.hset("k3", "f", 1)
        with pytest.raises(WrongTypeError, match="k3"):
            store.set_many({f"k{i}": i for i in range(8)})
        assert store.get("k7") == 7
        assert store.hgetall("k3") == {"f": 1}


def test_many_writers_of_one_new_key_meet_no_duplicate(mongodb_url: str, fresh_prefix: str) -> None:
    with MongoDBStateStore(mongodb_url, prefix=fresh_prefix, pool_size=16) as store, ThreadPoolExecutor(16) as threads:
        for number in range(10):
            list(threads.map(lambda i, key=f"k{number}": store.set(key, i), range(16)))
            assert store.get(f"k{number}") in range(16)


def test_two_event_loops_in_turn_use_one_store(mongodb_url: str, fresh_prefix: str) -> None:
    store = AsyncMongoDBStateStore(mongodb_url, prefix=fresh_prefix)
    assert asyncio.run(store.incr("n")) == 1
    assert asyncio.run(store.incr("n")) == 2
    asyncio.run(store.close())


def test_a_forked_child_has_connections_of_its_own(mongodb_url: str, fresh_prefix: str) -> None:
    with MongoDBStateStore(mongodb_url, prefix=fresh_prefix) as store:
        store.set("parent", 1)
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                store.set("child", 2)
                os._exit(0)
            os._exit(1)
        assert exit_code_of(child) == 0
        assert store.get_many(["parent", "child"]) == {"parent": 1, "child": 2}
