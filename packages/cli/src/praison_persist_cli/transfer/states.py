"""Reading and writing the keys of a state store: values and hashes with the time that they have left.

A key that is there already with the same content is left alone, so a second attempt goes on. Prints nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from praison_persist.errors import ConflictError, PersistError, WrongTypeError
from praison_persist.state import StateStore

from .conversations import OnConflict
from .tally import Advance, ContentHash, Tally, canonical

__all__ = ["Entry", "StateWriter", "read_entry", "read_state"]

TTL_TOLERANCE = 2
"""Seconds by which the time left may differ: `StateStore.ttl` gives whole seconds, and they pass meanwhile."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A key with all that belongs to it.

    Attributes:
        key: its name inside the namespace.
        value: the value, or the fields of a hash.
        is_hash: which of them.
        ttl: seconds left, None for ever.
        namespace: the names from the outermost on.
    """

    key: str
    value: Any
    is_hash: bool
    ttl: int | None
    namespace: tuple[str, ...] = ()

    @property
    def content(self) -> bytes:
        """What the hash of the content is made of; time passes, and does not count."""
        return canonical([self.namespace, self.key, self.is_hash, self.value])


def read_entry(store: StateStore, key: str, namespace: tuple[str, ...] = ()) -> Entry | None:
    """The entry of a key, or None where there is none."""
    try:
        value, is_hash = store.get(key), False
    except WrongTypeError:
        value, is_hash = store.hgetall(key), True
    if (value is None and not store.exists(key)) or (is_hash and not value):
        return None
    return Entry(key, value, is_hash, store.ttl(key), namespace)


def read_state(store: StateStore, namespace: tuple[str, ...] = ()) -> Iterator[Entry]:
    """Every live entry of one namespace; the store is the view of it."""
    for key in store.scan_prefix(""):
        entry = read_entry(store, key, namespace)
        if entry is not None:  # else it expired meanwhile
            yield entry


class StateWriter:
    """Writes entries into one store.

    Args:
        store: the destination.
        tally: what to count in.
        on_conflict: what to do with a key that is there with other content.
        advance: called with the number of keys done.
    """

    def __init__(
        self,
        store: StateStore,
        tally: Tally,
        *,
        on_conflict: OnConflict = "error",
        advance: Advance = lambda _: None,
    ) -> None:
        self._store = store
        self._views: dict[tuple[str, ...], StateStore] = {(): store}
        self._tally = tally
        self._on_conflict = on_conflict
        self._advance = advance

    def write(self, entry: Entry) -> None:
        """Make the destination hold this entry.

        Raises:
            ConflictError: it holds something else under the key, and conflicts are errors.
            PersistError: what was written does not read back as it was.
        """
        store, tally = self._view(entry.namespace), self._tally
        tally.items["keys"] += 1
        self._advance(1)
        there = read_entry(store, entry.key, entry.namespace)
        if there is None or _is_part(there, entry):
            self._store_entry(store, entry)
            self._verify(store, entry, "written")
        elif there.content == entry.content:
            if not _same_ttl(there.ttl, entry.ttl):
                self._store_entry(store, entry)
            self._verify(store, entry, "present")
        elif self._on_conflict == "replace":
            store.delete(entry.key)
            self._store_entry(store, entry)
            self._verify(store, entry, "replaced")
        elif self._on_conflict == "skip":
            tally.done["skipped"] += 1
        else:
            raise ConflictError(
                f"key {entry.key!r} is in the destination with other content",
                hint="--on-conflict skip keeps the destination's, --on-conflict replace takes the source's",
            )

    def _view(self, namespace: tuple[str, ...]) -> StateStore:
        if namespace not in self._views:
            self._views[namespace] = self._view(namespace[:-1]).namespace(namespace[-1])
        return self._views[namespace]

    def _store_entry(self, store: StateStore, entry: Entry) -> None:
        start = perf_counter()
        if not entry.is_hash:
            store.set(entry.key, entry.value, entry.ttl)
        else:
            if entry.ttl is None and store.ttl(entry.key) is not None:
                store.delete(entry.key)  # the only way to take a hash's time limit away
            for field, value in entry.value.items():
                store.hset(entry.key, field, value)
            if entry.ttl is not None:
                store.expire(entry.key, entry.ttl)
        self._tally.seconds["write"] += perf_counter() - start

    def _verify(self, store: StateStore, entry: Entry, done: str) -> None:
        start = perf_counter()
        there = read_entry(store, entry.key, entry.namespace)
        self._tally.seconds["verify"] += perf_counter() - start
        if there is None and entry.ttl is not None and entry.ttl <= TTL_TOLERANCE:
            there = entry  # its time ran out between the two calls
        if there is None or there.content != entry.content or not _same_ttl(there.ttl, entry.ttl):
            raise PersistError(
                f"key {entry.key!r} does not read back from the destination as it was written",
                hint="does another program write to it? run this again when it does not",
            )
        self._tally.done[done] += 1
        self._tally.source.add(ContentHash.of(entry.content))
        self._tally.destination.add(ContentHash.of(there.content))


def _is_part(there: Entry, entry: Entry) -> bool:
    """Whether what is there is the beginning of this hash, left by an attempt that was interrupted."""
    if not (there.is_hash and entry.is_hash) or len(there.value) >= len(entry.value):
        return False
    return all(
        field in entry.value and canonical(entry.value[field]) == canonical(v) for field, v in there.value.items()
    )


def _same_ttl(theirs: int | None, ours: int | None) -> bool:
    if theirs is None or ours is None:
        return theirs is ours
    return abs(theirs - ours) <= TTL_TOLERANCE
