"""The conformance suite on chDB, ClickHouse's engine in this process, on disk. In memory is tried in `test_store`."""

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
    process_descriptors = 10_000  # three for each of the engine's threads, which come and go; all that came are counted
    watchdog_seconds = 300  # some thousand statements, each through all of ClickHouse

    @pytest.fixture
    def target(self, directory: Path, fresh_prefix: str) -> Target:
        return Target("clickhouse", options={"path": directory, "table_prefix": fresh_prefix}, processes=False)
