"""The state contract in SQL: every query of every SQL backend, once. Operations only, no I/O.

A key is one row, with its value as JSON text or marked as a hash; a hash has one more row per field.
An expired row counts as absent everywhere and is deleted when its key is written again, or by `purge_expired`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from typing import Any

from ..errors import InvalidInputError
from ..globs import compile_glob, literal_prefix
from ..jsontext import decode, encode, is_plain_text, same_json
from ..state import MISSING, NAMESPACE_SEPARATOR, add_integers, holds_hash, holds_value, namespace_prefix
from ..validation import check_batch_size, check_field, check_key, check_list, check_ttl
from .operation import Statement, Steps, operation
from .tables import Tables

__all__ = ["States"]


PAGE = 500


class States:
    """Operations on one namespace of a store's tables; its prefix stands before every stored key."""

    def __init__(self, tables: Tables) -> None:
        dialect = self.dialect = tables.dialect
        state, fields = tables.name("state"), tables.name("state_fields")
        self.prefix = ""
        self._state, self._fields = state, fields
        self._now = dialect.now
        live = f"(expires_at IS NULL OR expires_at > {dialect.now})"
        self._live = live
        expires = f"({dialect.now} + ?)"  # NULL for a ttl of None
        render = dialect.render
        insert = f"INSERT INTO {state} (state_key, is_hash, value, expires_at) VALUES (?, ?, ?, {expires})"
        self._insert = render(insert + dialect.ignore_conflict)
        self._set = render(
            insert
            + dialect.upsert(("state_key", "is_hash", "value", "expires_at"), ("state_key",))
            + f" WHERE {state}.is_hash = 0"
        )
        self._get = render(f"SELECT is_hash, value FROM {state} WHERE state_key = ? AND {live}")
        self._lock = render(f"SELECT is_hash, value FROM {state} WHERE state_key = ? AND {live}{dialect.lock_row}")
        self._replace = render(f"UPDATE {state} SET value = ? WHERE state_key = ?")
        self._replace_all = render(f"UPDATE {state} SET value = ?, expires_at = {expires} WHERE state_key = ?")
        self._purge_key = render(f"DELETE FROM {state} WHERE state_key = ? AND NOT {live}")
        self._delete = render(f"DELETE FROM {state} WHERE state_key = ? AND {live}")
        self._ttl = render(f"SELECT expires_at - {dialect.now} FROM {state} WHERE state_key = ? AND {live}")
        self._expire = render(f"UPDATE {state} SET expires_at = {expires} WHERE state_key = ? AND {live}")
        self._field = render(
            f"SELECT s.is_hash, f.value FROM {state} s LEFT JOIN {fields} f"
            f" ON f.state_key = s.state_key AND f.field = ? WHERE s.state_key = ? AND {live}"
        )
        self._all_fields = render(
            f"SELECT s.is_hash, f.field, f.value FROM {state} s LEFT JOIN {fields} f ON f.state_key = s.state_key"
            f" WHERE s.state_key = ? AND {live} ORDER BY f.field"
        )
        self._set_field = render(
            f"INSERT INTO {fields} (state_key, field, value) VALUES (?, ?, ?)"
            + dialect.upsert(("state_key", "field", "value"), ("state_key", "field"))
        )
        self._count_fields = render(f"SELECT COUNT(*) FROM {fields} WHERE state_key = ?")
        self._page = render(
            f"SELECT state_key FROM {state} WHERE state_key > ? AND state_key >= ? AND {live}"
            " ORDER BY state_key LIMIT ?"
        )

    def namespace(self, name: str) -> States:
        """The same operations inside a namespace."""
        inner = copy(self)
        inner.prefix = namespace_prefix(self.prefix, name)
        return inner

    # -- values --------------------------------------------------------------------------------------------------

    @operation()
    def get(self, key: str) -> Steps[Any]:
        found = yield Statement(self._get, (self._stored(key),))
        return _value(key, found.rows[0]) if found.rows else None

    @operation()
    def get_many(self, keys: Iterable[str]) -> Steps[dict[str, Any]]:
        wanted = {self._stored(key): key for key in check_list(keys, "keys")}
        stored = list(wanted)
        values: dict[str, Any] = {}
        for start in range(0, len(stored), self.dialect.max_params):
            chunk = stored[start : start + self.dialect.max_params]
            marks = ", ".join("?" * len(chunk))
            sql = f"SELECT state_key, is_hash, value FROM {self._state} WHERE state_key IN ({marks}) AND {self._live}"
            found = yield Statement(self.dialect.render(sql), chunk)
            values.update((wanted[row[0]], _value(wanted[row[0]], row[1:])) for row in found.rows)
        return {key: values[key] for key in wanted.values() if key in values}

    @operation()
    def set(self, key: str, value: Any, ttl: float | None) -> Steps[None]:
        params = (self._stored(key), 0, encode(value), check_ttl(ttl))
        stored = yield Statement(self._set, params)
        if not stored.rowcount:  # a hash is in the way, unless it has expired
            yield Statement(self._purge_key, params[:1])
            stored = yield Statement(self._set, params)
            if not stored.rowcount:
                raise holds_hash(key)

    @operation(transaction=True)
    def set_many(self, values: Mapping[str, Any], ttl: float | None) -> Steps[None]:
        seconds = check_ttl(ttl)
        rows = [
            (key, (self._stored(key), 0, encode(value, f"value of {key!r}"), seconds)) for key, value in values.items()
        ]
        for key, params in sorted(rows):  # in key order, so that two batches never wait for each other
            yield Statement(self._purge_key, params[:1])
            stored = yield Statement(self._set, params)
            if not stored.rowcount:
                raise holds_hash(key)

    @operation(transaction=True, idempotent=False)
    def incr(self, key: str, amount: int) -> Steps[int]:
        name = self._stored(key)
        add_integers(key, 0, amount)
        row = yield from self._hold(name)
        total = add_integers(key, 0 if row is None else _value(key, row), amount)
        yield Statement(self._replace, (str(total), name))
        return total

    @operation(transaction=True, idempotent=False)
    def compare_and_set(self, key: str, expected: Any, value: Any, ttl: float | None) -> Steps[bool]:
        name, text, seconds = self._stored(key), encode(value), check_ttl(ttl)
        wanted = expected if expected is MISSING else decode(encode(expected, "expected"))
        row = yield from self._hold(name)
        stored = MISSING if row is None else _value(key, row)
        equal = same_json(stored, wanted) if MISSING not in (stored, wanted) else stored is wanted
        if equal:
            yield Statement(self._replace_all, (text, seconds, name))
        elif row is None:
            yield Statement(self._delete, (name,))
        return equal

    # -- keys ----------------------------------------------------------------------------------------------------

    @operation()
    def delete(self, key: str) -> Steps[bool]:
        return (yield Statement(self._delete, (self._stored(key),))).rowcount > 0

    @operation()
    def exists(self, key: str) -> Steps[bool]:
        return bool((yield Statement(self._get, (self._stored(key),))).rows)

    @operation()
    def ttl(self, key: str) -> Steps[int | None]:
        found = yield Statement(self._ttl, (self._stored(key),))
        return math.ceil(found.rows[0][0]) if found.rows and found.rows[0][0] is not None else None

    @operation()
    def expire(self, key: str, ttl: float) -> Steps[bool]:
        name = self._stored(key)
        if check_ttl(ttl) is None:
            raise InvalidInputError("expire takes a ttl in seconds, not None", hint="use set to make a key permanent")
        return (yield Statement(self._expire, (ttl, name))).rowcount > 0

    @operation()
    def keys(self, pattern: str) -> Steps[list[str]]:
        matches = compile_glob(_text(pattern, "pattern")).fullmatch
        start, found, more = literal_prefix(pattern), list[str](), ""
        while more is not None:
            page, more = yield from self._page_keys(start, more, PAGE)
            found += [key for key in page if matches(key)]
        return found

    @operation(name="scan_prefix")
    def page_keys(self, prefix: str, after: str, limit: int) -> Steps[tuple[list[str], str | None]]:
        """The next live keys that start with the prefix, in order of code points, and where to go on; None at the end.

        Args:
            prefix: literal text.
            after: "" to begin, then what the page before gave.
            limit: at most so many keys.
        """
        return (yield from self._page_keys(_text(prefix, "prefix"), after, check_batch_size(limit)))

    @operation()
    def purge_expired(self) -> Steps[int]:
        """Delete what has expired; how many keys."""
        sql = f"DELETE FROM {self._state} WHERE expires_at <= {self._now}"
        return (yield Statement(sql)).rowcount

    # -- hashes --------------------------------------------------------------------------------------------------

    @operation()
    def hget(self, key: str, field: str) -> Steps[Any]:
        found = yield Statement(self._field, (check_field(field), self._stored(key)))
        if not found.rows:
            return None
        is_hash, value = found.rows[0]
        _require_hash(key, is_hash)
        return None if value is None else decode(value)

    @operation()
    def hgetall(self, key: str) -> Steps[dict[str, Any]]:
        found = yield Statement(self._all_fields, (self._stored(key),))
        if found.rows:
            _require_hash(key, found.rows[0][0])
        return {field: decode(value) for _, field, value in found.rows if field is not None}

    @operation(transaction=True)
    def hset(self, key: str, field: str, value: Any) -> Steps[None]:
        params = (self._stored(key), check_field(field), encode(value))
        row = yield from self._hold(params[0], is_hash=True)
        if row is not None:
            _require_hash(key, row[0])
        yield Statement(self._set_field, params)

    @operation(transaction=True)
    def hdel(self, key: str, fields: Iterable[str]) -> Steps[int]:
        name = self._stored(key)
        names = list(dict.fromkeys([check_field(field) for field in fields]))
        found = yield Statement(self._lock, (name,))
        if not found.rows:
            return 0
        _require_hash(key, found.rows[0][0])
        deleted = 0
        for start in range(0, len(names), self.dialect.max_params - 1):
            chunk = names[start : start + self.dialect.max_params - 1]
            marks = ", ".join("?" * len(chunk))
            sql = self.dialect.render(f"DELETE FROM {self._fields} WHERE state_key = ? AND field IN ({marks})")
            deleted += (yield Statement(sql, (name, *chunk))).rowcount
        if not (yield Statement(self._count_fields, (name,))).rows[0][0]:
            yield Statement(self._delete, (name,))
        return deleted

    # -- inside --------------------------------------------------------------------------------------------------

    def _stored(self, key: str) -> str:
        return self.prefix + check_key(key)

    def _page_keys(self, prefix: str, after: str, limit: int) -> Steps[tuple[list[str], str | None]]:
        if not is_plain_text(prefix):
            return [], None
        start = self.prefix + prefix
        found = yield Statement(self._page, (self.prefix + after, start, limit))
        stored = [row[0] for row in found.rows if row[0].startswith(start)]
        keys = [key[len(self.prefix) :] for key in stored]
        own = [key for key in keys if NAMESPACE_SEPARATOR not in key]
        return own, keys[-1] if len(keys) == limit else None

    def _hold(self, key: str, *, is_hash: bool = False) -> Steps[Sequence[Any] | None]:
        """The key's live row, locked until the transaction ends.

        None where there was none: an empty row now stands for it, which racers wait for, to be filled or deleted.
        """
        while True:
            found = yield Statement(self._lock, (key,))
            if found.rows:
                return found.rows[0]
            yield Statement(self._purge_key, (key,))
            held = yield Statement(self._insert, (key, int(is_hash), None, None))
            if held.rowcount:
                return None


def _value(key: str, row: Sequence[Any]) -> Any:
    is_hash, value = row
    if is_hash:
        raise holds_hash(key)
    return decode(value)


def _require_hash(key: str, is_hash: Any) -> None:
    if not is_hash:
        raise holds_value(key)


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise InvalidInputError(f"{what} must be text, not {type(value).__name__}")
    return value
