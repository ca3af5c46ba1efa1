"""Which table, where, and with which deadlines. Opens nothing, imports no client."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from praison_persist.errors import ConfigurationError
from praison_persist.urls import parse
from praison_persist.validation import check_bool, check_limit, check_positive

__all__ = ["Settings"]

_TABLE = re.compile(r"[A-Za-z0-9_.-]{3,255}")
_REGION = re.compile(r"[a-z0-9-]+")
_HINT = (
    "write dynamodb://table?region=eu-central-1, with &endpoint_url=http://host:port for another endpoint than AWS's"
)
_DEFAULT_TABLE = "praisonai_state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the engine needs; credentials are the concern of boto3's own chain.

    Attributes:
        table: its name.
        region: of AWS.
        endpoint: another URL than AWS's own; None for that.
        create: make the table, and switch its expiry on, where that has not been done.
        pool_size: most calls at a time.
        timeout, connect_timeout: seconds.
    """

    table: str
    region: str
    endpoint: str | None
    create: bool
    pool_size: int
    timeout: float
    connect_timeout: float

    @property
    def place(self) -> str:
        """The table as messages name it."""
        return f"table {self.table!r} in {self.endpoint or self.region}"

    @classmethod
    def of(
        cls,
        url: str | None,
        *,
        table_name: str | None,
        region: str | None,
        endpoint_url: str | None,
        auto_create_table: bool,
        pool_size: int,
        timeout: float,
        connect_timeout: float,
    ) -> Settings:
        """The settings that a store's arguments name; ``AWS_REGION`` where they name no region.

        Raises:
            ConfigurationError: a broken URL or name.
            InvalidInputError: a number out of range.
        """
        if not check_limit(pool_size, "pool_size"):
            raise ConfigurationError(f"pool_size must be at least 1, got {pool_size!r}")
        if url is not None:
            named, query = _parts(url)
            table_name = table_name or named
            region = region or query.get("region")
            endpoint_url = endpoint_url or query.get("endpoint_url")
        table = table_name or _DEFAULT_TABLE
        region = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        if not isinstance(table, str) or not _TABLE.fullmatch(table):
            raise ConfigurationError(
                f"{table!r} is no name of a table", hint="3 to 255 letters, digits, underscores, dots and dashes"
            )
        if not isinstance(region, str) or not _REGION.fullmatch(region):
            raise ConfigurationError(f"{region!r} is no region", hint="such as us-east-1")
        return cls(
            table=table,
            region=region,
            endpoint=None if endpoint_url is None else _endpoint(endpoint_url),
            create=check_bool(auto_create_table, "auto_create_table"),
            pool_size=pool_size,
            timeout=check_positive(timeout, "timeout"),
            connect_timeout=check_positive(connect_timeout, "connect_timeout"),
        )


def _parts(url: str) -> tuple[str | None, dict[str, str]]:
    """The table that a URL names, if it does, and its parameters."""
    parsed = parse(url)
    if parsed.scheme != "dynamodb" or parsed.driver or parsed.database or len(parsed.hosts) > 1 or parsed.port:
        raise ConfigurationError(f"this {parsed.scheme}:// URL names no table of DynamoDB", hint=_HINT)
    if parsed.username or parsed.password:
        raise ConfigurationError(
            "a dynamodb:// URL holds no credentials",
            hint="boto3 finds them in the environment, in ~/.aws, or from the machine's role",
        )
    if unknown := sorted(set(parsed.query) - {"region", "endpoint_url"}):
        raise ConfigurationError(f"unknown URL parameter {unknown[0]!r}", hint="known are endpoint_url and region")
    return parsed.host, parsed.query


def _endpoint(url: str) -> str:
    parsed = parse(url)
    if parsed.scheme not in ("http", "https") or len(parsed.hosts) != 1 or parsed.username or parsed.password:
        raise ConfigurationError("endpoint_url must be an http:// or https:// URL without credentials")
    return url.rstrip("/")
