"""Where a cluster is, who asks, which collection of it is used, and how it is talked to. Opens nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import urlencode

from praison_persist.errors import ConfigurationError
from praison_persist.urls import DatabaseURL, parse

__all__ = ["Durability", "Fields", "Location", "Remote"]

Durability = Literal["none", "majority", "majority_and_persist_to_active", "persist_to_majority"]

_BUCKET = re.compile(r"[A-Za-z0-9_.%-]{1,100}")
_NAME = re.compile(r"_default|[A-Za-z0-9-][A-Za-z0-9_%-]{0,250}")
_FIELD = re.compile(r"[^\x00-\x1f`\\.]{1,100}")
_HINT = "url= is couchbase://user:password@host/bucket/scope/collection, or couchbases:// with TLS"
_RESERVED = ("doc_id", "metadata", "content_hash", "created_at", "write", "facets", "key", "distance")


@dataclass(frozen=True)
class Location:
    """A collection of Couchbase, and the user.

    Attributes:
        connection_string: as the client takes it, without credentials.
        username, password: of the user.
        bucket, scope, collection: names.
        place: hosts and bucket as messages name them.
    """

    connection_string: str
    username: str
    password: str = field(repr=False)
    bucket: str
    scope: str
    collection: str
    place: str

    def __str__(self) -> str:
        return f"{self.place}/{self.scope}/{self.collection}"

    @property
    def keyspace(self) -> str:
        """The collection's path in SQL++."""
        return f"`{self.bucket}`.`{self.scope}`.`{self.collection}`"

    @classmethod
    def of(
        cls,
        url: str | None,
        connection_string: str | None,
        *,
        username: str | None,
        password: str | None,
        bucket_name: str | None,
        scope_name: str | None,
        collection_name: str | None,
    ) -> Location:
        """The location that the arguments name; they have precedence over what the URL names.

        Raises:
            ConfigurationError: a broken URL, one of something else, or a name that Couchbase does not take.
        """
        if url is not None and connection_string is not None and url != connection_string:
            raise ConfigurationError("url= and connection_string= name two clusters", hint="give one of them")
        parsed = parse(url or connection_string or "couchbase://localhost")
        if parsed.scheme not in ("couchbase", "couchbases") or parsed.driver is not None or not parsed.hosts:
            raise ConfigurationError(f"{parsed.scheme}:// is no URL of Couchbase", hint=_HINT)
        path = parsed.database.split("/") if parsed.database else []
        if len(path) > 3:
            raise ConfigurationError("the URL's path has more than bucket, scope and collection", hint=_HINT)
        bucket, scope, collection = (path + [""] * 3)[:3]
        hosts = _hosts(parsed)
        options = f"?{urlencode(parsed.query)}" if parsed.query else ""
        bucket = _checked(bucket_name or bucket or "praisonai", "bucket_name", _BUCKET)
        return cls(
            connection_string=f"{parsed.scheme}://{hosts}{options}",
            username=username or parsed.username or "Administrator",
            password=(parsed.password or "") if password is None else password,
            bucket=bucket,
            scope=_checked(scope_name or scope or "_default", "scope_name", _NAME),
            collection=_checked(collection_name or collection or "vectors", "collection_name", _NAME),
            place=f"{parsed.scheme}://{hosts}/{bucket}",
        )


@dataclass(frozen=True)
class Remote:
    """How a cluster is talked to.

    Attributes:
        timeout: seconds for an operation or a query with its repetitions.
        connect_timeout: seconds until the cluster must have been reached.
        ready_timeout: seconds until a new collection and its index must be ready.
        max_retries, retry_delay: repetitions of a query; seconds of the longest first pause.
        durability: what a write waits for.
    """

    timeout: float
    connect_timeout: float
    ready_timeout: float
    max_retries: int
    retry_delay: float
    durability: Durability

    def __post_init__(self) -> None:
        if self.durability not in get_args(Durability):
            raise ConfigurationError(
                f"durability {self.durability!r} is not known", hint=f"choose one of {', '.join(get_args(Durability))}"
            )


@dataclass(frozen=True)
class Fields:
    """The names of two fields of a document.

    Attributes:
        text: of the content.
        vector: of the embedding.

    Raises:
        ConfigurationError: they are no names, equal, or taken.
    """

    text: str
    vector: str

    def __post_init__(self) -> None:
        for name in (self.text, self.vector):
            _checked(name, "field", _FIELD)
        if self.text == self.vector or {self.text, self.vector} & set(_RESERVED):
            raise ConfigurationError(
                f"text_field {self.text!r} and vector_field {self.vector!r} are equal, or one is taken",
                hint=f"these are taken: {', '.join(_RESERVED)}",
            )


def _hosts(parsed: DatabaseURL) -> str:
    """Hosts and ports, as in a connection string."""
    named = [(f"[{host}]" if ":" in host else host, port) for host, port in parsed.hosts]
    return ",".join(host if port is None else f"{host}:{port}" for host, port in named)


def _checked(name: object, what: str, allowed: re.Pattern[str]) -> str:
    if not isinstance(name, str) or not allowed.fullmatch(name):
        raise ConfigurationError(f"{what} {name!r} is no name in Couchbase")
    return name
