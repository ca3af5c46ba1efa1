"""Clauses on values: types survive, what is no JSON is refused, keys are exact."""

from __future__ import annotations

import copy
import json
from typing import Any

from praison_persist.errors import InvalidInputError, SerializationError, WrongTypeError
from praison_persist.state import MISSING

from ..exact import assert_same
from ..running import Handle, refuses
from ..samples import BAD_IDS, HOSTILE_TEXTS, JSON_VALUES, NOT_JSON, TEXTS
from ..suite import Suite, case, clause, each

__all__ = ["VALUES", "Keyspace", "Many", "Values"]

VALUES: dict[str, Any] = {
    "none": None,
    "true": True,
    "false": False,
    "zero": 0,
    "one": 1,
    "float one": 1.0,
    "minus zero": -0.0,
    "tenth": 0.1,
    "1e300": 1e300,
    "int64": 2**63 - 1,
    "minimum": -(2**63),
    "beyond int64": 2**64,
    "googol": -(10**100),
    "empty list": [],
    "empty dict": {},
    "text one": "1",
    "text float": "1.0",
    "text true": "true",
    "text null": "null",
    "text json": '{"a":1}',
    "text list": "[1, 2]",
    "text quoted": '"1"',
    "list": [1, "1", 1.0, True, None, [], {}],
    "wrapped": {"value": 1, "__wrapped__": True},
    **{f"text {name}": text for name, text in TEXTS.items()},
    **{f"dict {name}": value for name, value in JSON_VALUES.items()},
}

_BAD_KEYS: dict[str, Any] = {
    **BAD_IDS,
    "unit separator": "a\x1fb",
    "too long": "k" * 1025,
    "too many bytes": "\u6f22" * 342,
}


class Values(Suite):
    """One value at a time."""

    @clause
    @each("value", VALUES)
    async def test_a_value_comes_back_with_its_type(self, store: Handle, value: Any) -> None:
        """A value is JSON and comes back with its type: ``"1"`` stays a string, ``1.0`` a float, None a stored None."""
        await store.set("set", copy.deepcopy(value))
        await store.hset("hash", "field", copy.deepcopy(value))
        await store.set_many({"many": copy.deepcopy(value)}, ttl=1000)
        assert await store.compare_and_set("cas", MISSING, copy.deepcopy(value)) is True
        await store.set("with ttl", copy.deepcopy(value), ttl=1000.5)
        for key in ("set", "many", "cas", "with ttl"):
            assert_same(await store.get(key), value, key)
            assert await store.exists(key) is True
        assert_same(await store.hget("hash", "field"), value, "hget")
        assert_same(await store.hgetall("hash"), {"field": value}, "hgetall")
        assert_same(await store.get_many(["set", "cas"]), {"set": value, "cas": value}, "get_many")

    @clause
    async def test_what_is_no_json_is_refused(self, store: Handle) -> None:
        """What would not come back from JSON as it went in is a `SerializationError`, and nothing is written."""
        await store.set("kept", 1)
        for label, value in NOT_JSON.items():
            with case(label):
                for given in (value, [value], {"x": value}):
                    for call in (
                        store.set("kept", given),
                        store.set("new", given),
                        store.hset("new", "field", given),
                        store.set_many({"other": 1, "new": given}),
                        store.compare_and_set("kept", 1, given),
                        store.compare_and_set("new", MISSING, given),
                    ):
                        with refuses(SerializationError):
                            await call
                assert await store.get("kept") == 1
                assert await store.keys() == ["kept"]

    @clause
    async def test_a_missing_key_is_none(self, store: Handle) -> None:
        """`get` is None where there is no such key; `exists` tells a stored None apart."""
        await store.set("none", None)
        assert [await store.get("none"), await store.exists("none")] == [None, True]
        assert [await store.get("missing"), await store.exists("missing")] == [None, False]

    @clause
    async def test_set_replaces_the_value(self, store: Handle) -> None:
        """`set` replaces the value whole and returns nothing."""
        assert await store.set("key", {"a": 1, "b": 2}) is None
        await store.set("key", {"c": 3})
        assert await store.get("key") == {"c": 3}

    @clause
    async def test_delete_says_whether_there_was_one(self, store: Handle) -> None:
        """`delete` deletes a value or hash and says whether it existed."""
        await store.set("value", None)
        await store.hset("hash", "f", 1)
        for key in ("value", "hash"):
            assert await store.delete(key) is True
            assert await store.delete(key) is False
            assert await store.exists(key) is False
        assert await store.hgetall("hash") == {}

    @clause
    async def test_a_stored_value_is_no_shared_object(self, store: Handle) -> None:
        """What is stored changes by calls only, not by changing an object that was given or returned."""
        given = {"list": [1]}
        await store.set("value", given)
        await store.hset("hash", "field", given)
        given["list"].append(2)
        (await store.get("value"))["list"].append(3)
        (await store.hget("hash", "field"))["list"].append(3)
        (await store.hgetall("hash"))["field"]["list"].append(3)
        (await store.get_many(["value"]))["value"]["list"].append(3)
        assert_same(await store.get("value"), {"list": [1]})
        assert_same(await store.hgetall("hash"), {"field": {"list": [1]}})

    @clause
    async def test_a_megabyte_comes_back(self, store: Handle) -> None:
        """A value may be large."""
        value = {"text": "0123456789abcdef" * 2**16, "list": list(range(10_000))}
        await store.set("large", value)
        assert await store.get("large") == value


class Keyspace(Suite):
    """Keys are exact, 1 to 1024 bytes."""

    @clause
    async def test_keys_are_exact(self, store: Handle) -> None:
        """Keys are exact: case, spaces, ``:``, ``*`` and unicode forms never make two keys one."""
        for i, key in enumerate(HOSTILE_TEXTS):
            if i % 2:
                await store.hset(key, "field", i)
            else:
                await store.set(key, i)
        assert await store.keys() == sorted(HOSTILE_TEXTS)
        for i, key in enumerate(HOSTILE_TEXTS):
            found = await store.hget(key, "field") if i % 2 else await store.get(key)
            assert found == i, f"{key!a} holds {found!r}"
        for i, key in enumerate(HOSTILE_TEXTS):
            assert await store.delete(key) is True, f"{key!a} was gone already"
            assert len(await store.keys()) == len(HOSTILE_TEXTS) - i - 1

    @clause
    async def test_hash_fields_are_exact(self, store: Handle) -> None:
        """Fields of a hash are exact: a dot, a dollar or case never make two fields one."""
        fields = [*HOSTILE_TEXTS, "a.b", "a", "$set", "a\x7f", "f" * 200]
        for i, field in enumerate(fields):
            await store.hset("hash", field, i)
        assert await store.hgetall("hash") == {field: i for i, field in enumerate(fields)}
        for i, field in enumerate(fields):
            assert await store.hget("hash", field) == i, f"{field!a}"
            assert await store.hdel("hash", field) == 1

    @clause
    async def test_long_keys_are_kept(self, store: Handle) -> None:
        """A key may have 1024 bytes, in a namespace as well."""
        for view in (store, store.namespace("space")):
            for key in ("k" * 1024, "\u6f22" * 341 + "k", "\U0001f9e1" * 256):
                await view.set(key, len(key))
                await view.set(key[:-1] + "x", "another")
                assert await view.get(key) == len(key)
            assert len(await view.keys()) == 6

    @clause
    async def test_a_bad_key_is_refused(self, store: Handle) -> None:
        """A key is 1 to 1024 UTF-8 bytes without NUL, U+001F and lone surrogates: else an `InvalidInputError`."""
        for label, key in _BAD_KEYS.items():
            with case(label):
                calls: list[tuple[str, tuple[Any, ...]]] = [
                    ("get", (key,)),
                    ("set", (key, 1)),
                    ("delete", (key,)),
                    ("exists", (key,)),
                    ("ttl", (key,)),
                    ("expire", (key, 5)),
                    ("hget", (key, "field")),
                    ("hset", (key, "field", 1)),
                    ("hgetall", (key,)),
                    ("hdel", (key, "field")),
                    ("incr", (key,)),
                    ("compare_and_set", (key, 1, 2)),
                    ("compare_and_set", (key, MISSING, 2)),
                    ("get_many", (["fine", key],)),
                    ("set_many", ({"fine": 1, key: 2},)),
                ]
                for method, args in calls:
                    with refuses(InvalidInputError, why=f"{method}({key!a:.40})"):
                        await getattr(store, method)(*args)
                assert await store.keys() == []

    @clause
    async def test_a_bad_field_is_refused(self, store: Handle) -> None:
        """A field of a hash is text: anything else is an `InvalidInputError`."""
        for label in ("integer", "bytes", "none"):
            field = BAD_IDS[label]
            with case(label):
                for method, args in (
                    ("hset", ("hash", field, 1)),
                    ("hget", ("hash", field)),
                    ("hdel", ("hash", field)),
                ):
                    with refuses(InvalidInputError, why=method):
                        await getattr(store, method)(*args)
                assert await store.keys() == []


class Many(Suite):
    """Several keys at once, and JSON text."""

    @clause
    async def test_get_many_gives_the_keys_that_exist(self, store: Handle) -> None:
        """`get_many` gives the values of the keys that exist, a stored None included."""
        await store.set_many({f"k{i}": i for i in range(300)})
        await store.set("none", None)
        wanted = ["k5", "missing", "none", "k299", "k5"]
        assert_same(await store.get_many(wanted), {"k5": 5, "none": None, "k299": 299})
        assert await store.get_many([]) == {}
        assert await store.get_many(f"k{i}" for i in range(300)) == {f"k{i}": i for i in range(300)}

    @clause
    async def test_set_many_stores_all_with_one_ttl(self, store: Handle) -> None:
        """`set_many` stores several values as `set` does: with the TTL, or without one whatever it was."""
        assert await store.set_many({"a": 1, "b": "2"}, ttl=100) is None
        assert_same(await store.get_many(["a", "b"]), {"a": 1, "b": "2"})
        assert None not in [await store.ttl("a"), await store.ttl("b")]
        await store.set_many({"a": 3})
        assert await store.ttl("a") is None
        await store.set_many({})

    @clause
    async def test_many_refuse_a_hash(self, store: Handle) -> None:
        """`get_many` and `set_many` take values only: a hash among the keys is a `WrongTypeError`, and stays."""
        await store.hset("hash", "field", 1)
        with refuses(WrongTypeError, why="get_many"):
            await store.get_many(["hash"])
        with refuses(WrongTypeError, why="set_many"):
            await store.set_many({"hash": 2})
        assert await store.hgetall("hash") == {"field": 1}

    @clause
    async def test_json_text_round_trips(self, store: Handle) -> None:
        """`set_json` stores JSON text and `get_json` parses a stored string; other values it gives as they are."""
        for value in ({"a": [1, None]}, [1], "text", 1, 1.5, True, None):
            await store.set_json("json", value)
            text = await store.get("json")
            assert isinstance(text, str)
            assert_same(json.loads(text), value)
            assert_same(await store.get_json("json"), value)
        await store.set("value", {"a": 1})
        assert await store.get_json("value") == {"a": 1}
        assert await store.get_json("missing") is None
        await store.set_json("json", 1, ttl=100)
        assert await store.ttl("json") is not None
