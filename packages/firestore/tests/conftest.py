"""The engine as an option of stores: its URL is where an emulator listens, which only the environment can name."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest


@pytest.fixture
def firestore(firestore_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """``host:port`` of a server that all tests share, in the environment."""
    host = urlsplit(firestore_url).netloc
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", host)
    return host
