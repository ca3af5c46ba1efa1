"""The state contract over engines that keep one document or object for each key, such as MongoDB or DynamoDB.

Atomicity comes from conditional writes of whole records: load, change, save if unchanged, else again. No I/O here.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Any, TypeVar

from ..errors import InvalidInputError, UnavailableError
from ..globs import compile_glob, literal_prefix
from ..jsontext import decode, encode, same_json
from ..operation import operation
from ..state import MISSING, add_integers, holds_hash, holds_value
from ..validation import check_field, check_list, check_ttl
from .attempts import PATIENCE, Attempt, Contest, is_same, new_token
from .naming import Named, check_text, is_storable
from .requests import Condition, Erase, Load, Names, Page, Record, Save, SaveMany

__all__ = ["RecordStates", "is_live"]

T = TypeVar("T")
Steps = Generator[Any, Any, T]


class RecordStates(Named):
    """Every operation of the state contract.

    Args:
        prefix: what the names of all keys start with.
        load_batch: most names in one `Load`.
        save_batch: most records in one `SaveMany`; 0 where the engine has none.
        patience: seconds for which a write is tried again while other writers of the same key are quicker.
    """

    def __init__(
        self, prefix: str = "", *, load_batch: int = 100, save_batch: int = 0, patience: float = PATIENCE
    ) -> None:
        super().__init__(prefix)
        self.load_batch = load_batch
        self.save_batch = save_batch
        self.patience = patience

    # -- values --------------------------------------------------------------------------------------------------

    @operation()
    def get(self, key: str) -> Steps[Any]:
        record = yield from self._load(self.name_of(key))
        return None if record is None else decode(_value(record, key))

    @operation()
    def get_many(self, keys: Iterable[str]) -> Steps[dict[str, Any]]:
        wanted = {self.name_of(key): key for key in check_list(keys, "keys")}
        names, values = list(wanted), dict[str, Any]()
        for start in range(0, len(names), self.load_batch):
            chunk = tuple(names[start : start + self.load_batch])
            found: dict[str, Record] = yield Load(chunk)
            now = time.time()
            for name in chunk:
                record = found.get(name)
                if record is not None and (record.expires is None or record.expires > now):
                    key = wanted[name]
                    values[key] = decode(_value(record, key))
        return values

    @operation()
    def set(self, key: str, value: Any, ttl: float | None) -> Steps[None]:
        name, record = self.name_of(key), Record(encode(value), None, _expiry(ttl), new_token())
        if (yield from self._put({name: record})):
            raise holds_hash(key)

    @operation()
    def set_many(self, values: Mapping[str, Any], ttl: float | None) -> Steps[None]:
        expires, token = _expiry(ttl), new_token()
        records = {
            self.name_of(key): Record(encode(value, f"value of {key!r}"), None, expires, token)
            for key, value in values.items()
        }
        refused = yield from self._put(records)
        if refused:
            raise holds_hash(refused[0][len(self.prefix) :])

    def incr(self, key: str, amount: int) -> Any:
        return self._incr(key, amount, Attempt())

    @operation(name="incr")
    def _incr(self, key: str, amount: int, attempt: Attempt) -> Steps[int]:
        name = self.name_of(key)
        add_integers(key, 0, amount)

        def change(record: Record | None) -> Record:
            total = add_integers(key, 0 if record is None else decode(_value(record, key)), amount)
            return Record(str(total), None, record.expires if record else None, attempt.token)

        saved = yield from self._change(name, change, attempt)
        return 0 if saved is None else decode(_value(saved, key))

    def compare_and_set(self, key: str, expected: Any, value: Any, ttl: float | None) -> Any:
        return self._compare_and_set(key, expected, value, ttl, Attempt())

    @operation(name="compare_and_set")
    def _compare_and_set(self, key: str, expected: Any, value: Any, ttl: float | None, attempt: Attempt) -> Steps[bool]:
        name, new = self.name_of(key), Record(encode(value), None, _expiry(ttl), attempt.token)
        if expected is not MISSING:
            encode(expected, "expected")

        def change(record: Record | None) -> Record | None:
            if record is None:
                return new if expected is MISSING else None
            same = expected is not MISSING and same_json(decode(_value(record, key)), expected)
            return new if same else None

        return (yield from self._change(name, change, attempt)) is not None

    # -- keys ----------------------------------------------------------------------------------------------------

    @operation()
    def delete(self, key: str) -> Steps[bool]:
        record = yield from self._take(self.name_of(key))
        return record is not None and is_live(record)

    @operation()
    def exists(self, key: str) -> Steps[bool]:
        return (yield from self._load(self.name_of(key))) is not None

    @operation()
    def ttl(self, key: str) -> Steps[int | None]:
        record = yield from self._load(self.name_of(key))
        return None if record is None or record.expires is None else max(1, math.ceil(record.expires - time.time()))

    @operation()
    def expire(self, key: str, ttl: float) -> Steps[bool]:
        name, seconds = self.name_of(key), check_ttl(ttl)
        if seconds is None:
            raise InvalidInputError("expire takes a ttl in seconds, not None", hint="use set to make a key permanent")
        attempt = Attempt()

        def change(record: Record | None) -> Record | None:
            return record and record._replace(expires=time.time() + seconds, token=attempt.token, version=None)

        return (yield from self._change(name, change, attempt)) is not None

    @operation()
    def keys(self, pattern: str) -> Steps[list[str]]:
        matches = compile_glob(check_text(pattern, "pattern")).fullmatch
        found: set[str] = set()
        more: Any = None
        while True:
            page, more = yield from self._page(literal_prefix(pattern), more)
            found.update(key for key in page if matches(key))
            if more is None:
                return sorted(found)

    @operation(name="scan_prefix")
    def page_keys(self, prefix: str, after: Any) -> Steps[tuple[list[str], Any]]:
        """The next live keys that start with the prefix, and how to go on: None at the end."""
        return (yield from self._page(check_text(prefix, "prefix"), after))

    # -- hashes --------------------------------------------------------------------------------------------------

    @operation()
    def hget(self, key: str, field: str) -> Steps[Any]:
        column = check_field(field)
        record = yield from self._load(self.name_of(key))
        text = None if record is None else _fields(record, key).get(column)
        return None if text is None else decode(text)

    @operation()
    def hgetall(self, key: str) -> Steps[dict[str, Any]]:
        record = yield from self._load(self.name_of(key))
        return {} if record is None else {field: decode(text) for field, text in _fields(record, key).items()}

    @operation()
    def hset(self, key: str, field: str, value: Any) -> Steps[None]:
        name, column, text = self.name_of(key), check_field(field), encode(value)
        attempt = Attempt()

        def change(record: Record | None) -> Record:
            fields = {} if record is None else _fields(record, key)
            return Record(None, {**fields, column: text}, record.expires if record else None, attempt.token)

        yield from self._change(name, change, attempt)

    @operation()
    def hdel(self, key: str, fields: Iterable[str]) -> Steps[int]:
        name, columns = self.name_of(key), {check_field(field) for field in fields}
        attempt, gone = Attempt(), set[str]()

        def change(record: Record | None) -> Record | None:
            present = {} if record is None else _fields(record, key)
            gone.clear()
            gone.update(columns & present.keys())
            if record is None or not gone:
                return None
            left = {field: text for field, text in present.items() if field not in gone}
            return Record(None, left, record.expires, attempt.token)

        yield from self._change(name, change, attempt)
        return len(gone)

    # -- inside --------------------------------------------------------------------------------------------------

    def _load(self, name: str) -> Steps[Record | None]:
        found: dict[str, Record] = yield Load((name,))
        record = found.get(name)
        return record if record and is_live(record) else None

    def _put(self, records: dict[str, Record]) -> Steps[list[str]]:
        """Save values; the names of those that were not, since a live hash is in their way."""
        names = sorted(records)
        refused: list[str] = []
        if len(names) == 1 or not self.save_batch:
            for name in names:
                saved: bool = yield Save(name, records[name], Condition.NO_HASH)
                refused += [] if saved else [name]
        else:
            for start in range(0, len(names), self.save_batch):
                refused += yield SaveMany({name: records[name] for name in names[start : start + self.save_batch]})
        return refused

    def _take(self, name: str) -> Steps[Record | None]:
        """Delete the record; the deleted one."""
        return (yield Erase(name))

    def _page(self, prefix: str, after: Any) -> Steps[tuple[list[str], Any]]:
        if not is_storable(prefix):
            return [], None
        page: Page = yield Names(self.prefix + prefix, after)
        now = time.time()
        live = (self.key_of(name) for name, expires in page.names if expires is None or expires > now)
        return [key for key in live if key is not None and key.startswith(prefix)], page.more

    def _change(
        self, name: str, change: Callable[[Record | None], Record | None], attempt: Attempt
    ) -> Steps[Record | None]:
        """Replace the live record by what ``change`` makes of it, as one atomic step; a hash left empty is erased.

        Returns:
            What was saved; None where ``change`` wanted nothing.

        Raises:
            ConflictError: other writers were quicker for too long.
            UnavailableError: an earlier attempt may or may not have taken effect, and that cannot be told any more.
        """
        contest = self._contest(name)
        while True:
            found: dict[str, Record] = yield Load((name,))
            stored = found.get(name)
            if attempt.expected is not None:
                if stored is not None and stored.token == attempt.token:
                    return stored
                if not is_same(stored, attempt.expected):
                    raise attempt.unknown(name[len(self.prefix) :])
            new = change(stored if stored and is_live(stored) else None)
            if new is None:
                return None
            expect = stored or Condition.ABSENT
            request = Erase(name, stored) if new.fields == {} else Save(name, new, expect)
            attempt.expected = expect
            try:
                done = yield request
            except UnavailableError:
                raise  # whether it took effect is unknown: the next run of the operation looks
            except BaseException:
                attempt.expected = None
                raise
            attempt.expected = None
            if done:
                return new
            yield from contest.lost()

    def _contest(self, name: str) -> Contest:
        return Contest(name[len(self.prefix) :], name, self.patience)


def _expiry(ttl: float | None) -> float | None:
    seconds = check_ttl(ttl)
    return None if seconds is None else time.time() + seconds


def is_live(record: Record) -> bool:
    """Whether it has not expired."""
    return record.expires is None or record.expires > time.time()


def _value(record: Record, key: str) -> str:
    if record.value is None:
        raise holds_hash(key)
    return record.value


def _fields(record: Record, key: str) -> dict[str, str]:
    if record.fields is None:
        raise holds_value(key)
    return record.fields
