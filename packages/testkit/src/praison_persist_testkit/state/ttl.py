"""Clauses on time to live and on hashes. Few real waits: each covers many sentences."""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import suppress
from typing import Any

from praison_persist.errors import InvalidInputError, WrongTypeError
from praison_persist.state import MISSING

from ..exact import assert_same
from ..running import Handle, refuses
from ..suite import Suite, case, clause

__all__ = ["Expiry", "Hashes"]

_BAD_TTLS: dict[str, Any] = {
    "zero": 0,
    "negative": -1,
    "small negative": -0.001,
    "true": True,
    "false": False,
    "nan": math.nan,
    "infinity": math.inf,
    "text": "60",
    "list": [60],
}


class Expiry(Suite):
    """TTLs are seconds, greater than 0; an expired key is gone at once for every method."""

    @clause
    async def test_an_expired_key_is_gone_for_every_method(self, store: Handle) -> None:
        """An expired key, value or hash, is gone at once for every method, and is never revived."""
        names = ["get", "exists", "delete", "ttl", "expire", "incr", "cas", "cas missing", "many", "json"]
        for name in names:
            await store.set(name, 7, ttl=1)
        await store.set("float", 7, ttl=0.5)
        await store.set_many({"set_many": 7}, ttl=1)
        for name in ("hget", "hgetall", "hdel", "hset", "expire hash", "delete hash", "set over hash"):
            await store.hset(name, "old", 1)
            assert await store.expire(name, 1) is True
        await store.set("lives", 7, ttl=1000)
        await store.set("for ever", 7)
        await asyncio.sleep(1.15)
        assert await store.keys() == ["for ever", "lives"]
        assert sorted(await store.scan_prefix("")) == ["for ever", "lives"]
        assert await store.get_many([*names, "float", "set_many", "lives"]) == {"lives": 7}
        assert await store.get("get") is None
        assert await store.get("float") is None
        assert await store.get_json("json") is None
        assert await store.exists("exists") is False
        assert await store.delete("delete") is False
        assert await store.ttl("ttl") is None
        assert await store.expire("expire", 1000) is False
        assert await store.exists("expire") is False, "expire revived a key"
        assert await store.compare_and_set("cas", 7, 8) is False
        assert await store.compare_and_set("cas missing", MISSING, 8) is True
        assert await store.incr("incr") == 1
        assert await store.hget("hget", "old") is None
        assert await store.hgetall("hgetall") == {}
        assert await store.hdel("hdel", "old") == 0
        assert await store.expire("expire hash", 1000) is False
        assert await store.delete("delete hash") is False
        await store.hset("hset", "new", 2)
        assert await store.hgetall("hset") == {"new": 2}, "hset revived an expired hash"
        await store.set("set over hash", 5)
        assert await store.get("set over hash") == 5
        assert [await store.ttl(key) for key in ("incr", "hset", "cas missing", "set over hash")] == [None] * 4

    @clause
    async def test_a_longer_or_removed_ttl_counts(self, store: Handle) -> None:
        """The last TTL given counts: set without one lives for ever, `expire` prolongs and shortens."""
        for key in ("cleared", "cleared by many", "cleared by cas", "prolonged", "set again", "counted"):
            await store.set(key, 1, ttl=1)
        await store.set("shortened", 1, ttl=1000)
        await store.hset("kept", "a", 1)
        await store.expire("kept", 1)
        await store.set("cleared", 2)
        await store.set_many({"cleared by many": 2})
        assert await store.compare_and_set("cleared by cas", 1, 2) is True
        assert await store.expire("prolonged", 1000) is True
        await store.set("set again", 2, ttl=1000)
        await store.expire("shortened", 1)
        await store.incr("counted")
        await store.hset("kept", "b", 2)
        await asyncio.sleep(1.15)
        assert await store.keys() == ["cleared", "cleared by cas", "cleared by many", "prolonged", "set again"]
        assert [await store.ttl(key) for key in ("cleared", "cleared by many", "cleared by cas")] == [None] * 3

    @clause
    async def test_ttl_is_rounded_up(self, store: Handle) -> None:
        """`ttl` is an integer of seconds left, rounded up; None for ever, and None for a missing key."""
        await store.hset("hash", "f", 1)
        assert await store.ttl("hash") is None
        start = time.monotonic()
        await store.set("hundred", 1, ttl=100)
        await store.set("fraction", 1, ttl=100.2)
        assert await store.expire("hash", 1000.5) is True
        for key, given in (("hundred", 100), ("fraction", 100.2), ("hash", 1000.5)):
            left = await store.ttl(key)
            least = given - (time.monotonic() - start)
            assert type(left) is int
            assert least <= left <= math.ceil(given), f"{key} has {left} s of {given}, not at least {least:.3f}"
        await store.set("short", 1, ttl=0.9)
        assert await store.ttl("short") in (1, None)
        await store.set("for ever", 1)
        assert await store.ttl("for ever") is None
        assert await store.ttl("missing") is None
        await store.set("century", 1, ttl=3_000_000_000)
        assert await store.get("century") == 1
        assert await store.ttl("century") > 2_999_990_000

    @clause
    async def test_expire_says_whether_there_is_a_key(self, store: Handle) -> None:
        """`expire` gives a value or hash a new TTL and is False where there is no such key."""
        await store.set("value", 1)
        await store.hset("hash", "f", 1)
        assert await store.expire("value", 60) is True
        assert await store.expire("hash", 60.5) is True
        assert await store.expire("missing", 60) is False
        assert await store.exists("missing") is False
        assert None not in [await store.ttl("value"), await store.ttl("hash")]
        assert await store.get("value") == 1
        assert await store.hgetall("hash") == {"f": 1}

    @clause
    async def test_incr_and_hset_keep_the_ttl(self, store: Handle) -> None:
        """`incr` and `hset` keep the TTL of an existing key; `set` and `compare_and_set` replace it."""
        await store.set("counter", 1, ttl=500)
        await store.incr("counter")
        await store.hset("hash", "a", 1)
        await store.expire("hash", 500)
        await store.hset("hash", "b", 1)
        await store.hdel("hash", "a")
        await store.set("cas", 1, ttl=500)
        await store.compare_and_set("cas", 1, 2, ttl=1000)
        assert (await store.ttl("counter")) in range(400, 501)
        assert (await store.ttl("hash")) in range(400, 501)
        assert (await store.ttl("cas")) in range(900, 1001)
        await store.compare_and_set("cas", 5, 6, ttl=5)
        assert (await store.ttl("cas")) in range(900, 1001)

    @clause
    async def test_a_bad_ttl_is_refused(self, store: Handle) -> None:
        """A TTL is a finite number greater than 0: anything else is an `InvalidInputError`, nothing is written."""
        await store.set("kept", 1)
        for label, ttl in _BAD_TTLS.items():
            with case(label):
                calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
                    ("set", ("new", 1), {"ttl": ttl}),
                    ("set", ("kept", 2), {"ttl": ttl}),
                    ("set_many", ({"new": 1},), {"ttl": ttl}),
                    ("expire", ("kept", ttl), {}),
                    ("expire", ("missing", ttl), {}),
                    ("compare_and_set", ("kept", 1, 2), {"ttl": ttl}),
                    ("compare_and_set", ("new", MISSING, 2), {"ttl": ttl}),
                    ("set_json", ("new", 1), {"ttl": ttl}),
                ]
                for method, args, kwargs in calls:
                    with refuses(InvalidInputError, why=f"{method}, ttl={ttl!r}"):
                        await getattr(store, method)(*args, **kwargs)
                assert await store.keys() == ["kept"]
                assert await store.get("kept") == 1
                assert await store.ttl("kept") is None


class Hashes(Suite):
    """Hashes, and that they do not mix with values."""

    @clause
    async def test_a_hash_keeps_its_fields(self, store: Handle) -> None:
        """`hset` sets one field, `hget` and `hgetall` give fields with their types; None where there is none."""
        assert await store.hset("hash", "a", "1") is None
        await store.hset("hash", "b", {"n": None})
        await store.hset("hash", "none", None)
        await store.hset("hash", "a", 2.0)
        assert_same(await store.hgetall("hash"), {"a": 2.0, "b": {"n": None}, "none": None})
        assert_same(await store.hget("hash", "a"), 2.0)
        assert await store.hget("hash", "missing") is None
        assert await store.hget("missing", "a") is None
        assert await store.hgetall("missing") == {}
        assert await store.exists("hash") is True
        assert await store.keys() == ["hash"]

    @clause
    async def test_hdel_counts_what_existed(self, store: Handle) -> None:
        """`hdel` deletes fields and says how many existed; a hash without fields is gone."""
        for field in ("a", "b", "c"):
            await store.hset("hash", field, 1)
        assert await store.hdel("hash", "a", "missing", "a") == 1
        assert await store.hdel("hash") == 0
        assert await store.hdel("hash", "a") == 0
        assert await store.hgetall("hash") == {"b": 1, "c": 1}
        assert await store.hdel("hash", "b", "c") == 2
        assert await store.exists("hash") is False
        assert await store.keys() == []
        assert await store.hdel("hash", "b") == 0
        await store.set("hash", "now a value")
        assert await store.get("hash") == "now a value"

    @clause
    async def test_the_last_field_takes_the_ttl_along(self, store: Handle) -> None:
        """A hash that lost its last field is gone with its TTL; a new one lives for ever."""
        await store.hset("hash", "a", 1)
        await store.expire("hash", 500)
        await store.hdel("hash", "a")
        await store.hset("hash", "b", 1)
        assert await store.ttl("hash") is None

    @clause
    async def test_hash_calls_refuse_a_value(self, store: Handle) -> None:
        """A key that holds a value is a `WrongTypeError` for every hash method, and stays."""
        for value in ({"field": 1}, "text", None, 1):
            await store.set("value", value, ttl=500)
            for method, args in (
                ("hget", ("value", "field")),
                ("hset", ("value", "field", 2)),
                ("hgetall", ("value",)),
                ("hdel", ("value", "field")),
            ):
                with refuses(WrongTypeError, why=f"{method} of {value!r}"):
                    await getattr(store, method)(*args)
            assert_same(await store.get("value"), value)
            assert await store.ttl("value") is not None

    @clause
    async def test_value_calls_refuse_a_hash(self, store: Handle) -> None:
        """A key that holds a hash is a `WrongTypeError` for every value method, and stays."""
        await store.hset("hash", "field", 1)
        for method, args in (
            ("get", ("hash",)),
            ("set", ("hash", 2)),
            ("incr", ("hash",)),
            ("compare_and_set", ("hash", {"field": 1}, 2)),
            ("compare_and_set", ("hash", None, 2)),
            ("get_json", ("hash",)),
            ("set_json", ("hash", 2)),
        ):
            with refuses(WrongTypeError, why=method):
                await getattr(store, method)(*args)
        with suppress(WrongTypeError):  # the key exists, so it is not set; a backend may also tell the wrong kind
            assert await store.compare_and_set("hash", MISSING, 2) is False
        assert await store.hgetall("hash") == {"field": 1}
        await store.delete("hash")
        await store.set("hash", 2)
        assert await store.get("hash") == 2
