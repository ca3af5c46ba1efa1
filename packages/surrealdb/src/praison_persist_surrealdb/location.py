"""Where a SurrealDB is and who asks: URL and options in, a checked location out. Opens nothing, imports no driver."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Literal

from praison_persist.errors import ConfigurationError
from praison_persist.urls import parse, scheme_of, scrub
from praison_persist.validation import check_id, check_optional_id

__all__ = ["DEFAULT_URL", "AuthLevel", "Location"]

DEFAULT_URL = "ws://localhost:8000/rpc"
AuthLevel = Literal["root", "namespace", "database"]

_SERVER = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss", "surrealdb": "ws"}
_EMBEDDED = ("surrealkv", "file")
_HINT = "url= is ws://host:8000/rpc, wss://..., surrealdb://user:password@host:8000, surrealkv://directory or mem://"


@dataclass(frozen=True, slots=True)
class Location:
    """One of a server, a directory, or this store's memory; and what in there.

    Attributes:
        url: of the server, without credentials and ``/rpc``; ``mem://`` or ``surrealkv://path`` for the engine inside.
        path: the engine's directory; None for a server and for memory.
        namespace, database: what SurrealDB calls so.
        signin: what the server is told of the user; None to be anonymous.
        token: a JSON web token instead of a user.
    """

    url: str
    path: str | None
    namespace: str
    database: str
    signin: dict[str, Any] | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    @property
    def embedded(self) -> bool:
        """No server: the engine works inside this process."""
        return self.path is not None or self.url == "mem://"

    def __str__(self) -> str:
        return self.url

    def scrub(self, text: object) -> str:
        """The text without this location's secrets."""
        return scrub(text, self.token, (self.signin or {}).get("password"))

    @classmethod
    def of(
        cls,
        url: str | None,
        *,
        namespace: str,
        database: str,
        username: str | None,
        password: str | None,
        token: str | None,
        auth_level: AuthLevel,
    ) -> Location:
        """The location that a store's options name; the URL's namespace, database and credentials go first.

        Raises:
            ConfigurationError, InvalidInputError: a URL of something else, a broken one, or half a credential.
        """
        url = DEFAULT_URL if url is None else "mem://" if url == ":memory:" else url
        host = path = None
        scheme, _, driver = scheme_of(url).partition("+")
        if scheme in ("mem", *_EMBEDDED) and not driver:
            path = _path(scheme, url)
        elif scheme in _SERVER and driver in ("", "ws", "wss", "http", "https"):
            parsed = parse(url)
            if len(parsed.hosts) != 1 or parsed.query:
                raise ConfigurationError("the URL needs one host, and has no parameters", hint=_HINT)
            username, password = parsed.username or username, parsed.password or password
            name = f"[{parsed.host}]" if ":" in (parsed.host or "") else parsed.host
            host = f"{_SERVER[driver or scheme]}://{name}" + (f":{parsed.port}" if parsed.port else "")
            parts = parsed.database.removesuffix("/").removesuffix("rpc").removesuffix("/").split("/")
            if len(parts) > 2:
                raise ConfigurationError("the URL's path is longer than /namespace/database", hint=_HINT)
            namespace, database = parts[0] or namespace, parts[1] if len(parts) == 2 else database
        else:
            raise ConfigurationError(f"{scheme}:// is no URL of SurrealDB", hint=_HINT)
        for name, what in ((namespace, "namespace"), (database, "database")):
            if set(check_id(name, what)) & set("`\\\n\r"):
                raise ConfigurationError(f"{what} must not contain a backtick, a backslash or a line break")
        signin = _signin(username, password, token, auth_level, namespace, database)
        if host is None and (signin or token):
            raise ConfigurationError(
                "the engine inside this process has no users", hint="leave username= and token= out"
            )
        place = host or ("mem://" if path is None else f"surrealkv://{path}")
        return cls(place, path, namespace, database, signin, token)


def _path(scheme: str, url: str) -> str | None:
    if scheme == "mem":
        if url != "mem://":
            raise ConfigurationError("mem:// takes nothing behind it", hint=_HINT)
        return None
    path = url.partition("://")[2]
    if not path or "\x00" in path or "?" in path:
        raise ConfigurationError(f"{scheme}:// needs a directory, and has no parameters", hint=_HINT)
    return os.path.abspath(path)  # noqa: PTH100 - no I/O; the engine and the lock must mean the same one


def _signin(
    username: str | None, password: str | None, token: str | None, level: str, namespace: str, database: str
) -> dict[str, Any] | None:
    for value, what in ((username, "username"), (password, "password")):
        check_optional_id(value, what)
    check_optional_id(token, "token", longest=65536)
    if level not in ("root", "namespace", "database"):
        raise ConfigurationError(f"auth_level must be 'root', 'namespace' or 'database', not {level!r}")
    if not username and not password:
        return None
    if not username or password is None or token:
        raise ConfigurationError("username and password belong together, and exclude token")
    where = {"namespace": namespace} if level != "root" else {}
    if level == "database":
        where["database"] = database
    return {**where, "username": username, "password": password}
