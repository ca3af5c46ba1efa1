"""The SingleStore knowledge store keeps the contract of core, as far as the stand-in behind its client can tell."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from praison_persist_testkit import KnowledgeConformance, Target


class TestVectors(KnowledgeConformance):
    @pytest.fixture
    def target(self, vectors_class: Any, singlestore_url: str, fresh_prefix: str) -> Target:
        return Target(
            "singlestore_vector",
            factory=lambda: vectors_class(singlestore_url, table_prefix=fresh_prefix),
            secret=urlsplit(singlestore_url).password,
        )
