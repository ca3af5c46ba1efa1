"""URL, token and environment of the vector stores; the token is shown nowhere; nothing is opened."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from praison_persist import KNOWLEDGE_STORES
from praison_persist.errors import ConfigurationError, PersistError
from praison_persist_upstash import AsyncUpstashVectorKnowledgeStore, UpstashVectorKnowledgeStore

URLS = ("UPSTASH_VECTOR_REST_URL", "UPSTASH_VECTOR_URL")
TOKENS = ("UPSTASH_VECTOR_REST_TOKEN", "UPSTASH_VECTOR_TOKEN")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*URLS, *TOKENS):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", ["upstash_vector", "upstash_v", "async_upstash_vector"])
def test_every_name_makes_a_store_that_shows_no_token(name: str) -> None:
    store = KNOWLEDGE_STORES.create(name, url="upstash://:s3cret@name-vector.upstash.io")
    assert "https://name-vector.upstash.io" in repr(store)
    assert store._remote.settings.token == "s3cret"
    assert "s3cret" not in repr(store) + repr(store._remote)


def test_the_scheme_finds_the_store() -> None:
    assert isinstance(KNOWLEDGE_STORES.create_from_url("upstash://:t@h"), UpstashVectorKnowledgeStore)


@pytest.mark.parametrize("place", [0, 1])
def test_the_environment_names_the_index(monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    monkeypatch.setenv(URLS[place], "https://from-environment")
    monkeypatch.setenv(TOKENS[place], "from-environment")
    settings = UpstashVectorKnowledgeStore()._remote.settings
    assert (settings.url, settings.token) == ("https://from-environment", "from-environment")
    other = UpstashVectorKnowledgeStore("https://elsewhere", "other")._remote.settings
    assert (other.url, other.token) == ("https://elsewhere", "other")


@pytest.mark.parametrize(
    ("options", "name"), [({}, "UPSTASH_VECTOR_REST_URL"), ({"url": "https://h"}, "UPSTASH_VECTOR_REST_TOKEN")]
)
def test_what_is_missing_is_named_with_its_variables(options: dict[str, str], name: str) -> None:
    with pytest.raises(ConfigurationError, match="index") as caught:
        UpstashVectorKnowledgeStore(**options)
    assert name in (caught.value.hint or "")


@pytest.mark.parametrize(
    "options",
    [{"timeout": 0}, {"connect_timeout": -1}, {"visible_timeout": 0}, {"max_retries": -1}, {"retry_delay": -1},
     {"embedding_dim": 0}, {"collection_prefix": "a-b"}, {"complete": 1}, {"token": "two words"}, {"url": "redis://h"}],
)  # fmt: skip
def test_a_wrong_option_names_the_backend(options: dict[str, Any]) -> None:
    with pytest.raises(PersistError) as caught:
        AsyncUpstashVectorKnowledgeStore(**{"url": "https://h", "token": "t", **options})
    assert caught.value.backend == "async_upstash_vector"


def test_an_unknown_option_is_told_the_nearest_name() -> None:
    with pytest.raises(TypeError, match="embedding_dim"):
        KNOWLEDGE_STORES.create("upstash_vector", url="https://h", token="t", embedding_dims=3)


def test_the_plugins_load_no_client() -> None:
    code = (
        "import sys, praison_persist_upstash.knowledge_plugin, praison_persist_upstash.async_knowledge_plugin; "
        "assert not {'upstash_vector', 'upstash_redis', 'httpx'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
