"""The PostgreSQL stores keep the contracts of core: the conformance suites, on two versions of the server."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from praison_persist_testkit import ConversationConformance, StateConformance, Target


def _target(name: str, url: str, prefix: str) -> Target:
    return Target(name, url=url, options={"table_prefix": prefix, "pool_size": 8}, secret=urlsplit(url).password)


class TestPostgres(ConversationConformance):
    @pytest.fixture
    def target(self, database_url: str, fresh_prefix: str) -> Target:
        return _target("postgres", database_url, fresh_prefix)


class TestAsyncPostgres(ConversationConformance):
    @pytest.fixture
    def target(self, database_url: str, fresh_prefix: str) -> Target:
        return _target("async_postgres", database_url, fresh_prefix)


class TestPostgresState(StateConformance):
    @pytest.fixture
    def target(self, database_url: str, fresh_prefix: str) -> Target:
        return _target("postgres", database_url, fresh_prefix)


class TestPostgresOfDebian(ConversationConformance):
    @pytest.fixture
    def target(self, debian_database_url: str, fresh_prefix: str) -> Target:
        return _target("postgres", debian_database_url, fresh_prefix)


class TestPostgresStateOfDebian(StateConformance):
    @pytest.fixture
    def target(self, debian_database_url: str, fresh_prefix: str) -> Target:
        return _target("postgres", debian_database_url, fresh_prefix)
