"""One node with one bucket: scopes, collections, documents and indexes, a journal of all that, and Couchbase's limits.

Knows neither protocol.
"""

from __future__ import annotations

import json
import threading
import time
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from refusal import KeyRefusedError, QueryRefusedError

__all__ = ["EXISTS", "MISSING", "Cluster", "Collection", "Document"]

MISSING, EXISTS, TOO_LARGE, INVALID = 0x01, 0x02, 0x03, 0x04
UNKNOWN_COLLECTION, UNKNOWN_SCOPE = 0x88, 0x8C
_LONGEST_KEY = 246
_LARGEST_VALUE = 20 * 1024 * 1024
_MOST_COLLECTIONS = 1200


class Document(NamedTuple):
    """A document.

    Attributes:
        value: its bytes.
        flags: of the client, which tell the format.
        cas: changes with every write.
        since: when it was written, on the monotonic clock.
    """

    value: bytes
    flags: int
    cas: int
    since: float


@dataclass
class Collection:
    """A collection.

    Attributes:
        name: of scope and collection.
        documents: by key.
        changed: when it last changed, on the monotonic clock.
        primary: the names of its primary indexes, and when each is ready.
        late: keys with what indexes show of them until the lag has passed; None for nothing.
    """

    name: tuple[str, str]
    documents: dict[str, Document] = field(default_factory=dict)
    changed: float = 0.0
    primary: dict[str, float] = field(default_factory=dict)
    late: dict[str, tuple[Document | None, float]] = field(default_factory=dict)


class Cluster:
    """What the services work on, one at a time under `lock`.

    Args:
        bucket: name of the only bucket.
        lag: seconds until indexes know of a write.
        building: seconds until a new index is online.
        journal: file with all that is kept, read at the start; None to keep nothing.
    """

    def __init__(self, bucket: str, lag: float, building: float, journal: Path | None) -> None:
        self.lock = threading.RLock()
        self.bucket = bucket
        self.lag = lag
        self.building = building
        self.scopes: dict[str, set[str]] = {"_default": {"_default"}}
        self.collections: dict[int, Collection] = {0: Collection(("_default", "_default"))}
        self._cas = time.time_ns()
        self._next = 8
        self.manifest = 1
        self._journal: Any = None
        if journal is not None:
            if journal.exists():
                for line in journal.read_bytes().splitlines():
                    self._replay(json.loads(line))
            self._journal = journal.open("ab")

    # -- scopes and collections ----------------------------------------------------------------------------------

    def collection_id(self, scope: str, name: str) -> int:
        """The number of a collection.

        Raises:
            KeyRefusedError: there is none.
        """
        if scope not in self.scopes:
            raise KeyRefusedError(UNKNOWN_SCOPE)
        for number, collection in self.collections.items():
            if collection.name == (scope, name):
                return number
        raise KeyRefusedError(UNKNOWN_COLLECTION)

    def named(self, scope: str, name: str) -> Collection:
        """A collection, for the query service.

        Raises:
            QueryRefusedError: there is none.
        """
        try:
            return self.collections[self.collection_id(scope, name)]
        except KeyRefusedError:
            path = f"default:{self.bucket}.{scope}.{name}"
            raise QueryRefusedError(12003, f"Keyspace not found in CB datastore: {path}", 500) from None

    def add_scope(self, scope: str) -> bool:
        """Make a scope; False where it is there."""
        if scope in self.scopes:
            return False
        self.scopes[scope] = set()
        self._write({"scope": scope})
        self.manifest += 1
        return True

    def add_collection(self, scope: str, name: str) -> bool:
        """Make a collection in a scope that is there; False where it is there."""
        if name in self.scopes[scope] or len(self.collections) >= _MOST_COLLECTIONS:
            return False
        self.scopes[scope].add(name)
        self.collections[self._next] = Collection((scope, name))
        self._next += 1
        self._write({"scope": scope, "collection": name})
        self.manifest += 1
        return True

    # -- documents -----------------------------------------------------------------------------------------------

    def get(self, number: int, key: str) -> Document:
        """A document.

        Raises:
            KeyRefusedError: there is none.
        """
        document = self._of(number).documents.get(key)
        if document is None:
            raise KeyRefusedError(MISSING)
        return document

    def store(self, number: int, key: str, value: bytes, flags: int, cas: int, *, how: str, persist: bool) -> int:
        """Write a document.

        Args:
            cas: what the document must have; 0 for any.
            how: ``set``, ``add`` (there must be none) or ``replace`` (there must be one).
            persist: keep it on the disk before this returns.

        Returns:
            Its new CAS.

        Raises:
            KeyRefusedError: the conditions do not hold, or the document is too large.
        """
        collection = self._of(number)
        found = collection.documents.get(key)
        if not 0 < len(key.encode()) <= _LONGEST_KEY:
            raise KeyRefusedError(INVALID)
        if len(value) > _LARGEST_VALUE:
            raise KeyRefusedError(TOO_LARGE)
        if found is not None and (how == "add" or cas not in (0, found.cas)):
            raise KeyRefusedError(EXISTS)
        if found is None and (how == "replace" or cas):
            raise KeyRefusedError(MISSING)
        self._cas += 1
        self._put(collection, key, Document(value, flags, self._cas, time.monotonic()))
        coded = b64encode(value).decode()
        self._write({"at": number, "key": key, "value": coded, "flags": flags, "cas": self._cas}, persist=persist)
        return self._cas

    def remove(self, number: int, key: str, cas: int, *, persist: bool) -> int:
        """Delete a document; arguments and errors as of `store`."""
        collection = self._of(number)
        found = collection.documents.get(key)
        if found is None:
            raise KeyRefusedError(MISSING)
        if cas not in (0, found.cas):
            raise KeyRefusedError(EXISTS)
        self._cas += 1
        self._put(collection, key, None)
        self._write({"at": number, "key": key}, persist=persist)
        return self._cas

    def indexed(self, collection: Collection) -> dict[str, Document]:
        """The documents that indexes show by now."""
        now = time.monotonic()
        for key in [key for key, (_, until) in collection.late.items() if until <= now]:
            del collection.late[key]
        if not collection.late:
            return collection.documents
        shown = dict(collection.documents)
        for key, (before, _) in collection.late.items():
            if before is None:
                shown.pop(key, None)
            else:
                shown[key] = before
        return shown

    # -- indexes -------------------------------------------------------------------------------------------------

    def add_primary(self, collection: Collection, name: str) -> bool:
        """Make a primary index; False where one of that name is there."""
        if name in collection.primary:
            return False
        collection.primary[name] = time.monotonic() + self.building
        self._write({"primary": name, "of": list(collection.name)})
        return True

    # -- inside --------------------------------------------------------------------------------------------------

    def _of(self, number: int) -> Collection:
        if number not in self.collections:
            raise KeyRefusedError(UNKNOWN_COLLECTION)
        return self.collections[number]

    def _put(self, collection: Collection, key: str, document: Document | None) -> None:
        collection.changed = time.monotonic()
        if self.lag and key not in collection.late:
            collection.late[key] = collection.documents.get(key), collection.changed + self.lag
        if document is None:
            del collection.documents[key]
        else:
            collection.documents[key] = document

    def _write(self, entry: dict[str, Any], *, persist: bool = True) -> None:
        if self._journal is not None:
            self._journal.write(json.dumps(entry).encode() + b"\n")
            if persist:
                self._journal.flush()

    def _replay(self, entry: dict[str, Any]) -> None:
        if "primary" in entry:
            self.named(*entry["of"]).primary[entry["primary"]] = 0.0
        elif "collection" in entry:
            self.add_collection(entry["scope"], entry["collection"])
        elif "scope" in entry:
            self.add_scope(entry["scope"])
        elif "value" in entry:
            document = Document(b64decode(entry["value"]), entry["flags"], entry["cas"], 0.0)
            self.collections[entry["at"]].documents[entry["key"]] = document
            self._cas = max(self._cas, entry["cas"])
        else:
            self.collections[entry["at"]].documents.pop(entry["key"], None)
