"""MongoDB's commands over mongomock: those that the stores use, and no more. Knows nothing of the network.

Like mongod between two passes of its monitor, it does not delete what a TTL index says has expired.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from itertools import count
from typing import Any

import bson
import mongomock
from cosmos import Cosmos
from mongomock import DuplicateKeyError
from mongomock.filtering import filter_applies
from refusal import Refused
from search import Search

__all__ = ["WRITES", "Commands", "failed"]

Document = dict[str, Any]

LARGEST = 16 * 1024 * 1024
WRITES = frozenset(
    {
        *("insert", "update", "delete", "findAndModify", "create", "createIndexes", "drop", "dropDatabase"),
        *("createSearchIndexes", "dropSearchIndex"),
    }
)
_FIRST_BATCH = 101


def failed(code: int, name: str, text: str) -> Document:
    """The reply of a command that failed as a whole."""
    return {"ok": 0.0, "errmsg": text, "code": code, "codeName": name}


class _Collection(mongomock.collection.Collection):
    """mongomock's looks at every document for each filter; this one asks for those that the filter names."""

    def _iter_documents(self, query: Any) -> Any:
        wanted = query.get("_id") if isinstance(query, dict) else None
        names = wanted.get("$in") if isinstance(wanted, dict) and len(wanted) == 1 else [wanted]
        if not names or not all(isinstance(name, str) for name in names):
            return super()._iter_documents(query)
        found = (self._store[name] for name in dict.fromkeys(names) if name in self._store)
        rest = {key: value for key, value in query.items() if key != "_id"}
        return (one for one in found if filter_applies(rest, one)) if rest else found


mongomock.database.Collection = _Collection


class Commands:
    """A server's databases, and its open cursors.

    Args:
        search: its search indexes; None for a server without them.
        cosmos: what Cosmos DB has in their place; None for MongoDB itself.
    """

    def __init__(self, search: Search | None, cosmos: Cosmos | None = None) -> None:
        self._search = search
        self._cosmos = cosmos
        self._client: Any = mongomock.MongoClient(tz_aware=True)
        self._cursors: dict[int, list[Document]] = {}
        self._numbers = count(1)
        self._indexes: dict[str, list[Document]] = {}

    def run(self, command: Document) -> Document:
        """The reply to a command."""
        name = next(iter(command))
        act: Callable[[Document], Document] | None = getattr(self, f"_do_{name.lower()}", None)
        if act is None:
            return failed(59, "CommandNotFound", f"no such command: {name!r}")
        try:
            reply = act(command)
        except Refused as refused:
            return failed(refused.code, refused.name, refused.text)
        if self._search is not None and name in WRITES:
            self._search.written(self._place(command), self._collection(command))
        return {**reply, "ok": 1.0}

    # -- the connection ------------------------------------------------------------------------------------------

    def _do_hello(self, _: Document) -> Document:
        return {
            "isWritablePrimary": True,
            "ismaster": True,
            "helloOk": True,
            "maxBsonObjectSize": LARGEST,
            "maxMessageSizeBytes": 48_000_000,
            "maxWriteBatchSize": 100_000,
            "localTime": dt.datetime.now(dt.timezone.utc),
            "logicalSessionTimeoutMinutes": 30,
            "connectionId": 1,
            "minWireVersion": 0,
            "maxWireVersion": 21,
            "readOnly": False,
        }

    _do_ismaster = _do_hello

    def _do_ping(self, _: Document) -> Document:
        return {}

    _do_endsessions = _do_ping

    def _do_saslstart(self, _: Document) -> Document:
        raise Refused(18, "AuthenticationFailed", "Authentication failed.")  # it has no users

    def _do_buildinfo(self, _: Document) -> Document:
        return {"version": "7.0.0", "versionArray": [7, 0, 0, 0]}

    # -- documents -----------------------------------------------------------------------------------------------

    def _do_find(self, command: Document) -> Document:
        found = self._collection(command).find(command.get("filter") or {}, command.get("projection") or None)
        if command.get("sort"):
            found = found.sort(list(command["sort"].items()))
        if command.get("limit"):
            found = found.limit(abs(command["limit"]))
        return self._batches(command, list(found), command.get("batchSize"))

    def _do_getmore(self, command: Document) -> Document:
        number = command["getMore"]
        left = self._cursors.pop(number, [])
        size = command.get("batchSize") or len(left)
        if left[size:]:
            self._cursors[number] = left[size:]
        more = bson.Int64(number if left[size:] else 0)
        return {"cursor": {"id": more, "ns": f"{command['$db']}.{command['collection']}", "nextBatch": left[:size]}}

    def _do_killcursors(self, command: Document) -> Document:
        for number in command["cursors"]:
            self._cursors.pop(number, None)
        return {"cursorsKilled": command["cursors"]}

    def _do_insert(self, command: Document) -> Document:
        collection = self._collection(command)

        def insert(document: Document) -> tuple[int, Any]:
            collection.insert_one(document)
            return 1, None

        return self._each(command, command["documents"], insert)

    def _do_update(self, command: Document) -> Document:
        collection = self._collection(command)
        changed = 0
        upserted: list[Document] = []

        def update(one: Document) -> tuple[int, Any]:
            nonlocal changed
            change, upsert = one["u"], one.get("upsert", False)
            if any(name.startswith("$") for name in change):
                many = collection.update_many if one.get("multi") else collection.update_one
                done = many(one["q"], change, upsert=upsert)
            else:
                done = collection.replace_one(one["q"], change, upsert=upsert)
            changed += done.modified_count
            return (done.matched_count, None) if done.upserted_id is None else (1, done.upserted_id)

        reply = self._each(command, command["updates"], update, upserted)
        return {**reply, "nModified": changed, **({"upserted": upserted} if upserted else {})}

    def _do_delete(self, command: Document) -> Document:
        collection = self._collection(command)
        gone = 0
        for one in command["deletes"]:
            gone += (collection.delete_one if one["limit"] else collection.delete_many)(one["q"]).deleted_count
        return {"n": gone}

    def _do_findandmodify(self, command: Document) -> Document:
        if not command.get("remove"):
            raise NotImplementedError("findAndModify without remove")
        found = self._collection(command).find_one_and_delete(command["query"])
        return {"value": found, "lastErrorObject": {"n": int(found is not None)}}

    def _do_aggregate(self, command: Document) -> Document:
        pipeline, size = command["pipeline"], command.get("cursor", {}).get("batchSize")
        first = next(iter(pipeline[0]), None) if pipeline else None
        if first == "$listSearchIndexes":
            found = self._searching().listed(self._place(command), pipeline[0][first].get("name"))
        elif first == "$vectorSearch":
            found = self._searching().found(self._place(command), self._collection(command), pipeline)
        elif first == "$search" and self._cosmos is not None:
            indexes = self._indexes.get(self._place(command), [])
            found = self._cosmos.found(indexes, self._collection(command), pipeline)
        else:
            found = list(self._collection(command).aggregate(pipeline))
        return self._batches(command, found, size)

    # -- collections ---------------------------------------------------------------------------------------------

    def _do_createindexes(self, command: Document) -> Document:
        known = self._indexes.setdefault(self._place(command), [{"v": 2, "key": {"_id": 1}, "name": "_id_"}])
        before = len(known)
        names = {index["name"] for index in known}
        made = [{"v": 2, **index} for index in command["indexes"] if index["name"] not in names]
        for index in made:
            if "cosmosSearch" in index["key"].values():
                if self._cosmos is None:
                    raise Refused(67, "CannotCreateIndex", "Unknown index plugin 'cosmosSearch'")
                self._cosmos.check(index, known)
        known += made
        return {"numIndexesBefore": before, "numIndexesAfter": len(known)}

    def _do_listindexes(self, command: Document) -> Document:
        known = self._indexes.get(self._place(command), [])
        told = [{key.replace("SearchOptions", "Search"): value for key, value in index.items()} for index in known]
        return self._batches(command, told, None)

    def _do_create(self, command: Document) -> Document:
        database = self._client[command["$db"]]
        if command["create"] in database.list_collection_names():
            raise Refused(48, "NamespaceExists", f"Collection {self._place(command)} already exists.")
        database.create_collection(command["create"])
        return {}

    def _do_createsearchindexes(self, command: Document) -> Document:
        search = self._searching()
        if command["createSearchIndexes"] not in self._client[command["$db"]].list_collection_names():
            raise Refused(26, "NamespaceNotFound", f"Collection '{self._place(command)}' does not exist.")
        return {"indexesCreated": [search.create(self._place(command), index) for index in command["indexes"]]}

    def _do_dropsearchindex(self, command: Document) -> Document:
        self._searching().drop(self._place(command), command["name"])
        return {}

    def _do_drop(self, command: Document) -> Document:
        self._collection(command).drop()
        self._indexes.pop(self._place(command), None)
        if self._search is not None:
            self._search.drop(self._place(command), None)
        return {}

    def _do_dropdatabase(self, command: Document) -> Document:
        self._client.drop_database(command["$db"])
        return {}

    # -- inside --------------------------------------------------------------------------------------------------

    def _collection(self, command: Document) -> Any:
        return self._client[command["$db"]][command[next(iter(command))]]

    def _searching(self) -> Search:
        if self._search is None:
            text = (
                "Using Atlas Search Database Commands and the $listSearchIndexes aggregation stage requires additional"
            )
            raise Refused(31082, "SearchNotEnabled", f"{text} configuration.")
        return self._search

    def _place(self, command: Document) -> str:
        return f"{command['$db']}.{command[next(iter(command))]}"

    def _batches(self, command: Document, documents: list[Document], size: int | None) -> Document:
        size = _FIRST_BATCH if size is None else size
        number = 0
        if documents[size:] and not command.get("singleBatch"):
            number = next(self._numbers)
            self._cursors[number] = documents[size:]
        return {"cursor": {"id": bson.Int64(number), "ns": self._place(command), "firstBatch": documents[:size]}}

    def _each(
        self,
        command: Document,
        parts: list[Document],
        act: Callable[[Document], tuple[int, Any]],
        upserted: list[Document] | None = None,
    ) -> Document:
        """Each part of a batch; how many took effect, and which were refused."""
        done = 0
        refused: list[Document] = []
        for index, part in enumerate(parts):
            try:
                number, made = act(part)
            except DuplicateKeyError:
                text = f"E11000 duplicate key error collection: {self._place(command)}"
                refused.append({"index": index, "code": 11000, "errmsg": text})
                if command.get("ordered", True):
                    break
                continue
            done += number
            if made is not None and upserted is not None:
                upserted.append({"index": index, "_id": made})
        return {"n": done, **({"writeErrors": refused} if refused else {})}
