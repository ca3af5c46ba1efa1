"""Database URLs: parsing, rendering without secrets, and removing secrets from driver messages.

Pure text work: opens nothing, knows no backend but SQLite's file forms. No error and no repr echoes a URL's secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from .errors import ConfigurationError

__all__ = ["DatabaseURL", "parse", "redact", "scheme_of", "scrub"]

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9_.+-]*)://")
_SQLITE_FILE = (".db", ".sqlite", ".sqlite3")
_SECRET_KEY = re.compile(r"pass|pwd|token|secret|key|credential|signature|^sig$|^sas", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^\s/'\"<>]*@")
_HIDDEN = "***"


@dataclass(frozen=True, slots=True, repr=False)
class DatabaseURL:
    """A parsed URL; every part is percent-decoded.

    Attributes:
        scheme: lower case, without the driver (``postgresql`` of ``postgresql+asyncpg``).
        driver: what follows ``+`` in the scheme, or None.
        username: None when absent or empty.
        password: None when absent; ``""`` when given but empty.
        hosts: every ``(host, port)`` in order; a Unix socket directory (``?host=/run/x``) counts as a host.
        database: the path without its first slash; a file path for ``sqlite`` (``":memory:"`` when none is given).
        query: parameters; of a repeated one the last. ``+`` is a plus sign, as in libpq.
    """

    scheme: str
    driver: str | None
    username: str | None
    password: str | None
    hosts: tuple[tuple[str, int | None], ...]
    database: str
    query: dict[str, str]

    @property
    def host(self) -> str | None:
        """The first host."""
        return self.hosts[0][0] if self.hosts else None

    @property
    def port(self) -> int | None:
        """The first host's port."""
        return self.hosts[0][1] if self.hosts else None

    @property
    def secrets(self) -> tuple[str, ...]:
        """What `scrub` has to remove: the password and the values of secret-looking parameters."""
        found = [self.password] if self.password else []
        found += [value for name, value in self.query.items() if value and _SECRET_KEY.search(name)]
        return tuple(found)

    def __str__(self) -> str:
        """Scheme, hosts, ports and database only."""
        hosts = ",".join(_render_host(host, port) for host, port in self.hosts)
        scheme = f"{self.scheme}+{self.driver}" if self.driver else self.scheme
        return f"{scheme}://{hosts}/{quote(self.database, safe='/:@$~,;=+ ')}"

    def __repr__(self) -> str:
        return f"DatabaseURL({str(self)!r})"


def scheme_of(url: Any) -> str:
    """The scheme in lower case with its ``+driver``; ``sqlite`` for ``:memory:`` and ``.db .sqlite .sqlite3`` paths.

    Raises:
        ConfigurationError: not a string, or neither a URL nor such a path.
    """
    if not isinstance(url, str):
        raise ConfigurationError(f"a URL must be a string, not {type(url).__name__}")
    match = _SCHEME.match(url)
    if match:
        return match[1].lower()
    if url == ":memory:" or ("://" not in url and url.lower().endswith(_SQLITE_FILE)):
        return "sqlite"
    raise ConfigurationError(
        "this is not a URL: it has no scheme",
        hint="write scheme://user:password@host:port/database, sqlite:///file.db, :memory: or a path ending in .db",
    )


def parse(url: str) -> DatabaseURL:
    """The parts of a URL, of ``:memory:``, or of a path ending in ``.db``, ``.sqlite`` or ``.sqlite3``.

    Credentials may hold raw ``@ # %``: the last ``@`` before the path ends them, ``#`` is an ordinary character and
    a ``%`` that starts no escape stands for itself. ``sqlite:///rel.db`` is relative, ``sqlite:////abs.db`` absolute,
    ``sqlite://`` is in memory.

    Raises:
        ConfigurationError: not a URL, or a broken one; the message never repeats it.
    """
    scheme, _, driver = scheme_of(url).partition("+")
    match = _SCHEME.match(url)
    if match is None:
        return DatabaseURL(scheme, None, None, None, (), url, {})
    rest = url[match.end() :]
    if "\x00" in rest or "\n" in rest or "\r" in rest:
        raise _broken(scheme, "it contains NUL or a line break")
    authority = re.split(r"[/?]", rest, maxsplit=1)[0]
    path, _, query_text = rest[len(authority) :].partition("?")
    userinfo, _, host_text = authority.rpartition("@")
    query_names = "&".join(part.partition("=")[0] for part in query_text.split("&"))
    if authority and "@" in path + query_names:
        # Either the password holds a raw "/" or "?", or the path a raw "@"; a guess could print half a password.
        raise _broken(scheme, "an '@' follows the first '/' or '?'")
    username, colon, password = userinfo.partition(":")
    hosts = tuple(_parse_hosts(scheme, host_text))
    query = dict(_parse_query(query_text))
    if not hosts and query.get("host", "").startswith("/"):
        hosts = ((query["host"], None),)
    database = _decode(path[1:])
    if scheme == "sqlite":
        if authority:
            raise ConfigurationError(
                "a sqlite URL has no host", hint="write sqlite:///relative.db, sqlite:////absolute.db or sqlite://"
            )
        database = database or ":memory:"
    return DatabaseURL(
        scheme,
        driver or None,
        _decode(username) or None,
        _decode(password) if colon else None,
        hosts,
        database,
        query,
    )


def redact(url: Any) -> str:
    """The URL with scheme, hosts, ports and database only; ``***`` in place of what cannot be parsed. Never raises."""
    try:
        parsed = parse(url)
    except ConfigurationError:
        match = _SCHEME.match(url) if isinstance(url, str) else None
        return f"{match[0]}{_HIDDEN}" if match else _HIDDEN
    if "://" in url:
        return str(parsed)
    return _HIDDEN if "@" in url else url


def scrub(text: object, *secrets: str | DatabaseURL | None) -> str:
    """The text without the secrets, in any spelling a driver may use, and without credentials in URLs inside it.

    Args:
        text: an exception or a string.
        secrets: passwords, tokens or parsed URLs; None and ``""`` are skipped.
    """
    plain: set[str] = set()
    for secret in secrets:
        plain.update(secret.secrets if isinstance(secret, DatabaseURL) else (secret,) if secret else ())
    spellings = {form for secret in plain for form in _spellings(secret)}
    cleaned = str(text)
    for form in sorted(spellings, key=len, reverse=True):
        cleaned = cleaned.replace(form, _HIDDEN)
    return _USERINFO.sub(f"{_HIDDEN}@", cleaned)


def _spellings(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret, safe="")
    yield quote(secret)
    yield quote_plus(secret)
    yield repr(secret)[1:-1]
    yield json.dumps(secret)[1:-1]
    yield _decode(secret)


def _render_host(host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else quote(host, safe="")
    return name if port is None else f"{name}:{port}"


def _broken(scheme: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"the {scheme}:// URL cannot be read: {why}",
        hint="write scheme://user:password@host:port/database; "
        "percent-encode '/' as %2F and '?' as %3F in the password, '@' as %40 elsewhere",
    )


def _parse_hosts(scheme: str, text: str) -> Iterator[tuple[str, int | None]]:
    for part in text.split(",") if text else ():
        bracket = re.fullmatch(r"\[([^\[\]]*)\](?::(.*))?", part)
        host, port_text = (bracket[1], bracket[2] or "") if bracket else part.partition(":")[::2]
        if port_text and not (re.fullmatch("[0-9]{1,5}", port_text) and int(port_text) <= 65535):
            raise _broken(scheme, "the port is not a number from 0 to 65535")
        if not host:
            raise _broken(scheme, "a host is empty")
        yield _decode(host), int(port_text) if port_text else None


def _parse_query(text: str) -> Iterator[tuple[str, str]]:
    for part in text.split("&"):
        name, _, value = part.partition("=")
        if name:
            yield _decode(name), _decode(value)


def _decode(text: str) -> str:
    """Percent-decoding that leaves a raw ``%`` alone, also when what follows is hexadecimal but no UTF-8."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text
