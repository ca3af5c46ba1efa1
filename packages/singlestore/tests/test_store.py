"""Options, errors and lost connections of the SingleStore store."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest
import singlestoredb
from singlestoredb.exceptions import OperationalError

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import ConfigurationError, InvalidInputError, OperationTimeoutError, UnavailableError
from praison_persist.sql import SINGLESTORE
from praison_persist_singlestore import SingleStoreConversationStore
from praison_persist_singlestore.driver import SingleStoreDriver


def arguments(url: str, **options: Any) -> dict[str, Any]:
    return SingleStoreConversationStore(url, **options)._settings.arguments  # pyright: ignore[reportPrivateUsage]


def message(id_: str, content: str = "hi") -> ConversationMessage:
    return ConversationMessage(id=id_, role="user", content=content)


def test_a_url_reaches_the_client_with_its_parts_decoded() -> None:
    given = arguments("singlestoredb://us%40er:p%40s%2F@h:3307/my%20db?ssl_ca=/ca.pem&ssl_verify_cert=true")
    assert given == {
        "host": "h", "port": 3307, "user": "us@er", "password": "p@s/", "database": "my db", "ssl_ca": "/ca.pem",
        "ssl_verify_cert": True,
    }  # fmt: skip


def test_its_cloud_gets_verified_tls_and_patience() -> None:
    store = SingleStoreConversationStore("singlestore://u:p@svc-1.aws.svc.singlestore.com/d", connect_timeout=5)
    settings = store._settings  # pyright: ignore[reportPrivateUsage]
    assert (settings.arguments["ssl_verify_identity"], settings.connect_timeout) == (True, 30.0)


@pytest.mark.parametrize(
    "url", ["postgresql://h/d", "singlestore://h", "singlestore://a,b/d", "singlestore://h/d?ssl_disabled=x",
            "singlestore://h/d?compress=1", "singlestore://h/d?connect_timeout=soon"]
)  # fmt: skip
def test_a_url_that_cannot_be_honoured_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        SingleStoreConversationStore(url)
    assert refused.value.backend == "singlestore"


@pytest.mark.parametrize("options", [{"pool_size": 0}, {"timeout": 0}, {"command_timeout": -1}, {"max_retries": -1}])
def test_an_option_out_of_range_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises((ConfigurationError, InvalidInputError), match=next(iter(options))):
        SingleStoreConversationStore("singlestore://h/d", **options)


def test_secrets_are_in_no_representation() -> None:
    store = SingleStoreConversationStore("singlestore://u:s3cret@h/d")
    assert "s3cret" not in f"{store!r} {store._settings!r}"  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize(
    ("code", "retryable"), [(1050, True), (1062, True), (1205, True), (1213, True), (2296, True), (1064, False)]
)
def test_an_error_is_repeated_where_that_can_help(code: int, retryable: bool) -> None:
    store = SingleStoreConversationStore("singlestore://u:s3cret@h/d")
    driver = SingleStoreDriver(store._settings, SINGLESTORE)  # pyright: ignore[reportPrivateUsage]
    error = driver.translate(OperationalError(code, "it says s3cret"))
    assert error is not None
    assert error.retryable is retryable
    assert "s3cret" not in str(error)


def test_threads_that_set_up_at_once_without_a_lock_agree(store_class: Any, server_url: str, fresh_prefix: str) -> None:
    failures: list[BaseException] = []

    def use(number: int) -> None:
        try:
            with store_class(server_url, table_prefix=fresh_prefix, max_retries=10, retry_delay=0.1) as store:
                store.create_session(ConversationSession(str(number)))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with store_class(server_url, table_prefix=fresh_prefix) as store:
        assert len(store.list_sessions()) == 8


def test_tables_that_another_process_is_just_making_are_not_taken_for_praisonais(
    store_class: Any, server_url: str, fresh_prefix: str
) -> None:
    with store_class(server_url, table_prefix=fresh_prefix) as store:
        store.create_session(ConversationSession("s"))
        with singlestoredb.connect(**store._settings.arguments) as connection:
            for name in ("messages", "schema_migrations"):
                connection.cursor().execute(f"DROP TABLE {fresh_prefix}{name}")
    with store_class(server_url, table_prefix=fresh_prefix) as store:
        store.add_message("s", message("m"))
        assert [found.id for found in store.get_messages("s")] == ["m"]


def test_a_message_larger_than_the_server_takes_is_refused_by_name_of_its_option(
    store_class: Any, server_url: str, fresh_prefix: str
) -> None:
    with store_class(server_url, table_prefix=fresh_prefix) as store:
        store.create_session(ConversationSession("s"))
        store.add_message("s", message("ten", "x" * 10_000_000))
        with pytest.raises(InvalidInputError, match="max_allowed_packet"):
            store.add_message("s", message("big", "x" * 70_000_000))
        assert [found.id for found in store.get_messages("s")] == ["ten"]


def test_a_server_that_is_away_or_never_answers_is_told_apart() -> None:
    with SingleStoreConversationStore("singlestore://u:s3cret@127.0.0.1:1/d", max_retries=0) as store:
        with pytest.raises(UnavailableError) as failure:
            store.get_session("s")
        assert not isinstance(failure.value, OperationTimeoutError)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"singlestore://u:s3cret@127.0.0.1:{server.getsockname()[1]}/d"
        with (
            SingleStoreConversationStore(url, connect_timeout=1) as store,
            pytest.raises(OperationTimeoutError, match="no answer within 1 s"),
        ):
            store.get_session("s")
