"""URLs and options; nothing shows a password; nothing is opened. What PraisonAI stored is read."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from praison_persist import STATE_STORES
from praison_persist.errors import ConfigurationError, PersistError
from praison_persist_valkey import ValkeyStateStore


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("valkey://h", "valkey://h:6379/0"),
        ("valkey://u:p%40ss@h:7000/3", "valkey://h:7000/3"),
        ("valkey://:p@h/2?db=4", "valkey://h:6379/4"),
        ("valkeys://h:6380", "valkeys://h:6380/0"),
        ("valkey://[::1]:6379", "valkey://[::1]:6379/0"),
    ],
)
def test_a_url_names_its_place(url: str, place: str) -> None:
    store = STATE_STORES.create_from_url(url)
    assert repr(store) == f"ValkeyStateStore({place!r})"
    assert store._settings.password in (None, "p@ss", "p")
    assert "p@ss" not in repr(store._settings)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("valkey+cluster://a:1,b", "valkey+cluster://a:1,b:6379"),
        ("rediss+cluster://a:1", "valkeys+cluster://a:1"),
        ("redis://h/5", "valkey://h:6379/5"),
    ],
)
def test_clusters_and_redis_urls_are_understood(url: str, place: str) -> None:
    assert repr(ValkeyStateStore(url)) == f"ValkeyStateStore({place!r})"


@pytest.mark.parametrize(
    "url",
    [
        "http://h",
        "valkey://a,b",
        "valkey://h/x",
        "valkey://h/-1",
        "valkey+cluster://h/1",
        "valkey+sentinel://h/m",
        "valkey://h?colour=1",
        "valkeys://h?ssl_certfile=/c.pem",
    ],
)
def test_a_wrong_url_is_refused_before_anything_is_opened(url: str) -> None:
    with pytest.raises(ConfigurationError):
        ValkeyStateStore(url)


@pytest.mark.parametrize("options", [{"timeout": 0}, {"prefix": "a\x1fb"}, {"prefix": 1}, {"max_retries": -1}])
def test_a_wrong_option_names_the_backend(options: dict[str, Any]) -> None:
    with pytest.raises(PersistError) as caught:
        ValkeyStateStore(**options)
    assert caught.value.backend == "valkey"


def test_a_file_that_is_not_there_is_named() -> None:
    with (
        ValkeyStateStore(ssl_ca_certs="/nowhere/ca.pem") as store,
        pytest.raises(ConfigurationError, match=r"/nowhere/ca\.pem"),
    ):
        store.get("k")


def test_the_environment_names_the_server_where_no_argument_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALKEY_URL", "valkey://from-environment:1/7")
    assert "from-environment:1/7" in repr(ValkeyStateStore())
    assert "elsewhere" in repr(ValkeyStateStore(host="elsewhere"))


def test_what_praisonai_stored_is_read(valkey_url: str, fresh_prefix: str) -> None:
    from glide_sync import GlideClient, GlideClientConfiguration, NodeAddress

    with ValkeyStateStore(valkey_url, prefix=fresh_prefix) as store:
        ((host, port),) = store._settings.addresses
        raw = GlideClient.create(GlideClientConfiguration([NodeAddress(host, port)]))
        raw.set(f"{fresh_prefix}dict", '{"a": 1}')
        raw.set(f"{fresh_prefix}text", "plain words")
        raw.hset(f"{fresh_prefix}hash", {"json": "[1]", "text": "plain words"})
        raw.close()
        assert store.get_many(["dict", "text"]) == {"dict": {"a": 1}, "text": "plain words"}
        assert store.hgetall("hash") == {"json": [1], "text": "plain words"}


def test_the_plugin_loads_no_client() -> None:
    code = "import sys, praison_persist_valkey.plugin; assert not {m for m in sys.modules if m.startswith('glide')}"
    subprocess.run([sys.executable, "-c", code], check=True)
