"""Single records in a table, through boto3's blocking client. Their meaning is the concern of `RecordStates`."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, TypeVar

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import ClientError, IncompleteReadError

from praison_persist.errors import OperationTimeoutError, PersistError, UnavailableError
from praison_persist.state_engines import Condition, Engine, Erase, Load, Names, Page, Record, Save, SaveMany

from .errors import code_of, from_error, throttled
from .items import NAMES_ONLY, NO_HASH, Item, condition, expiry_of, item_of, key_of, name_of, record_of
from .settings import Settings
from .table import set_up

__all__ = ["DynamoDBEngine"]

T = TypeVar("T")

_READ_AT_ONCE = 100
_WRITE_AT_ONCE = 25
_LONGEST_PAUSE = 1.0


class DynamoDBEngine(Engine):
    """One client in each process, which all threads share."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._free = threading.BoundedSemaphore(settings.pool_size)
        self._guard = threading.Lock()
        self._clients: dict[int, Any] = {}  # by process id: a child must not even close its parent's connections

    def setup(self) -> None:
        set_up(self._client, self.settings)

    def perform(self, request: Any) -> Any:
        if not self._free.acquire(timeout=self.settings.timeout):
            raise OperationTimeoutError(
                f"none of {self.settings.pool_size} connections was free within {self.settings.timeout:g} s",
                hint="raise pool_size= or timeout=",
            )
        try:
            return self._perform(request)
        except ClientError as error:
            if (turned_away := throttled(error, self.settings)) is not None:
                raise turned_away from error  # nothing was done, so nothing about it is unknown
            raise
        finally:
            self._free.release()

    def translate(self, error: Exception) -> PersistError | None:
        return from_error(error, self.settings)

    def close(self) -> None:
        if (client := self._clients.pop(os.getpid(), None)) is not None:
            client.close()

    @property
    def _client(self) -> Any:
        client = self._clients.get(os.getpid())
        if client is None:
            with self._guard:
                client = self._clients.get(os.getpid())
                if client is None:
                    client = self._clients[os.getpid()] = _connect(self.settings)
        return client

    def _perform(self, request: Any) -> Any:
        match request:
            case Load((name,)):
                found = self._client.get_item(TableName=self.settings.table, Key=key_of(name), ConsistentRead=True)
                return {name: record_of(found["Item"])} if "Item" in found else {}
            case Load(names):
                return {name_of(item): record_of(item) for item in self._read(names)}
            case Save(name, record, expect):
                return self._put(item_of(name, record), expect)
            case SaveMany(records):
                return self._put_many(records)
            case Erase(name, expect):
                return self._erase(name, expect)
            case Names(prefix, after):
                return self._names(prefix, after)
            case _:
                raise TypeError(f"no request of records: {request!r}")

    def _put(self, item: Item, expect: Record | Condition) -> bool:
        def put(only_if: Item) -> bool:
            self._client.put_item(TableName=self.settings.table, Item=item, **only_if)
            return True

        # Hardly ever is there a hash, which may have expired: the server takes longer for the condition on that.
        if expect is Condition.NO_HASH and _unless_refused(lambda: put(NO_HASH), False):
            return True
        return _unless_refused(lambda: put(condition(expect)), False)

    def _erase(self, name: str, expect: Record | None) -> Record | None:
        only_if = {} if expect is None else condition(expect)

        def erase() -> Record | None:
            answer = self._client.delete_item(
                TableName=self.settings.table, Key=key_of(name), ReturnValues="ALL_OLD", **only_if
            )
            return record_of(answer["Attributes"]) if answer.get("Attributes") else None

        return _unless_refused(erase, None)

    def _put_many(self, records: dict[str, Record]) -> list[str]:
        """Batches have no conditions, so hashes are looked for just before; a fresh one in between is replaced."""
        items = {name: item_of(name, record) for name, record in records.items()}  # all are checked before the first
        now = time.time()
        refused: set[str] = set()
        pending = iter(items)
        while names := list(islice(pending, _READ_AT_ONCE)):
            for item in self._read(names, hashes=True):
                expires = expiry_of(item)
                if "hash" in item and (expires is None or expires > now):
                    refused.add(name_of(item))
            self._write([{"PutRequest": {"Item": items[name]}} for name in names if name not in refused])
        return sorted(refused)

    def _read(self, names: Iterable[str], *, hashes: bool = False) -> list[Item]:
        """The items of those names that there are; with ``hashes`` only what tells a hash."""
        table = self.settings.table
        options: dict[str, Any] = {"ConsistentRead": True}
        if hashes:
            options["ProjectionExpression"] = f"{NAMES_ONLY['ProjectionExpression']}, #hash"
            options["ExpressionAttributeNames"] = {**NAMES_ONLY["ExpressionAttributeNames"], "#hash": "hash"}
        keys = iter([key_of(name) for name in names])
        found: list[Item] = []
        while chunk := list(islice(keys, _READ_AT_ONCE)):
            for left in self._until_done(chunk):
                answer = self._client.batch_get_item(RequestItems={table: {"Keys": left, **options}})
                found += answer["Responses"].get(table, [])
                left[:] = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        return found

    def _write(self, requests: list[dict[str, Any]]) -> None:
        table = self.settings.table
        pending = iter(requests)
        while chunk := list(islice(pending, _WRITE_AT_ONCE)):
            for left in self._until_done(chunk):
                answer = self._client.batch_write_item(RequestItems={table: left})
                left[:] = answer.get("UnprocessedItems", {}).get(table, [])

    def _until_done(self, left: list[T]) -> Iterable[list[T]]:
        """The list, again and again with random pauses that grow, until the caller has emptied it.

        Raises:
            UnavailableError: some are left when the time is over, or are turned away without any progress.
        """
        end = time.monotonic() + self.settings.timeout
        pause = 0.05
        while left:
            before = len(left)
            yield left
            if not left:
                return
            if time.monotonic() + pause > end:
                raise UnavailableError(
                    f"{self.settings.place} left {len(left)} items of a batch undone for {self.settings.timeout:g} s",
                    retryable=False,
                    hint="store fewer at once, or raise the table's capacity",
                )
            time.sleep(random.uniform(0.0, pause))  # noqa: S311 - jitter
            pause = 0.05 if len(left) < before else min(_LONGEST_PAUSE, pause * 2)

    def _names(self, prefix: str, after: Any) -> Page:
        arguments: dict[str, Any] = {"TableName": self.settings.table, "ConsistentRead": True, **NAMES_ONLY}
        if prefix:
            arguments["FilterExpression"] = "begins_with(#pk, :prefix)"
            arguments["ExpressionAttributeValues"] = {":prefix": {"S": prefix}}
        if after is not None:
            arguments["ExclusiveStartKey"] = after
        answer = self._client.scan(**arguments)
        return Page([(name_of(item), expiry_of(item)) for item in answer["Items"]], answer.get("LastEvaluatedKey"))


def _connect(settings: Settings) -> Any:
    config = Config(
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.timeout,
        max_pool_connections=settings.pool_size,
        retries={"total_max_attempts": 1, "mode": "standard"},  # `RetryPolicy` knows what may be repeated
        user_agent_extra="praison-persist",
    )
    # A session of its own: the default one is not made for several threads.
    client = Session().client("dynamodb", region_name=settings.region, endpoint_url=settings.endpoint, config=config)
    client.meta.events.register("after-call.dynamodb", _check_whole)
    return client


def _check_whole(http_response: Any, **_: Any) -> None:
    """An answer that was cut off is read by botocore as an empty one, and so a key as absent."""
    expected = http_response.headers.get("content-length")
    if expected is not None and len(http_response.content) != int(expected):
        raise IncompleteReadError(actual_bytes=len(http_response.content), expected_bytes=int(expected))


def _unless_refused(call: Callable[[], T], refused: T) -> T:
    try:
        return call()
    except ClientError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise
        return refused
