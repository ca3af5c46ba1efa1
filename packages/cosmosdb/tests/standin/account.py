"""An account: databases, containers, items and transactions, with Cosmos DB's limits. Knows nothing of the network."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from policies import check_id, check_policies, vectors_of
from refusal import RequestError, bad
from sql import parse

__all__ = ["Account", "Container"]

Row = dict[str, Any]

MOST_OPERATIONS = 100
LARGEST = 2 * 1024 * 1024


class Container:
    """Items in partitions.

    Attributes:
        properties: what is told of it.
        lsn: number of its last change.
    """

    def __init__(self, body: Row, rid: str, lag: float) -> None:
        check_policies(body)
        self.properties = {"indexingPolicy": {}, **body, "_rid": rid, "_etag": f'"{rid}"', "_ts": int(time.time())}
        self.vectors = vectors_of(body)
        self.lsn = 0
        self._lag = lag
        self._items: dict[str, dict[str, Row]] = {}
        self._history: list[tuple[float, int, dict[str, dict[str, Row]]]] = [(0.0, 0, {})]

    def partition(self, key: str) -> tuple[list[Row], int]:
        """The items of a partition, as reads see them now, and up to which change that is."""
        items, lsn = self._seen()
        return list(items.get(key, {}).values()), lsn

    def item(self, key: str, id_: str) -> Row:
        """An item, as reads see it now."""
        found = self._seen()[0].get(key, {}).get(id_)
        if found is None:
            raise RequestError(404, "NotFound", "Entity with the specified id does not exist in the system.")
        return found

    def query(self, key: str, body: Row) -> tuple[list[Any], int]:
        """The results of a query in a partition, and up to which change that is."""
        run = parse(body["query"], body.get("parameters") or [], self.vectors)
        items, lsn = self.partition(key)
        return run(items), lsn

    def execute(self, key: str, operations: Sequence[Row]) -> list[Row]:
        """Execute operations on one partition, all or none; an answer for each."""
        if len(operations) > MOST_OPERATIONS:
            raise bad(f"Batch request has more operations than what is supported ({MOST_OPERATIONS}).")
        items = dict(self._items.get(key, {}))
        answers: list[Row] = []
        for index, operation in enumerate(operations):
            try:
                answers.append(self._operate(items, key, operation))
            except RequestError as exc:
                failed: Row = {"statusCode": exc.status, "requestCharge": 1.0}
                other = {"statusCode": 424, "requestCharge": 1.0}
                return [failed if place == index else dict(other) for place in range(len(operations))]
        self._items[key] = items
        self.lsn += 1
        if self._lag:
            copy = {partition: dict(rows) for partition, rows in self._items.items()}
            self._history.append((time.monotonic(), self.lsn, copy))
        return answers

    def _operate(self, items: dict[str, Row], key: str, operation: Row) -> Row:
        kind, body = operation["operationType"], operation.get("resourceBody")
        id_ = body["id"] if body is not None else operation["id"]
        before = items.get(id_)
        if kind == "Create" and before is not None:
            raise RequestError(409, "Conflict", "Entity with the specified id already exists in the system.")
        if kind in ("Delete", "Read") and before is None:
            raise RequestError(404, "NotFound", "Entity with the specified id does not exist in the system.")
        if "ifMatch" in operation and (before is None or before["_etag"] != operation["ifMatch"]):
            raise RequestError(412, "PreconditionFailed", "One of the specified pre-condition is not met.")
        if kind == "Delete":
            del items[id_]
            return {"statusCode": 204, "requestCharge": 1.0}
        if kind not in ("Create", "Upsert") or body is None:
            raise NotImplementedError(kind)
        check_id(id_, "item")
        path = self.properties["partitionKey"]["paths"][0][1:]
        if json.dumps([body.get(path)]) != key:
            raise RequestError(400, "BadRequest", "PartitionKey extracted from document doesn't match", substatus=1001)
        if len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()) > LARGEST:
            raise RequestError(413, "RequestEntityTooLarge", "Request size is too large")
        etag = f'"{uuid.uuid4()}"'
        items[id_] = {**body, "_rid": self.properties["_rid"], "_etag": etag, "_ts": int(time.time())}
        status = 201 if before is None else 200
        return {"statusCode": status, "requestCharge": 1.0, "eTag": etag, "resourceBody": items[id_]}

    def _seen(self) -> tuple[dict[str, dict[str, Row]], int]:
        if not self._lag:
            return self._items, self.lsn
        limit = time.monotonic() - self._lag
        _, lsn, items = next(one for one in reversed(self._history) if one[0] <= limit)
        return items, lsn


class Account:
    """Databases with containers.

    Args:
        lag: seconds until reads see a write.
        journal: file with all that is kept; read at the start.
    """

    def __init__(self, lag: float, journal: Path | None) -> None:
        self.lock = threading.RLock()
        self.lag = lag
        self._databases: dict[str, dict[str, Container]] = {}
        self._count = 0
        self._journal: Any = None
        if journal is not None:
            if journal.exists():
                for line in journal.read_text().splitlines(keepends=True):
                    if line.endswith("\n"):  # not one that was cut off
                        name, arguments = json.loads(line)
                        getattr(self, name)(*arguments)
            self._journal = journal.open("a")

    def databases(self) -> list[str]:
        """The names of the databases."""
        return list(self._databases)

    def containers(self, database: str) -> dict[str, Container]:
        """The containers of a database."""
        if database not in self._databases:
            raise RequestError(404, "NotFound", "Owner resource does not exist", substatus=1003)
        return self._databases[database]

    def container(self, database: str, name: str) -> Container:
        """A container."""
        containers = self.containers(database)
        if name not in containers:
            raise RequestError(404, "NotFound", "Owner resource does not exist", substatus=1003)
        return containers[name]

    def create_database(self, name: str) -> None:
        """Make a database."""
        check_id(name, "database")
        if name in self._databases:
            raise RequestError(409, "Conflict", "Resource with specified id or name already exists.")
        self._databases[name] = {}
        self._write("create_database", name)

    def drop_database(self, name: str) -> None:
        """Delete a database with all in it."""
        self.containers(name)
        del self._databases[name]
        self._write("drop_database", name)

    def create_container(self, database: str, body: Row) -> None:
        """Make a container."""
        containers = self.containers(database)
        check_id(body.get("id"), "container")
        if body["id"] in containers:
            raise RequestError(409, "Conflict", "Resource with specified id or name already exists.")
        self._count += 1
        containers[body["id"]] = Container(body, f"C{self._count:06}", self.lag)
        self._write("create_container", database, body)

    def drop_container(self, database: str, name: str) -> None:
        """Delete a container with all in it."""
        self.container(database, name)
        del self.containers(database)[name]
        self._write("drop_container", database, name)

    def execute(self, database: str, container: str, key: str, operations: list[Row]) -> list[Row]:
        """Execute operations on one partition of a container, all or none; an answer for each."""
        answers = self.container(database, container).execute(key, operations)
        if all(answer["statusCode"] < 400 for answer in answers):
            self._write("execute", database, container, key, operations)
        return answers

    def _write(self, name: str, *arguments: Any) -> None:
        if self._journal is not None:
            self._journal.write(json.dumps([name, arguments]) + "\n")
            self._journal.flush()
