"""URLs, options and the environment name the bucket; what PraisonAI stored is read; nothing is opened."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from praison_persist import STATE_STORES
from praison_persist.errors import ConfigurationError, PersistError, SerializationError
from praison_persist_gcs import GCSStateStore


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("gs://my-bucket", "gs://my-bucket/praisonai_state/"),
        ("gcs://my-bucket/some/where/", "gs://my-bucket/some/where/"),
    ],
)
def test_a_url_names_its_place(url: str, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    assert repr(STATE_STORES.create_from_url(url)) == f"GCSStateStore({place!r})"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bucket_name": "UPPER"},
        {"bucket_name": "one", "bucket": "two"},
        {"url": "http://bucket"},
        {"url": "gs://"},
        {"url": "gs://bucket?a=1"},
        {"bucket": "bucket", "prefix": "a\x1fb"},
        {"bucket": "bucket", "prefix": "p" * 101},
        {"bucket": "bucket", "timeout": 0},
        {"bucket": "bucket", "max_retries": -1},
        {"bucket": "bucket", "max_workers": 0},
        {"bucket": "bucket", "credentials_path": 5},
    ],
)
def test_a_wrong_option_names_the_backend(options: dict[str, Any]) -> None:
    with pytest.raises(PersistError) as caught:
        GCSStateStore(**options)
    assert caught.value.backend == "gcs"


def test_what_praisonai_stored_is_read(bucket: str, gcs_server: str, fresh_prefix: str) -> None:
    raw = storage.Client(
        project="p", credentials=AnonymousCredentials(), client_options={"api_endpoint": gcs_server}
    ).bucket(bucket)
    now = time.time()
    stored = {
        "dict": {"a": 1, "b": None},
        "gone": {"a": 1, "_ttl_expires": now - 1},
        "list": {"__value__": [1, 2.0], "_ttl_expires": now + 500},
        "scalar": {"__praisonai_scalar__": True, "__value__": "5"},
        "nothing": {"__value__": None},
    }
    for key, body in stored.items():
        raw.blob(f"{fresh_prefix}{key}.json").upload_from_string(json.dumps(body), content_type="application/json")
    raw.blob(f"{fresh_prefix}picture.png").upload_from_string(b"no state")
    raw.blob(f"{fresh_prefix}broken.json").upload_from_string(b"{")
    with GCSStateStore(bucket, fresh_prefix) as store:
        assert store.get("dict") == store.hgetall("dict") == {"a": 1, "b": None}
        assert (store.get("list"), store.ttl("list") in range(400, 501)) == ([1, 2.0], True)
        assert store.get_many(["gone", "scalar", "nothing"]) == {"scalar": "5", "nothing": None}
        with pytest.raises(SerializationError):
            store.get("broken")
        raw.blob(f"{fresh_prefix}broken.json").delete()
        assert store.keys() == ["dict", "list", "nothing", "scalar"]
        store.hset("dict", "c", 2)
        assert store.hgetall("dict") == {"a": 1, "b": None, "c": 2}
        store.set("list", 6)
        assert (store.get("list"), store.ttl("list")) == (6, None)


def test_what_a_lifecycle_rule_needs_is_written(bucket: str, gcs_server: str, fresh_prefix: str) -> None:
    with GCSStateStore(bucket, fresh_prefix) as store:
        store.set("k", 1, ttl=3600)
    client = storage.Client(
        project="p", credentials=AnonymousCredentials(), client_options={"api_endpoint": gcs_server}
    )
    (blob,) = client.list_blobs(bucket, prefix=fresh_prefix)
    assert 3500 < blob.custom_time.timestamp() - time.time() < 3700


def test_a_missing_bucket_is_said(bucket: str) -> None:
    with GCSStateStore(f"{bucket}-missing") as store:
        for call in (store.setup, lambda: store.get("k"), lambda: store.set("k", 1), store.keys):
            with pytest.raises(ConfigurationError, match="bucket"):
                call()
