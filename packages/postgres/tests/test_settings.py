"""URLs and options become parameters of both drivers; nothing is opened here."""

from __future__ import annotations

from typing import Any

import pytest

from praison_persist.errors import ConfigurationError, InvalidInputError
from praison_persist_postgres import AsyncPostgresConversationStore, PostgresConversationStore, PostgresStateStore
from praison_persist_postgres.settings import Settings


def settings(url: str | None = None, **options: Any) -> Settings:
    defaults: dict[str, Any] = {
        "host": "localhost", "port": 5432, "database": "praisonai", "user": "postgres", "password": "",
        "schema": "public", "pool_size": 5, "timeout": 30.0, "connect_timeout": 10.0, "command_timeout": None,
        "pooler": "auto",
    }  # fmt: skip
    return Settings.of(url, **{**defaults, **options})


def test_a_url_reaches_both_drivers_with_its_parts_decoded() -> None:
    made = settings("postgresql://us%40er:p%40s%23%25@db.example.org:6000/my%20db?application_name=x&sslmode=require")
    libpq, asyncpg = made.libpq(), made.asyncpg()
    assert [libpq[key] for key in ("host", "port", "user", "password", "dbname")] == [
        "db.example.org", "6000", "us@er", "p@s#%", "my db",
    ]  # fmt: skip
    assert [asyncpg[key] for key in ("host", "port", "user", "password", "database")] == [
        "db.example.org", 6000, "us@er", "p@s#%", "my db",
    ]  # fmt: skip
    assert (libpq["application_name"], libpq["sslmode"]) == ("x", "require")
    assert (asyncpg["server_settings"], asyncpg["ssl"]) == ({"application_name": "x"}, "require")
    assert libpq["autocommit"] is True


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "cockroachdb", "postgresql+psycopg"])
def test_its_schemes_are_those_of_postgresql(scheme: str) -> None:
    assert settings(f"{scheme}://h/d").place == "h:5432/d"


def test_several_hosts_are_all_tried() -> None:
    made = settings("postgresql://a:1,b:2/d?target_session_attrs=read-write")
    assert (made.libpq()["host"], made.libpq()["port"]) == ("a,b", "1,2")
    assert (made.asyncpg()["host"], made.asyncpg()["port"]) == (["a", "b"], [1, 2])


@pytest.mark.parametrize(
    ("url", "pooler", "transaction"),
    [
        ("postgresql://db.example.org/d", "auto", False),
        ("postgresql://ep-cool-pooler.eu.aws.neon.tech/d", "auto", True),
        ("postgresql://aws-0-eu.pooler.supabase.com:6543/d", "auto", True),
        ("postgresql://aws-0-eu.pooler.supabase.com:5432/d", "session", False),
        ("postgresql://localhost:6543/d", "auto", True),
        ("postgresql://localhost:6432/d", "auto", False),
        ("postgresql://localhost:6432/d", "transaction", True),
    ],
)
def test_nothing_is_prepared_behind_a_pooler_in_transaction_mode(url: str, pooler: str, transaction: bool) -> None:
    made = settings(url, pooler=pooler)
    assert (made.libpq()["prepare_threshold"] is None) is transaction
    assert (made.asyncpg()["statement_cache_size"] == 0) is transaction


@pytest.mark.parametrize("host", ["x.neon.tech", "x.cockroachlabs.cloud", "x.xata.sh", "db.supabase.co"])
def test_serverless_hosts_get_tls_and_patience(host: str) -> None:
    made = settings(f"postgresql://u:p@{host}/d", connect_timeout=5)
    assert (made.libpq()["sslmode"], made.libpq()["connect_timeout"]) == ("require", "30")
    assert (made.asyncpg()["ssl"], made.asyncpg()["timeout"]) == ("require", 30.0)
    assert settings(f"postgresql://u:p@{host}/d?sslmode=verify-full").libpq()["sslmode"] == "verify-full"


def test_a_host_that_only_looks_serverless_does_not() -> None:
    assert "sslmode" not in settings("postgresql://u:p@x.neon.tech.example.org/d").libpq()


def test_options_and_url_say_the_same() -> None:
    by_options = settings(None, host="h", port=6000, database="d", user="u", password="p")
    assert by_options.libpq() == settings("postgresql://u:p@h:6000/d").libpq()


def test_a_parameter_that_asyncpg_has_no_word_for_is_refused_with_the_words_it_has() -> None:
    with pytest.raises(ConfigurationError, match="'sslrootcert' is not supported by asyncpg") as failure:
        settings("postgresql://h/d?sslrootcert=x").asyncpg()
    assert "sslmode" in str(failure.value)


@pytest.mark.parametrize("cls", [PostgresConversationStore, AsyncPostgresConversationStore, PostgresStateStore])
@pytest.mark.parametrize(
    "options",
    [
        {"pool_size": 0}, {"pool_size": True}, {"pool_size": "5"}, {"timeout": 0}, {"timeout": float("nan")},
        {"connect_timeout": -1}, {"command_timeout": 0}, {"pooler": "maybe"},
        {"max_retries": -1}, {"retry_delay": -0.5},
    ],
    ids=str,
)  # fmt: skip
def test_an_option_out_of_range_is_refused_by_the_constructor(cls: Any, options: dict[str, Any]) -> None:
    with pytest.raises((ConfigurationError, InvalidInputError), match=next(iter(options))):
        cls("postgresql://h/d", **options)


def test_secrets_are_not_in_the_representation() -> None:
    made = settings("postgresql://u:s3cret@h/d?sslpassword=hidden")
    assert "s3cret" not in f"{made!r} {made} {made.place}"
    assert "hidden" not in f"{made!r} {made} {made.place}"
