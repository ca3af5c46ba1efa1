"""State stores with one fault each; the kit must catch every one. See test_mutants.py."""

from __future__ import annotations

import json
import time
from typing import Any

from praison_persist.errors import PersistError, WrongTypeError
from praison_persist.state import MISSING
from praison_persist_memory import MemoryStateStore as Correct


class IgnoresTTL(Correct):
    def set(self, key, value, ttl=None):
        super().set(key, value, ttl)
        super().set(key, value)


class ZeroIsNoTTL(Correct):
    def set(self, key, value, ttl=None):
        super().set(key, value, ttl if ttl is None or type(ttl) is bool else ttl or None)


class KeepsTheOldTTL(Correct):
    def set(self, key, value, ttl=None):
        old = self.ttl(key) if ttl is None and isinstance(key, str) and key else None
        super().set(key, value, ttl if old is None else old)


class ExpireRevives(Correct):
    def __init__(self) -> None:
        super().__init__()
        self.last: dict[str, Any] = {}

    def set(self, key, value, ttl=None):
        super().set(key, value, ttl)
        self.last[key] = value

    def expire(self, key, ttl):
        if not super().expire(key, ttl) and key in self.last:
            super().set(key, self.last[key], ttl)
            return True
        return self.exists(key)


class ListsExpiredKeys(Correct):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def set(self, key, value, ttl=None):
        super().set(key, value, ttl)
        self.seen.add(key)

    def keys(self, pattern="*"):
        return sorted({*super().keys(pattern), *(self.seen if pattern == "*" else ())})


class FloorsTTL(Correct):
    def ttl(self, key):
        left = super().ttl(key)
        return None if left is None else left - 1


class IncrLosesUpdates(Correct):
    def incr(self, key, amount=1):
        value = self.get(key) or 0
        time.sleep(0.0005)
        self.set(key, value + amount)
        return value + amount


class IncrParsesText(Correct):
    def incr(self, key, amount=1):
        value = self.get(key)
        if isinstance(value, str) and value.isdecimal():
            self.set(key, int(value))
        return super().incr(key, amount)


class IncrClearsTheTTL(Correct):
    def incr(self, key, amount=1):
        total = super().incr(key, amount)
        super().set(key, total)
        return total


class CompareAndSetRaces(Correct):
    def compare_and_set(self, key, expected, value, *, ttl=None):
        same = not self.exists(key) if expected is MISSING else self.exists(key) and self.get(key) == expected
        time.sleep(0.002)
        if same:
            self.set(key, value, ttl)
        return same


class TrueIsOne(Correct):
    def compare_and_set(self, key, expected, value, *, ttl=None):
        known = self.get(key)
        if expected is not MISSING and known == expected and self.exists(key):
            expected = known
        return super().compare_and_set(key, expected, value, ttl=ttl)


class HashesAreValues(Correct):
    def get(self, key):
        try:
            return super().get(key)
        except WrongTypeError:
            return self.hgetall(key)


class SetReplacesHashes(Correct):
    def set(self, key, value, ttl=None):
        try:
            super().set(key, value, ttl)
        except WrongTypeError:
            self.delete(key)
            super().set(key, value, ttl)


class EmptyHashesStay(Correct):
    def __init__(self) -> None:
        super().__init__()
        self.emptied: set[str] = set()

    def hdel(self, key, *fields):
        deleted = super().hdel(key, *fields)
        if deleted and not super().exists(key):
            self.emptied.add(key)
        return deleted

    def exists(self, key):
        return super().exists(key) or key in self.emptied


class CountsAbsentFields(Correct):
    def hdel(self, key, *fields):
        super().hdel(key, *fields)
        return len(fields)


class ParsesText(Correct):
    def get(self, key):
        value = super().get(key)
        try:
            return json.loads(value) if isinstance(value, str) else value
        except ValueError:
            return value


class SharesObjects(Correct):
    def __init__(self) -> None:
        super().__init__()
        self.live: dict[str, Any] = {}

    def set(self, key, value, ttl=None):
        super().set(key, value, ttl)
        self.live[key] = value

    def get(self, key):
        value = super().get(key)
        return self.live.get(key, value)


class PrefixIsAGlob(Correct):
    def scan_prefix(self, prefix):
        yield from self.keys(f"{prefix}*")


class BracketsAreLiteral(Correct):
    def keys(self, pattern="*"):
        return super().keys(pattern.replace("[", "[[]") if isinstance(pattern, str) else pattern)


class ScansOnePage(Correct):
    def keys(self, pattern="*"):
        return super().keys(pattern)[:1000]


class NamespacesByPrefix(Correct):
    def namespace(self, name):
        view = super().namespace(name)
        view._prefix = f"{self._prefix}{name}:"
        return view


class FoldsKeys(Correct):
    def get(self, key):
        return super().get(key.strip() if isinstance(key, str) and key.strip() else key)


class SetManyWritesTheGoodOnes(Correct):
    def set_many(self, values, ttl=None):
        for key, value in values.items():
            self.set(key, value, ttl)


class SwallowsErrors(Correct):
    def set(self, key, value, ttl=None):
        try:
            super().set(key, value, ttl)
        except PersistError:
            return


class Stringifies(Correct):
    def set(self, key, value, ttl=None):
        try:
            super().set(key, value, ttl)
        except PersistError:
            super().set(key, str(value), ttl)


class NamespacesStayOpen(Correct):
    def namespace(self, name):
        view = Correct()
        view._prefix = name
        return view


MUTANTS: dict[type, str] = {
    IgnoresTTL: "test_an_expired_key_is_gone_for_every_method",
    ZeroIsNoTTL: "test_a_bad_ttl_is_refused",
    KeepsTheOldTTL: "test_a_longer_or_removed_ttl_counts",
    ExpireRevives: "test_an_expired_key_is_gone_for_every_method",
    ListsExpiredKeys: "test_an_expired_key_is_gone_for_every_method",
    FloorsTTL: "test_ttl_is_rounded_up",
    IncrLosesUpdates: "test_incr_loses_nothing",
    IncrParsesText: "test_incr_of_something_else_is_refused",
    IncrClearsTheTTL: "test_incr_and_hset_keep_the_ttl",
    CompareAndSetRaces: "test_one_of_many_wins_a_compare_and_set",
    TrueIsOne: "test_a_value_is_replaced_only_if_it_is_the_expected_one",
    HashesAreValues: "test_value_calls_refuse_a_hash",
    SetReplacesHashes: "test_value_calls_refuse_a_hash",
    EmptyHashesStay: "test_hdel_counts_what_existed",
    CountsAbsentFields: "test_hdel_counts_what_existed",
    ParsesText: "test_a_value_comes_back_with_its_type",
    SharesObjects: "test_a_stored_value_is_no_shared_object",
    PrefixIsAGlob: "test_scan_prefix_takes_its_prefix_literally",
    BracketsAreLiteral: "test_keys_is_a_glob_with_one_meaning",
    ScansOnePage: "test_more_keys_than_a_page_are_found",
    NamespacesByPrefix: "test_namespaces_are_disjoint",
    FoldsKeys: "test_keys_are_exact",
    SetManyWritesTheGoodOnes: "test_what_is_no_json_is_refused",
    SwallowsErrors: "test_what_is_no_json_is_refused",
    Stringifies: "test_what_is_no_json_is_refused",
    NamespacesStayOpen: "test_closing_one_view_closes_all",
}
