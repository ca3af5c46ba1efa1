"""Which place the options, the URL and the environment name, and what is no such place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from praison_persist import CONVERSATION_STORES
from praison_persist.errors import ConfigurationError, PersistError
from praison_persist_turso import AsyncTursoConversationStore, TursoConversationStore, TursoStateStore
from praison_persist_turso.location import Endpoint, Location

CLASSES = [TursoConversationStore, AsyncTursoConversationStore, TursoStateStore]


def of(url: Any = None, **options: Any) -> Location:
    given = {"auth_token": None, "local_path": None, "sync_on_write": True, "pool_size": 5, "timeout": 30.0, **options}
    return Location.of(url, **given)


def endpoint(url: str, token: str | None = None) -> Endpoint:
    found = of(url, auth_token=token).endpoint
    assert found is not None
    return found


def test_without_a_url_the_database_is_a_file(tmp_path: Path) -> None:
    assert of().path == "praisonai_turso.db"
    assert of(local_path="it.db").path == of("file:it.db").path == of("file://it.db").path == "it.db"
    assert of("file:///absolute/it.db").path == "/absolute/it.db"
    assert of(local_path=tmp_path / "it.db").path == str(tmp_path / "it.db")
    assert of(local_path="~/it.db").path == str(Path("~/it.db").expanduser())
    assert of(local_path=":memory:").in_memory
    assert of("file:it.db").endpoint is None


def test_a_url_names_a_server() -> None:
    assert endpoint("libsql://db-me.turso.io").origin == "https://db-me.turso.io:443"
    assert endpoint("https://db-me.turso.io").origin == "https://db-me.turso.io:443"
    assert endpoint("http://127.0.0.1:8080").origin == "http://127.0.0.1:8080"
    assert endpoint("libsql://127.0.0.1:8080?tls=0").origin == "http://127.0.0.1:8080"
    assert endpoint("libsql://[::1]:8080").origin == "https://[::1]:8080"
    assert endpoint("https://h/a b/").path == "/a%20b"
    assert of("libsql://h").path is None


def test_the_token_comes_from_the_option_the_url_or_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURSO_AUTH_TOKEN", "env")
    assert endpoint("libsql://h?authToken=url", "option").token == "option"
    assert endpoint("libsql://h?authToken=url").token == "url"
    assert endpoint("libsql://h").token == "env"


def test_the_environment_names_the_server_where_no_url_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURSO_DATABASE_URL", "libsql://env.turso.io")
    assert of().place == "https://env.turso.io:443"
    assert of("libsql://mine").place == "https://mine:443"
    assert of("file:it.db").place == "it.db"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "postgres://h/d",
        "wss://h",
        "libsql://",
        "libsql://a,b",
        "libsql://user:secret@h",
        "libsql://h?tls=2",
        "https://h?tls=0",
        "libsql://h?unknown=secret",
        "file:",
        "file:it.db?mode=ro",
        b"x",
    ],
)
@pytest.mark.parametrize("cls", CLASSES)
def test_what_is_no_place_for_a_database_is_refused_by_the_constructor(cls: Any, url: Any) -> None:
    with pytest.raises(ConfigurationError) as failure:
        cls(url)
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": 0},
        {"timeout": "1"},
        {"pool_size": 0},
        {"pool_size": True},
        {"sync_on_write": 1},
        {"auth_token": 5, "url": "libsql://h"},
        {"auth_token": "two\nlines", "url": "libsql://h"},
        {"local_path": ""},
        {"local_path": "a\x00b"},
        {"url": "file:a.db", "local_path": "b.db"},
        {"table_prefix": "no-name"},
    ],
    ids=str,
)
@pytest.mark.parametrize("cls", CLASSES)
def test_an_option_out_of_range_is_refused_by_the_constructor(cls: Any, options: dict[str, Any]) -> None:
    with pytest.raises(PersistError) as failure:
        cls(**options)
    assert failure.value.backend == cls.backend


def test_a_store_and_its_parts_show_no_token() -> None:
    store = TursoConversationStore("libsql://h?authToken=s3cr3t")
    location = of("libsql://h", auth_token="s3cr3t")
    assert "s3cr3t" not in repr(store) + repr(location) + repr(location.endpoint)


def test_libsql_urls_and_the_alias_find_this_backend() -> None:
    store = CONVERSATION_STORES.create_from_url("libsql://h.turso.io")
    assert isinstance(store, TursoConversationStore)
    assert CONVERSATION_STORES.describe("libsql").name == "turso"


def test_a_server_needs_no_driver() -> None:
    code = (
        "import sys; sys.modules['libsql'] = None\n"
        "from praison_persist_turso import TursoConversationStore\n"
        "TursoConversationStore('libsql://h')\n"
        "from praison_persist.errors import BackendNotInstalledError\n"
        "try: TursoConversationStore(local_path='it.db')\n"
        "except BackendNotInstalledError as error: assert 'pip install' in str(error)\n"
        "else: raise SystemExit('a file needs the driver')"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
