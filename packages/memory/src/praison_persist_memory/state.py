"""State in a dictionary of this process, with an optional JSON file that survives it.

The contract only; entries and expiry are the concern of `table`, the file that of `snapshot`.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from praison_persist.errors import ConfigurationError, InvalidInputError
from praison_persist.globs import compile_glob
from praison_persist.jsontext import decode, encode, same_json
from praison_persist.state import (
    MISSING,
    NAMESPACE_SEPARATOR,
    StateStore,
    add_integers,
    holds_hash,
    holds_value,
    namespace_prefix,
)
from praison_persist.validation import check_bool, check_field, check_key, check_number, check_ttl

from .guard import BACKEND, Guard, check_url
from .snapshot import Entry
from .table import Table, open_table


class MemoryStateStore(StateStore):
    """State that lives in this process, and in a file if a path is given.

    With ``path``, the first call loads the file (PraisonAI's format is read and written) and locks it against other
    processes; all stores of one process on the same file share one table. The file is replaced whole, atomically.

    Args:
        path: the JSON file; None keeps everything in memory.
        auto_save: True: a write is in the file, synced to disk, when the call returns. False: see ``save_interval``.
        save_interval: seconds. With ``auto_save=False`` a write saves the file only when the last save is at least
            this long ago, else `flush` and `close` do; a crash loses what came after the last save.
        url: None or ``memory://``.
    """

    backend = BACKEND

    def __init__(
        self,
        path: str | Path | None = None,
        auto_save: bool = True,
        save_interval: float = 60,
        *,
        url: str | None = None,
    ) -> None:
        check_url(url)
        if path is not None and not (isinstance(path, (str, Path)) and str(path)):
            raise ConfigurationError(f"path must be a file name or None, got {path!r}", backend=BACKEND)
        check_bool(auto_save, "auto_save")
        if check_number(save_interval, "save_interval") < 0:
            raise InvalidInputError(f"save_interval must be at least 0 seconds, got {save_interval!r}")
        self._handle = _Handle(None if path is None else Path(path), 0 if auto_save else save_interval)
        self._prefix = ""

    def __repr__(self) -> str:
        path = self._handle.path
        return f"{type(self).__name__}({'' if path is None else f'path={str(path)!r}'})"

    def setup(self) -> None:
        with self._handle("setup"):
            pass

    def get(self, key: str) -> Any:
        with self._handle("get") as table:
            text = _value(table.get(self._name(key)), key)
        return None if text is None else decode(text)

    def set(self, key: str, value: Any, ttl: float | None = None) -> None:
        with self._handle("set") as table:
            self._store(table, {self._name(key): encode(value)}, check_ttl(ttl))

    def delete(self, key: str) -> bool:
        with self._handle("delete") as table:
            name = self._name(key)
            found = table.get(name) is not None
            if found:
                self._handle.commit({name: None})
            return found

    def exists(self, key: str) -> bool:
        with self._handle("exists") as table:
            return table.get(self._name(key)) is not None

    def keys(self, pattern: str = "*") -> list[str]:
        with self._handle("keys") as table:
            if not isinstance(pattern, str):
                raise InvalidInputError(f"pattern must be a string, not {type(pattern).__name__}")
            wanted = compile_glob(pattern)
            return sorted(key for key in self._keys(table) if wanted.fullmatch(key))

    def ttl(self, key: str) -> int | None:
        with self._handle("ttl") as table:
            entry = table.get(self._name(key))
        return None if entry is None or entry.expires is None else max(1, math.ceil(entry.expires - time.time()))

    def expire(self, key: str, ttl: float) -> bool:
        with self._handle("expire") as table:
            name, seconds = self._name(key), check_ttl(ttl)
            if seconds is None:
                raise InvalidInputError("ttl must be a number of seconds, got None")
            entry = table.get(name)
            if entry is not None:
                self._handle.commit({name: entry._replace(expires=time.time() + seconds)})
            return entry is not None

    def hget(self, key: str, field: str) -> Any:
        with self._handle("hget") as table:
            text = _fields(table.get(self._name(key)), key).get(check_field(field))
        return None if text is None else decode(text)

    def hset(self, key: str, field: str, value: Any) -> None:
        with self._handle("hset") as table:
            name, text = self._name(key), encode(value)
            entry = table.get(name)
            fields = {**_fields(entry, key), check_field(field): text}
            self._handle.commit({name: Entry(None, fields, entry.expires if entry else None)})

    def hgetall(self, key: str) -> dict[str, Any]:
        with self._handle("hgetall") as table:
            fields = _fields(table.get(self._name(key)), key)
        return {field: decode(text) for field, text in fields.items()}

    def hdel(self, key: str, *fields: str) -> int:
        with self._handle("hdel") as table:
            name, columns = self._name(key), {check_field(field) for field in fields}
            entry = table.get(name)
            present = _fields(entry, key)
            gone = columns & present.keys()
            if gone and entry is not None:
                left = {field: text for field, text in present.items() if field not in gone}
                self._handle.commit({name: Entry(None, left, entry.expires) if left else None})
            return len(gone)

    def incr(self, key: str, amount: int = 1) -> int:
        with self._handle("incr") as table:
            name = self._name(key)
            entry = table.get(name)
            text = _value(entry, key)
            total = add_integers(key, 0 if text is None else decode(text), amount)
            self._handle.commit({name: Entry(str(total), None, entry.expires if entry else None)})
            return total

    def compare_and_set(self, key: str, expected: Any, value: Any, *, ttl: float | None = None) -> bool:
        with self._handle("compare_and_set") as table:
            if expected is not MISSING:
                encode(expected, "expected")
            name, text, seconds = self._name(key), encode(value), check_ttl(ttl)
            entry = table.get(name)
            if expected is MISSING:
                same = entry is None
            else:
                current = _value(entry, key)
                same = current is not None and same_json(decode(current), expected)
            if same:
                self._store(table, {name: text}, seconds)
            return same

    def namespace(self, name: str) -> MemoryStateStore:
        view = copy.copy(self)
        view._prefix = namespace_prefix(self._prefix, name)
        return view

    def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        with self._handle("get_many") as table:
            texts = {key: _value(table.get(self._name(key)), key) for key in keys}
        return {key: decode(text) for key, text in texts.items() if text is not None}

    def set_many(self, values: Mapping[str, Any], ttl: float | None = None) -> None:
        """Store several values, all or none."""
        with self._handle("set_many") as table:
            self._store(table, {self._name(key): encode(value) for key, value in values.items()}, check_ttl(ttl))

    def scan_prefix(self, prefix: str) -> Iterator[str]:
        with self._handle("scan_prefix") as table:
            if not isinstance(prefix, str):
                raise InvalidInputError(f"prefix must be a string, not {type(prefix).__name__}")
            return iter([key for key in self._keys(table) if key.startswith(prefix)])

    def clear(self) -> None:
        """Delete every key of this namespace; those of the namespaces inside it stay."""
        with self._handle("clear") as table:
            self._handle.commit({self._prefix + key: None for key in self._keys(table)})

    def flush(self) -> None:
        """Save the file now, if there is a file and something unsaved."""
        with self._handle("flush") as table:
            table.save()

    def close(self) -> None:
        self._handle.close()

    # -- inside, called with the table locked --------------------------------------------------------------------

    def _name(self, key: str) -> str:
        return self._prefix + check_key(key)

    def _keys(self, table: Table) -> list[str]:
        start = len(self._prefix)
        names = (name[start:] for name in table.names() if name.startswith(self._prefix))
        return [key for key in names if NAMESPACE_SEPARATOR not in key]

    def _store(self, table: Table, texts: Mapping[str, str], seconds: float | None) -> None:
        expires = None if seconds is None else time.time() + seconds
        for name in texts:
            _value(table.get(name), name.removeprefix(self._prefix))
        self._handle.commit({name: Entry(text, None, expires) for name, text in texts.items()})


class _Handle:
    """What a store and its namespaces share: the table (opened on first use), how often to save, closed or not."""

    def __init__(self, path: Path | None, interval: float) -> None:
        self.path = path
        self._interval = interval
        self._guard = Guard()
        self._table = Table() if path is None else None

    @contextmanager
    def __call__(self, operation: str) -> Generator[Table]:
        """The table, locked for one operation."""
        with self._guard(operation):
            if self._table is None:
                assert self.path is not None  # noqa: S101 - a table without a path exists from the start
                self._table = open_table(self.path)
            with self._table.locked():
                yield self._table

    def commit(self, changes: Mapping[str, Entry | None]) -> None:
        if self._table is not None:
            self._table.commit(changes, self._interval)

    def close(self) -> None:
        with self._guard.closing() as first:
            if first and self._table is not None:
                self._table.release()


def _value(entry: Entry | None, key: str) -> str | None:
    if entry is None:
        return None
    if entry.value is None:
        raise holds_hash(key)
    return entry.value


def _fields(entry: Entry | None, key: str) -> dict[str, str]:
    if entry is None:
        return {}
    if entry.fields is None:
        raise holds_value(key)
    return entry.fields
