"""The engine as an option of stores: its URL is where an emulator listens, which only the environment can name."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import exceptions, storage

BUCKET = "praison-persist-tests"


def _make_bucket(url: str) -> str:
    options = {"api_endpoint": url}
    client = storage.Client(project="p", credentials=AnonymousCredentials(), client_options=options)
    with client, suppress(exceptions.Conflict):
        client.create_bucket(BUCKET, retry=None)
    return BUCKET


@pytest.fixture(scope="session")
def make_bucket() -> Callable[[str], str]:
    """Make the bucket of all tests on the server of that URL, if it is not there yet; its name."""
    return _make_bucket


@pytest.fixture(scope="session")
def gcs_server(gcs_url: str) -> str:
    """The URL of a server that all tests share, with the bucket."""
    _make_bucket(gcs_url)
    return gcs_url


@pytest.fixture
def bucket(gcs_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The bucket's name; the server is in the environment."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_server)
    return BUCKET
