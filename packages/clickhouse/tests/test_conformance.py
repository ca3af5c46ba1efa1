"""The conformance suite on every form of ClickHouse: chDB in memory and in a directory, and over HTTP, sync and async.

Over HTTP against a real server where PRAISON_PERSIST_TEST_CLICKHOUSE_URL names one, else against the stand-in.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from praison_persist_clickhouse import ClickHouseKnowledgeStore
from praison_persist_testkit import KnowledgeConformance, Target


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory whose engine stays open between the tests, since opening it takes longer than most of them."""
    path = tmp_path_factory.mktemp("clickhouse")
    with ClickHouseKnowledgeStore(path=path) as store:
        store.setup()
        yield path


class TestClickHousePath(KnowledgeConformance):
    @pytest.fixture
    def target(self, directory: Path, fresh_prefix: str) -> Target:
        return Target("clickhouse", options={"path": directory, "table_prefix": fresh_prefix}, processes=False)
