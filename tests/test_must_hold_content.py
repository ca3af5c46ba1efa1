"""What must hold for what people store and how they name it: nothing refused that the contract allows, nothing run
that was only stored, no secret shown."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from praison_persist import CONVERSATION_STORES
from praison_persist.aio import sync_view
from praison_persist.conversation import AsyncConversationStore, ConversationMessage, ConversationSession
from praison_persist.errors import ConfigurationError, InvalidInputError
from praison_persist_postgres import AsyncPostgresConversationStore, PostgresConversationStore, PostgresStateStore
from praison_persist_sqlite import SQLiteConversationStore, SQLiteStateStore


@pytest.fixture(params=["sqlite", "async_sqlite", "postgres", "async_postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path, fresh_prefix: str) -> Iterator[Any]:
    """A store of each backend, called as a blocking one."""
    name: str = request.param
    url = f"sqlite:///{tmp_path}/it.db" if "sqlite" in name else request.getfixturevalue("database_url")
    made = CONVERSATION_STORES.create(name, url=url, table_prefix=fresh_prefix)
    with sync_view(made) if isinstance(made, AsyncConversationStore) else made as opened:
        opened.create_session(ConversationSession("s"))
        yield opened


def test_nul_in_tool_output_is_kept(store: Any) -> None:
    output = "head\x00tail\x00\x00 \ud800 \U0001f570"
    call = {"id": "c\x00", "function": {"arguments": '{"a": "\x00"}'}}
    store.add_message(
        "s", ConversationMessage(id="m", role="tool", content=output, tool_calls=[call], metadata={"k\x00": ["\x00"]})
    )
    (found,) = store.get_messages("s")
    assert (found.content, found.tool_calls, found.metadata) == (output, [call], {"k\x00": ["\x00"]})


def test_a_message_of_ten_megabytes_is_kept(store: Any) -> None:
    content = "ü\x00" + "0123456789abcdef" * (10 * 2**20 // 16)
    store.add_message("s", ConversationMessage(role="tool", content=content, metadata={"blob": content}))
    (found,) = store.get_messages("s")
    assert found.content == content
    assert found.metadata == {"blob": content}


HOSTILE = [
    "'; DROP TABLE {p}messages; --",
    '"; DELETE FROM {p}sessions; --',
    "\\'; SELECT 1; --",
    "%s %(x)s $1 ? :1",
    "{x}",
    "%",
]


def test_statements_in_values_are_stored_and_not_run(store: Any, fresh_prefix: str) -> None:
    for template in HOSTILE:
        text = template.replace("{p}", fresh_prefix)
        store.create_session(ConversationSession(text, user_id=text, agent_id=text, name=text, state={text: text}))
        store.add_message(
            text,
            ConversationMessage(id=text, role=text[:50], content=text, tool_call_id=text, tool_calls=[{text: text}]),
        )
        store.add_messages(text, [ConversationMessage(id=f"{text}2", role="user", content=text)])
        assert [found.id for found in store.get_messages(text)] == [text, f"{text}2"]
        assert [found.session_id for found in store.list_sessions(user_id=text, agent_id=text)] == [text]
        assert store.delete_messages(text, [text]) == 1
    assert len(store.list_sessions()) == len(HOSTILE) + 1
    assert store.get_session("s") is not None


BAD_NAMES = ['x"; DROP TABLE y; --', "a b", "a-b", "1a", "ä", "a\n", "a\x00b", "a.b", "a'b", "%s", "x" * 64, 5, None]


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
def test_names_that_are_no_plain_names_are_refused_before_anything_is_opened(tmp_path: Path, name: Any) -> None:
    nowhere = "postgresql://127.0.0.1:1/x"
    for make in (
        lambda: SQLiteConversationStore(tmp_path / "it.db", table_prefix=name),
        lambda: SQLiteStateStore(tmp_path / "it.db", table_prefix=name),
        lambda: PostgresConversationStore(nowhere, table_prefix=name),
        lambda: PostgresConversationStore(nowhere, schema=name),
        lambda: AsyncPostgresConversationStore(nowhere, table_prefix=name),
        lambda: AsyncPostgresConversationStore(nowhere, schema=name),
        lambda: PostgresStateStore(nowhere, schema=name),
    ):
        with pytest.raises(InvalidInputError, match="not a valid name"):
            make()
    assert list(tmp_path.iterdir()) == []


PASSWORDS = ["p@ss#w%rd", "%40", "100%", "a:b@c", "#", "s p+a&c=e", "ü'\"\\", "p@ss/w?rd"]


@pytest.fixture
def role(database_url: str) -> Iterator[Any]:
    """Make roles with a password and all rights on the database; gives name, and URL without credentials."""
    made: list[str] = []
    with psycopg.connect(database_url, autocommit=True) as admin:

        def make(password: str) -> str:
            made.append(f"r_{secrets.token_hex(6)}")
            literal = psycopg.sql.Literal(password).as_string(admin)
            admin.execute(f"CREATE ROLE {made[-1]} LOGIN PASSWORD {literal}")  # type: ignore[arg-type]
            admin.execute(f"GRANT ALL ON SCHEMA public TO {made[-1]}")  # type: ignore[arg-type]
            return made[-1]

        yield make
        for name in made:
            admin.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")  # type: ignore[arg-type]


def stores(url: str | None, prefix: str, **options: Any) -> list[Any]:
    shared = {"table_prefix": prefix, "max_retries": 0, **options}
    return [
        PostgresConversationStore(url, **shared),
        sync_view(AsyncPostgresConversationStore(url, **shared)),
        PostgresStateStore(url, **shared),
    ]


@pytest.mark.parametrize("password", PASSWORDS)
def test_a_password_with_special_characters_connects_and_never_shows(
    database_url: str, fresh_prefix: str, role: Any, password: str, caplog: pytest.LogCaptureFixture
) -> None:
    user, place = role(password), database_url.partition("@")[2]
    urls = [f"postgresql://{user}:{quote(password, safe='')}@{place}"]
    if not set(password) & set("/?"):
        urls.append(f"postgresql://{user}:{password.replace('%', '%25')}@{place}")
    if password in ("p@ss#w%rd", "100%", "#", "a:b@c"):
        urls.append(f"postgresql://{user}:{password}@{place}")
    shown: list[str] = []
    with caplog.at_level(logging.DEBUG):
        for url in urls:
            for store in stores(url, fresh_prefix):
                with store:
                    store.setup()
                    shown += [repr(store), str(vars(store))]
        host, _, rest = place.partition(":")
        port, _, database = rest.partition("/")
        parts = {"host": host, "port": int(port), "database": database, "user": user, "password": password}
        for store in stores(None, fresh_prefix, **parts):
            with store:
                store.setup()
                shown += [repr(store), str(vars(store))]
    shown += [record.getMessage() for record in caplog.records]
    if len(password) > 2:  # "#" alone proves nothing
        assert not [text for text in shown if password in text or quote(password, safe="") in text]


def test_a_wrong_password_is_a_configuration_error_that_does_not_show_it(
    database_url: str, fresh_prefix: str, role: Any, caplog: pytest.LogCaptureFixture
) -> None:
    user, place = role("right"), database_url.partition("@")[2]
    wrong = "wr@ng#s3cr%t"
    shown: list[str] = []
    with caplog.at_level(logging.DEBUG):
        for store in stores(f"postgresql://{user}:{quote(wrong, safe='')}@{place}", fresh_prefix):
            with store, pytest.raises(ConfigurationError, match="refused the login") as failure:
                store.setup()
            error: BaseException | None = failure.value
            while error is not None:
                shown += [repr(error), str(error), str(getattr(error, "hint", ""))]
                error = error.__cause__ or error.__context__
            shown += [repr(store)]
    shown += [record.getMessage() for record in caplog.records]
    assert not [text for text in shown if wrong in text or quote(wrong, safe="") in text or "s3cr" in text]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://user:s3cret@host:port/db", "port"),
        ("mysql://user:s3cret@host/db", "not a PostgreSQL URL"),
        ("user:s3cret@host/db", "no scheme"),
        ("postgresql://user:s3cret@/etc/x@y/db", "cannot be read"),
        ("", "no scheme"),
    ],
)
def test_a_broken_url_is_a_configuration_error_that_does_not_repeat_it(url: str, message: str) -> None:
    for cls in (PostgresConversationStore, AsyncPostgresConversationStore, PostgresStateStore):
        with pytest.raises(ConfigurationError, match=message) as failure:
            cls(url)
        assert "s3cret" not in f"{failure.value!r}{failure.value}"


@pytest.mark.parametrize("query", ["sslmode=bogus", "no_such_parameter=s3cret", "target_session_attrs=bogus"])
def test_a_connection_parameter_that_cannot_be_is_a_configuration_error(
    database_url: str, fresh_prefix: str, query: str
) -> None:
    for store in stores(f"{database_url}?{query}", fresh_prefix):
        with store, pytest.raises((ConfigurationError, InvalidInputError)) as failure:
            store.setup()
        assert "s3cret" not in f"{failure.value!r}{failure.value}"


def test_a_database_that_does_not_exist_is_a_configuration_error(database_url: str, fresh_prefix: str) -> None:
    for store in stores(f"{database_url}_not", fresh_prefix):
        with store, pytest.raises(ConfigurationError, match="does not exist") as failure:
            store.setup()
        assert "create the database" in str(failure.value)
