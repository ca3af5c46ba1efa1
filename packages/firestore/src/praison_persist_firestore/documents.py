"""Records as Firestore's documents, and requests as its messages. No I/O; the same for both clients."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from google.cloud.firestore_v1 import types
from google.protobuf import timestamp_pb2

from praison_persist.errors import InvalidInputError, SerializationError
from praison_persist.jsontext import encode
from praison_persist.parts import in_parts
from praison_persist.state_engines import Condition, Names, Page, Record
from praison_persist.state_engines.naming import escape, unescape

__all__ = ["Documents"]

PAGE = 300
"""How many names one query gives."""

_MOST_BYTES = 1_048_576
_MOST_NAME = 1500
_COMMIT_BYTES = 3_500_000  # a request may have 10 MiB, 4 with the emulator
_COMMIT_WRITES = 500
_LAST = "\U0010ffff"

# Plain protobuf classes: the vendor's wrappers cost more than the network does on one machine.
_Commit = types.CommitRequest.pb(types.CommitRequest()).__class__
_Batch = types.BatchGetDocumentsRequest.pb(types.BatchGetDocumentsRequest()).__class__
_Query = types.RunQueryRequest.pb(types.RunQueryRequest()).__class__
_Write = types.Write.pb(types.Write()).__class__

Write = tuple[str, "Record | None", "Record | Condition"]
"""Name, what is saved (None: erased), and the condition."""


class Documents:
    """One collection.

    Args:
        database: ``projects/…/databases/…``.
        collection: its name, or its path below a document.
    """

    def __init__(self, database: str, collection: str) -> None:
        self.database = database
        above, _, self.collection = collection.rpartition("/")
        self.parent = f"{database}/documents" + (f"/{above}" if above else "")
        self._root = f"{self.parent}/{self.collection}/"

    # -- reading -------------------------------------------------------------------------------------------------

    def load(self, names: Iterable[str]) -> Any:
        """The request for these records."""
        paths = [self._path(name) for name in names]
        return types.BatchGetDocumentsRequest.wrap(_Batch(database=self.database, documents=paths))

    def loaded(self, answers: Iterable[Any]) -> dict[str, Record]:
        """The records in the answers to `load`.

        Raises:
            SerializationError: a document that neither this package nor PraisonAI wrote.
        """
        documents = (types.BatchGetDocumentsResponse.pb(answer).found for answer in answers)
        return {self._name(document.name): _record(document) for document in documents if document.name}

    def query(self, request: Names) -> Any:
        """The request for a page of names: ``after`` is the number of the range, and the last id in it."""
        number, last = request.after or (0, None)
        start = _ranges(request.prefix)[number]
        query: dict[str, Any] = {
            "from_": [{"collection_id": self.collection}],
            "select": {"fields": [{"field_path": "expires_at"}]},
            "order_by": [{"field": {"field_path": "__name__"}, "direction": "ASCENDING"}],
            "limit": {"value": PAGE},
        }
        first = f"{start} " if _is_reserved(start) else start  # nothing sorts between the two
        above = ("GREATER_THAN", last) if last is not None else ("GREATER_THAN_OR_EQUAL", first) if start else None
        below = ("LESS_THAN", start + _LAST) if start else None
        bounds = [self._bound(*bound) for bound in (above, below) if bound]
        if len(bounds) == 1:
            query["where"] = bounds[0]
        elif bounds:
            query["where"] = {"composite_filter": {"op": "AND", "filters": bounds}}
        return types.RunQueryRequest.wrap(_Query(parent=self.parent, structured_query=query))

    def page(self, request: Names, answers: Iterable[Any]) -> Page:
        """The names in the answers to `query`."""
        documents = [types.RunQueryResponse.pb(answer).document for answer in answers]
        ids = [document.name.removeprefix(self._root) for document in documents if document.name]
        expiries = [_expiry(document) for document in documents if document.name]
        names = [(unescape(one), expires) for one, expires in zip(ids, expiries, strict=True)]
        number, _ = request.after or (0, None)
        if len(ids) == PAGE:
            return Page(names, (number, ids[-1]))
        return Page(names, (number + 1, None) if number + 1 < len(_ranges(request.prefix)) else None)

    # -- writing -------------------------------------------------------------------------------------------------

    def commits(self, writes: Iterable[Write]) -> list[tuple[list[str], Any]]:
        """The names that each request writes, and the requests: as few as Firestore's limits allow.

        Raises:
            InvalidInputError: a record or name is too large; raised before the first request is sent.
        """
        made = [(name, self._write(name, record, expect)) for name, record, expect in writes]
        return [
            (
                [name for name, _ in group],
                types.CommitRequest.wrap(_Commit(database=self.database, writes=[write for _, write in group])),
            )
            for group in in_parts(made, lambda one: one[1].ByteSize(), _COMMIT_BYTES, longest=_COMMIT_WRITES)
        ]

    def committed(self, names: list[str], answer: Any) -> dict[str, Any]:
        """The versions that a request has made."""
        results = types.CommitResponse.pb(answer).write_results
        return {name: result.update_time for name, result in zip(names, results, strict=True)}

    def _write(self, name: str, record: Record | None, expect: Record | Condition) -> Any:
        path = self._path(name)
        write = _Write(delete=path) if record is None else _Write(update={"name": path, "fields": _fields(record)})
        if isinstance(expect, Record):
            write.current_document.update_time.CopyFrom(expect.version)
        else:
            write.current_document.exists = False
        if record is not None and (size := write.ByteSize() + len(path)) > _MOST_BYTES:
            raise InvalidInputError(
                f"the document of {name!r:.80} would have {size} bytes, more than Firestore's {_MOST_BYTES}",
                hint="store less under one key, or keep large texts elsewhere",
            )
        return write

    # -- names ---------------------------------------------------------------------------------------------------

    def _path(self, name: str) -> str:
        found = _id(name)
        if len(found.encode()) > _MOST_NAME:
            raise InvalidInputError(
                f"the document id of {name!r:.80} would have more than {_MOST_NAME} bytes",
                hint="use shorter keys and namespaces; '/', '%' and control characters count three times",
            )
        return self._root + found

    def _name(self, path: str) -> str:
        return unescape(path.removeprefix(self._root))

    def _bound(self, op: str, document: str) -> dict[str, Any]:
        value = {"reference_value": self._root + document}
        return {"field_filter": {"field": {"field_path": "__name__"}, "op": op, "value": value}}


def _id(name: str) -> str:
    """The document id; ordinary names are their own, as PraisonAI has them."""
    if _is_reserved(name):
        return f"%{ord(name[0]):02X}{escape(name[1:], '/')}"
    return escape(name, "/")


def _is_reserved(name: str) -> bool:
    return name in (".", "..") or re.fullmatch("__.*__", name, re.DOTALL) is not None


def _ranges(prefix: str) -> list[str]:
    """What the ids of names with this prefix start with: what is reserved has its first character escaped."""
    plain = escape(prefix, "/")
    return [plain, f"%{ord(plain[0]):02X}{plain[1:]}"] if plain[:1] in ("_", ".") else [plain]


def _timestamp(seconds: float) -> dict[str, Any]:
    whole, rest = divmod(round(seconds * 1_000_000), 1_000_000)
    return {"timestamp_value": timestamp_pb2.Timestamp(seconds=whole, nanos=rest * 1000)}


def _fields(record: Record) -> dict[str, Any]:
    """The document: the texts whole, so that Firestore neither changes a type nor indexes what is inside."""
    what, text = ("value", record.value) if record.fields is None else ("hash", json.dumps(record.fields))
    fields: dict[str, Any] = {what: {"string_value": text}, "token": {"string_value": record.token or ""}}
    if record.expires is not None:
        fields["expires_at"] = _timestamp(record.expires)
    return fields


def _record(document: Any) -> Record:
    fields = document.fields
    expires, version = _expiry(document), document.update_time
    if "token" in fields:
        token = fields["token"].string_value
        if "hash" in fields:
            return Record(None, json.loads(fields["hash"].string_value), expires, token, version)
        return Record(fields["value"].string_value, None, expires, token, version)
    if "value" not in fields:
        raise SerializationError(
            f"{document.name} holds no state", hint="is collection= one that something else uses as well?"
        )
    value = _plain(fields["value"])
    hashed = {key: encode(one) for key, one in value.items()} if isinstance(value, dict) else None
    return Record(encode(value), hashed, expires, None, version)


def _expiry(document: Any) -> float | None:
    """PraisonAI wrote it as a number."""
    if "expires_at" not in document.fields:
        return None
    value = document.fields["expires_at"]
    match value.WhichOneof("value_type"):
        case "timestamp_value":
            return value.timestamp_value.seconds + value.timestamp_value.nanos / 1e9
        case "double_value":
            return value.double_value or None
        case "integer_value":
            return float(value.integer_value) or None
        case _:
            return None


def _plain(value: Any) -> Any:
    """A native Firestore value as JSON has it.

    Raises:
        SerializationError: JSON has no such value.
    """
    kind = value.WhichOneof("value_type")
    match kind:
        case "null_value":
            return None
        case "map_value":
            return {key: _plain(one) for key, one in value.map_value.fields.items()}
        case "array_value":
            return [_plain(one) for one in value.array_value.values]
        case "boolean_value" | "integer_value" | "double_value" | "string_value":
            return getattr(value, kind)
        case _:
            raise SerializationError(f"a stored {kind} is no JSON", hint="it was written by something else")
