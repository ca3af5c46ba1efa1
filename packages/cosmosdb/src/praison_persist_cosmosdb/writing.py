"""Documents of one container, written and deleted in transactions, and waiting until that is seen."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from praison_persist.asking import ask
from praison_persist.errors import AlreadyExistsError, NotFoundError, OperationTimeoutError, PersistError
from praison_persist.parts import in_parts
from praison_persist.steps import Steps
from praison_persist.vectorsteps import already_exists
from praison_persist.waiting import until

from .convert import DOCUMENTS, Item
from .errors import refused
from .reading import Space

__all__ = ["MOST_AT_ONCE", "Position", "created", "deleted", "position_of", "replaced", "settled"]

MOST_AT_ONCE = 100
"""Most operations of one transaction."""

_BYTES_AT_ONCE = 2 * 1024 * 1024 - 256 * MOST_AT_ONCE
"""Most bytes of items in one transaction: it takes 2 MiB with what is around the items."""

_TOKEN = re.compile(r"([^:,]+):(?:-?\d+#)?(\d+)(?:#[^,]*)?")
"""A session token of one partition: its range, a version, the number of the last change, then those of regions."""


class Position(NamedTuple):
    """How far a partition's log of changes is written or read.

    Attributes:
        range: the physical partition.
        lsn: number of the last change.
    """

    range: str
    lsn: int


def created(space: Space, items: Sequence[Item], write: str) -> Steps[Position | None]:
    """Write new items, all or none; the position of the last of it, if told.

    Args:
        write: which is in each item.

    Raises:
        AlreadyExistsError: one of the ids exists.
    """
    # In one order, so that of two writers that meet one comes first at the first document of both.
    done: list[str] = []
    position: Position | None = None
    for part in _in_transactions(sorted(items, key=lambda item: item.body["id"])):
        ids = [item.body["id"] for item in part]
        try:
            position = yield from _transaction(space, [("create", (item.body,)) for item in part])
        except AlreadyExistsError as error:
            rows = yield from space.chosen(ids, "c.id, c.doc_id, c.write")
            if len(rows) < len(ids) or any(row["write"] != write for row in rows):
                failed = refused(error)
                taken = [row.get("doc_id", row["id"]) for row in rows]
                failure = already_exists(taken or [ids[failed["index"] if failed else 0]])
                yield from _take_back(space, done, [], write, failure)
                raise failure from error
            # Otherwise these are the items themselves: the answer to an earlier attempt was lost.
        except PersistError as error:
            if isinstance(error, OperationTimeoutError):  # what has timed out is not asked for more
                error.ambiguous |= bool(done)
            else:
                yield from _take_back(space, done, ids if error.ambiguous else [], write, error)
            raise
        done += ids
    return position


def replaced(space: Space, items: Sequence[Item]) -> Steps[Position | None]:
    """Write items over whatever has their ids; the position of the last of it, if told.

    Raises:
        PersistError: ambiguous where some of the items are written.
    """
    some = False
    position: Position | None = None
    for part in _in_transactions(items):
        try:
            position = yield from _transaction(space, [("upsert", (item.body,)) for item in part])
        except PersistError as error:
            error.ambiguous |= some
            raise
        some = True
    return position


def deleted(space: Space, ids: Sequence[str]) -> Steps[tuple[int, Position | None]]:
    """Delete the items with these ids; how many there were, and the position of the last of it, if told."""
    count = 0
    position: Position | None = None
    for part in in_parts(ids, len, 1_000_000, longest=MOST_AT_ONCE):
        left = part
        while left:
            attempts = 0

            def delete(ids: Sequence[str] = left) -> Any:
                nonlocal attempts
                attempts += 1
                return _executed(space, [("delete", (id_,)) for id_ in ids])

            try:
                answer = yield from ask(space.engine, delete, write=True)
                position = position_of(answer.get_response_headers())
            except NotFoundError as error:
                failed = refused(error)
                if failed is None:  # the container is gone
                    raise
                if attempts == 1 or (yield from space.chosen(left, "c.id")):
                    left = [id_ for index, id_ in enumerate(left) if index != failed["index"]]
                    continue
                # Otherwise it is done: the answer to an earlier attempt was lost.
            count += len(left)
            break
    return count, position


def settled(space: Space, position: Position, seconds: float) -> Steps[None]:
    """Wait until queries see what was written up to a position.

    Args:
        seconds: after which it is given up.
    """

    def seen() -> Steps[bool]:
        reached: list[Position | None] = []

        def query() -> Any:
            reached.clear()
            return space.engine.rows(
                space.container,
                "SELECT TOP 1 VALUE 1 FROM c",
                [],
                DOCUMENTS,
                response_hook=lambda headers, _: reached.append(position_of(headers)),
            )

        yield from ask(space.engine, query)
        # After Cosmos DB has divided a partition, its parts count on from there.
        return all(one is None or one.range != position.range or one.lsn >= position.lsn for one in reached)

    yield from until(space.engine.pause, seen, seconds, "Cosmos DB's queries do not see the change yet")


def position_of(headers: Mapping[str, Any]) -> Position | None:
    """The position in the session token of an answer; None where there is none."""
    found = _TOKEN.fullmatch(str(headers.get("x-ms-session-token")))
    return None if found is None else Position(found[1], int(found[2]))


def _take_back(
    space: Space, done: Sequence[str], doubtful: Sequence[str], write: str, failure: PersistError
) -> Steps[None]:
    """Take back what a failed insert has written; where that is not certain, the first error says so.

    Args:
        done: ids of items that are written.
        doubtful: ids of items that may be.
    """
    taken = 0
    try:
        for part in in_parts([*done, *doubtful], len, 1_000_000, longest=MOST_AT_ONCE):
            rows = yield from space.chosen(part, "c.id, c.write, c._etag")
            ours = {row["id"]: row["_etag"] for row in rows if row["write"] == write}

            def delete(ours: Mapping[str, str] = ours) -> Any:  # the client empties the options that it is given
                return _executed(space, [("delete", (id_,), {"if_match_etag": tag}) for id_, tag in ours.items()])

            if ours:
                yield from ask(space.engine, delete, write=True)
                taken += len(ours)
    except PersistError as exc:
        failure.ambiguous = True
        raise failure from exc
    failure.ambiguous |= taken < len(done)  # replaced by others meanwhile, or not seen yet


def _in_transactions(items: Sequence[Item]) -> Any:
    return in_parts(items, lambda item: item.size, _BYTES_AT_ONCE, longest=MOST_AT_ONCE)


def _transaction(space: Space, operations: Sequence[tuple[Any, ...]]) -> Steps[Position | None]:
    """Execute operations on the documents, all or none."""
    answer = yield from ask(space.engine, lambda: _executed(space, operations), write=True)
    return position_of(answer.get_response_headers())


def _executed(space: Space, operations: Sequence[tuple[Any, ...]]) -> Any:
    return space.engine.database(
        lambda database: database.get_container_client(space.container).execute_item_batch(
            operations, partition_key=DOCUMENTS, timeout=space.engine.remote.timeout
        )
    )
