"""Where a store looks for Weaviate, what it is given, and names in Weaviate."""

from __future__ import annotations

from typing import Any

import pytest

from praison_persist import ConfigurationError
from praison_persist_weaviate import WeaviateKnowledgeStore
from praison_persist_weaviate.convert import CLAIMS, to_name
from praison_persist_weaviate.location import Address, Location


def of(url: str | None = None, **given: Any) -> Location:
    """The location of these arguments."""
    return Location.of(url, **{"api_key": None, "grpc_host": None, "grpc_port": None, **given})


def at(host: str, port: int, grpc_port: int, secure: bool = False, grpc: str | None = None) -> tuple[Address, Address]:
    """Two addresses."""
    return Address(host, port, secure), Address(grpc or host, grpc_port, secure)


@pytest.mark.parametrize(
    ("given", "expected", "key"),
    [
        ({}, at("localhost", 8080, 50051), None),
        ({"url": "http://h"}, at("h", 8080, 50051), None),
        ({"url": "weaviate://h:7?grpc_port=8&grpc_host=g"}, at("h", 7, 8, grpc="g"), None),
        ({"url": "http://[::1]:9", "grpc_port": 10}, at("::1", 9, 10), None),
        ({"url": "https://k@h", "api_key": "mine"}, at("h", 443, 50051, True), "mine"),
        ({"url": "https://u:p%40@h:1"}, at("h", 1, 50051, True), "p@"),
        ({"url": "http://h?api_key=k"}, at("h", 8080, 50051), "k"),
        ({"url": "https://c.weaviate.cloud"}, at("c.weaviate.cloud", 443, 443, True, "grpc-c.weaviate.cloud"), None),
        ({"url": "c.weaviate.cloud"}, at("c.weaviate.cloud", 443, 443, True, "grpc-c.weaviate.cloud"), None),
        (
            {"url": "https://c.weaviate.network"},
            at("c.weaviate.network", 443, 443, True, "c.grpc.weaviate.network"),
            None,
        ),
        ({"url": "https://c.weaviate.cloud.evil.example"}, at("c.weaviate.cloud.evil.example", 443, 50051, True), None),
    ],
)  # fmt: skip
def test_arguments_name_a_place(given: dict[str, Any], expected: tuple[Address, Address], key: str | None) -> None:
    place = of(**given)
    assert ((place.http, place.grpc), place.api_key) == (expected, key)


def test_the_environment_names_a_place_where_the_arguments_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEAVIATE_URL", "http://h:7?grpc_port=8")
    monkeypatch.setenv("WEAVIATE_API_KEY", "s3cret")
    place = of()
    assert (str(place), place.grpc.port, place.api_key) == ("http://h:7", 8, "s3cret")
    assert "s3cret" not in repr(place) + repr(WeaviateKnowledgeStore())
    assert of("http://other", api_key="mine").api_key == "mine"


@pytest.mark.parametrize(
    "given",
    [{"url": "redis://h"}, {"url": "http://"}, {"url": "http://h?x=1"}, {"url": "http://h/path"}, {"url": "h:8080"},
     {"grpc_port": 70000}, {"url": "http://h?grpc_port=x"}, {"hnsw": {"ef_constructoin": 1}}, {"hnsw": {"ef": "many"}},
     {"hnsw": {"filter_strategy": "guess"}}, {"consistency_level": "SOME"}, {"alpha": 2}, {"replication_factor": 0},
     {"additional_headers": {"x": 1}}, {"timeout": 0}],
)  # fmt: skip
def test_wrong_places_and_options_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError) as caught:
        WeaviateKnowledgeStore(**given)
    assert getattr(caught.value, "backend", None) == "weaviate"


def test_a_misspelt_index_option_is_told_the_right_name() -> None:
    with pytest.raises(ConfigurationError, match="ef_construction"):
        WeaviateKnowledgeStore(hnsw={"ef_constructoin": 1})


def test_names_that_differ_in_capitals_only_are_different_names_in_weaviate() -> None:
    names = [
        "docs",
        "Docs",
        "DOCS",
        "dOcs",
        "_docs",
        "_Docs",
        "xdocs",
        "x_docs",
        "X_docs",
        "docs__u1",
        "_docs__u0",
        "_",
        "__",
    ]
    native = [to_name(name) for name in names]
    assert len({name.lower() for name in native}) == len(names)
    assert all(name[0].isupper() for name in native)
    assert CLAIMS.lower() not in {to_name(CLAIMS).lower(), to_name(CLAIMS.lower()).lower()}
