"""A service that dies, hangs, throttles or cuts connections costs a typed error at worst: no acknowledged write."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from praison_persist.aio import async_view
from praison_persist.errors import ConfigurationError, InvalidInputError, OperationTimeoutError, UnavailableError
from praison_persist_gcs import GCSStateStore
from praison_persist_testkit.faults import exit_code_of
from praison_persist_testkit.running import beats_while

BUCKET = "some-bucket"


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[str]]]:
    """Make a service that gives these statuses in order, the last one for ever; the list of what came."""
    servers: list[ThreadingHTTPServer] = []

    def make(*statuses: int) -> list[str]:
        seen: list[str] = []
        left = list(statuses)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(handler) -> None:
                handler.rfile.read(int(handler.headers.get("content-length") or 0))
                seen.append(handler.command)
                status = left.pop(0) if len(left) > 1 else left[0]
                found = {"name": "k", "generation": "5"} if status == 200 else {"error": {"message": "slow down"}}
                data = json.dumps(found).encode()
                handler.send_response(status)
                handler.send_header("content-length", str(len(data)))
                handler.end_headers()
                handler.wfile.write(data)

            do_GET = do_POST = do_DELETE = answer

            def log_message(handler, *args: object) -> None:
                """Keep quiet."""

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        servers[-1].daemon_threads = True
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{servers[-1].server_address[1]}")
        return seen

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_service_killed_and_restarted_under_load_loses_and_doubles_nothing(
    gcs_engine: Any, make_bucket: Callable[[str], str], fresh_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_engine.url)
    bucket = make_bucket(gcs_engine.url)
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

    with GCSStateStore(bucket, fresh_prefix, retry_delay=0.05) as store, ThreadPoolExecutor(4) as threads:
        jobs = [threads.submit(work, number) for number in range(4)]
        for _ in range(3):
            time.sleep(0.5)
            gcs_engine.kill()
            time.sleep(0.1)
            gcs_engine.restart()
        time.sleep(2)
        stop.set()
        for job in jobs:
            job.result(60)
        assert sum(acknowledged) <= store.get("n") <= sum(acknowledged) + sum(unknown)
        assert len(stored) > 20
        assert store.get_many(stored).keys() == set(stored)


def test_a_service_that_is_away_is_said_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        with GCSStateStore(BUCKET) as store:
            began = time.monotonic()
            with pytest.raises(UnavailableError, match=url) as caught:
                store.get("k")
            assert time.monotonic() - began < 6
            assert not caught.value.ambiguous


def test_a_service_that_never_answers_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{server.getsockname()[1]}")
        with GCSStateStore(BUCKET, timeout=0.3) as store:
            began = time.monotonic()
            with pytest.raises(OperationTimeoutError) as caught:
                store.set("k", 1)
            assert time.monotonic() - began < 5
            assert caught.value.ambiguous


def test_the_loop_beats_while_a_service_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> tuple[int, BaseException | None]:
        async with async_view(GCSStateStore(BUCKET, timeout=0.5)) as store:
            return await beats_while(store.get("k"))

    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{server.getsockname()[1]}")
        beats, error = asyncio.run(main())
    assert isinstance(error, OperationTimeoutError)
    assert beats > 15


def test_a_connection_closed_halfway_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def cut() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
                    connection.close()

        threading.Thread(target=cut, daemon=True).start()
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{server.getsockname()[1]}")
        with GCSStateStore(BUCKET, retry_delay=0.01) as store:
            with pytest.raises(UnavailableError) as caught:
                store.set("k", 1)
            assert caught.value.ambiguous
            with pytest.raises(UnavailableError):
                store.get("k")


def test_throttling_is_waited_out(answering: Callable[..., list[str]]) -> None:
    seen = answering(429, 503, 200)
    with GCSStateStore(BUCKET, retry_delay=0.01) as store:
        store.set("k", 1)
    assert seen == ["POST"] * 3


def test_throttling_that_does_not_end_is_said(answering: Callable[..., list[str]]) -> None:
    seen = answering(429)
    with GCSStateStore(BUCKET, retry_delay=0.01) as store, pytest.raises(UnavailableError, match="one write a second"):
        store.set("k", 1)
    assert len(seen) == 5


@pytest.mark.parametrize("status", [401, 403])
def test_a_missing_permission_is_said(answering: Callable[..., list[str]], status: int) -> None:
    answering(status)
    with GCSStateStore(BUCKET) as store, pytest.raises(ConfigurationError, match=r"permissions|credentials"):
        store.get("k")


def test_a_missing_key_costs_one_request(answering: Callable[..., list[str]]) -> None:
    seen = answering(404)
    with GCSStateStore(BUCKET) as store:
        assert store.get("k") is None
        time.sleep(0.2)
    assert seen == ["GET"]


def test_what_is_too_large_is_refused_before_anything_is_written(bucket: str, fresh_prefix: str) -> None:
    with GCSStateStore(bucket, fresh_prefix) as store:
        for call in (
            lambda: store.set("k", "x" * 9_000_000),
            lambda: store.set_many({"small": 1, "k": "x" * 9_000_000}),
            lambda: store.hset("h", "f", "x" * 9_000_000),
        ):
            with pytest.raises(InvalidInputError):
                call()
        assert store.keys() == []


def test_more_threads_than_workers_wait_for_their_turn(bucket: str, fresh_prefix: str) -> None:
    with GCSStateStore(bucket, fresh_prefix, max_workers=2) as store, ThreadPoolExecutor(8) as threads:
        values = [{f"{number}:{i}": i for i in range(10)} for number in range(8)]
        list(threads.map(store.set_many, values))
        assert list(threads.map(store.get_many, values)) == values


def test_a_forked_child_has_connections_of_its_own(bucket: str, fresh_prefix: str) -> None:
    with GCSStateStore(bucket, fresh_prefix) as store:
        store.set_many({"parent": 1, "other": 1})
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                store.set_many({"child": 2, "child too": 2})
                os._exit(0)
            os._exit(1)
        assert exit_code_of(child) == 0
        assert store.get_many(["parent", "child"]) == {"parent": 1, "child": 2}
