"""The SingleStore store keeps the contract of core, as far as MySQL and MariaDB behind its client can tell."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from praison_persist_testkit import ConversationConformance, Target


class TestSingleStoreOverMySQL(ConversationConformance):
    @pytest.fixture
    def target(self, store_class: Any, server_url: str, fresh_prefix: str) -> Target:
        return Target(
            "singlestore",
            factory=lambda: store_class(server_url, table_prefix=fresh_prefix, pool_size=8),
            secret=urlsplit(server_url).password,
        )
