"""URL and options; no password is shown; nothing is opened. What PraisonAI stored is read, and the index is made."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pymongo
import pytest

from praison_persist import STATE_STORES
from praison_persist.errors import ConfigurationError, PersistError
from praison_persist_mongodb import AsyncMongoDBStateStore, MongoDBStateStore


@pytest.mark.parametrize(
    ("url", "place", "database"),
    [
        ("mongodb://h", "mongodb://h/praisonai", "praisonai"),
        ("mongodb://ada:p%40ss@a:1,b:2/mine?replicaSet=r", "mongodb://a:1,b:2/mine", "mine"),
        (
            "mongodb+srv://ada:p%40ss@cluster.example.net/?w=1",
            "mongodb+srv://cluster.example.net/praisonai",
            "praisonai",
        ),
    ],
)
def test_a_url_names_its_place(url: str, place: str, database: str) -> None:
    store = STATE_STORES.create_from_url(url)
    assert repr(store) == f"MongoDBStateStore({place!r}, collection='state')"
    assert store._settings.database == database
    assert "p%40ss" not in repr(store._settings)
    assert "p@ss" not in repr(store._settings)


def test_an_option_of_the_url_is_left_to_the_driver() -> None:
    settings = MongoDBStateStore("mongodb://h/?timeoutMS=100&w=1&maxPoolSize=3")._settings
    assert not {"timeoutMS", "w", "maxPoolSize"} & set(settings.client)
    assert MongoDBStateStore()._settings.client["w"] == "majority"
    assert MongoDBStateStore(database="d")._settings.place == "mongodb://localhost:27017/d"


@pytest.mark.parametrize("name", ["motor", "mongodb_async", "async_mongodb"])
def test_the_aliases_lead_to_the_asynchronous_store(name: str) -> None:
    assert isinstance(STATE_STORES.create(name), AsyncMongoDBStateStore)


@pytest.mark.parametrize("url", ["http://h", "mongodb+tcp://h", "mongodb://", "h"])
def test_a_wrong_url_is_refused_before_anything_is_opened(url: str) -> None:
    with pytest.raises(ConfigurationError):
        MongoDBStateStore(url)


@pytest.mark.parametrize(
    "options",
    [
        {"pool_size": 0},
        {"timeout": 0},
        {"prefix": "a\x1fb"},
        {"collection": ""},
        {"database": "a b"},
        {"max_retries": -1},
        {"auto_create_index": 1},
    ],
)
def test_a_wrong_option_names_the_backend(options: dict[str, Any]) -> None:
    with pytest.raises(PersistError) as caught:
        AsyncMongoDBStateStore(**options)
    assert caught.value.backend == "async_mongodb"


def test_the_server_is_asked_to_delete_what_expires(mongodb_url: str, fresh_prefix: str) -> None:
    with (
        MongoDBStateStore(mongodb_url, collection=f"{fresh_prefix}state") as store,
        pymongo.MongoClient(mongodb_url, tz_aware=True) as raw,
    ):
        store.set("k", 1, ttl=0.001)
        store.set("l", 1, ttl=100)
        documents = raw["praisonai"][f"{fresh_prefix}state"]
        indexes = documents.index_information().values()
        assert [dict(index["key"]) for index in indexes if index.get("expireAfterSeconds") == 0] == [{"expires_at": 1}]
        left = documents.find_one({"_id": "l"})["expires_at"] - datetime.now(timezone.utc)
        assert timedelta(seconds=90) < left <= timedelta(seconds=100.1)
        time.sleep(0.01)
        assert store.keys() == ["l"]


def test_fields_with_dots_and_dollars_come_back(mongodb_url: str, fresh_prefix: str) -> None:
    fields = {"a.b": 1, "$set": 2, "a": {"b.c": 3}, "%2E": 4, "%": 5, "a%24b": 6, ".": 7, "$": 8}
    with MongoDBStateStore(mongodb_url, prefix=fresh_prefix) as store:
        for field, value in fields.items():
            store.hset("h", field, value)
        assert store.hgetall("h") == fields
        assert store.hdel("h", "a.b", "$set", "absent") == 2
        assert "a" in store.hgetall("h")


def test_a_prefix_is_taken_literally_and_pages_are_whole(mongodb_url: str, fresh_prefix: str) -> None:
    with MongoDBStateStore(mongodb_url, prefix=fresh_prefix, timeout=60) as store:
        store.set_many({f"a.*{i:04}": i for i in range(1100)})
        store.set_many({"a": 1, "a.": 2, "b": 3, "axx": 4, "\U0010ffff": 5, "\ud7ff": 6, "\ue000": 7})
        assert list(store.scan_prefix("a.*")) == [f"a.*{i:04}" for i in range(1100)]
        assert list(store.scan_prefix("\ud7ff")) == ["\ud7ff"]
        assert list(store.scan_prefix("\U0010ffff")) == ["\U0010ffff"]


def test_what_praisonai_stored_is_read_and_replaced(mongodb_url: str, fresh_prefix: str) -> None:
    name = f"{fresh_prefix}state"
    later = datetime.now(timezone.utc) + timedelta(seconds=60)
    with (
        pymongo.MongoClient(mongodb_url) as raw,
        MongoDBStateStore(mongodb_url, collection=name) as store,
    ):
        documents = raw["praisonai"][name]
        documents.insert_many(
            [
                {"_id": "text", "value": "123", "updated_at": 1.5},
                {"_id": "dict", "value": {"a": 1, "b": [1.5, None]}, "updated_at": 1.5},
                {"_id": "number", "value": 41, "updated_at": 1.5, "expires_at": later},
                {"_id": "none", "value": None, "updated_at": 1.5},
                {"_id": "soon", "value": 1, "updated_at": 1.5, "expires_at": time.time() + 60},
                {"_id": "gone", "value": 1, "updated_at": 1.5, "expires_at": time.time() - 60},
                {"_id": "past", "value": 1, "updated_at": 1.5, "expires_at": datetime(2020, 1, 1)},
            ]
        )
        assert store.keys() == ["dict", "none", "number", "soon", "text"]
        assert store.get_many(["text", "dict", "gone"]) == {"text": "123", "dict": {"a": 1, "b": [1.5, None]}}
        assert (store.get("none"), store.exists("none"), store.exists("past")) == (None, True, False)
        assert store.hgetall("dict") == {"a": 1, "b": [1.5, None]}
        store.hset("dict", "c", 2)
        assert store.hgetall("dict") == {"a": 1, "b": [1.5, None], "c": 2}
        assert store.incr("number") == 42
        assert 50 < (store.ttl("number") or 0) <= 60
        assert 50 < (store.ttl("soon") or 0) <= 61
        assert store.compare_and_set("text", "123", {"now": "ours"})
        assert store.compare_and_set("none", None, 1)
        assert store.incr("past") == 1
        store.set("soon", 2)
        assert store.ttl("soon") is None


def test_the_plugins_load_no_client() -> None:
    code = (
        "import sys, praison_persist_mongodb.plugin, praison_persist_mongodb.async_plugin; "
        "assert not {'pymongo', 'bson'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
