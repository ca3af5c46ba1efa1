"""Where a Cosmos DB account is, what lets in, and the environment. Opens nothing, imports no client."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from praison_persist.errors import ConfigurationError
from praison_persist.urls import parse

from .modes import CONNECTION_STRING, is_mongodb

__all__ = ["Location"]

_HINT = (
    "give a connection string (AccountEndpoint=https://NAME.documents.azure.com:443/;AccountKey=KEY;), "
    "or https://NAME.documents.azure.com with key="
)
_DATABASE = "praisonai"
_IN_NO_NAME = frozenset("/\\#?\t\r\n")


@dataclass(frozen=True)
class Location:
    """A database in an account.

    Attributes:
        endpoint: URL of the account, without a secret.
        key: of the account, as the portal shows it; "" with a credential.
        credential: a token credential of azure-identity, in place of a key.
        database: name of the database.
        local: whether the account is on this machine, as an emulator is.
    """

    endpoint: str
    key: str = field(repr=False)
    credential: Any = field(repr=False)
    database: str
    local: bool

    def __str__(self) -> str:
        return f"{self.endpoint}/{self.database}"

    @classmethod
    def of(
        cls, url: str | None, connection_string: str | None, key: str | None, credential: Any, database: str | None
    ) -> Location:
        """The location that the arguments name; ``COSMOS_CONNECTION_STRING`` where they name none.

        Raises:
            ConfigurationError: no account, two of them, no key, or one that is broken.
        """
        if url and connection_string:
            raise ConfigurationError("url and connection_string both name an account", hint="give one of them")
        given = url or connection_string or os.environ.get(CONNECTION_STRING)
        if not given:
            raise ConfigurationError("Cosmos DB needs an account", hint=f"{_HINT}, or set {CONNECTION_STRING}")
        if is_mongodb(given):
            raise ConfigurationError(
                "this connection string is of the API for MongoDB, and this store speaks that for NoSQL",
                hint="KNOWLEDGE_STORES.create('cosmosdb', url=...) makes the store that it needs",
            )
        settings = _settings(given)
        endpoint, its_key, its_database = _parsed(settings.get("accountendpoint", given))
        key = key or settings.get("accountkey") or its_key
        if credential is not None and key:
            raise ConfigurationError("a key and credential= do not go together", hint="give one of them")
        if credential is None:
            key = _checked(key)
        name = database or its_database or settings.get("database") or _DATABASE
        if not isinstance(name, str) or set(name) & _IN_NO_NAME or name.endswith(" ") or len(name) > 255:
            raise ConfigurationError(f"{name!r} is no name of a database")
        host = endpoint.partition("://")[2].rpartition(":")[0]
        return cls(endpoint, key or "", credential, name, host in ("localhost", "127.0.0.1", "[::1]"))


def _settings(given: str) -> Mapping[str, str]:
    """The settings in a connection string, by their names in small letters; none of a URL."""
    if "accountendpoint=" not in given.lower():
        return {}
    pairs = (part.partition("=") for part in given.split(";") if part.strip())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _parsed(url: str) -> tuple[str, str | None, str]:
    """The account, a key, and the database in a URL."""
    parsed = parse(url)
    if parsed.scheme not in ("cosmosdb", "https", "http") or parsed.driver or parsed.query:
        raise ConfigurationError("this is no URL of Cosmos DB", hint=_HINT)
    if len(parsed.hosts) != 1 or parsed.host is None:
        raise ConfigurationError("the URL of an account needs one host", hint=_HINT)
    host = f"[{parsed.host}]" if ":" in parsed.host else parsed.host
    scheme = "http" if parsed.scheme == "http" else "https"
    port = parsed.port or (80 if scheme == "http" else 443)
    return f"{scheme}://{host}:{port}", parsed.password or parsed.username, parsed.database.rstrip("/")


def _checked(key: str | None) -> str:
    if not key:
        raise ConfigurationError("Cosmos DB needs a key", hint="give key=, or credential= with one of azure-identity")
    try:
        base64.b64decode(key, validate=True)
    except ValueError:
        raise ConfigurationError("the account's key is not Base64", hint="copy it anew from the portal") from None
    return key
