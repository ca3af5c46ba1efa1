"""Documents of one container, written and deleted in transactions, and waiting until that is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from praison_persist.asking import ask
from praison_persist.errors import AlreadyExistsError, NotFoundError, OperationTimeoutError, PersistError
from praison_persist.parts import in_parts
from praison_persist.steps import Steps
from praison_persist.vectorsteps import already_exists
from praison_persist.waiting import until

from .convert import DOCUMENTS, Item
from .errors import refused
from .reading import Space

__all__ = ["MOST_AT_ONCE", "created", "deleted", "gone", "present", "replaced"]

MOST_AT_ONCE = 100
"""Most operations of one transaction."""

_BYTES_AT_ONCE = 2 * 1024 * 1024 - 256 * MOST_AT_ONCE
"""Most bytes of items in one transaction: it takes 2 MiB with what is around the items."""


def created(space: Space, items: Sequence[Item], write: str) -> Steps[None]:
    """Write new items, all or none.

    Args:
        write: which is in each item.

    Raises:
        AlreadyExistsError: one of the ids exists.
    """
    # In one order, so that of two writers that meet one comes first at the first document of both.
    done: list[str] = []
    for part in _in_transactions(sorted(items, key=lambda item: item.body["id"])):
        ids = [item.body["id"] for item in part]
        try:
            yield from _transaction(space, [("create", (item.body,)) for item in part])
        except AlreadyExistsError as error:
            rows = yield from space.chosen(ids, "c.id, c.doc_id, c.write")
            if len(rows) < len(ids) or any(row["write"] != write for row in rows):
                yield from _take_back(space, done, write, error)
                failed = refused(error)
                taken = [row.get("doc_id", row["id"]) for row in rows]
                raise already_exists(taken or [ids[failed["index"] if failed else 0]]) from error
            # Otherwise these are the items themselves: the answer to an earlier attempt was lost.
        except PersistError as error:
            if isinstance(error, OperationTimeoutError):  # what has timed out is not asked for more
                error.ambiguous |= bool(done)
            else:
                yield from _take_back(space, [*done, *(ids if error.ambiguous else [])], write, error)
            raise
        done += ids


def replaced(space: Space, items: Sequence[Item]) -> Steps[None]:
    """Write items over whatever has their ids.

    Raises:
        PersistError: ambiguous where some of the items are written.
    """
    some = False
    for part in _in_transactions(items):
        try:
            yield from _transaction(space, [("upsert", (item.body,)) for item in part])
        except PersistError as error:
            error.ambiguous |= some
            raise
        some = True


def deleted(space: Space, ids: Sequence[str]) -> Steps[int]:
    """Delete the items with these ids; how many there were."""
    count = 0
    for part in in_parts(ids, len, 1_000_000, longest=MOST_AT_ONCE):
        left = part
        while left:
            attempts = 0

            def delete(ids: Sequence[str] = left) -> Any:
                nonlocal attempts
                attempts += 1
                return _executed(space, [("delete", (id_,)) for id_ in ids])

            try:
                yield from ask(space.engine, delete, write=True)
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
    return count


def present(space: Space, writes: Mapping[str, str], seconds: float) -> Steps[None]:
    """Wait until queries find items, by id, or what another writer has put in their place.

    Args:
        writes: which write brought each.
        seconds: after which it is given up.
    """
    missing = dict(writes)

    def seen() -> Steps[bool]:
        for part in in_parts(list(missing), len, 1_000_000, longest=1000):
            rows = yield from space.chosen(part, "c.id, c.write")
            for row in rows:
                # An item of another write may be the one before.
                if row["write"] == missing[row["id"]]:
                    del missing[row["id"]]
        return not missing

    yield from until(space.engine.pause, seen, seconds, "Cosmos DB's queries do not find the documents yet")


def gone(space: Space, writes: Mapping[str, str], seconds: float) -> Steps[None]:
    """Wait until queries find deleted items no more, or another write has brought them again."""

    def seen() -> Steps[bool]:
        for part in in_parts(list(writes), len, 1_000_000, longest=1000):
            rows = yield from space.chosen(part, "c.id, c.write")
            if any(row["write"] == writes[row["id"]] for row in rows):
                return False
        return True

    yield from until(space.engine.pause, seen, seconds, "Cosmos DB still shows deleted documents")


def _take_back(space: Space, ids: Sequence[str], write: str, failure: PersistError) -> Steps[None]:
    """Take back what a failed insert has written; where that fails too, the first error is the one that counts."""
    try:
        for part in in_parts(ids, len, 1_000_000, longest=MOST_AT_ONCE):
            rows = yield from space.chosen(part, "c.id, c.write, c._etag")
            ours = {row["id"]: row["_etag"] for row in rows if row["write"] == write}

            def delete(ours: Mapping[str, str] = ours) -> Any:  # the client empties the options that it is given
                return _executed(space, [("delete", (id_,), {"if_match_etag": tag}) for id_, tag in ours.items()])

            if ours:
                yield from ask(space.engine, delete, write=True)
    except PersistError as exc:
        failure.ambiguous = True
        raise failure from exc


def _in_transactions(items: Sequence[Item]) -> Any:
    return in_parts(items, lambda item: item.size, _BYTES_AT_ONCE, longest=MOST_AT_ONCE)


def _transaction(space: Space, operations: Sequence[tuple[Any, ...]]) -> Steps[Any]:
    """Execute operations on the documents, all or none."""
    return (yield from ask(space.engine, lambda: _executed(space, operations), write=True))


def _executed(space: Space, operations: Sequence[tuple[Any, ...]]) -> Any:
    return space.engine.database(
        lambda database: database.get_container_client(space.container).execute_item_batch(
            operations, partition_key=DOCUMENTS, timeout=space.engine.remote.timeout
        )
    )
