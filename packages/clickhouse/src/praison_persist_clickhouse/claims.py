"""Who may insert an id on a server, which has no transactions: writers claim ids first, and the oldest claim wins.

A claim names the version (`epoch`) that it found: 0 where the id never was, a deletion's else. ClickHouse numbers the
inserts of a table in the order in which they become visible, so that all writers see the same claim as the oldest;
and a document inserted on a claim has the version after its epoch, so that any later upsert replaces it.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import Any

from praison_persist.errors import NotFoundError, OperationTimeoutError
from praison_persist.steps import Steps
from praison_persist.vectorsteps import already_exists

from .binary import text, uint64, uuids, write
from .schema import Table

__all__ = ["TABLE", "claim", "epochs"]

TABLE = "praison-persist-claims"
"""No collection can have this name."""

_PAUSE = 0.01


def epochs(client: Any, table: Table, ids: Sequence[str]) -> Steps[dict[str, int]]:
    """The newest version of each id that ever was.

    Raises:
        AlreadyExistsError: one of the ids exists.
    """
    found = yield client.query(
        f"SELECT id, max(version), argMax(is_deleted, version) FROM {table.name} "
        "WHERE id IN {ids:Array(String)} GROUP BY id",
        parameters={"ids": list(ids)},
    )
    if taken := [id_ for id_, _, deleted in found.result_rows if not deleted]:
        raise already_exists(sorted(taken))
    return {id_: version for id_, version, _ in found.result_rows}


def claim(engine: Any, client: Any, table: Table, claims: str, ids: Sequence[str]) -> Steps[dict[str, int]]:
    """Make sure that nobody else inserts these ids; the epochs that were claimed.

    Args:
        claims: the quoted name of the claims' table.

    Raises:
        AlreadyExistsError: one of the ids exists, or another writer was first.
        OperationTimeoutError: another writer was first, and does not go on.
    """
    deadline = time.monotonic() + engine.patience
    while True:
        found: dict[str, int] = yield from epochs(client, table, ids)
        token = str(uuid.uuid4())
        columns = {
            "collection": uuids(table.identity, len(ids)),
            "id": text(ids),
            "epoch": uint64([found.get(id_, 0) for id_ in ids]),
            "token": uuids(token, len(ids)),
        }
        yield write(client, claims, columns, len(ids))
        try:
            if (yield from _is_ours(engine, client, table, claims, found, token, ids, deadline)):
                return found
        except BaseException:
            yield from withdraw(client, claims, token)
            raise
        yield from withdraw(client, claims, token)
        yield engine.pause(_PAUSE)


def withdraw(client: Any, claims: str, token: str) -> Steps[None]:
    """Take claims back."""
    yield client.command(f"DELETE FROM {claims} WHERE token = {{token:UUID}}", parameters={"token": token})


def _is_ours(
    engine: Any,
    client: Any,
    table: Table,
    claims: str,
    found: dict[str, int],
    token: str,
    ids: Sequence[str],
    deadline: float,
) -> Steps[bool]:
    """Wait until the claim is the oldest; False where it has to be made again."""
    while True:
        if (yield from epochs(client, table, ids)) != found:
            return False  # inserted and deleted meanwhile
        others, older = yield from _rivals(engine, client, table, claims, token)
        if not others or (table.ordered and not older):
            return True
        if not table.ordered and older:
            return False  # who sees the other as older gives way; both may
        if time.monotonic() > deadline:
            raise OperationTimeoutError(
                "another writer is inserting one of these ids and does not finish",
                hint="if it has died, its claim ends by itself",
            )
        yield engine.pause(_PAUSE)


def _rivals(engine: Any, client: Any, table: Table, claims: str, token: str) -> Steps[tuple[int, int]]:
    """How many claims of others on the same ids there are, and how many of these are older.

    Raises:
        NotFoundError: the table is another one by now.
    """
    answer = yield client.query(
        f"WITH ours AS (SELECT id, epoch, _block_number AS block FROM {claims} WHERE token = {{token:UUID}}) "
        "SELECT count(), countIf(_block_number < (SELECT max(block) FROM ours)), "
        "(SELECT any(uuid) FROM system.tables WHERE database = {database:String} AND name = {table:String}) "
        f"FROM {claims} "
        "WHERE collection = {collection:UUID} AND token != {token:UUID} AND at > now64(3) - {seconds:UInt32} "
        "AND (id, epoch) IN (SELECT id, epoch FROM ours)",
        parameters={
            "token": token,
            "collection": table.identity,
            "database": table.database,
            "table": table.table,
            "seconds": int(2 * engine.patience) + 1,
        },
    )
    others, older, identity = answer.result_rows[0]
    if str(identity) != table.identity:  # claims of others name the new table
        raise NotFoundError("the collection was deleted and created again", hint="repeat the call")
    return others, older
