"""The MySQL stores keep the contract of core: the conformance suite, on MariaDB and on MySQL."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from praison_persist_testkit import ConversationConformance, Target


def _target(name: str, url: str, prefix: str) -> Target:
    return Target(name, url=url, options={"table_prefix": prefix, "pool_size": 8}, secret=urlsplit(url).password)


class TestMySQL(ConversationConformance):
    @pytest.fixture
    def target(self, server_url: str, fresh_prefix: str) -> Target:
        return _target("mysql", server_url, fresh_prefix)


class TestAsyncMySQL(ConversationConformance):
    @pytest.fixture
    def target(self, server_url: str, fresh_prefix: str) -> Target:
        return _target("async_mysql", server_url, fresh_prefix)
