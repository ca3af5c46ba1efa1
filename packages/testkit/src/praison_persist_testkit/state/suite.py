"""All clauses of state stores in one class."""

from __future__ import annotations

from praison_persist.state import MISSING, AsyncStateStore, StateStore

from ..lifecycle import Lifecycle
from .atomic import Atomic, CompareAndSet, Counting
from .keys import Finding, Namespaces
from .machine import Machine
from .ttl import Expiry, Hashes
from .values import Keyspace, Many, Values

__all__ = ["StateConformance"]


class StateConformance(
    Values,
    Keyspace,
    Many,
    Expiry,
    Hashes,
    Finding,
    Namespaces,
    Counting,
    CompareAndSet,
    Atomic,
    Machine,
    Lifecycle,
):
    """Every sentence of the contract of `praison_persist.state.StateStore`, sync or async.

    Inherit it, give it a ``target`` fixture that yields a `Target` on an empty place, and declare deviations.
    """

    kind = "state"
    base_classes = (StateStore, AsyncStateStore)
    calls = (
        ("keys", (), {}),
        ("get", ("key",), {}),
        ("set", ("key", 1), {}),
        ("delete", ("key",), {}),
        ("exists", ("key",), {}),
        ("ttl", ("key",), {}),
        ("expire", ("key", 5), {}),
        ("hget", ("key", "field"), {}),
        ("hset", ("key", "field", 1), {}),
        ("hgetall", ("key",), {}),
        ("hdel", ("key", "field"), {}),
        ("incr", ("key",), {}),
        ("compare_and_set", ("key", MISSING, 1), {}),
        ("get_many", (["key"],), {}),
        ("set_many", ({"key": 1},), {}),
        ("scan_prefix", ("k",), {}),
        ("get_json", ("key",), {}),
        ("set_json", ("key", 1), {}),
    )
    mistakes = (
        ("get", ("",), {}),
        ("set", ("key", b"bytes"), {}),
        ("set", ("key", 1), {"ttl": 0}),
        ("expire", ("key", -1), {}),
        ("incr", ("key", 2**70), {}),
        ("hset", ("key", 5, 1), {}),
        ("compare_and_set", ("key\x00", 1, 2), {}),
    )
