"""Where a store looks for Cosmos DB, and what it is given."""

from __future__ import annotations

from typing import Any

import pytest

from praison_persist import ConfigurationError
from praison_persist_cosmosdb import CosmosDBKnowledgeStore
from praison_persist_cosmosdb.location import Location

KEY = "czNj+mV0/w=="
STRING = f"AccountEndpoint=https://name.documents.azure.com:443/;AccountKey={KEY};"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COSMOS_CONNECTION_STRING", raising=False)


def of(url: str | None = None, **given: Any) -> Location:
    """The location of these arguments."""
    return Location.of(url, **{"connection_string": None, "key": None, "credential": None, "database": None, **given})


def at(endpoint: str, database: str = "praisonai", *, local: bool = False) -> Location:
    """A location with the key."""
    return Location(endpoint, KEY, None, database, local)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"url": STRING}, at("https://name.documents.azure.com:443")),
        ({"connection_string": STRING + "Database=mine"}, at("https://name.documents.azure.com:443", "mine")),
        ({"url": "https://name.documents.azure.com", "key": KEY}, at("https://name.documents.azure.com:443")),
        ({"url": "cosmosdb://:czNj%2BmV0%2Fw%3D%3D@h/mine"}, at("https://h:443", "mine")),
        ({"url": "http://localhost:8081/a", "key": KEY, "database": "d"}, at("http://localhost:8081", "d", local=True)),
        ({"url": "https://[::1]:8081", "key": KEY}, at("https://[::1]:8081", local=True)),
    ],
)  # fmt: skip
def test_arguments_name_a_place(given: dict[str, Any], expected: Location) -> None:
    assert of(**given) == expected


def test_the_environment_names_a_place_where_the_arguments_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COSMOS_CONNECTION_STRING", STRING)
    assert of() == at("https://name.documents.azure.com:443")
    assert KEY not in repr(of()) + str(of()) + repr(CosmosDBKnowledgeStore())
    assert of("https://other", key=KEY) == at("https://other:443")


def test_a_credential_takes_the_place_of_a_key() -> None:
    credential = object()
    place = of("https://h", credential=credential)
    assert (place.key, place.credential) == ("", credential)
    with pytest.raises(ConfigurationError, match="go together"):
        of("https://h", credential=credential, key=KEY)


@pytest.mark.parametrize(
    "given",
    [{"url": None}, {"key": None}, {"key": "no base64!"}, {"url": "redis://h"}, {"url": "https://h?x=1"},
     {"url": "https://a,b"}, {"connection_string": STRING}, {"database": "a/b"}, {"collection": ""},
     {"collection": "a?b"}, {"text_field": "metadata"}, {"text_field": "a.b"}, {"embedding_field": "content"},
     {"vector_index": "hnsw"}, {"quantization_byte_size": 0}, {"indexing_search_list_size": 50},
     {"vector_index": "flat", "quantization_byte_size": 8}, {"throughput": 100}, {"max_throughput": True},
     {"throughput": 400, "max_throughput": 1000}, {"timeout": 0}, {"connect_timeout": -1}, {"ready_timeout": 0},
     {"wait_timeout": 0}, {"max_retries": -1}, {"retry_delay": -1}, {"embedding_dim": 0}, {"api_mode": "table"}],
)  # fmt: skip
def test_wrong_places_and_options_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError) as caught:
        CosmosDBKnowledgeStore(**{"url": "https://h", "key": KEY, **given})
    assert getattr(caught.value, "backend", None) == "cosmosdb"
    assert KEY not in str(caught.value)
