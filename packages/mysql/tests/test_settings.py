"""URLs and options become arguments of both drivers; nothing is opened here but the TLS connections at the end."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from praison_persist.aio import sync_view
from praison_persist.errors import ConfigurationError, InvalidInputError, PersistError
from praison_persist_mysql import AsyncMySQLConversationStore, MySQLConversationStore
from praison_persist_mysql.errors import translate
from praison_persist_mysql.settings import Settings, check_version

import pymysql  # isort: skip

Query = Callable[..., list[Any]]


def settings(url: str | None = None, **options: Any) -> Settings:
    defaults: dict[str, Any] = {
        "host": "localhost", "port": 3306, "database": "praisonai", "user": "root", "password": "",
        "foreign_keys": None, "pool_size": 5, "timeout": 30.0, "connect_timeout": 10.0, "command_timeout": None,
    }  # fmt: skip
    return Settings.of(url, **{**defaults, **options})


def test_a_url_reaches_the_drivers_with_its_parts_decoded() -> None:
    made = settings("mysql://us%40er:p%40s%23%25@db.example.org:6000/my%20db?unix_socket=/run/x")
    given = made.arguments()
    assert [given[key] for key in ("host", "port", "user", "password", "unix_socket")] == [
        "db.example.org", 6000, "us@er", "p@s#%", "/run/x",
    ]  # fmt: skip
    assert made.database == "my db"


def test_a_password_outside_of_latin_1_is_sent_as_utf_8() -> None:
    assert settings("mysql://u:%E2%98%83@h/d").arguments()["password"].encode("latin-1") == "☃".encode()


@pytest.mark.parametrize("scheme", ["mysql", "mariadb", "mysql+pymysql", "mysql+aiomysql", "mariadb+pymysql"])
def test_its_schemes_are_those_of_mysql(scheme: str) -> None:
    assert settings(f"{scheme}://h/d").place == "h:3306/d"


def test_options_and_url_say_the_same() -> None:
    by_options = settings(None, host="h", port=6000, database="d", user="u", password="p")
    assert by_options.arguments() == settings("mysql://u:p@h:6000/d").arguments()


@pytest.mark.parametrize(
    ("query", "mode"),
    [
        ("", "PREFERRED"),
        ("ssl_mode=DISABLED", "DISABLED"),
        ("ssl-mode=required", "REQUIRED"),
        ("sslmode=verify-full", "VERIFY_IDENTITY"),
        ("ssl_ca=/ca.pem", "VERIFY_CA"),
        ("ssl_ca=/ca.pem&ssl_mode=REQUIRED", "REQUIRED"),
        ("ssl_ca=/ca.pem&ssl_verify_identity=true", "VERIFY_IDENTITY"),
        ("ssl_verify_cert=true", "VERIFY_CA"),
        ("ssl_disabled=true", "DISABLED"),
        ("ssl=true", "REQUIRED"),
        ('ssl={"rejectUnauthorized":true}', "VERIFY_IDENTITY"),
        ("sslaccept=strict", "VERIFY_IDENTITY"),
    ],
)
def test_tls_is_said_in_the_words_of_every_client(query: str, mode: str) -> None:
    assert settings(f"mysql://h/d?{query}").tls.mode == mode


@pytest.mark.parametrize("query", ["ssl_mode=maybe", "ssl=perhaps", "charset=latin1", "compress=1", "ssl_disabled=x"])
def test_a_parameter_that_cannot_be_honoured_is_refused(query: str) -> None:
    with pytest.raises(ConfigurationError, match=query.partition("=")[0]):
        settings(f"mysql://h/d?{query}")


@pytest.mark.parametrize("host", ["eu.connect.psdb.cloud", "aws.connect.psdb.cloud"])
def test_planetscale_gets_verified_tls_patience_and_no_foreign_key(host: str) -> None:
    made = settings(f"mysql://u:p@{host}/d", connect_timeout=5)
    assert (made.tls.mode, made.connect_timeout, made.dialect.foreign_key) == ("VERIFY_IDENTITY", 30.0, "")
    assert settings(f"mysql://u:p@{host}/d", foreign_keys=True).dialect.foreign_key
    assert settings(f"mysql://u:p@{host}.example.org/d").dialect.foreign_key


@pytest.mark.parametrize("cls", [MySQLConversationStore, AsyncMySQLConversationStore])
@pytest.mark.parametrize(
    "options",
    [
        {"pool_size": 0}, {"pool_size": True}, {"timeout": 0}, {"timeout": float("nan")}, {"connect_timeout": -1},
        {"command_timeout": 0}, {"foreign_keys": "no"}, {"max_retries": -1}, {"retry_delay": -0.5},
    ],
    ids=str,
)  # fmt: skip
def test_an_option_out_of_range_is_refused_by_the_constructor(cls: Any, options: dict[str, Any]) -> None:
    with pytest.raises((ConfigurationError, InvalidInputError), match=next(iter(options))):
        cls("mysql://h/d", **options)


@pytest.mark.parametrize("url", ["postgresql://h/d", "mysql://a,b/d", "mysql://h", "mysql://h/d?connect_timeout=soon"])
def test_a_url_that_is_not_one_of_ours_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        settings(url)


def test_secrets_are_not_in_the_representation() -> None:
    made = settings("mysql://u:s3cret@h/d")
    assert "s3cret" not in f"{made!r} {made} {made.place} {MySQLConversationStore('mysql://u:s3cret@h/d')!r}"


@pytest.mark.parametrize("version", ["5.7.44", "8.0.16", "10.1.48-MariaDB", "5.5.5-10.1.48-MariaDB"])
def test_a_server_that_is_too_old_is_refused(version: str) -> None:
    with pytest.raises(ConfigurationError, match=r"8\.0\.17"):
        check_version(version, "h")


@pytest.mark.parametrize("version", ["8.0.17", "9.7.4-2", "5.5.5-10.11.19-MariaDB-0+deb12u1", "11.4.2-MariaDB",
                                     "8.0.30-Vitess", "8.0.11-TiDB-v8.5.0"])  # fmt: skip
def test_a_server_that_is_new_enough_is_taken(version: str) -> None:
    check_version(version, "h")


@pytest.mark.parametrize(
    ("code", "text", "retryable"),
    [
        (1105, "target: x.-.primary: primary is not serving", True),
        (1105, "syntax error", False),
        (1040, "Too many connections", True),
        (1205, "Lock wait timeout exceeded", True),
        (1290, "running with the --read-only option", True),
        (1114, "The table is full", False),
        (1045, "Access denied for user 'u' using s3cret", False),
    ],
)
def test_an_error_is_repeated_where_that_can_help(code: int, text: str, retryable: bool) -> None:
    error = translate(pymysql.OperationalError(code, text), settings("mysql://u:s3cret@h/d"))
    assert isinstance(error, PersistError)
    assert error.retryable is retryable
    assert "s3cret" not in str(error)


@pytest.mark.parametrize("error", [pymysql.InterfaceError(0, "with s3cret"), pymysql.OperationalError("with s3cret")])
def test_no_error_shows_a_secret(error: Exception) -> None:
    assert "s3cret" not in str(translate(error, settings("mysql://u:s3cret@h/d")))


# -- TLS against servers ------------------------------------------------------------------------------------------


def stores(url: str) -> list[Any]:
    """One of either kind, not retried."""
    return [
        MySQLConversationStore(url, max_retries=0),
        sync_view(AsyncMySQLConversationStore(url, max_retries=0)),
    ]


def test_a_server_without_tls_is_refused_where_it_is_required_and_used_where_not(mariadb_url: str) -> None:
    if _authority(mariadb_url) is not None:
        pytest.skip("this MariaDB has TLS")
    for store in stores(f"{mariadb_url}?ssl_mode=REQUIRED"):
        with store, pytest.raises(ConfigurationError, match=r"(?i)ssl|tls"):
            store.list_sessions()
    for store in stores(mariadb_url):
        with store:
            assert isinstance(store.list_sessions(), list)


@pytest.mark.parametrize("mode", ["DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA"])
def test_every_mode_works_on_a_server_with_tls(mysql_url: str, mode: str) -> None:
    ca = f"&ssl_ca={_authority(mysql_url)}" if mode == "VERIFY_CA" else ""
    for store in stores(f"{mysql_url}?ssl_mode={mode}{ca}"):
        with store:
            assert isinstance(store.list_sessions(), list)


@pytest.mark.parametrize("query", ["ssl_mode=VERIFY_CA", "ssl_mode=VERIFY_IDENTITY&ssl_ca={ca}"])
def test_a_certificate_that_does_not_fit_is_refused(mysql_url: str, query: str) -> None:
    for store in stores(f"{mysql_url}?{query.format(ca=_authority(mysql_url))}"):
        with store, pytest.raises(ConfigurationError, match=r"TLS failed.*certificate"):
            store.list_sessions()


def test_a_certificate_file_that_is_not_there_is_a_configuration_error(mysql_url: str, tmp_path: Path) -> None:
    for store in stores(f"{mysql_url}?ssl_ca={tmp_path}/no.pem"):
        with store, pytest.raises(ConfigurationError, match="ssl_ca"):
            store.list_sessions()


def _authority(url: str) -> Path | None:
    """The file with the authority of a server's certificate; None where it has no TLS."""
    given = settings(url)
    with pymysql.connect(**given.arguments(), database=given.database) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT @@datadir, @@ssl_ca")
        folder, name = cursor.fetchone() or ("", "")
    path = Path(folder) / name if name else None
    if path is not None and not path.is_file():
        pytest.skip("the server's files are out of reach")
    if path is not None:
        ssl.create_default_context(cafile=str(path))
    return path
