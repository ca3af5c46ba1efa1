"""Stores over MySQL's protocol: SingleStore's statements and client, with tables that MySQL and MariaDB can make."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest
import singlestoredb
from singlestoredb.exceptions import Error

from praison_persist.sql import MYSQL, SINGLESTORE
from praison_persist_singlestore import SingleStoreConversationStore, SingleStoreVectorKnowledgeStore

TABLES = (
    "id_type", "name_type", "role_type", "text_type", "json_type", "sessions_layout", "messages_layout",
    "table_options", "server_version",
)  # fmt: skip


class OverMySQL(SingleStoreConversationStore):
    """What differs is how tables are made, and the server's version."""

    dialect = replace(SINGLESTORE, **{name: getattr(MYSQL, name) for name in TABLES})


class VectorsOverMySQL(SingleStoreVectorKnowledgeStore):
    """What differs is how tables are made, and the server's version."""

    dialect = OverMySQL.dialect
    layout = "PRIMARY KEY ({0})"


@pytest.fixture(scope="session", params=["mariadb", "singlestore"])
def server_url(request: pytest.FixtureRequest) -> str:
    """The URL of either server in turn; the second is a MySQL, unless a SingleStore was given."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture(scope="session")
def store_class(server_url: str) -> type[SingleStoreConversationStore]:
    return SingleStoreConversationStore if is_singlestore(server_url) else OverMySQL


@pytest.fixture(scope="session")
def over_mysql() -> type[OverMySQL]:
    """For servers that tests start and kill, which are no SingleStore."""
    return OverMySQL


@pytest.fixture(scope="session")
def vectors_class(singlestore_url: str) -> type[SingleStoreVectorKnowledgeStore]:
    return SingleStoreVectorKnowledgeStore if is_singlestore(singlestore_url) else VectorsOverMySQL


def is_singlestore(url: str) -> bool:
    """Whether this is a SingleStore, and not a server that only speaks as it does."""
    settings = SingleStoreConversationStore(url)._settings  # pyright: ignore[reportPrivateUsage]
    with closing(singlestoredb.connect(**settings.arguments)) as connection:
        try:
            connection.cursor().execute(SINGLESTORE.server_version)
        except Error:
            return False
    return True
