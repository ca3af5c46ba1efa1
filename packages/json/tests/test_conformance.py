"""The conversation contract on the json backend."""

from __future__ import annotations

from pathlib import Path

import pytest

from praison_persist_testkit import ConversationConformance, Target


class TestJSON(ConversationConformance):
    @pytest.fixture
    def target(self, tmp_path: Path) -> Target:
        return Target("json", url=f"json://{tmp_path}/c")
