"""URL, token and environment; the token is shown nowhere; nothing is opened. What PraisonAI stored is read."""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import Any

import pytest

from praison_persist import STATE_STORES
from praison_persist.errors import ConfigurationError, PersistError
from praison_persist_upstash import AsyncUpstashStateStore, UpstashStateStore

NAMES = ("UPSTASH_REDIS_URL", "UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_TOKEN", "UPSTASH_REDIS_REST_TOKEN")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://name.upstash.io", "https://name.upstash.io"),
        ("https://name.upstash.io/", "https://name.upstash.io"),
        ("http://localhost:8079", "http://localhost:8079"),
        ("https://proxy.example/redis/", "https://proxy.example/redis"),
        ("upstash://name.upstash.io", "https://name.upstash.io"),
    ],
)
def test_a_url_names_its_place(url: str, place: str) -> None:
    assert repr(UpstashStateStore(url, "t")) == f"UpstashStateStore({place!r})"


@pytest.mark.parametrize("url", ["upstash://:s3cret@h", "upstash://h?token=s3cret", "https://default:s3cret@h"])
def test_a_token_in_the_url_is_used_and_not_shown(url: str) -> None:
    store = STATE_STORES.create("upstash", url=url)
    assert store._settings.token == "s3cret"
    assert "s3cret" not in repr(store) + repr(store._settings)


def test_the_scheme_finds_the_store() -> None:
    assert isinstance(STATE_STORES.create_from_url("upstash://:t@h"), UpstashStateStore)


@pytest.mark.parametrize("url", ["rediss://:t@h:6379", "ftp://h", "https://a,b", "https://h?colour=1", "h"])
def test_a_wrong_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        UpstashStateStore(url, "t")


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": 0},
        {"prefix": "a\x1fb"},
        {"prefix": 1},
        {"max_retries": -1},
        {"max_request_size": 0},
        {"token": "two words"},
        {"token": "line\nbreak"},
    ],
)
def test_a_wrong_option_names_the_backend(options: dict[str, Any]) -> None:
    with pytest.raises(PersistError) as caught:
        AsyncUpstashStateStore(**{"url": "https://h", "token": "t", **options})
    assert caught.value.backend == "async_upstash"


@pytest.mark.parametrize("names", [NAMES[0::2], NAMES[1::2]])
def test_the_environment_names_the_database(monkeypatch: pytest.MonkeyPatch, names: tuple[str, str]) -> None:
    monkeypatch.setenv(names[0], "https://from-environment")
    monkeypatch.setenv(names[1], "from-environment")
    store = UpstashStateStore()
    assert (store._settings.url, store._settings.token) == ("https://from-environment", "from-environment")
    other = UpstashStateStore("https://elsewhere", "other")
    assert (other._settings.url, other._settings.token) == ("https://elsewhere", "other")


def test_a_redis_url_in_the_environment_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSTASH_REDIS_URL", "rediss://default:p@h:6379")
    monkeypatch.setenv("UPSTASH_REDIS_REST_URL", "https://h")
    assert UpstashStateStore(token="t")._settings.url == "https://h"


@pytest.mark.parametrize(
    ("options", "name"), [({}, "UPSTASH_REDIS_URL"), ({"url": "https://h"}, "UPSTASH_REDIS_TOKEN")]
)
def test_what_is_missing_is_named_with_its_variables(options: dict[str, str], name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        UpstashStateStore(**options)
    assert name in (caught.value.hint or "")


def test_what_praisonai_stored_is_read(upstash: Any, fresh_prefix: str) -> None:
    from upstash_redis import Redis

    raw = Redis(upstash.url, upstash.token)
    raw.set(f"{fresh_prefix}dict", '{"a": 1}')
    raw.set(f"{fresh_prefix}text", "plain words")
    raw.hset(f"{fresh_prefix}hash", values={"json": "[1]", "text": "plain words"})
    raw.close()
    with UpstashStateStore(upstash.url, upstash.token, prefix=fresh_prefix) as store:
        assert store.get_many(["dict", "text"]) == {"dict": {"a": 1}, "text": "plain words"}
        assert store.hgetall("hash") == {"json": [1], "text": "plain words"}


def test_a_wrong_token_is_named_and_not_shown(upstash: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with (
        UpstashStateStore(upstash.url, "wrong-token") as store,
        pytest.raises(ConfigurationError, match="token") as caught,
    ):
        store.set("k", 1)
    assert "wrong-token" not in str(caught.value) + caplog.text


def test_the_plugin_loads_no_client() -> None:
    code = (
        "import sys, praison_persist_upstash.plugin, praison_persist_upstash.async_plugin; "
        "assert not {'upstash_redis', 'httpx'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
