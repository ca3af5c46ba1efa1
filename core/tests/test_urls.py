"""URLs: every part is read, credentials may hold raw characters, and no secret is ever shown."""

import pytest

from praison_persist import ConfigurationError
from praison_persist.urls import DatabaseURL, parse, redact, scheme_of, scrub

SECRET = "s3cr@t#1%w"


def test_all_parts_are_read_and_percent_decoded():
    url = parse("PostgreSQL+asyncpg://us%40er:p%2Fw@db.example:5433/my%20db?sslmode=require&application_name=a%26b")
    assert (url.scheme, url.driver) == ("postgresql", "asyncpg")
    assert (url.username, url.password) == ("us@er", "p/w")
    assert (url.host, url.port, url.database) == ("db.example", 5433, "my db")
    assert url.query == {"sslmode": "require", "application_name": "a&b"}


@pytest.mark.parametrize(
    "password", ["p@ss", "p#ss", "100%", "a%zz", SECRET, "@@@", "a:b", "%ff raw", "+plus+", "ü😀", "*"]
)
def test_a_password_may_hold_raw_at_hash_and_percent(password):
    url = parse(f"postgresql://me:{password}@h:5432/db")
    assert (url.username, url.password, url.host, url.port, url.database) == ("me", password, "h", 5432, "db")


@pytest.mark.parametrize(
    ("text", "username", "password"),
    [
        ("redis://h", None, None),
        ("redis://me@h", "me", None),
        ("redis://me:@h", "me", ""),
        ("redis://:pw@h", None, "pw"),
    ],
)
def test_absent_and_empty_credentials_are_told_apart(text, username, password):
    assert (parse(text).username, parse(text).password) == (username, password)


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("mongodb://a:1,b,[::1]:3/d", (("a", 1), ("b", None), ("::1", 3))),
        ("postgresql://[fe80::1]/d", (("fe80::1", None),)),
        ("postgresql:///d", ()),
        ("postgresql:///d?host=/run/pg", (("/run/pg", None),)),
        ("postgresql://%2Frun%2Fpg/d", (("/run/pg", None),)),
    ],
)
def test_several_hosts_ipv6_and_unix_sockets_are_read(text, hosts):
    assert parse(text).hosts == hosts


@pytest.mark.parametrize(
    ("text", "database"),
    [
        ("sqlite:///rel.db", "rel.db"),
        ("sqlite:////abs/x.db", "/abs/x.db"),
        ("sqlite+aiosqlite:///a%20b.db", "a b.db"),
        ("sqlite://", ":memory:"),
        ("sqlite:///", ":memory:"),
        ("sqlite:///:memory:", ":memory:"),
        (":memory:", ":memory:"),
        ("dir/chat.db", "dir/chat.db"),
        ("C:\\data\\chat.SQLITE3", "C:\\data\\chat.SQLITE3"),
    ],
)
def test_sqlite_urls_and_plain_paths_name_a_file(text, database):
    assert (parse(text).scheme, parse(text).database) == ("sqlite", database)


def test_a_sqlite_url_with_two_slashes_is_explained():
    with pytest.raises(ConfigurationError, match=r"sqlite:///relative.db"):
        parse("sqlite://chat.db")


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://me:{SECRET}@h:port/db",
        f"postgresql://me:{SECRET}@h:99999/db",
        f"postgresql://me:{SECRET}@h:1:2/db",
        f"postgresql://me:{SECRET}@a,,b/db",
        f"postgresql://me:{SECRET}/x@h/db",
        f"postgresql://me:{SECRET}?x@h/db",
        f"postgresql://me:{SECRET}\n@h/db",
        f"me:{SECRET}@h/db",
        f"host=h password={SECRET}",
    ],
)
def test_a_broken_url_is_a_typed_error_that_never_repeats_it(text):
    with pytest.raises(ConfigurationError) as caught:
        parse(text)
    assert caught.value.hint
    for part in ("s3cr", "t#1", "1%w"):
        assert part not in str(caught.value)
        assert part not in redact(text)


@pytest.mark.parametrize("value", [None, 3, b"sqlite://", "", "chat", "file:chat"])
def test_what_is_no_url_is_a_typed_error(value):
    with pytest.raises(ConfigurationError):
        scheme_of(value)
    assert redact(value) == "***"


def test_parameters_may_hold_at_signs():
    url = parse("mongodb://acct:k==@h:10255/?ssl=true&appName=@acct@&tlsCAFile=/a@b")
    assert url.query["appName"] == "@acct@"
    assert url.password == "k=="


def test_redaction_shows_scheme_hosts_port_and_database_only():
    text = f"postgresql+psycopg://someone:{SECRET}@h1:5432,h2/db?password={SECRET}&sslmode=require"
    assert redact(text) == "postgresql+psycopg://h1:5432,h2/db"
    assert redact("dir/chat.db") == "dir/chat.db"
    assert redact(f"me:{SECRET}@h/x.db") == "***"


def test_repr_and_str_hold_no_secret():
    url = parse(f"libsql://me:{SECRET}@h/db?authToken=tok3n")
    for shown in (repr(url), str(url), f"{url}", f"{[url]}"):
        assert shown.strip("[]") in ("DatabaseURL('libsql://h/db')", "libsql://h/db")


def test_scrub_removes_every_spelling_of_a_secret():
    url = parse("postgresql://me:s3'cr%40t%2F%C3%BC@h/db?authToken=tok3n&sslmode=require")
    message = r"""auth of s3'cr@t/ü, "s3'cr@t/\u00fc", s3%27cr%40t%2F%C3%BC failed (tok3n) sslmode=require"""
    cleaned = scrub(ValueError(message), url, None, "")
    assert "s3" not in cleaned
    assert "tok3n" not in cleaned
    assert "sslmode=require" in cleaned


def test_scrub_removes_credentials_of_urls_that_it_was_not_told_about():
    assert scrub("cannot connect to mysql://root:p@ss@h/db now") == "cannot connect to mysql://***@h/db now"


def test_a_parsed_url_cannot_be_changed():
    with pytest.raises(AttributeError):
        parse("redis://h").scheme = "x"
    assert parse("redis://h") == DatabaseURL("redis", None, None, None, (("h", None),), "", {})
