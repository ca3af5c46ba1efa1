"""What a transfer counts: items, what became of them, the time that each part took, and a hash of the content."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, TypeVar

__all__ = ["Advance", "ContentHash", "Tally", "canonical"]

Advance = Callable[[int], None]
"""Takes how many more items are done."""

T = TypeVar("T")


def canonical(value: Any) -> bytes:
    """One spelling of a JSON value, whatever the order of its keys."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":")).encode()


class ContentHash:
    """SHA-256 of every item, added up: the same for the same items in any order, and flat in memory."""

    def __init__(self) -> None:
        self._total = 0

    def add(self, digest: bytes) -> None:
        """Take one item's SHA-256 in."""
        self._total = (self._total + int.from_bytes(digest, "big")) % 2**256

    def __str__(self) -> str:
        return f"{self._total:064x}"

    @staticmethod
    def of(*parts: bytes) -> bytes:
        """The SHA-256 of one item."""
        digest = hashlib.sha256()
        for part in parts:
            digest.update(part)
            digest.update(b"\n")
        return digest.digest()


@dataclass(slots=True)
class Tally:
    """The account of a transfer.

    Attributes:
        items: how many of each thing the source gave (``sessions``, ``messages`` ...).
        done: what became of the units (sessions, documents, keys): ``written``, ``present`` (it was there already),
            ``skipped`` and ``replaced`` (there was something else).
        seconds: time spent in ``read``, ``write`` and ``verify``.
        source, destination: hash of what was read, and of what the destination holds of it; skipped units are in
            neither.
    """

    items: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=lambda: {"read": 0.0, "write": 0.0, "verify": 0.0})
    source: ContentHash = field(default_factory=ContentHash)
    destination: ContentHash = field(default_factory=ContentHash)

    @property
    def verified(self) -> bool:
        """Whether source and destination hold the same."""
        return str(self.source) == str(self.destination)

    def timed(self, what: str, items: Iterable[T]) -> Iterator[T]:
        """The same items; waiting for them counts as ``what``."""
        iterator = iter(items)
        while True:
            start = perf_counter()
            try:
                item = next(iterator)
            except StopIteration:
                return
            finally:
                self.seconds[what] += perf_counter() - start
            yield item

    def document(self) -> dict[str, Any]:
        """The account as JSON."""
        return {
            "items": dict(self.items),
            **{what: self.done[what] for what in ("written", "present", "skipped", "replaced")},
            "seconds": {what: round(seconds, 6) for what, seconds in self.seconds.items()},
            "hash": {"source": str(self.source), "destination": str(self.destination)},
            "verified": self.verified,
        }
