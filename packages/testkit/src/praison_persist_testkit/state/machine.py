"""Random sequences of calls, compared step by step with a dictionary. No TTL: clocks do not replay."""

from __future__ import annotations

import copy
import itertools
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from praison_persist.errors import WrongTypeError
from praison_persist.state import MISSING

from ..exact import assert_same, same
from ..running import Harness, refuses
from ..stateful import run_machine
from ..suite import Suite, clause

__all__ = ["Machine"]

_runs = itertools.count()
_keys = st.sampled_from(["a", "b", "A"])
_fields = st.sampled_from(["f", "g", "$.f"])
_scalars = st.sampled_from([None, True, 1, 1.0, "1", "", "\x00", 2**53 + 1])
_json = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_fields, inner, max_size=2), max_leaves=4
)


class Machine(Suite):
    """The whole contract at once."""

    @clause
    def test_random_calls_agree_with_the_model(self, harness: Harness) -> None:
        """Whatever the order of calls, the store says what a simple model says."""
        run_machine(lambda: StateMachine(harness))


class StateMachine(RuleBasedStateMachine):
    """Keys of a namespace of their own, so that examples do not see each other."""

    def __init__(self, harness: Harness) -> None:
        super().__init__()
        self.store, self.run = harness.opened[0].namespace(f"run {next(_runs)}"), harness.run
        self.values: dict[str, Any] = {}
        self.hashes: dict[str, dict[str, Any]] = {}
        self.checked = 0

    @rule(key=_keys, value=_json)
    def set(self, key: str, value: Any) -> None:
        if key in self.hashes:
            with refuses(WrongTypeError):
                self.run(self.store.set(key, copy.deepcopy(value)))
        else:
            self.run(self.store.set(key, copy.deepcopy(value)))
            self.values[key] = value

    @rule(key=_keys)
    def delete(self, key: str) -> None:
        existed = key in self.values or key in self.hashes
        assert self.run(self.store.delete(key)) is existed
        self.values.pop(key, None)
        self.hashes.pop(key, None)

    @rule(key=_keys, field=_fields, value=_json)
    def hset(self, key: str, field: str, value: Any) -> None:
        if key in self.values:
            with refuses(WrongTypeError):
                self.run(self.store.hset(key, field, copy.deepcopy(value)))
        else:
            self.run(self.store.hset(key, field, copy.deepcopy(value)))
            self.hashes.setdefault(key, {})[field] = value

    @rule(key=_keys, fields=st.lists(_fields, max_size=3))
    def hdel(self, key: str, fields: list[str]) -> None:
        if key in self.values:
            with refuses(WrongTypeError):
                self.run(self.store.hdel(key, *fields))
            return
        known = self.hashes.get(key, {})
        assert self.run(self.store.hdel(key, *fields)) == len(known.keys() & set(fields))
        for field in fields:
            known.pop(field, None)
        if not known:
            self.hashes.pop(key, None)

    @rule(key=_keys, amount=st.integers(-3, 3))
    def incr(self, key: str, amount: int) -> None:
        value = self.values.get(key, 0)
        if key in self.hashes or type(value) is not int:
            with refuses(WrongTypeError):
                self.run(self.store.incr(key, amount))
        else:
            assert_same(self.run(self.store.incr(key, amount)), value + amount)
            self.values[key] = value + amount

    @rule(key=_keys, expected=st.just(MISSING) | _json, value=_json)
    def compare_and_set(self, key: str, expected: Any, value: Any) -> None:
        if key in self.hashes:
            return
        absent = key not in self.values
        fits = absent if expected is MISSING else not absent and same(self.values[key], expected)
        assert self.run(self.store.compare_and_set(key, expected, copy.deepcopy(value))) is fits
        if fits:
            self.values[key] = value

    @invariant()
    def the_store_holds_what_the_model_holds(self) -> None:
        self.checked += 1
        assert self.run(self.store.keys()) == sorted([*self.values, *self.hashes])
        if self.checked % 2:  # each is a request, of which a machine makes thousands
            assert_same(self.run(self.store.get_many(list(self.values))), self.values)
        else:
            assert_same({key: self.run(self.store.get(key)) for key in self.values}, self.values)
        for key in {"a", "b", "A"} - self.values.keys():
            assert_same(self.run(self.store.hgetall(key)), self.hashes.get(key, {}))
