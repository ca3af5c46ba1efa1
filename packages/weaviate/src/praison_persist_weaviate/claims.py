"""Who may insert an id, which Weaviate does not decide: writers claim ids first, and look for claims of others then.

Of two writers at least one sees the other's claim, since both claim before they look. A writer goes on when it sees no
other. The one with the smaller claim waits for that; the other one withdraws, waits until the smaller one is gone, and
claims again. Claims of writers that died end.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Sequence
from typing import Any

import httpx
from weaviate.classes.data import DataObject
from weaviate.classes.query import Filter as Native
from weaviate.classes.query import MetadataQuery
from weaviate.exceptions import UnexpectedStatusCodeError, WeaviateBaseError

from praison_persist.errors import OperationTimeoutError
from praison_persist.steps import Steps

from .convert import CLAIMS, claims_schema
from .remote import handle

__all__ = ["claim", "prepare", "withdraw"]

_logger = logging.getLogger(__name__)

_PAUSE = 0.005
_MOST = 100
_WORK = 5  # requests, each of which may take the timeout, of an insert


def prepare(client: Any) -> Steps[None]:
    """Create the collection of claims where it is missing."""
    if (yield client.collections.exists(CLAIMS)):
        return
    try:
        yield client.collections.create(CLAIMS, **claims_schema())
    except UnexpectedStatusCodeError as exc:
        if exc.status_code != 422 or not (yield client.collections.exists(CLAIMS)):
            raise


def claim(engine: Any, client: Any, keys: Sequence[str]) -> Steps[str]:
    """Make sure that nobody else inserts what these keys stand for; the claim, to be withdrawn afterwards.

    Raises:
        OperationTimeoutError: another writer was first, and does not go on.
    """
    deadline = time.monotonic() + engine.timeout
    mine = str(uuid.uuid4())
    while True:
        claimed: float = time.monotonic()
        properties = {"keys": list(keys), "seconds": _WORK * engine.timeout}
        yield handle(client, CLAIMS).data.insert_many([DataObject(properties=properties, uuid=mine)])
        try:
            now, others = yield from _others(client, keys, mine, None)
            while others and min(others) > mine:
                yield from _patience(engine, deadline)
                _, others = yield from _others(client, keys, mine, now + time.monotonic() - claimed)
            if not others:
                return mine
        except BaseException:
            yield from withdraw(client, mine)
            raise
        yield from withdraw(client, mine)
        while others and min(others) < mine:
            yield from _patience(engine, deadline)
            _, others = yield from _others(client, keys, mine, now + time.monotonic() - claimed)


def withdraw(client: Any, mine: str) -> Steps[None]:
    """Take a claim back. Where that fails the claim ends later, and what was done under it stands."""
    try:
        yield handle(client, CLAIMS).data.delete_by_id(mine)
    except (WeaviateBaseError, httpx.HTTPError) as exc:
        _logger.warning("a claim on ids could not be withdrawn; inserts of the same ids wait until it ends: %s", exc)


def _others(client: Any, keys: Sequence[str], mine: str, now: float | None) -> Steps[tuple[float, list[str]]]:
    """The server's time, which is that of our claim where it is not known, and the claims of others on the keys.

    Claims that have ended do not count.
    """
    found = yield handle(client, CLAIMS).query.fetch_objects(
        filters=Native.by_property("keys").contains_any(list(keys)),
        limit=_MOST,
        return_metadata=MetadataQuery(creation_time=True),
        return_properties=["seconds"],
    )
    made = {str(one.uuid): one.metadata.creation_time.timestamp() for one in found.objects}
    time_there = made.get(mine, 0.0) if now is None else now
    ends = {str(one.uuid): made[str(one.uuid)] + one.properties["seconds"] for one in found.objects}
    return time_there, [one for one, end in ends.items() if one != mine and end > time_there]


def _patience(engine: Any, deadline: float) -> Steps[None]:
    if time.monotonic() > deadline:
        raise OperationTimeoutError(
            "another writer is inserting one of these ids and does not finish",
            hint="if it has died, its claim ends by itself",
        )
    yield engine.pause(_PAUSE)
