"""A Data API or a database that dies, hangs or answers nonsense: nothing acknowledged is lost or stored twice."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import ConfigurationError, OperationTimeoutError, PersistError, UnavailableError
from praison_persist_supabase import SupabaseConversationStore


def message(id_: str) -> ConversationMessage:
    return ConversationMessage(id=id_, role="user", content=id_)


class Writer(threading.Thread):
    """Appends through an outage, as an agent would: what was refused is tried again with the same id."""

    def __init__(self, store: Any, number: int, stop: threading.Event) -> None:
        super().__init__()
        self.store, self.number, self.stop = store, number, stop
        self.acknowledged: list[str] = []
        self.refused = 0

    def run(self) -> None:
        while not self.stop.is_set():
            id_ = f"{self.number}-{len(self.acknowledged)}"
            try:
                self.store.add_message("s", message(id_))
            except UnavailableError:
                self.refused += 1
                self.stop.wait(0.05)
            else:
                self.acknowledged.append(id_)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 50
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def outage(store: Any, happen: Callable[[], None]) -> None:
    """Let something happen under sixteen writers, and see that each message is there once and in its writer's order."""
    store.create_session(ConversationSession("s"))
    stop = threading.Event()
    writers = [Writer(store, number, stop) for number in range(16)]
    for writer in writers:
        writer.start()
    for _ in range(2):
        before = sum(len(writer.acknowledged) for writer in writers)
        wait_for(lambda before=before: sum(len(writer.acknowledged) for writer in writers) > before + 100)
        happen()
    after = [len(writer.acknowledged) for writer in writers]
    wait_for(lambda: all(len(writer.acknowledged) > n for writer, n in zip(writers, after, strict=True)))
    stop.set()
    for writer in writers:
        writer.join()
    found = [one.id for one in store.get_messages("s")]
    assert len(found) == len(set(found))
    for writer in writers:
        assert [id_ for id_ in found if id_.startswith(f"{writer.number}-")] == writer.acknowledged


def test_an_api_killed_under_sixteen_writers_loses_and_doubles_nothing(standin: Any, fresh_prefix: str) -> None:
    def happen() -> None:
        standin.kill()
        standin.start()

    with standin.project.store(fresh_prefix, max_retries=6) as store:
        outage(store, happen)


def test_a_database_killed_under_sixteen_writers_loses_and_doubles_nothing(
    postgres_engine: Any, project_on: Any, fresh_prefix: str
) -> None:
    def happen() -> None:
        postgres_engine.kill()
        postgres_engine.restart()

    with project_on(postgres_engine.url).store(fresh_prefix, max_retries=6) as store:
        outage(store, happen)


def test_an_api_that_is_away_is_an_error_at_once_and_no_hidden_retries_follow(standin: Any, fresh_prefix: str) -> None:
    with standin.project.store(fresh_prefix, max_retries=0) as store:
        store.create_session(ConversationSession("s"))
        standin.kill()
        for call in (lambda: store.get_session("s"), lambda: store.add_message("s", message("a"))):
            with pytest.raises(UnavailableError) as failure:
                call()
            assert not isinstance(failure.value, OperationTimeoutError)
            assert f"127.0.0.1:{standin.port}" in str(failure.value)
        standin.start()
        store.add_message("s", message("a"))


def test_an_api_that_never_answers_is_given_up_after_the_timeout() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        SupabaseConversationStore(
            f"http://127.0.0.1:{server.getsockname()[1]}", "s3cret-key", timeout=0.5, max_retries=5
        ) as store,
        pytest.raises(OperationTimeoutError, match=r"no answer within 0\.5 s") as failure,
    ):
        store.add_message("s", message("a"))
    assert failure.value.ambiguous
    assert "s3cret-key" not in f"{failure.value} {failure.value!r} {failure.value.__cause__!r}"


class Gateway:
    """Answers every request with the next of its answers, the last again and again."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, str, str]] = []
        self.requests = 0
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length") or 0))
                gateway.requests += 1
                answers = gateway.answers
                status, kind, body = answers.pop(0) if len(answers) > 1 else answers[0]
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                if 300 <= status < 400:
                    self.send_header("location", "https://elsewhere.example.org/")
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    made = Gateway()
    yield made
    made.server.shutdown()
    made.thread.join()
    made.server.server_close()


HTML = (502, "text/html", "<html>Bad gateway</html>")
PAUSED = (540, "application/json", '{"message": "Project paused"}')
STARTING = (503, "application/json", '{"code": "PGRST002", "message": "Could not query the database"}')
LIMIT = (429, "application/json", '{"message": "Too many requests"}')
DEADLOCK = (500, "application/json", '{"code": "40P01", "message": "deadlock detected"}')
FINE = (200, "application/json", "true")


def store_at(gateway: Gateway) -> SupabaseConversationStore:
    return SupabaseConversationStore(gateway.url, "k", max_retries=2, retry_delay=0)


@pytest.mark.parametrize("answer", [HTML, PAUSED, STARTING, LIMIT, DEADLOCK], ids=lambda answer: str(answer[0]))
def test_an_answer_that_may_pass_is_followed_by_another_attempt(gateway: Gateway, answer: Any) -> None:
    gateway.answers = [answer, answer, FINE]
    with store_at(gateway) as store:
        assert store.delete_session("s") is True
    assert gateway.requests == 3


@pytest.mark.parametrize(("answer", "requests"), [(HTML, 1), (STARTING, 3), (LIMIT, 3), (DEADLOCK, 3)])
def test_a_session_is_not_created_again_where_the_first_attempt_may_have_done_it(
    gateway: Gateway, answer: Any, requests: int
) -> None:
    gateway.answers = [answer, answer, FINE]
    with store_at(gateway) as store:
        if requests == 1:
            with pytest.raises(UnavailableError) as failure:
                store.create_session(ConversationSession("s"))
            assert failure.value.ambiguous
        else:
            store.create_session(ConversationSession("s"))
    assert gateway.requests == requests


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (HTML, UnavailableError, "HTTP 502"),
        ((200, "text/html", "<html>Log in</html>"), UnavailableError, "not JSON"),
        ((301, "text/html", ""), ConfigurationError, "no Supabase project"),
        ((404, "text/html", "Not found"), ConfigurationError, "no Supabase project"),
        ((401, "application/json", '{"message": "Invalid API key"}'), ConfigurationError, "SUPABASE_KEY"),
        ((400, "application/json", "[]"), PersistError, "HTTP 400"),
        ((500, "application/json", '{"code": "57014", "message": "canceling"}'), OperationTimeoutError, "57014"),
        ((413, "text/html", "too large"), PersistError, "HTTP 413"),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, tuple) else "",
)
def test_every_answer_is_an_error_that_says_what_to_do(
    gateway: Gateway, answer: Any, error: type[PersistError], says: str
) -> None:
    gateway.answers = [answer]
    with store_at(gateway) as store, pytest.raises(error, match=says) as failure:
        store.get_session("s")
    assert (failure.value.backend, failure.value.operation) == ("supabase", "get_session")
