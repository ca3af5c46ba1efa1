"""A server that dies, hangs, fails over or cuts connections costs a typed error at worst, no acknowledged write."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from praison_persist.errors import ConfigurationError, InvalidInputError, OperationTimeoutError, UnavailableError
from praison_persist_redis import AsyncRedisStateStore, RedisStateStore
from praison_persist_testkit.faults import exit_code_of


def test_a_server_killed_and_restarted_under_load_loses_and_doubles_nothing(
    redis_engine: Any, fresh_prefix: str
) -> None:
    acknowledged, unknown, stored = [0] * 8, [0] * 8, list[str]()
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

    with RedisStateStore(redis_engine.url, prefix=fresh_prefix) as store, ThreadPoolExecutor(8) as threads:
        jobs = [threads.submit(work, number) for number in range(8)]
        for _ in range(3):
            time.sleep(0.3)
            redis_engine.kill()
            time.sleep(0.1)
            redis_engine.restart()
        time.sleep(0.3)
        stop.set()
        for job in jobs:
            job.result(60)
        assert sum(acknowledged) <= store.get("n") <= sum(acknowledged) + sum(unknown)
        assert len(stored) > 100
        assert store.get_many(stored).keys() == set(stored)


def test_a_connection_cut_while_idle_costs_nothing(redis_engine: Any, fresh_prefix: str) -> None:
    url = redis_engine.url  # of this process alone: all its connections are cut
    with RedisStateStore(url, prefix=fresh_prefix) as store, redis.Redis.from_url(url) as other:
        assert store.incr("n") == 1
        other.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert store.incr("n") == 2


def test_a_server_that_is_away_is_said_at_once(fresh_prefix: str) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        with RedisStateStore(host="127.0.0.1", port=port, prefix=fresh_prefix, password="hunter22") as store:
            began = time.monotonic()
            with pytest.raises(UnavailableError, match=f"127.0.0.1:{port}") as caught:
                store.get("k")
            assert time.monotonic() - began < 5
            assert "hunter22" not in str(caught.value)
            assert not caught.value.ambiguous


@pytest.mark.parametrize("kind", ["redis", "redis+cluster", "redis+sentinel"])
def test_none_of_the_servers_being_there_is_said_at_once(kind: str) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        path = "/praison" if kind == "redis+sentinel" else ""
        url = f"{kind}://:hunter22@127.0.0.1:{reserved.getsockname()[1]}{path}"

        async def ask() -> None:
            async with AsyncRedisStateStore(url) as store:
                await store.get("k")

        def ask_blocking() -> None:
            with RedisStateStore(url) as store:
                store.get("k")

        for asked in (ask_blocking, lambda: asyncio.run(ask())):
            began = time.monotonic()
            with pytest.raises(UnavailableError) as caught:
                asked()
            assert time.monotonic() - began < 5
            assert "hunter22" not in str(caught.value)
            assert len(str(caught.value)) < 300


def test_a_server_that_never_answers_is_given_up_in_time(silent_port: int) -> None:
    with RedisStateStore(host="127.0.0.1", port=silent_port, timeout=0.3, connect_timeout=0.3) as store:
        began = time.monotonic()
        with pytest.raises(OperationTimeoutError):
            store.set("k", 1)
        assert time.monotonic() - began < 5


def test_an_awaited_server_that_never_answers_is_given_up_in_time(silent_port: int) -> None:
    async def main() -> None:
        async with AsyncRedisStateStore(host="127.0.0.1", port=silent_port, timeout=0.3, connect_timeout=0.3) as store:
            with pytest.raises(OperationTimeoutError):
                await store.set("k", 1)

    began = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began < 5


def test_more_threads_than_connections_wait_for_their_turn(redis_url: str, fresh_prefix: str) -> None:
    with RedisStateStore(redis_url, prefix=fresh_prefix, pool_size=2) as store, ThreadPoolExecutor(40) as threads:
        assert sorted(threads.map(lambda _: store.incr("n"), range(400))) == list(range(1, 401))


def test_two_event_loops_in_turn_use_one_store(redis_url: str, fresh_prefix: str) -> None:
    store = AsyncRedisStateStore(redis_url, prefix=fresh_prefix)
    assert asyncio.run(store.incr("n")) == 1
    assert asyncio.run(store.incr("n")) == 2
    asyncio.run(store.close())


def test_a_forked_child_has_connections_of_its_own(redis_url: str, fresh_prefix: str) -> None:
    with RedisStateStore(redis_url, prefix=fresh_prefix) as store:
        store.set("parent", 1)
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                store.set("child", 2)
                os._exit(0)
            os._exit(1)
        assert exit_code_of(child) == 0
        assert store.get_many(["parent", "child"]) == {"parent": 1, "child": 2}


def test_a_master_that_dies_is_replaced_by_its_replica(redis_sentinel_engine: Any, fresh_prefix: str) -> None:
    master, replica = redis_sentinel_engine.servers

    def until(done: Any, *, seconds: float = 40) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def stored() -> bool:
        with contextlib.suppress(UnavailableError, OperationTimeoutError):
            store.set("after", 2)
            return True
        return False

    with RedisStateStore(redis_sentinel_engine.url, prefix=fresh_prefix) as store:
        store.set("before", 1)
        with redis.Redis.from_url(replica.url) as copy:
            until(lambda: copy.exists(f"{fresh_prefix}before"))
        master.kill()
        until(stored)
        assert store.get_many(["before", "after"]) == {"before": 1, "after": 2}


def test_the_commands_of_the_readme_are_all_that_it_needs(redis_engine: Any, fresh_prefix: str) -> None:
    rules = f"~{fresh_prefix}* resetchannels -@all +get +mget +set +del +exists +pttl +pexpire +incrby +eval +scan"
    hashes = "+hget +hset +hgetall +hdel +hlen"
    with redis.Redis.from_url(redis_engine.url) as admin:
        admin.execute_command("ACL", "SETUSER", "agent", "on", ">secret-word", *rules.split(), *hashes.split())
    url = redis_engine.url.replace("redis://", "redis://agent:secret-word@")
    with RedisStateStore(url, prefix=fresh_prefix) as store:
        store.set("v", {"a": 1}, ttl=100)
        assert store.compare_and_set("v", {"a": 1}, 5)
        assert store.incr("v") == 6
        assert store.expire("v", 50)
        assert store.ttl("v")
        store.hset("h", "f", None)
        assert store.hgetall("h") == {"f": None}
        assert store.hget("h", "f") is None
        assert store.keys() == ["h", "v"]
        assert store.get_many(["v"]) == {"v": 6}
        store.set_many({"v": 1, "w": 2})
        assert store.hdel("h", "f") == 1
        assert store.delete("v")
        assert not store.exists("v")
    with (
        RedisStateStore(url.replace("secret-word", "wrong-word"), prefix=fresh_prefix) as wrong,
        pytest.raises(ConfigurationError, match="credentials") as caught,
    ):
        wrong.get("v")
    assert "wrong-word" not in str(caught.value)
    with RedisStateStore(url, prefix="other:") as elsewhere, pytest.raises(ConfigurationError):
        elsewhere.get("v")


def test_what_is_too_large_is_refused_before_anything_is_written(
    redis_url: str, fresh_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("praison_persist.state_engines.commands.LONGEST", 1000)  # of 512 MiB
    with RedisStateStore(redis_url, prefix=fresh_prefix) as store:
        store.set("large", "é" * 499)
        for call in (
            lambda: store.set("k", "é" * 500),
            lambda: store.set_many({"small": 1, "k": "x" * 999}),
            lambda: store.hset("h", "f", "x" * 999),
            lambda: store.compare_and_set("large", "é" * 499, "x" * 999),
        ):
            with pytest.raises(InvalidInputError, match="takes 100"):
                call()
        assert store.keys() == ["large"]
        assert store.get("large") == "é" * 499
