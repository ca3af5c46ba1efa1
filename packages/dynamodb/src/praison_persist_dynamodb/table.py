"""Makes the table and switches its expiry on; safe where several processes do it at once."""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError

from praison_persist.errors import ConfigurationError, OperationTimeoutError

from .errors import code_of
from .settings import Settings

__all__ = ["set_up"]

_KEY = "pk"
_PATIENCE = 60.0
"""Seconds for a new table to become active; AWS takes some."""


def set_up(client: Any, settings: Settings) -> None:
    """The table is there, active, and deletes what expired.

    Raises:
        ConfigurationError: a table of that name has another key, or expires by another attribute.
        OperationTimeoutError: it does not become active.
    """
    _wait_until_active(client, settings)
    try:
        expiry = client.describe_time_to_live(TableName=settings.table)["TimeToLiveDescription"]
        if expiry["TimeToLiveStatus"] == "DISABLED":
            wanted = {"Enabled": True, "AttributeName": "ttl"}
            client.update_time_to_live(TableName=settings.table, TimeToLiveSpecification=wanted)
        elif expiry.get("AttributeName", "ttl") != "ttl":
            raise ConfigurationError(
                f"{settings.place} expires by the attribute {expiry['AttributeName']!r}, not by 'ttl'",
                hint="give another table_name=",
            )
    except ClientError as error:
        # Another process has switched it on since; or the endpoint knows no expiry, and reading honours it anyway.
        if code_of(error) != "UnknownOperationException" and "already" not in str(error):
            raise


def _wait_until_active(client: Any, settings: Settings) -> None:
    deadline = time.monotonic() + _PATIENCE
    pause = 0.05
    while True:
        table = _describe_or_create(client, settings)
        if table is not None:
            if table["KeySchema"] != [{"AttributeName": _KEY, "KeyType": "HASH"}]:
                raise ConfigurationError(
                    f"{settings.place} was not made for state: its key is not {_KEY!r} alone",
                    hint="give another table_name=",
                )
            if table["TableStatus"] in ("ACTIVE", "UPDATING"):
                return
        if time.monotonic() > deadline:
            raise OperationTimeoutError(
                f"{settings.place} did not become active within {_PATIENCE:g} s", hint="look at it in AWS's console"
            )
        time.sleep(pause)
        pause = min(1.0, pause * 2)


def _describe_or_create(client: Any, settings: Settings) -> dict[str, Any] | None:
    """What the table is; None just after asking for it."""
    try:
        return client.describe_table(TableName=settings.table)["Table"]
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
    try:
        client.create_table(
            TableName=settings.table,
            AttributeDefinitions=[{"AttributeName": _KEY, "AttributeType": "S"}],
            KeySchema=[{"AttributeName": _KEY, "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
    except ClientError as error:
        if code_of(error) != "ResourceInUseException":  # another process was quicker
            raise
    return None
