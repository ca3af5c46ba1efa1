"""The Supabase store keeps the contract of core: the conformance suite, on the stand-in over a real PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest

from praison_persist_supabase import SupabaseConversationStore
from praison_persist_testkit import ConversationConformance, Target, notimpl

CHANGES = {
    "test_changes_of_one_session_are_all_kept": notimpl(
        "there is no function for it in the database yet: the session is read and written in two calls"
    )
}


class TestSupabase(ConversationConformance):
    deviations = CHANGES

    @pytest.fixture
    def target(self, project: Any, fresh_prefix: str) -> Target:
        project.run_sql(SupabaseConversationStore.schema_sql(table_prefix=fresh_prefix))
        key = project.key("service_role")
        options = {"key": key, "table_prefix": fresh_prefix, "retry_delay": 0.05}
        return Target("supabase", url=project.url, options=options, secret=key)
