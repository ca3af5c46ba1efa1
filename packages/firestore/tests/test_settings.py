"""URLs, options and the environment name the collection; what PraisonAI stored is read; nothing is opened."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest

from praison_persist import STATE_STORES
from praison_persist.errors import ConfigurationError, PersistError, SerializationError
from praison_persist_firestore import AsyncFirestoreStateStore, FirestoreStateStore


@pytest.fixture(autouse=True)
def _nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRESTORE_PROJECT", "GOOGLE_CLOUD_PROJECT", "FIRESTORE_EMULATOR_HOST"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("firestore://my-project", "firestore://my-project/praisonai_state"),
        ("firestore://my-project/memory", "firestore://my-project/memory"),
        (
            "firestore://my-project/users/ada/state?database=other",
            "firestore://my-project/users/ada/state?database=other",
        ),
        ("firestore://", "firestore:///praisonai_state"),
    ],
)
def test_a_url_names_its_place(url: str, place: str) -> None:
    assert repr(STATE_STORES.create_from_url(url)) == f"FirestoreStateStore({place!r})"


@pytest.mark.parametrize(
    "url", ["http://h", "firestore+x://h", "firestore://a,b", "firestore://p?colour=1", "firestore://p/a/b"]
)
def test_a_wrong_url_is_refused_before_anything_is_opened(url: str) -> None:
    with pytest.raises(ConfigurationError):
        FirestoreStateStore(url=url)


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": 0},
        {"max_retries": -1},
        {"collection": ""},
        {"collection": "__x__"},
        {"collection": ".."},
        {"collection": 5},
        {"project": "a/b"},
        {"credentials_path": 5},
    ],
)
def test_a_wrong_option_names_the_backend(options: dict[str, Any]) -> None:
    with pytest.raises(PersistError) as caught:
        AsyncFirestoreStateStore(**options)
    assert caught.value.backend == "async_firestore"


def test_the_environment_names_what_no_argument_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "second")
    assert "//second/" in repr(FirestoreStateStore())
    monkeypatch.setenv("FIRESTORE_PROJECT", "first")
    assert "//first/" in repr(FirestoreStateStore())
    assert "//given/" in repr(FirestoreStateStore("given"))


def test_what_praisonai_stored_is_read(firestore_url: str, fresh_prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_url.removeprefix("firestore://"))
    from google.cloud import firestore

    raw = firestore.Client(project="demo-praisonai").collection(fresh_prefix)
    now = time.time()
    raw.document("dict").set({"value": {"a": 1, "b": [1.5, None, True]}, "updated_at": now})
    raw.document("text").set({"value": "5", "updated_at": now, "expires_at": now + 500})
    raw.document("gone").set({"value": 1, "updated_at": now, "expires_at": now - 1})
    raw.document("date").set({"value": dt.datetime.now(dt.timezone.utc)})
    raw.document("foreign").set({"name": "Ada"})
    with FirestoreStateStore("demo-praisonai", fresh_prefix) as store:
        assert store.get("dict") == store.hgetall("dict") == {"a": 1, "b": [1.5, None, True]}
        assert (store.get("text"), store.ttl("text") in range(400, 501)) == ("5", True)
        assert store.get("gone") is None
        assert store.keys() == ["date", "dict", "foreign", "text"]
        for key in ("date", "foreign"):
            with pytest.raises(SerializationError):
                store.get(key)
        store.hset("dict", "c", 2)
        assert store.hgetall("dict") == {"a": 1, "b": [1.5, None, True], "c": 2}
        store.set("text", 6)
        assert (store.get("text"), store.ttl("text")) == (6, None)
