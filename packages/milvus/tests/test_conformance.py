"""The conformance suite on Milvus's embedded core; on a server where the environment names one."""

from __future__ import annotations

import pytest

from praison_persist_testkit import KnowledgeConformance, Target


class TestMilvus(KnowledgeConformance):
    @pytest.fixture
    def target(self, milvus_place: str, emptied: str) -> Target:
        # A file is for one process at a time: its lock refuses another.
        return Target(
            "milvus", url=milvus_place, options={"collection_prefix": emptied}, processes="://" in milvus_place
        )
