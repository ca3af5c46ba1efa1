"""Records as the bytes, names and metadata of objects. No I/O, no client."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from praison_persist.errors import InvalidInputError, SerializationError
from praison_persist.jsontext import encode
from praison_persist.state_engines import Record
from praison_persist.state_engines.naming import escape, unescape

__all__ = ["MARK", "bytes_of", "metadata_of", "name_of", "object_name", "object_prefix", "record_of"]

MARK = "praison-persist"
"""Metadata of objects that this package wrote: an object without it may hold its expiry inside."""

_MOST_BYTES = 8 * 2**20  # what fits into one request of the client
_LONGEST_METADATA = 7000  # an object may have 8 KiB of it
_SUFFIX = ".json"
_LONGEST = 800  # bytes; an object's name may have 1024
_KEYS = {"praison_persist", "value", "hash", "expires", "token"}


def object_name(prefix: str, name: str) -> str:
    """The object of a record; ordinary names are their own, as PraisonAI has them, and long ones end with a hash."""
    whole = escape(name)
    short = _clipped(whole)
    if short != whole:
        short = f"{short}~{hashlib.sha256(name.encode()).hexdigest()}"
    return f"{prefix}{short}{_SUFFIX}"


def object_prefix(prefix: str, start: str) -> str:
    """What the objects of all records whose names start so start with; of some others as well."""
    return prefix + _clipped(escape(start))


def name_of(prefix: str, name: str, metadata: Mapping[str, str]) -> str | None:
    """The record of an object; None for objects of something else."""
    if "name" in metadata:
        return json.loads(metadata["name"])
    if not name.endswith(_SUFFIX):
        return None
    return unescape(name[len(prefix) : -len(_SUFFIX)])


def metadata_of(name: str, record: Record) -> tuple[dict[str, str], datetime | None]:
    """What a listing shows of a record, and the object's custom time, by which lifecycle rules delete.

    Raises:
        InvalidInputError: the name does not fit.
    """
    metadata = {MARK: "1"}
    if len(escape(name).encode()) > _LONGEST:
        metadata["name"] = json.dumps(name)
        if len(metadata["name"]) > _LONGEST_METADATA:
            raise InvalidInputError(f"the name of {name!r:.80} is too long", hint="use shorter keys and namespaces")
    if record.expires is None:
        return metadata, None
    metadata["expires"] = repr(record.expires)
    # Later than any calendar has years is as good as never.
    moment = min(record.expires, 250_000_000_000.0)
    return metadata, datetime.fromtimestamp(moment, timezone.utc)


def bytes_of(name: str, record: Record) -> bytes:
    """The object: the texts whole, so that no type changes on the way.

    Raises:
        InvalidInputError: too large for a state that is replaced whole with every write.
    """
    body: dict[str, Any] = {"praison_persist": 1, "token": record.token}
    if record.expires is not None:
        body["expires"] = record.expires
    if record.fields is None:
        body["value"] = record.value
    else:
        body["hash"] = record.fields
    data = json.dumps(body).encode()
    if len(data) > _MOST_BYTES:
        raise InvalidInputError(
            f"the object of {name!r:.80} would have {len(data)} bytes, more than {_MOST_BYTES}",
            hint="store less under one key, or keep large texts elsewhere",
        )
    return data


def record_of(data: bytes, version: int, where: str) -> Record:
    """The record in an object's bytes; also one of PraisonAI.

    Raises:
        SerializationError: something else.
    """
    try:
        body = json.loads(data)
    except ValueError as error:
        raise SerializationError(f"{where} holds no JSON", hint="it was written by something else") from error
    if isinstance(body, dict) and body.get("praison_persist") == 1 and body.keys() <= _KEYS:
        return Record(body.get("value"), body.get("hash"), body.get("expires"), body.get("token"), version)
    expires = None
    if isinstance(body, dict) and _is_number(body.get("_ttl_expires")):
        expires = float(body.pop("_ttl_expires"))
    if isinstance(body, dict) and "__value__" in body and body.keys() <= {"__value__", "__praisonai_scalar__"}:
        body = body["__value__"]
    hashed = {key: encode(value) for key, value in body.items()} if isinstance(body, dict) else None
    return Record(encode(body), hashed, expires, None, version)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _clipped(text: str) -> str:
    """At most so many bytes of it, whole characters and escapes only."""
    data = text.encode()
    if len(data) <= _LONGEST:
        return text
    return data[:_LONGEST].decode(errors="ignore")
