"""Where a store looks for Pinecone, and what it is given."""

from __future__ import annotations

from typing import Any

import pytest

from praison_persist import ConfigurationError
from praison_persist_pinecone import PineconeKnowledgeStore
from praison_persist_pinecone.location import Location


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PINECONE_API_KEY", "PINECONE_INDEX", "PINECONE_CONTROLLER_HOST"):
        monkeypatch.delenv(name, raising=False)


def of(url: str | None = None, **given: Any) -> Location:
    """The location of these arguments."""
    return Location.of(url, **{"api_key": None, "index_name": None, "namespace": None, **given})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"api_key": "k"}, Location("https://api.pinecone.io", "k")),
        ({"url": "pinecone://", "api_key": "k"}, Location("https://api.pinecone.io", "k")),
        ({"url": "pinecone://?namespace=n&index_name=i&api_key=k"}, Location("https://api.pinecone.io", "k", "i", "n")),
        ({"url": "pinecone://k@h"}, Location("https://h", "k")),
        ({"url": "https://:k%2B@h:7?namespace=__default__"}, Location("https://h:7", "k+")),
        ({"url": "http://k@[::1]:7", "api_key": "mine", "index_name": "i"}, Location("http://[::1]:7", "mine", "i")),
    ],
)
def test_arguments_name_a_place(given: dict[str, Any], expected: Location) -> None:
    assert of(**given) == expected


def test_the_environment_names_a_place_where_the_arguments_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PINECONE_API_KEY", "s3cret")
    monkeypatch.setenv("PINECONE_INDEX", "mine")
    monkeypatch.setenv("PINECONE_CONTROLLER_HOST", "https://h")
    assert of() == Location("https://h", "s3cret", "mine")
    assert "s3cret" not in repr(of()) + str(of()) + repr(PineconeKnowledgeStore())
    assert of("pinecone://other@g", index_name="i") == Location("https://g", "other", "i")


@pytest.mark.parametrize(
    "given",
    [{"api_key": None}, {"api_key": "k\n"}, {"url": "redis://k@h"}, {"url": "https://k@h/path"}, {"url": "https://k@h?x=1"},
     {"index_name": "My_Index"}, {"index_name": "a", "collection_prefix": "p"}, {"namespace": "ü"}, {"cloud": "aws"},
     {"cloud": "ovh", "region": "x"}, {"environment": "somewhere"}, {"environment": "us-east-1-aws", "region": "x"},
     {"timeout": 0}, {"connect_timeout": -1}, {"ready_timeout": 0}, {"max_retries": -1}, {"retry_delay": -1},
     {"deletion_protection": 1}, {"collection_prefix": "a-b"}],
)  # fmt: skip
def test_wrong_places_and_options_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError) as caught:
        PineconeKnowledgeStore(**{"api_key": None if "url" in given else "k", **given})
    assert getattr(caught.value, "backend", None) == "pinecone"


def test_half_a_place_is_told_the_whole_one() -> None:
    with pytest.raises(ConfigurationError, match="us-east-1"):
        PineconeKnowledgeStore(api_key="k", cloud="aws")
