"""Where a store looks for Chroma: no address of a server becomes a directory, and no credential goes elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from praison_persist import KNOWLEDGE_STORES, ConfigurationError
from praison_persist_chroma import ChromaKnowledgeStore
from praison_persist_chroma.location import CLOUD, MEMORY, Location
from praison_persist_chroma.remote import Namespace, Remote


def of(url: str | None = None, **given: Any) -> Location:
    """The location of these arguments."""
    names = {"path": None, "host": None, "port": 8000, "persistent": True, "api_key": None, "tenant": None}
    return Location.of(url, **{**names, "database": None, **given})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, Location(path=MEMORY)),
        ({"url": ":memory:"}, Location(path=MEMORY)),
        ({"path": "dir", "persistent": False}, Location(path=MEMORY)),
        ({"path": "dir"}, Location(path="dir")),
        ({"url": "./dir"}, Location(path="./dir")),
        ({"host": "h"}, Location(url="http://h:8000")),
        ({"host": "::1", "port": 9}, Location(url="http://[::1]:9")),
        ({"url": "http://h"}, Location(url="http://h:8000")),
        ({"url": "chroma://h:7/prefix"}, Location(url="http://h:7/prefix")),
        (
            {"url": "https://k@h:7?tenant=t&database=d"},
            Location(url="https://h:7", api_key="k", tenant="t", database="d"),
        ),
        ({"api_key": "k"}, Location(url=CLOUD, api_key="k")),
    ],
)
def test_arguments_name_a_place(given: dict[str, Any], expected: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROMA_API_KEY", "from the environment")
    place = of(**given)
    assert (place.url, place.path, place.api_key) == (expected.url, expected.path, expected.api_key)
    assert (place.tenant, place.database) == (expected.tenant, expected.database)


@pytest.mark.parametrize(
    "given",
    [
        {"url": "localhost:8000"},
        {"url": "chroma.internal:8000/x"},
        {"path": "http://h:8000", "host": "h"},
        {"url": "http:/h:8000"},
        {"url": "redis://h"},
        {"url": "http://"},
        {"url": "http://h?x=1"},
        {"url": "a", "path": "b"},
    ],
)
def test_what_is_no_place_is_refused_and_makes_no_directory(
    given: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError):
        KNOWLEDGE_STORES.create("chroma", **given).setup()
    assert list(tmp_path.iterdir()) == []


def test_the_clouds_environment_is_read_for_the_cloud_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_KEY", "TENANT", "DATABASE"):
        monkeypatch.setenv(f"CHROMA_{name}", name.lower())
    cloud = of("https://api.trychroma.com")
    assert (cloud.url, cloud.api_key, cloud.tenant, cloud.database) == (CLOUD, "api_key", "tenant", "database")
    for url in ("https://h", "https://api.trychroma.com.evil.example", "http://trychroma.com"):
        assert of(url).api_key is None


def test_the_clouds_key_travels_in_its_own_header_and_is_not_shown() -> None:
    remote = Remote(1.0, 1.0)
    for place, header in (
        (of(api_key="s3cret"), "X-Chroma-Token"),
        (of("http://h", api_key="s3cret"), "Authorization"),
    ):
        settings = remote.settings(place, "chromadb.api.fastapi.FastAPI")
        assert str(settings.chroma_auth_token_transport_header) == header
        assert "s3cret" not in repr(place)
    assert "s3cret" not in repr(ChromaKnowledgeStore(api_key="s3cret"))


def test_a_namespace_that_the_key_does_not_tell_is_asked_for() -> None:
    from chromadb.auth import UserIdentity

    one = UserIdentity(user_id="u", tenant="t", databases=["d"])
    assert Namespace.of(of(api_key="k"), one) == Namespace("t", "d")
    many = UserIdentity(user_id="u", tenant="t", databases=["d", "e"])
    with pytest.raises(ConfigurationError, match="database"):
        Namespace.of(of(api_key="k"), many)


def test_an_unknown_index_option_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="ef_serch"):
        ChromaKnowledgeStore(hnsw={"ef_serch": 1})
