"""A server that dies, hangs or cuts connections costs a typed error at worst, no acknowledged write."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from praison_persist.aio import async_view
from praison_persist.errors import ConfigurationError, OperationTimeoutError, UnavailableError, WrongTypeError
from praison_persist_testkit.running import beats_while
from praison_persist_valkey import ValkeyStateStore


def tell(store: ValkeyStateStore, *command: str) -> None:
    """Send a command of an administrator."""
    ((host, port),) = store._settings.addresses
    with socket.create_connection((host, port), timeout=5) as connection:
        parts = [f"*{len(command)}\r\n", *(f"${len(part)}\r\n{part}\r\n" for part in command)]
        connection.sendall("".join(parts).encode())
        assert connection.recv(1000)[:1] in b"+:"


def test_a_server_killed_and_restarted_under_load_loses_and_doubles_nothing(
    valkey_engine: Any, fresh_prefix: str
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

    with ValkeyStateStore(valkey_engine.url, prefix=fresh_prefix) as store, ThreadPoolExecutor(8) as threads:
        jobs = [threads.submit(work, number) for number in range(8)]
        for _ in range(3):
            time.sleep(0.4)
            valkey_engine.kill()
            time.sleep(0.1)
            valkey_engine.restart()
        time.sleep(0.5)
        stop.set()
        for job in jobs:
            job.result(60)
        assert sum(acknowledged) <= store.get("n") <= sum(acknowledged) + sum(unknown)
        assert len(stored) > 100
        assert store.get_many(stored).keys() == set(stored)


def test_a_connection_cut_while_idle_doubles_nothing(valkey_engine: Any, fresh_prefix: str) -> None:
    with ValkeyStateStore(valkey_engine.url, prefix=fresh_prefix) as store:
        store.set("n", 1)
        tell(store, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(UnavailableError):
                assert store.get("n") == 1
                break
            assert time.monotonic() < deadline
        assert store.incr("n") == 2


def test_a_server_that_is_away_is_said_in_time(fresh_prefix: str) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        with ValkeyStateStore(host="127.0.0.1", port=port, prefix=fresh_prefix, password="hunter22") as store:
            began = time.monotonic()
            with pytest.raises(UnavailableError, match=f"127.0.0.1:{port}") as caught:
                store.get("k")
            assert time.monotonic() - began < 5
            assert caught.value.hint
            assert "hunter22" not in str(caught.value)


def test_a_server_that_never_answers_is_given_up_in_time(silent_port: int) -> None:
    with ValkeyStateStore(host="127.0.0.1", port=silent_port, timeout=0.3, connect_timeout=0.3) as store:
        began = time.monotonic()
        with pytest.raises(OperationTimeoutError):
            store.set("k", 1)
        assert time.monotonic() - began < 5


def test_the_loop_beats_while_a_server_does_not_answer(valkey_engine: Any, fresh_prefix: str) -> None:
    async def main() -> tuple[int, BaseException | None]:
        blocking = ValkeyStateStore(valkey_engine.url, prefix=fresh_prefix, timeout=0.5)
        async with async_view(blocking) as store:
            await store.set("k", 1)
            tell(blocking, "CLIENT", "PAUSE", "1500", "ALL")
            return await beats_while(store.get("k"))

    beats, error = asyncio.run(main())
    assert isinstance(error, OperationTimeoutError)
    assert beats > 15


def test_a_server_that_stops_answering_is_given_up_in_time(valkey_engine: Any, fresh_prefix: str) -> None:
    with ValkeyStateStore(valkey_engine.url, prefix=fresh_prefix, timeout=0.5) as store:
        assert store.incr("n") == 1
        tell(store, "CLIENT", "PAUSE", "1500", "ALL")
        began = time.monotonic()
        with pytest.raises(OperationTimeoutError) as caught:
            store.incr("n")
        assert time.monotonic() - began < 5
        assert caught.value.ambiguous
        time.sleep(1.5)
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(UnavailableError):
                assert store.get("n") in (1, 2)
                break
            assert time.monotonic() < deadline


def test_many_threads_share_one_connection(valkey_url: str, fresh_prefix: str) -> None:
    with ValkeyStateStore(valkey_url, prefix=fresh_prefix) as store, ThreadPoolExecutor(40) as threads:
        assert sorted(threads.map(lambda _: store.incr("n"), range(400))) == list(range(1, 401))


def test_a_forked_child_has_a_connection_of_its_own(valkey_url: str, fresh_prefix: str) -> None:
    # In a process of its own: GLIDE's threads and pytest's must not be forked together.
    code = f"""
import os
from praison_persist_valkey import ValkeyStateStore
from praison_persist_testkit.faults import exit_code_of
with ValkeyStateStore({valkey_url!r}, prefix={fresh_prefix!r}) as store:
    store.set("parent", 1)
    child = os.fork()
    if child == 0:
        store.set("child", 2)
        os._exit(0)
    assert exit_code_of(child) == 0
    assert store.get_many(["parent", "child"]) == {{"parent": 1, "child": 2}}
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_refusal_prints_nothing(valkey_url: str, fresh_prefix: str, capfd: pytest.CaptureFixture[str]) -> None:
    with ValkeyStateStore(valkey_url, prefix=fresh_prefix) as store:
        store.hset("h", "f", 1)
        with pytest.raises(WrongTypeError):
            store.set("h", "private words")
        store.set("wrapped", {"value": 5, "__wrapped__": True})
        with pytest.raises(WrongTypeError):
            store.incr("wrapped")
    assert capfd.readouterr() == ("", "")


def test_a_read_only_server_is_unavailable(valkey_engine: Any, fresh_prefix: str) -> None:
    with ValkeyStateStore(valkey_engine.url, prefix=fresh_prefix, max_retries=0) as store:
        store.set("k", 0)
        tell(store, "REPLICAOF", "127.0.0.1", "1")
        try:
            with pytest.raises(UnavailableError, match=r"(?i)read.?only"):
                store.set("k", 1)
        finally:
            tell(store, "REPLICAOF", "NO", "ONE")
        store.set("k", 1)


def test_a_full_server_is_no_matter_of_type(valkey_engine: Any, fresh_prefix: str) -> None:
    with ValkeyStateStore(valkey_engine.url, prefix=fresh_prefix) as store:
        tell(store, "CONFIG", "SET", "maxmemory", "1000")
        try:
            with pytest.raises(Exception, match="OOM") as caught:
                store.set("k", 1)
        finally:
            tell(store, "CONFIG", "SET", "maxmemory", "0")
        assert not isinstance(caught.value, WrongTypeError)
        assert "maxmemory" in (caught.value.hint or "")  # type: ignore[attr-defined]


def test_the_commands_of_the_readme_are_all_that_it_needs(valkey_engine: Any, fresh_prefix: str) -> None:
    rules = f"~{fresh_prefix}* resetchannels -@all +get +mget +set +del +exists +pttl +pexpire +incrby +eval +scan"
    hashes = "+hget +hset +hgetall +hdel +hlen +info"
    with ValkeyStateStore(valkey_engine.url) as admin:
        tell(admin, "ACL", "SETUSER", "agent", "on", ">secret-word", *rules.split(), *hashes.split())
    url = valkey_engine.url.replace("valkey://", "valkey://agent:secret-word@")
    with ValkeyStateStore(url, prefix=fresh_prefix) as store:
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
        ValkeyStateStore(url.replace("secret-word", "wrong-word"), prefix=fresh_prefix) as wrong,
        pytest.raises(ConfigurationError, match="credentials") as caught,
    ):
        wrong.get("v")
    assert "wrong-word" not in str(caught.value)
    with ValkeyStateStore(url, prefix="other:") as elsewhere, pytest.raises(ConfigurationError):
        elsewhere.get("v")
