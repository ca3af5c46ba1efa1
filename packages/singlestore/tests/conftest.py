"""A store over MySQL's protocol: SingleStore's statements and client, with tables that MySQL and MariaDB can make."""

from __future__ import annotations

from dataclasses import replace

import pytest

from praison_persist.sql import MYSQL, SINGLESTORE
from praison_persist_singlestore import SingleStoreConversationStore

TABLES = (
    "id_type", "name_type", "role_type", "text_type", "json_type", "sessions_layout", "messages_layout",
    "table_options", "server_version",
)  # fmt: skip


class OverMySQL(SingleStoreConversationStore):
    """What differs is how tables are made, and the server's version."""

    dialect = replace(SINGLESTORE, **{name: getattr(MYSQL, name) for name in TABLES})


@pytest.fixture(scope="session", params=["mariadb", "mysql"])
def server_url(request: pytest.FixtureRequest) -> str:
    """The URL of either server in turn."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture(scope="session")
def store_class() -> type[SingleStoreConversationStore]:
    return OverMySQL
