"""Records of state as documents of MongoDB, conditions as its filters, and what PraisonAI stored. No I/O here.

A document of ours: ``_id``; ``value`` (JSON text) or ``hash`` (JSON texts by field); ``token``; ``updated_at``; and
where it expires ``expires_at``, a date for the TTL index. PraisonAI's has no token, and a value of MongoDB's own types.
"""

from __future__ import annotations

import math
import re
import time
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote, unquote

from bson import encode as to_bson

from praison_persist.errors import InvalidInputError
from praison_persist.jsontext import encode
from praison_persist.state_engines import Condition, Record

__all__ = [
    "NAMES_ONLY",
    "PAGE",
    "chosen",
    "document_of",
    "expiry_of",
    "filter_of",
    "live_hash",
    "page_filter",
    "record_of",
]

Document = dict[str, Any]

PAGE = 1000
"""How many names one request lists."""

NAMES_ONLY = {"_id": 1, "expires_at": 1}

_LARGEST = 16 * 1024 * 1024
_COMPARED = ("value", "updated_at", "expires_at")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def document_of(name: str, record: Record) -> Document:
    """The record as a document, with its ``_id``.

    Raises:
        InvalidInputError: larger than MongoDB takes.
    """
    document: Document = {"_id": name}
    if record.fields is None:
        document["value"] = record.value
        letters = len(record.value or "")
    else:
        document["hash"] = {_escape(field): text for field, text in record.fields.items()}
        letters = sum(len(field) * 3 + len(text) + 2 for field, text in record.fields.items())
    document |= {"token": record.token, "updated_at": time.time()}
    if record.expires is not None:
        document["expires_at"] = _date(record.expires)
    # Counting exactly means to encode twice, so it is left to those that may be too large.
    if letters * 4 > _LARGEST // 2 and (size := len(to_bson(document))) > _LARGEST:
        raise InvalidInputError(
            f"key {name!r:.80} would have {size} bytes; MongoDB keeps {_LARGEST} in one document",
            hint="divide the value over several keys, or keep it elsewhere and store where it is",
        )
    return document


def record_of(document: Document) -> Record:
    """The record in a document. A mapping of PraisonAI's may be read as a value and as a hash, as its store does."""
    expires = expiry_of(document)
    token = document.get("token")
    if isinstance(token, str):
        if "hash" in document:
            return Record(None, {_unescape(field): text for field, text in document["hash"].items()}, expires, token)
        return Record(document["value"], None, expires, token)
    compared = {name: document[name] for name in _COMPARED if name in document}
    value = document.get("value")
    fields = {field: encode(part) for field, part in value.items()} if isinstance(value, dict) else None
    return Record(encode(value), fields, expires, None, compared)


def expiry_of(document: Document) -> float | None:
    """When it expires; PraisonAI's asynchronous store wrote a number there."""
    at = document.get("expires_at")
    return at.timestamp() if isinstance(at, datetime) else float(at) if at else None


def filter_of(name: str, expect: Record | Condition | None) -> Document:
    """The filter that finds the document under that condition."""
    if expect is None or expect is Condition.ABSENT:
        return {"_id": name}
    if isinstance(expect, Condition):
        return {"_id": name, "$or": [{"hash": {"$exists": False}}, {"expires_at": {"$lte": _date(time.time())}}]}
    if expect.token is not None:
        return {"_id": name, "token": expect.token}
    same = {part: {"$eq": expect.version[part]} for part in _COMPARED if part in expect.version}
    absent = {part: {"$exists": False} for part in ("token", *_COMPARED) if part not in expect.version}
    return {"_id": name, **same, **absent}


def live_hash(name: str) -> Document:
    """The filter that finds the document if it is a hash that has not expired."""
    now = _date(time.time())
    return {"_id": name, "hash": {"$exists": True}, "$nor": [{"expires_at": {"$lte": now}}]}


def page_filter(prefix: str, after: str | None) -> Document:
    """The names that start with the prefix, after that name; a range of the index, no pattern."""
    bounds = {"$gte": prefix} if after is None else {"$gt": after}
    if (end := _end_of(prefix)) is not None:
        bounds["$lt"] = end
    return {"_id": bounds}


def chosen(documents: list[Document]) -> tuple[list[tuple[str, float | None]], str | None]:
    """The names on a page with their expiry, and the last one if there may be more."""
    names = [(document["_id"], expiry_of(document)) for document in documents]
    return names, names[-1][0] if len(names) == PAGE else None


def _date(seconds: float) -> datetime:
    """MongoDB keeps milliseconds; rounded up, nothing expires too early."""
    return _EPOCH + timedelta(milliseconds=math.ceil(seconds * 1000))


def _end_of(prefix: str) -> str | None:
    """The least text above all that start with the prefix, in the order of UTF-8; None where there is no such text."""
    while prefix:
        following = ord(prefix[-1]) + 1
        if following <= 0x10FFFF:
            return prefix[:-1] + chr(0xE000 if 0xD800 <= following <= 0xDFFF else following)
        prefix = prefix[:-1]
    return None


def _escape(field: str) -> str:
    """A field as the name of a BSON element, where dots and dollars have a meaning."""
    return re.sub(r"[%.$]", lambda found: "%2E" if found[0] == "." else quote(found[0], safe=""), field)


def _unescape(name: str) -> str:
    return unquote(name)
