"""URLs and options mean what redis-py's own mean; nothing shows a password; nothing is opened."""

from __future__ import annotations

from typing import Any

import pytest

from praison_persist import STATE_STORES
from praison_persist.errors import ConfigurationError, PersistError
from praison_persist_redis import AsyncRedisStateStore, RedisStateStore


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("redis://h", "redis://h:6379/0"),
        ("redis://u:p%40ss@h:7000/3", "redis://h:7000/3"),
        ("redis://:p@h/2?db=4", "redis://h:6379/4"),
        ("rediss://h:6380", "rediss://h:6380/0"),
        ("redis://[::1]:6379", "redis://[::1]:6379/0"),
        ("unix:///run/redis.sock?db=1", "unix:///run/redis.sock"),
        ("redis+sentinel://a:1,b/mymaster/2", "redis+sentinel://a:1,b:26379/mymaster/2"),
        ("rediss+cluster://a:1,b:2", "rediss+cluster://a:1,b:2"),
    ],
)
def test_a_url_names_its_place(url: str, place: str) -> None:
    store = STATE_STORES.create_from_url(url)
    assert repr(store) == f"RedisStateStore({place!r})"
    assert store._settings.password in (None, "p@ss", "p")


@pytest.mark.parametrize(
    "url",
    [
        "http://h",
        "redis://a,b",
        "redis://h/x",
        "redis://h/-1",
        "redis+sentinel://h",
        "redis+cluster://h/1",
        "redis+tcp://h",
        "redis://h?colour=1",
    ],
)
def test_a_wrong_url_is_refused_before_anything_is_opened(url: str) -> None:
    with pytest.raises(ConfigurationError):
        RedisStateStore(url)


@pytest.mark.parametrize(
    "options",
    [{"protocol": 4}, {"pool_size": 0}, {"timeout": 0}, {"prefix": "a\x1fb"}, {"prefix": 1}, {"max_retries": -1}],
)
def test_a_wrong_option_names_the_backend(options: dict[str, Any]) -> None:
    with pytest.raises(PersistError) as caught:
        AsyncRedisStateStore(**options)
    assert caught.value.backend == "async_redis"


def test_the_environment_names_the_server_where_no_argument_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://from-environment:1/7")
    assert "from-environment:1/7" in repr(RedisStateStore())
    assert "elsewhere" in repr(RedisStateStore(host="elsewhere"))


def test_the_names_of_praisonais_options_are_accepted() -> None:
    store = RedisStateStore(socket_timeout=1.5, max_connections=3, decode_responses=True)
    assert (store._settings.timeout, store._settings.pool_size) == (1.5, 3)


def test_what_praisonai_stored_is_read(redis_url: str, fresh_prefix: str) -> None:
    import redis

    with redis.Redis.from_url(redis_url) as raw, RedisStateStore(redis_url, prefix=fresh_prefix) as store:
        raw.set(f"{fresh_prefix}dict", '{"a": 1}')
        raw.set(f"{fresh_prefix}wrapped", '{"value": 5, "__wrapped__": true}')
        raw.set(f"{fresh_prefix}text", "plain words")
        raw.hset(f"{fresh_prefix}hash", mapping={"json": "[1]", "text": "plain words"})
        assert store.get_many(["dict", "wrapped", "text"]) == {"dict": {"a": 1}, "wrapped": 5, "text": "plain words"}
        assert store.hgetall("hash") == {"json": [1], "text": "plain words"}
        assert store.incr("wrapped", 2) == 7
        assert store.get("wrapped") == 7


def test_a_value_that_looks_wrapped_comes_back_as_it_is(redis_url: str, fresh_prefix: str) -> None:
    with RedisStateStore(redis_url, prefix=fresh_prefix) as store:
        value = {"value": {"value": 1, "__wrapped__": True}, "__wrapped__": True}
        store.set("k", value)
        assert store.get("k") == value
        assert store.compare_and_set("k", value, 1)
