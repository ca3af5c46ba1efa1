"""Clauses on counting and compare-and-set, alone and in a race."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

from praison_persist.errors import InvalidInputError, WrongTypeError
from praison_persist.state import MAX_INTEGER, MIN_INTEGER, MISSING

from ..exact import assert_same, same
from ..running import Handle, Harness, only, refuses
from ..suite import Suite, case, clause
from ..worker import run_workers

__all__ = ["Atomic", "CompareAndSet", "Counting"]

_COMPARED: list[Any] = [
    *(None, True, False, 0, 1, 2, 1.0, 0.0, "", "1", "true", "null", [], {}, [1], [1.0], [True], ["1"]),
    *({"a": 1}, {"a": True}, {"a": 1.0}, {"a": 1, "b": None}, {"a": None}, 2**63, 2.0**63, "a", "A", "a "),
]


class Counting(Suite):
    """`incr`."""

    @clause
    async def test_incr_adds_and_returns_the_sum(self, store: Handle) -> None:
        """`incr` adds to an integer value and returns the sum; a missing key counts as 0."""
        results = [await store.incr("n", *amount) for amount in ((), (5,), (-10,), (0,), (2**62,))]
        assert_same(results, [1, 6, -4, -4, 2**62 - 4])
        assert_same(await store.get("n"), 2**62 - 4)
        await store.set("set", 41)
        assert_same(await store.incr("set"), 42)
        assert_same(await store.incr("zero", 0), 0)
        assert await store.exists("zero") is True
        await store.set("n", "a text again")
        assert await store.get("n") == "a text again"

    @clause
    async def test_incr_of_something_else_is_refused(self, store: Handle) -> None:
        """`incr` of something other than an integer is a `WrongTypeError`, and the value stays."""
        values: list[Any] = ["5", 1.0, True, None, [1], {}, "", "word"]
        for value in values:
            with case(value):
                await store.set("value", value)
                with refuses(WrongTypeError):
                    await store.incr("value")
                assert_same(await store.get("value"), value)

    @clause
    async def test_sums_stay_within_64_bits(self, store: Handle) -> None:
        """A sum that leaves signed 64 bits is an `InvalidInputError`, and the value stays."""
        for start, amount in ((MAX_INTEGER, 1), (MIN_INTEGER, -1), (MAX_INTEGER, MAX_INTEGER), (0, MAX_INTEGER + 1)):
            await store.set("n", start)
            with refuses(InvalidInputError, why=f"{start} + {amount}"):
                await store.incr("n", amount)
            assert_same(await store.get("n"), start)
        with refuses(InvalidInputError, why="from nothing"):
            await store.incr("new", MIN_INTEGER - 1)
        assert await store.exists("new") is False
        await store.set("n", MAX_INTEGER - 1)
        assert await store.incr("n") == MAX_INTEGER
        assert await store.incr("n", MIN_INTEGER) == -1
        assert await store.incr("n", MIN_INTEGER + 1) == MIN_INTEGER

    @clause
    async def test_an_amount_is_an_integer(self, store: Handle) -> None:
        """An amount is an integer: anything else is an `InvalidInputError`."""
        amounts: list[Any] = [True, 1.0, "1", None]
        for amount in amounts:
            with case(amount):
                with refuses(InvalidInputError):
                    await store.incr("n", amount)
                assert await store.exists("n") is False


class CompareAndSet(Suite):
    """`compare_and_set`."""

    @clause
    async def test_a_value_is_replaced_only_if_it_is_the_expected_one(self, store: Handle) -> None:
        """`compare_and_set` stores only if the value has the same JSON type and value, and says whether it did."""
        wrong: list[str] = []
        for stored in _COMPARED:
            await store.set("key", copy.deepcopy(stored))
            for expected in _COMPARED:
                done = await store.compare_and_set("key", copy.deepcopy(expected), "new")
                if done is not same(stored, expected) or (done and await store.get("key") != "new"):
                    wrong.append(f"{stored!r} stored, {expected!r} expected: {done}")
                if done:
                    await store.set("key", copy.deepcopy(stored))
            if not same(await store.get("key"), stored):  # once for all that were refused: each is a request
                wrong.append(f"{stored!r} was replaced, though that was refused")
        assert not wrong, "\n".join(wrong)

    @clause
    async def test_the_order_of_keys_does_not_count(self, store: Handle) -> None:
        """Two mappings are equal whatever the order of their keys, as in JSON."""
        await store.set("key", {"a": 1, "b": {"c": [1], "d": 2}})
        assert await store.compare_and_set("key", {"b": {"d": 2, "c": [1]}, "a": 1}, 5) is True

    @clause
    async def test_missing_means_that_there_is_no_key(self, store: Handle) -> None:
        """``expected=MISSING`` stores only if the key does not exist; a stored None exists."""
        assert await store.compare_and_set("key", MISSING, None) is True
        assert await store.compare_and_set("key", MISSING, 1) is False
        assert await store.compare_and_set("key", None, 1) is True
        assert await store.compare_and_set("key", 1, 2, ttl=500) is True
        assert await store.ttl("key") is not None
        assert await store.compare_and_set("absent", None, 1) is False
        assert await store.compare_and_set("absent", 0, 1) is False
        assert await store.exists("absent") is False
        await store.delete("key")
        assert await store.compare_and_set("key", 2, 3) is False
        assert await store.compare_and_set("key", MISSING, 3) is True


class Atomic(Suite):
    """Many at once."""

    @clause
    async def test_incr_loses_nothing(self, harness: Harness) -> None:
        """`incr` is atomic: of many at once none is lost, and no sum is returned twice."""
        store = harness.opened[0]

        async def count(_: int) -> list[int]:
            return [await store.incr("n") for _ in range(50)]

        sums = [one for part in only(await harness.together(8, count)) for one in part]
        assert sorted(sums) == list(range(1, 401))
        assert await store.get("n") == 400

    @clause
    async def test_a_hundred_callers_at_once_are_all_counted(self, harness: Harness) -> None:
        """Of a hundred callers at once each is counted, and one alone wins a `compare_and_set`."""
        store = harness.opened[0]
        assert sorted(only(await harness.together(100, lambda _: store.incr("n")))) == list(range(1, 101))
        assert only(await harness.together(100, lambda i: store.compare_and_set("key", MISSING, i))).count(True) == 1

    @clause(processes=True)
    async def test_two_processes_count_together(self, harness: Harness) -> None:
        """A store is safe to share between processes: nothing that two of them write is lost."""
        await harness.opened[0].setup()
        await asyncio.to_thread(run_workers, harness.target, "incr", 2, {"key": "n", "count": 100})
        store = harness.opened[0]
        assert await store.get("n") == 200
        assert len(await store.hgetall("n hash")) == 200

    @clause
    async def test_one_of_many_wins_a_compare_and_set(self, harness: Harness) -> None:
        """`compare_and_set` is atomic: of many that expect one value exactly one stores its own."""
        store = harness.opened[0]
        for round_ in range(10):
            expected = MISSING if round_ == 0 else await store.get("key")
            results = only(
                await harness.together(
                    8, lambda i, r=round_, e=expected: store.compare_and_set("key", e, {"round": r, "by": i})
                )
            )
            assert results.count(True) == 1
            assert results.count(False) == 7
            assert await store.get("key") == {"round": round_, "by": results.index(True)}

    @clause
    async def test_a_lock_by_compare_and_set_holds(self, harness: Harness) -> None:
        """A counter that many raise by read and compare-and-set loses nothing."""
        store = harness.opened[0]
        await store.set("n", 0)

        async def raise_(_: int) -> None:
            for _ in range(10):
                while True:
                    seen = await store.get("n")
                    if await store.compare_and_set("n", seen, seen + 1):
                        break

        only(await harness.together(4, raise_))
        assert await store.get("n") == 40

    @clause
    async def test_fields_of_many_writers_are_all_kept(self, harness: Harness) -> None:
        """`hset` sets one field and leaves the others alone, also when many write to one hash."""
        store = harness.opened[0]

        async def write(writer: int) -> None:
            for i in range(20):
                await store.hset("hash", f"{writer}-{i}", i)
            for i in range(10):
                await store.hdel("hash", f"{writer}-{i}")

        only(await harness.together(8, write))
        assert await store.hgetall("hash") == {f"{w}-{i}": i for w in range(8) for i in range(10, 20)}

    @clause(shared=True)
    async def test_what_was_written_is_there_in_another_store(self, harness: Harness) -> None:
        """What one store writes another one sees, and one that is opened later."""
        store, second = harness.opened[0], harness.open()
        await store.set("key", {"a": "1"}, ttl=500)
        await store.hset("hash", "field", 1)
        await store.namespace("a").set("key", "inner")
        assert await second.get("key") == {"a": "1"}
        await second.hset("hash", "other", 2)
        await store.close()
        third = harness.open()
        assert await third.hgetall("hash") == {"field": 1, "other": 2}
        assert await third.namespace("a").get("key") == "inner"
        assert await third.ttl("key") in range(400, 501)
