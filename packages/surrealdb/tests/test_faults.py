"""A server that is away, dies, hangs or refuses; a directory that is taken: typed errors, and nothing lost or twice."""

from __future__ import annotations

import multiprocessing
import socket
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from praison_persist import (
    ConfigurationError,
    ConversationMessage,
    ConversationSession,
    KnowledgeDocument,
    NotFoundError,
    OperationTimeoutError,
    PersistError,
    UnavailableError,
)
from praison_persist_surrealdb import (
    AsyncSurrealDBConversationStore,
    SurrealDBConversationStore,
    SurrealDBVectorKnowledgeStore,
)

WRITERS, EACH = 16, 20


@pytest.fixture
def silent(silent_port: int) -> str:
    """An address that accepts connections and never answers."""
    return f"ws://127.0.0.1:{silent_port}"


def _message(id_: str, content: str = "text") -> ConversationMessage:
    return ConversationMessage(id_, role="user", content=content)


def _write(store: SurrealDBConversationStore, disturb: Any) -> list[str]:
    """Sixteen threads append, each until acknowledged, while something happens to the server; what was acknowledged."""
    acknowledged: list[str] = []
    failed: list[BaseException] = []

    def write(writer: int) -> None:
        try:
            for number in range(EACH):
                id_ = f"{writer}-{number}"
                deadline = time.monotonic() + 60
                while True:
                    try:
                        store.add_message("s", _message(id_))
                        break
                    except UnavailableError:
                        if time.monotonic() > deadline:
                            raise
                        time.sleep(0.05)
                acknowledged.append(id_)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    disturb(acknowledged)
    for thread in threads:
        thread.join()
    assert not failed, failed[0]
    return acknowledged


def test_a_server_killed_under_sixteen_writers_loses_and_repeats_nothing(
    surrealdb_engine: Any, fresh_prefix: str
) -> None:
    def kill_twice(acknowledged: list[str]) -> None:
        for stage in (40, 120):
            while len(acknowledged) < stage:
                time.sleep(0.005)
            surrealdb_engine.kill()
            time.sleep(0.2)
            surrealdb_engine.restart()

    options: dict[str, Any] = {"database": fresh_prefix, "pool_size": 4, "timeout": 20.0, "max_retries": 2}
    with SurrealDBConversationStore(surrealdb_engine.url, **options, retry_delay=0.2) as store:
        store.create_session(ConversationSession("s"))
        acknowledged = _write(store, kill_twice)
        found = [message.id for message in store.get_messages("s")]
    assert sorted(found) == sorted(acknowledged)
    for writer in range(WRITERS):
        own = [id_ for id_ in found if id_.startswith(f"{writer}-")]
        assert own == [f"{writer}-{number}" for number in range(EACH)]


def test_connections_cut_between_calls_cost_no_message(surrealdb_url: str, fresh_prefix: str) -> None:
    with SurrealDBConversationStore(surrealdb_url, database=fresh_prefix, retry_delay=0.01) as store:
        store.create_session(ConversationSession("s"))
        for number in range(6):
            for connection, _ in list(store._engine._pool._idle):
                connection.socket.socket.shutdown(socket.SHUT_RDWR)
            store.add_message("s", _message(str(number)))
        assert [message.id for message in store.get_messages("s")] == list("012345")


def test_a_pool_smaller_than_the_number_of_threads_is_waited_for(surrealdb_url: str, fresh_prefix: str) -> None:
    with SurrealDBConversationStore(surrealdb_url, database=fresh_prefix, pool_size=1) as store:
        store.create_session(ConversationSession("s"))
        acknowledged = _write(store, lambda _: None)
        assert len(store._engine._pool._born) == 1
        assert sorted(message.id for message in store.get_messages("s")) == sorted(acknowledged)


def test_a_server_that_is_away_is_unavailable_and_found_again(surrealdb_engine: Any, fresh_prefix: str) -> None:
    with SurrealDBConversationStore(surrealdb_engine.url, database=fresh_prefix, max_retries=0) as store:
        store.create_session(ConversationSession("s"))
        surrealdb_engine.kill()
        try:
            for _ in range(2):
                with pytest.raises(UnavailableError) as caught:
                    store.get_session("s")
            error = caught.value
            assert (error.backend, error.operation, error.retryable) == ("surrealdb", "get_session", True)
            assert str(urlsplit(surrealdb_engine.url).port) in str(error)
        finally:
            surrealdb_engine.restart()
        assert store.get_session("s") is not None


def test_a_server_that_does_not_listen_is_unavailable(dead_port: int) -> None:
    url = f"ws://root:s3cret@127.0.0.1:{dead_port}/rpc"
    with SurrealDBVectorKnowledgeStore(url, max_retries=0) as store, pytest.raises(UnavailableError) as caught:
        store.list_collections()
    assert not caught.value.ambiguous
    assert "s3cret" not in f"{caught.value}{caught.value.__cause__!r}{store!r}"


def test_a_server_that_never_answers_is_given_up_after_the_connect_timeout(silent: str) -> None:
    with (
        SurrealDBConversationStore(silent, connect_timeout=0.3) as store,
        pytest.raises(OperationTimeoutError) as caught,
    ):
        store.get_session("s")
    assert not caught.value.ambiguous


def test_a_server_that_freezes_is_given_up_after_the_timeout(
    surrealdb_engine: Any, fresh_prefix: str, freeze: Any
) -> None:
    with SurrealDBConversationStore(surrealdb_engine.url, database=fresh_prefix, timeout=0.5) as store:
        store.create_session(ConversationSession("s"))
        with freeze(surrealdb_engine.pid):
            with pytest.raises(OperationTimeoutError) as caught:
                store.add_message("s", _message("m"))
            assert caught.value.ambiguous
            with pytest.raises(OperationTimeoutError):  # more than the system's buffers take
                store.add_message("s", _message("large", "x" * 40_000_000))
    with SurrealDBConversationStore(surrealdb_engine.url, database=fresh_prefix) as store:
        store.add_message("s", _message("m"))
        assert [message.id for message in store.get_messages("s")].count("m") == 1


def test_what_speaks_another_protocol_is_named(serve_http: str) -> None:
    with SurrealDBConversationStore(serve_http, max_retries=0) as store:
        with pytest.raises(UnavailableError, match="does not speak") as caught:
            store.setup()
        assert not caught.value.retryable


@pytest.mark.parametrize(
    "options",
    [
        {"username": "root", "password": "wr0ng"},
        {"username": "nobody", "password": "wr0ng"},
        {"token": "eyJhbGciOiJIUzUxMiJ9.eyJpc3MiOiJ3cjBuZyJ9.d3Iwbmc"},
        {},
    ],
)
@pytest.mark.parametrize("store_class", [SurrealDBConversationStore, SurrealDBVectorKnowledgeStore])
def test_wrong_credentials_are_a_configuration_error(
    surrealdb_url: str, fresh_prefix: str, store_class: type[Any], options: dict[str, str]
) -> None:
    url = f"ws://127.0.0.1:{urlsplit(surrealdb_url).port}/rpc"
    with store_class(url, database=fresh_prefix, **options) as store:
        with pytest.raises(ConfigurationError, match="credentials") as caught:
            store.list_sessions() if hasattr(store, "list_sessions") else store.list_collections()
        shown = f"{caught.value}{caught.value.__cause__!r}{store!r}"
        assert not [secret for secret in options.values() if secret in shown and secret not in ("root", "nobody")]


def test_a_token_signs_in(surrealdb_url: str, fresh_prefix: str) -> None:
    from surrealdb import Surreal

    parts = urlsplit(surrealdb_url)
    url = f"ws://127.0.0.1:{parts.port}"
    with Surreal(url) as client:
        token = client.signin({"username": parts.username, "password": parts.password}).access
    with SurrealDBConversationStore(url, database=fresh_prefix, token=token) as store:
        store.create_session(ConversationSession("s"))
        assert token not in repr(store._engine.location)


def test_a_collection_that_another_store_deleted_is_not_made_again(tmp_path: Path) -> None:
    url = f"surrealkv://{tmp_path}/db"
    with SurrealDBVectorKnowledgeStore(url) as one, SurrealDBVectorKnowledgeStore(url) as other:
        one.create_collection("docs", 1)
        assert one.count("docs") == 0
        other.delete_collection("docs")
        with pytest.raises(NotFoundError):
            one.insert("docs", [KnowledgeDocument("a", "", [1.0])])
        assert other.list_collections() == []


def _open_elsewhere(url: str, answer: Any) -> None:
    with SurrealDBConversationStore(url) as store:
        try:
            store.get_session("s")
            answer.put("opened")
        except PersistError as error:
            answer.put((type(error).__name__, str(error)))


def test_a_directory_has_one_process(tmp_path: Path) -> None:
    """The engine itself would let a second process in, and lose what both write."""
    url = f"surrealkv://{tmp_path}/db"
    context = multiprocessing.get_context("spawn")
    answer = context.Queue()
    with SurrealDBConversationStore(url) as store:
        store.create_session(ConversationSession("s"))
        child = context.Process(target=_open_elsewhere, args=(url, answer))
        child.start()
        kind, text = answer.get(timeout=60)
        child.join()
        assert kind == "UnavailableError"
        assert "another process" in text
    child = context.Process(target=_open_elsewhere, args=(url, answer))
    child.start()
    assert answer.get(timeout=60) == "opened"
    child.join()


def test_stores_of_one_directory_share_it_whatever_their_database(tmp_path: Path) -> None:
    url = f"surrealkv://{tmp_path}/db"
    stores = [SurrealDBConversationStore(url, database=f"d{number}") for number in range(3)]
    for number, store in enumerate(stores):
        store.create_session(ConversationSession(f"s{number}"))
    with SurrealDBVectorKnowledgeStore(url) as knowledge:
        knowledge.create_collection("docs", 1)
        for number, store in enumerate(stores):
            assert [one.session_id for one in store.list_sessions()] == [f"s{number}"]
            store.close()
        assert knowledge.list_collections() == ["docs"]
    with SurrealDBConversationStore(url, database="d1") as again:
        assert again.get_session("s1") is not None


def test_the_asynchronous_store_names_itself(silent: str) -> None:
    store = AsyncSurrealDBConversationStore(silent)
    assert repr(store) == f"AsyncSurrealDBConversationStore({silent!r})"
