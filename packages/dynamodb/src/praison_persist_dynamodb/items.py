"""Records as items of DynamoDB, conditions as its expressions, and what PraisonAI stored. No request is made here.

An item of ours: ``pk``; ``value`` (JSON text) or ``hash`` (a map of JSON texts); ``token``; ``updated_at``; where it
expires also ``ttl``, whole seconds for DynamoDB's own deletion, and ``expires``, the exact time. PraisonAI's has no
token.
"""

from __future__ import annotations

import json
import math
import time
from decimal import Decimal
from typing import Any

from praison_persist.errors import InvalidInputError
from praison_persist.jsontext import encode
from praison_persist.state_engines import Condition, Record

__all__ = ["NAMES_ONLY", "NO_HASH", "check_size", "condition", "expiry_of", "item_of", "key_of", "name_of", "record_of"]

Item = dict[str, dict[str, Any]]
"""As the client has it: ``{"pk": {"S": "..."}, "ttl": {"N": "..."}}``."""

LARGEST_ITEM = 400 * 1024
"""Bytes, the names of the attributes included."""

_LARGEST_NAME = 2048

NAMES_ONLY: dict[str, Any] = {
    "ProjectionExpression": "#pk, #ttl, #expires",
    "ExpressionAttributeNames": {"#pk": "pk", "#ttl": "ttl", "#expires": "expires"},
}
"""Arguments of a read that needs names and expiry only; ``ttl`` is a reserved word."""

NO_HASH: dict[str, Any] = {
    "ConditionExpression": "attribute_not_exists(#hash)",
    "ExpressionAttributeNames": {"#hash": "hash"},
}
"""Arguments of a write where there is no hash, not even an expired one."""

_COMPARED = ("value", "hash", "ttl", "updated_at")


def key_of(name: str) -> Item:
    """The key of the item with that name.

    Raises:
        InvalidInputError: longer than DynamoDB takes.
    """
    if (size := len(name.encode())) > _LARGEST_NAME:
        raise InvalidInputError(
            f"the key has {size} bytes with prefix and namespace; DynamoDB takes {_LARGEST_NAME}",
            hint="shorten the key, the prefix or the namespaces",
        )
    return {"pk": {"S": name}}


def name_of(item: Item) -> str:
    """The name in an item."""
    return item["pk"]["S"]


def item_of(name: str, record: Record) -> Item:
    """The record as an item.

    Raises:
        InvalidInputError: larger than DynamoDB takes.
    """
    item: Item = {**key_of(name), "updated_at": {"N": str(int(time.time()))}}
    if record.token is not None:
        item["token"] = {"S": record.token}
    if record.fields is None:
        item["value"] = {"S": record.value}
    else:
        item["hash"] = {"M": {field: {"S": text} for field, text in record.fields.items()}}
    if record.expires is not None:
        item["ttl"] = {"N": str(math.ceil(record.expires))}
        item["expires"] = {"N": f"{record.expires:.6f}"}
    check_size(name, item)
    return item


def check_size(name: str, item: Item) -> None:
    """Refuse what DynamoDB would refuse.

    Raises:
        InvalidInputError: it is larger than 400 KB.
    """
    size = sum(len(attribute.encode()) + _size(value) for attribute, value in item.items())
    if size > LARGEST_ITEM:
        raise InvalidInputError(
            f"key {name!r:.80} would have {size} bytes; DynamoDB keeps {LARGEST_ITEM} in one item",
            hint="divide the value over several keys, or keep it elsewhere and store where it is",
        )


def record_of(item: Item) -> Record:
    """The record in an item. One of PraisonAI's may be read as a value and as a hash, as its store does."""
    expires = expiry_of(item)
    if "token" in item:
        token = item["token"]["S"]
        if "hash" in item:
            return Record(None, {field: text["S"] for field, text in item["hash"]["M"].items()}, expires, token)
        return Record(item["value"]["S"], None, expires, token)
    compared = {attribute: item[attribute] for attribute in _COMPARED if attribute in item}
    value = _foreign(item["value"]) if "value" in item else None
    fields = _foreign(item["hash"]) if "hash" in item else value
    return Record(
        encode(value) if "value" in item or "hash" not in item else None,
        {field: encode(part) for field, part in fields.items()} if isinstance(fields, dict) else None,
        expires,
        None,
        compared,
    )


def expiry_of(item: Item) -> float | None:
    """When it expires; the exact time where nobody else has changed the whole seconds since."""
    if "ttl" not in item:
        return None
    seconds, exact = float(item["ttl"]["N"]), float(item.get("expires", item["ttl"])["N"])
    if not seconds:
        return None
    return exact if math.ceil(exact) == seconds else seconds


def condition(expect: Record | Condition) -> dict[str, Any]:
    """The arguments of a write under that condition."""
    if expect is Condition.ABSENT:
        return {"ConditionExpression": "attribute_not_exists(#pk)", "ExpressionAttributeNames": {"#pk": "pk"}}
    if isinstance(expect, Condition):
        return {
            "ConditionExpression": "attribute_not_exists(#hash) OR #expires <= :now "
            "OR (attribute_not_exists(#expires) AND #ttl <= :now)",
            "ExpressionAttributeNames": {"#hash": "hash", "#ttl": "ttl", "#expires": "expires"},
            "ExpressionAttributeValues": {":now": {"N": f"{time.time():.6f}"}},
        }
    if expect.token is not None:
        return {
            "ConditionExpression": "#token = :token",
            "ExpressionAttributeNames": {"#token": "token"},
            "ExpressionAttributeValues": {":token": {"S": expect.token}},
        }
    terms = ["attribute_exists(#pk)", "attribute_not_exists(#token)"]
    values: Item = {}
    for name in _COMPARED:
        if name not in expect.version:
            terms.append(f"attribute_not_exists(#{name})")
        elif name == "hash":  # not every endpoint compares maps; PraisonAI sets updated_at with each field
            terms.append("size(#hash) = :hash")
            values[":hash"] = {"N": str(len(expect.version["hash"].get("M", ())))}
        else:
            terms.append(f"#{name} = :{name}")
            values[f":{name}"] = expect.version[name]
    found: dict[str, Any] = {
        "ConditionExpression": " AND ".join(terms),
        "ExpressionAttributeNames": {f"#{name}": name for name in ("pk", "token", *_COMPARED)},
    }
    if values:
        found["ExpressionAttributeValues"] = values
    return found


def _foreign(value: dict[str, Any]) -> Any:
    """What PraisonAI meant: text is JSON where it can be read as JSON, numbers are numbers."""
    ((kind, content),) = value.items()
    match kind:
        case "S":
            try:
                return json.loads(content)
            except ValueError:
                return content
        case _:
            return _native(kind, content)


def _native(kind: str, content: Any) -> Any:
    match kind:
        case "M":
            return {field: _native(*next(iter(part.items()))) for field, part in content.items()}
        case "L":
            return [_native(*next(iter(part.items()))) for part in content]
        case "N":
            number = Decimal(content)
            return int(number) if number == number.to_integral_value() else float(number)
        case "NULL":
            return None
        case "SS":
            return sorted(content)
        case "NS":
            return sorted(_native("N", number) for number in content)
        case "B" | "BS":
            raise InvalidInputError("the item holds binary data, which is no state of PraisonAI's")
        case _:
            return content  # text and booleans


def _size(value: dict[str, Any]) -> int:
    """Bytes as DynamoDB counts them; of a number at least as many."""
    ((kind, content),) = value.items()
    if kind == "M":
        return 3 + sum(len(name.encode()) + 1 + _size(part) for name, part in content.items())
    if kind == "N":
        return 2 + len(content) // 2
    return len(content.encode())
