"""A service that dies, hangs or cuts connections costs a typed error at worst: no acknowledged write, no sum twice."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import grpc
import pytest

from praison_persist.errors import ConfigurationError, InvalidInputError, OperationTimeoutError, UnavailableError
from praison_persist_firestore import AsyncFirestoreStateStore, FirestoreStateStore


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch, silent_port: int) -> None:
    """A service that accepts and never answers."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{silent_port}")


def test_a_service_killed_and_restarted_under_load_loses_and_doubles_nothing(
    firestore_engine: Any, fresh_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", urlsplit(firestore_engine.url).netloc)
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

    with FirestoreStateStore(collection=fresh_prefix) as store, ThreadPoolExecutor(4) as threads:
        jobs = [threads.submit(work, number) for number in range(4)]
        for _ in range(3):
            time.sleep(0.5)
            firestore_engine.kill()
            time.sleep(0.1)
            firestore_engine.restart()
        time.sleep(2)
        stop.set()
        for job in jobs:
            job.result(60)
        total, end = None, time.monotonic() + 30
        while total is None and time.monotonic() < end:  # a busy machine may need longer than two seconds
            with contextlib.suppress(UnavailableError):
                total = store.get("n")
        assert sum(acknowledged) <= (total or 0) <= sum(acknowledged) + sum(unknown)
        assert len(stored) > 20
        assert store.get_many(stored).keys() == set(stored)


def test_a_service_that_is_away_is_said_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{reserved.getsockname()[1]}"
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", host)
        with FirestoreStateStore() as store:
            began = time.monotonic()
            with pytest.raises(UnavailableError, match=host) as caught:
                store.get("k")
            assert time.monotonic() - began < 6
            assert not caught.value.ambiguous


@pytest.mark.usefixtures("silent")
def test_a_service_that_never_answers_is_given_up_in_time() -> None:
    with FirestoreStateStore(timeout=0.3) as store:
        began = time.monotonic()
        with pytest.raises(OperationTimeoutError) as caught:
            store.set("k", 1)
        assert time.monotonic() - began < 5
        assert caught.value.ambiguous


@pytest.mark.usefixtures("silent")
def test_an_awaited_service_that_never_answers_is_given_up_in_time() -> None:
    async def main() -> None:
        async with AsyncFirestoreStateStore(timeout=0.3) as store:
            with pytest.raises(OperationTimeoutError):
                await store.set("k", 1)

    began = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began < 5


def test_a_connection_that_is_cut_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def cut() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    connection.recv(65536)
                    connection.close()

        threading.Thread(target=cut, daemon=True).start()
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{server.getsockname()[1]}")
        with FirestoreStateStore(timeout=2) as store, pytest.raises(UnavailableError) as caught:
            store.set("k", 1)
        assert caught.value.ambiguous


@pytest.fixture
def refused(firestore: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """What a proxy, in the environment, does with the next calls: True says that a quota is exceeded."""
    plan: list[bool] = []
    channel = grpc.insecure_channel(firestore)

    def handler(details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        method = details.method

        def answer(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
            if plan and plan.pop(0):
                context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "slow down")
            yield from channel.unary_stream(method)(request, metadata=details.invocation_metadata)

        return grpc.unary_stream_rpc_method_handler(answer)

    class Everything(grpc.GenericRpcHandler):
        def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
            return handler(handler_call_details)

    server = grpc.server(ThreadPoolExecutor(4), handlers=[Everything()])
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
    server.start()
    yield plan
    server.stop(None).wait()
    channel.close()


def test_throttling_is_waited_out(refused: list[bool], fresh_prefix: str) -> None:
    async def counted() -> int:
        async with AsyncFirestoreStateStore(collection=fresh_prefix) as store:
            return await store.incr("n")

    with FirestoreStateStore(collection=fresh_prefix) as store:
        store.set("k", 1)
        for throttled in ([True], [False, True], [True, True]):  # the read of a sum; its write; and twice
            refused[:] = throttled
            store.incr("n")
            assert not refused
    refused[:] = [True, True]
    assert asyncio.run(counted()) == 4


def test_throttling_that_does_not_end_is_said(refused: list[bool], fresh_prefix: str) -> None:
    refused[:] = [True] * 2
    with (
        FirestoreStateStore(collection=fresh_prefix, max_retries=1) as store,
        pytest.raises(UnavailableError, match="slow down") as caught,
    ):
        store.set("k", 1)
    assert "quota" in (caught.value.hint or "")
    assert not refused


@pytest.mark.usefixtures("firestore")
def test_what_is_too_large_is_refused_before_anything_is_written(fresh_prefix: str) -> None:
    with FirestoreStateStore(collection=fresh_prefix) as store:
        store.set("large", "x" * 1_048_000)
        for call in (
            lambda: store.set("k", "x" * 1_048_577),
            lambda: store.set_many({"small": 1, "k": "x" * 1_048_577}),
            lambda: store.hset("h", "f", "x" * 1_048_577),
            lambda: store.set("/" * 600, 1),
        ):
            with pytest.raises(InvalidInputError):
                call()
        assert store.keys() == ["large"]


@pytest.mark.usefixtures("firestore")
def test_many_large_values_travel_in_several_requests(fresh_prefix: str) -> None:
    values = {f"k{i:02}": f"{i % 10}" * 1_000_000 for i in range(12)}
    with FirestoreStateStore(collection=fresh_prefix, timeout=30) as store:
        store.set_many(values)
        assert store.get_many(values) == values


@pytest.mark.usefixtures("firestore")
def test_what_others_wrote_meanwhile_is_replaced_or_refused_all_the_same(fresh_prefix: str) -> None:
    with (
        FirestoreStateStore(collection=fresh_prefix) as store,
        FirestoreStateStore(collection=fresh_prefix) as other,
    ):
        store.set_many({"a": 1, "b": 1})
        other.set("a", 2)
        store.set_many({"a": 3, "b": 3})
        assert other.get_many(["a", "b"]) == {"a": 3, "b": 3}
        assert other.delete("a")
        store.set("a", 4)
        assert other.get("a") == 4


@pytest.mark.usefixtures("firestore")
def test_two_event_loops_in_turn_use_one_store(fresh_prefix: str) -> None:
    store = AsyncFirestoreStateStore(collection=fresh_prefix)
    assert asyncio.run(store.incr("n")) == 1
    assert asyncio.run(store.incr("n")) == 2
    asyncio.run(store.close())


def test_a_missing_credentials_file_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FIRESTORE_EMULATOR_HOST", raising=False)
    with (
        FirestoreStateStore("p", credentials_path="/no/such/file.json") as store,
        pytest.raises(ConfigurationError, match="service account"),
    ):
        store.get("k")


FORK = """
import os, sys
from praison_persist_firestore import FirestoreStateStore
from praison_persist_testkit.faults import exit_code_of

with FirestoreStateStore(collection=sys.argv[1]) as store:
    child = os.fork()  # before the first call: gRPC itself does not survive a fork with open channels
    if child == 0:
        store.set("child", 2)
        os._exit(0)
    assert exit_code_of(child) == 0
    assert store.get("child") == 2
"""


@pytest.mark.usefixtures("firestore")
def test_a_forked_child_has_connections_of_its_own(fresh_prefix: str) -> None:
    # In a process of its own: a gRPC server or channel of another test would not survive the fork.
    subprocess.run([sys.executable, "-c", FORK, fresh_prefix], check=True, timeout=60)
