"""An embedded replica: where it reads, where it writes, and when it catches up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import ConfigurationError, UnavailableError
from praison_persist_turso import TursoConversationStore


def message(id_: str) -> ConversationMessage:
    return ConversationMessage(id=id_, role="user", content="hi")


def ids(store: TursoConversationStore) -> list[str]:
    return [found.id for found in store.get_messages("s")]


def test_a_replica_reads_its_own_writes_from_its_file(standin: Callable[..., str], tmp_path: Path) -> None:
    with TursoConversationStore(standin("--sync"), local_path=tmp_path / "replica.db") as store:
        store.create_session(ConversationSession("s"))
        store.add_message("s", message("a"))
        assert ids(store) == ["a"]
        assert (tmp_path / "replica.db-info").exists()


def test_what_others_wrote_is_seen_after_the_next_sync(standin: Callable[..., str], tmp_path: Path) -> None:
    url = standin("--sync")
    with (
        TursoConversationStore(url, local_path=tmp_path / "replica.db") as replica,
        TursoConversationStore(url) as other,
    ):
        replica.create_session(ConversationSession("s"))
        other.add_message("s", message("a"))
        assert ids(replica) == []
        replica.sync()
        assert ids(replica) == ["a"]
        other.add_message("s", message("b"))
        replica.add_message("s", message("c"))
        assert ids(replica) == ["a", "b", "c"]


def test_without_sync_on_write_reads_are_as_old_as_the_last_sync(standin: Callable[..., str], tmp_path: Path) -> None:
    with TursoConversationStore(standin("--sync"), local_path=tmp_path / "r.db", sync_on_write=False) as store:
        store.create_session(ConversationSession("s"))
        store.add_message("s", message("a"))
        store.sync()
        store.add_message("s", message("b"))
        assert ids(store) == ["a"]
        store.sync()
        assert ids(store) == ["a", "b"]


def test_a_conflict_is_found_although_the_replica_is_behind(standin: Callable[..., str], tmp_path: Path) -> None:
    url = standin("--sync")
    with (
        TursoConversationStore(url, local_path=tmp_path / "replica.db") as replica,
        TursoConversationStore(url) as other,
    ):
        other.create_session(ConversationSession("early"))
        assert replica.get_session("early") is not None
        other.create_session(ConversationSession("s"))
        given = message("a")
        other.add_message("s", given)
        replica.add_message("s", given)
        assert ids(replica) == ["a"]


def test_a_refused_token_is_an_error_that_does_not_show_it(standin: Callable[..., str], tmp_path: Path) -> None:
    url = standin("--sync", "--token", "right")
    with TursoConversationStore(url, auth_token="wr0ng-s3cr3t", local_path=tmp_path / "replica.db") as store:
        with pytest.raises(ConfigurationError) as failure:
            store.setup()
        assert "wr0ng" not in str(failure.value)


def test_a_server_without_replicas_is_an_error_that_says_so(standin: Callable[..., str], tmp_path: Path) -> None:
    with (
        TursoConversationStore(standin(), local_path=tmp_path / "replica.db", retry_delay=0) as store,
        pytest.raises(UnavailableError, match="replicas"),
    ):
        store.get_session("s")


def test_a_store_without_a_replica_has_nothing_to_sync(tmp_path: Path) -> None:
    with TursoConversationStore(local_path=tmp_path / "it.db") as store, pytest.raises(ConfigurationError):
        store.sync()
