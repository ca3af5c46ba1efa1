"""Clauses on finding keys and on namespaces."""

from __future__ import annotations

from typing import Any

from praison_persist.errors import ClosedError, InvalidInputError
from praison_persist.globs import compile_glob
from praison_persist.state import MISSING, AsyncStateStore, StateStore

from ..running import Handle, refuses
from ..samples import HOSTILE_TEXTS
from ..suite import Suite, case, clause

__all__ = ["Finding", "Namespaces"]

_KEYS = [
    *("a", "b", "ab", "abc", "A", "aB", "a.c", "a:b", "a:b:c", "a/b", "user:1", "user:12", "user:2", "user*", "use"),
    *("x[1]", "x1", "x[", "x]", "[x]", "x-y", "a*c", "a?c", "*", "?", "!", "^", "a^c", "a!c", "{a,b}", "a\\c", "\\"),
    *("a\nc", "\n", " ", "a c", "caf\u00e9", "cafe\u0301", "\U0001f511", "%", "_", "a%c", "a_c", "$", ".", "..", "+a"),
]

_PATTERNS = [
    *("*", "?", "??", "a*", "*c", "a*c", "a?c", "*b*", "user:*", "user:?", "user:??", "A*", "[a-c]", "[ab]*", "[!a]"),
    *("[!a]*", "[^a]", "[*]", "user[*]", "[?]", "x[[]1]", "x[1]", "x[[]", "x[]]", "[[]x[]]", "a[*]c", "[]a]", "[!]a]"),
    *("x[", "[", "]", "[a", "a\\c", "a\\*c", "\\*", "\\", "a\n*", "*\n", "a.c", "a+", "+a", ".", "..", ".*", "(a|b)"),
    *("{a,b}", "a_c", "a%c", "%", "_", "caf?", "cafe?", "\U0001f511", "[\U0001f511]", "[a-", "[c-a]", "[-x]", "[x-]*"),
    *("", "**", "***a", "a**c", "*?*", "missing", "missing*", "$", "^", "[^]", "[!^]", "a[!b]c", "a[b-z]c", " ", "* *"),
]


class Finding(Suite):
    """`keys` and `scan_prefix`."""

    @clause
    async def test_keys_is_a_glob_with_one_meaning(self, store: Handle) -> None:
        """`keys(pattern)` is a glob with the same meaning everywhere: ``* ? [abc] [!a]``, nothing else is special."""
        for i, key in enumerate(_KEYS):
            await (store.hset(key, "f", 1) if i % 3 == 0 else store.set(key, i))
        wrong: list[str] = []
        for pattern in _PATTERNS:
            expected = sorted(key for key in _KEYS if compile_glob(pattern).fullmatch(key))
            found = await store.keys(pattern)
            if found != expected:
                wrong.append(f"keys({pattern!a}) gave {found!a}, not {expected!a}")
        assert not wrong, "\n".join(wrong)

    @clause
    async def test_keys_are_sorted(self, store: Handle) -> None:
        """`keys` gives all live keys, values and hashes, sorted by code point."""
        names = ["b", "a", "Z", "\uffff", "\U00010000", "\u00e9", "10", "9", "a b", "a"]
        for i, key in enumerate(names):
            await (store.hset(key, "f", 1) if i % 2 == 0 and key != "a" else store.set(key, i))
        assert await store.keys() == sorted(set(names))
        assert await store.keys("*") == sorted(set(names))

    @clause
    async def test_more_keys_than_a_page_are_found(self, store: Handle) -> None:
        """`keys` and `scan_prefix` find all, also where the engine pages."""
        await store.set_many({f"k{i:04}": i for i in range(2_500)})
        expected = [f"k{i:04}" for i in range(2_500)]
        assert await store.keys() == expected
        assert await store.keys("k1*") == expected[1000:2000]
        assert sorted(await store.scan_prefix("k")) == expected
        assert sorted(await store.scan_prefix("k01")) == expected[100:200]

    @clause
    async def test_scan_prefix_takes_its_prefix_literally(self, store: Handle) -> None:
        """`scan_prefix` gives the live keys that start with exactly this text; no character is special in it."""
        for i, key in enumerate(_KEYS):
            await (store.hset(key, "f", 1) if i % 3 == 0 else store.set(key, i))
        for prefix in ["", *_KEYS, "user:", "x[1", "a\\*", "missing", "[!a]", "U", "ca", "caf", "cafe", "\\", "%a"]:
            expected = sorted(key for key in _KEYS if key.startswith(prefix))
            found = await store.scan_prefix(prefix)
            assert sorted(found) == expected, f"scan_prefix({prefix!a}) gave {found!a}, not {expected!a}"

    @clause
    async def test_a_pattern_is_text(self, store: Handle) -> None:
        """A pattern and a prefix are text: anything else is an `InvalidInputError`."""
        patterns: list[Any] = [None, 5, b"*"]
        for pattern in patterns:
            with case(pattern):
                with refuses(InvalidInputError, why="keys"):
                    await store.keys(pattern)
                with refuses(InvalidInputError, why="scan_prefix"):
                    await store.scan_prefix(pattern)


class Namespaces(Suite):
    """Views with keys of their own."""

    @clause
    async def test_namespaces_are_disjoint(self, store: Handle) -> None:
        """A namespace has keys of its own: neither it nor its parent or siblings see the other's, nested as well."""
        names = ["a", "a:", "ab", "*", "[ab]", "a b", "A", "%", "\U0001f511", *HOSTILE_TEXTS[:12]]
        views = [store, *(store.namespace(name) for name in names)]
        views += [store.namespace("a").namespace("b"), store.namespace("a").namespace("a"), store.namespace("a:b")]
        views += [store.namespace("b").namespace("a"), store.namespace("a").namespace("b").namespace("a")]
        for i, view in enumerate(views):
            await view.set("key", i)
            await view.set("b:key", i)
            await view.hset("hash", "field", i)
            await view.incr("counter", i)
        for i, view in enumerate(views):
            assert await view.get("key") == i
            assert await view.hgetall("hash") == {"field": i}
            assert await view.get("counter") == i
            assert await view.keys() == ["b:key", "counter", "hash", "key"]
            assert await view.keys("*key") == ["b:key", "key"]
            assert sorted(await view.scan_prefix("")) == ["b:key", "counter", "hash", "key"]
            assert await view.scan_prefix("b:") == ["b:key"]
        for i, view in enumerate(views):
            assert await view.delete("key") is True
            assert await view.compare_and_set("counter", i, "done") is True
            assert await view.expire("hash", 500) is True
            assert await view.exists("key") is False
            assert await view.get_many(["key", "b:key"]) == {"b:key": i}

    @clause
    async def test_a_namespace_of_the_same_name_is_the_same(self, store: Handle) -> None:
        """A namespace is found again by its name, and is a whole store."""
        await store.namespace("a").namespace("b").set("key", 1, ttl=500)
        again = store.namespace("a").namespace("b")
        assert await again.get("key") == 1
        assert await again.ttl("key") is not None
        assert isinstance(again.raw, (StateStore, AsyncStateStore))
        assert await again.compare_and_set("other", MISSING, 2) is True
        assert again.raw.backend == store.raw.backend

    @clause
    async def test_a_bad_namespace_is_refused(self, store: Handle) -> None:
        """A namespace has a name without U+001F: anything else is an `InvalidInputError`."""
        names: list[Any] = ["", "a\x1fb", "a\x00", 5, None]
        for name in names:
            with case(name), refuses(InvalidInputError):
                store.namespace(name)

    @clause
    async def test_closing_one_view_closes_all(self, store: Handle) -> None:
        """Views share the connection: closing one closes all."""
        view, sibling = store.namespace("a"), store.namespace("b")
        await view.set("key", 1)
        await view.close()
        for one in (store, view, sibling):
            with refuses(ClosedError):
                await one.get("key")
            await one.close()
