"""An endpoint that dies, hangs, throttles or refuses costs a typed error at worst, no acknowledged write."""

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
from praison_persist.errors import (
    ConfigurationError,
    InvalidInputError,
    NotFoundError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
    WrongTypeError,
)
from praison_persist_dynamodb import DynamoDBStateStore
from praison_persist_testkit.faults import exit_code_of
from praison_persist_testkit.running import beats_while

Make = Callable[..., Any]


class Script:
    """An endpoint that gives prepared answers (None: it hangs up halfway), in order, the last one for ever."""

    def __init__(self, *answers: tuple[int, Any] | None) -> None:
        self.seen: list[str] = []
        left = list(answers)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(handler) -> None:
                handler.rfile.read(int(handler.headers["content-length"]))
                self.seen.append(handler.headers["x-amz-target"].partition(".")[2])
                answer = left.pop(0) if len(left) > 1 else left[0]
                status, body = answer or (200, {"padding": "x" * 100})
                data = json.dumps(body).encode()
                handler.send_response(status)
                handler.send_header("content-type", "application/x-amz-json-1.0")
                handler.send_header("content-length", str(len(data)))
                handler.end_headers()
                handler.wfile.write(data if answer else data[:10])
                handler.close_connection = answer is None

            def log_message(handler, *args: object) -> None:
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def script() -> Iterator[Make]:
    made: list[Script] = []

    def make(*answers: Any) -> Script:
        made.append(Script(*answers))
        return made[-1]

    yield make
    for server in made:
        server.stop()


def refusal(code: str, text: str = "") -> tuple[int, Any]:
    return 400, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": text}


def on(url: str, **options: Any) -> DynamoDBStateStore:
    return DynamoDBStateStore(endpoint_url=url, **{"auto_create_table": False, "retry_delay": 0.01, **options})


def test_a_server_killed_and_restarted_under_load_loses_and_doubles_nothing(
    dynamodb_engine: Any, fresh_prefix: str
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

    with (
        DynamoDBStateStore(endpoint_url=dynamodb_engine.url, prefix=fresh_prefix) as store,
        ThreadPoolExecutor(4) as threads,
    ):
        store.setup()
        jobs = [threads.submit(work, number) for number in range(4)]
        for _ in range(3):
            time.sleep(0.5)
            dynamodb_engine.kill()
            time.sleep(0.1)
            dynamodb_engine.restart()
        time.sleep(0.5)
        stop.set()
        for job in jobs:
            job.result(60)
        assert sum(acknowledged) <= store.get("n") <= sum(acknowledged) + sum(unknown)
        assert len(stored) >= 8
        assert store.get_many(stored).keys() == set(stored)


def test_an_endpoint_that_is_away_is_said_in_time() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        place = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        with DynamoDBStateStore(endpoint_url=place) as store:
            began = time.monotonic()
            with pytest.raises(UnavailableError, match=place) as caught:
                store.get("k")
            assert time.monotonic() - began < 5
            assert "s3cret-of-nobody" not in str(caught.value)


def test_an_endpoint_that_never_answers_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with on(url, timeout=0.3) as store:
            began = time.monotonic()
            with pytest.raises(OperationTimeoutError) as caught:
                store.set("k", 1)
            assert time.monotonic() - began < 5
            assert caught.value.ambiguous


def test_the_loop_beats_while_an_endpoint_does_not_answer() -> None:
    async def main(url: str) -> tuple[int, BaseException | None]:
        async with async_view(on(url, timeout=0.5)) as store:
            return await beats_while(store.get("k"))

    with socket.create_server(("127.0.0.1", 0)) as server:
        beats, error = asyncio.run(main(f"http://127.0.0.1:{server.getsockname()[1]}"))
    assert isinstance(error, OperationTimeoutError)
    assert beats > 15


def test_an_answer_cut_off_halfway_is_asked_for_again(script: Make) -> None:
    service = script(None, (200, {}))
    with on(service.url) as store:
        assert store.get("k") is None
    assert service.seen == ["GetItem", "GetItem"]


def test_an_addition_whose_answer_was_lost_is_looked_for_before_it_is_repeated(script: Make) -> None:
    service = script((200, {}), None, (200, {}), (200, {}))
    with on(service.url) as store:
        assert store.incr("n") == 1
    assert service.seen == ["GetItem", "PutItem", "GetItem", "PutItem"]


@pytest.mark.parametrize("code", ["ProvisionedThroughputExceededException", "ThrottlingException"])
def test_throttling_is_waited_out(script: Make, code: str) -> None:
    service = script(refusal(code), refusal(code), (200, {}))
    with on(service.url) as store:
        store.set("k", 1)
    assert service.seen == ["PutItem"] * 3


def test_throttling_that_does_not_end_is_said_and_leaves_nothing_unknown(script: Make) -> None:
    service = script(refusal("ThrottlingException", "slow down"))
    with on(service.url, max_retries=2) as store:
        with pytest.raises(UnavailableError, match="slow down") as caught:
            store.set("k", 1)
        assert not caught.value.ambiguous
    assert service.seen == ["PutItem"] * 3


def test_what_a_batch_leaves_undone_is_sent_again(script: Make) -> None:
    table = "praisonai_state"
    left = {table: [{"PutRequest": {"Item": {"pk": {"S": "b"}, "value": {"S": "2"}}}}]}
    service = script(
        (200, {"Responses": {}, "UnprocessedKeys": {table: {"Keys": [{"pk": {"S": "a"}}], "ConsistentRead": True}}}),
        (200, {"Responses": {table: []}, "UnprocessedKeys": {}}),
        (200, {"UnprocessedItems": left}),
        (200, {"UnprocessedItems": left}),
        (200, {"UnprocessedItems": {}}),
    )
    with on(service.url) as store:
        store.set_many({"a": 1, "b": 2})
    assert service.seen == ["BatchGetItem"] * 2 + ["BatchWriteItem"] * 3


def test_a_batch_that_is_never_done_is_given_up_in_time(script: Make) -> None:
    left = {"praisonai_state": {"Keys": [{"pk": {"S": "a"}}]}}
    service = script((200, {"Responses": {}, "UnprocessedKeys": left}))
    with on(service.url, timeout=0.5) as store:
        began = time.monotonic()
        with pytest.raises(UnavailableError, match="undone"):
            store.get_many(["a", "b"])
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refusal("AccessDeniedException", "not authorized to perform"), ConfigurationError),
        (refusal("UnrecognizedClientException", "The security token is invalid"), ConfigurationError),
        (refusal("ResourceNotFoundException", "Requested resource not found"), NotFoundError),
        (refusal("ValidationException", "Item size has exceeded the maximum allowed size"), InvalidInputError),
        (refusal("ValidationException", "anything else"), PersistError),
        ((500, {"__type": "InternalServerError"}), UnavailableError),
    ],
)
def test_every_answer_has_its_error(script: Make, answer: Any, kind: type[PersistError]) -> None:
    service = script(answer)
    with on(service.url, max_retries=0) as store, pytest.raises(kind) as caught:
        store.set("k", 1)
    assert type(caught.value) is kind
    assert caught.value.backend == "dynamodb"


def test_what_is_too_large_is_refused_before_any_of_the_batch_is_written(dynamodb_url: str, fresh_prefix: str) -> None:
    with DynamoDBStateStore(endpoint_url=dynamodb_url, prefix=fresh_prefix) as store:
        with pytest.raises(InvalidInputError, match="409600"):
            store.set_many({"a": 1, "b": "x" * 409_600})
        with pytest.raises(InvalidInputError, match="409600"):
            store.hset("h", "f", "ü" * 204_800)
        assert store.keys() == []
        store.set("largest", "x" * 409_400)
        with pytest.raises(InvalidInputError, match="2048"):
            store.namespace("ü" * 255).namespace("ü" * 255).set("k" * 1024, 1)


def test_pages_are_followed_to_the_end(dynamodb_url: str, fresh_prefix: str) -> None:
    values = {f"k{i}": f"{i}" * 200_000 for i in range(8)}
    with DynamoDBStateStore(endpoint_url=dynamodb_url, prefix=fresh_prefix, timeout=60) as store:
        store.set_many(values)
        assert store.keys() == sorted(values)
        assert store.get_many(values) == values


def test_a_hash_in_the_way_of_a_batch_is_named_and_the_others_are_stored(dynamodb_url: str, fresh_prefix: str) -> None:
    with DynamoDBStateStore(endpoint_url=dynamodb_url, prefix=fresh_prefix) as store:
        store.hset("k3", "f", 1)
        with pytest.raises(WrongTypeError, match="k3"):
            store.set_many({f"k{i}": i for i in range(30)})
        assert store.get("k29") == 29
        assert store.hgetall("k3") == {"f": 1}


def test_a_forked_child_has_connections_of_its_own(dynamodb_url: str, fresh_prefix: str) -> None:
    with DynamoDBStateStore(endpoint_url=dynamodb_url, prefix=fresh_prefix) as store:
        store.set("parent", 1)
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                store.set("child", 2)
                os._exit(0)
            os._exit(1)
        assert exit_code_of(child) == 0
        assert store.get_many(["parent", "child"]) == {"parent": 1, "child": 2}
