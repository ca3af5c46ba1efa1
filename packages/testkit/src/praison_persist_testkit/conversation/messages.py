"""Clauses on appending, reading and deleting messages: order, bounds, idempotence."""

from __future__ import annotations

import copy
import math
from typing import Any

from praison_persist.errors import ConflictError, InvalidInputError, NotFoundError

from ..exact import assert_record, assert_records
from ..running import Handle, refuses
from ..suite import Suite, case, clause, each
from .build import SID, as_stored, contents, ids, message, messages, new_session, session

__all__ = ["Deleting", "Messages", "Reading"]

_OTHER_BODIES: dict[str, Any] = {
    "role": {"role": "assistant"},
    "content": {"content": "another"},
    "content none": {"content": None},
    "tool_calls": {"tool_calls": [{"id": "call"}]},
    "tool_call_id": {"tool_call_id": "call"},
    "metadata": {"metadata": {"a": 1}},
    "empty metadata": {"metadata": {}},
}


class Messages(Suite):
    """Appending one message."""

    @clause
    async def test_add_message_returns_its_argument_with_the_session_set(self, store: Handle) -> None:
        """`add_message` returns the argument with its ``session_id`` set."""
        await new_session(store)
        given = message(session_id="another")
        returned = await store.add_message(SID, given)
        assert returned is given
        assert given.session_id == SID
        assert_record((await store.get_messages(SID))[0], given)

    @clause
    async def test_order_is_insertion_order(self, store: Handle) -> None:
        """Order is insertion order by a sequence of the store: equal and backward times and ids do not count."""
        await new_session(store)
        times = [100.0] * 8 + [float(100 - i) for i in range(8)] + [0.0, 1e12, -5.0, 50.5]
        written = [message(str(i), id=f"id{99 - i}", created_at=at) for i, at in enumerate(times)]
        expected = as_stored(written)
        for item in written:
            await store.add_message(SID, item)
        assert_records(await store.get_messages(SID), expected)

    @clause
    async def test_sessions_keep_their_messages_apart(self, store: Handle) -> None:
        """Messages belong to one session, also when two are written in turn; the same id in both is fine."""
        await new_session(store, "one")
        await new_session(store, "two")
        for i in range(5):
            await store.add_message("one", message(f"one {i}", id=f"m{i}"))
            await store.add_message("two", message(f"two {i}", id=f"m{i}"))
        assert await contents(store, "one") == [f"one {i}" for i in range(5)]
        assert await contents(store, "two") == [f"two {i}" for i in range(5)]

    @clause
    async def test_adding_to_an_unknown_session_is_refused(self, store: Handle) -> None:
        """`add_message` and `add_messages` to an unknown session are a `NotFoundError`, and store nothing."""
        with refuses(NotFoundError, why="add_message"):
            await store.add_message("missing", message())
        await new_session(store)
        await store.delete_session(SID)
        with refuses(NotFoundError, why="add_message to a deleted session"):
            await store.add_message(SID, message())
        for session_id in ("missing", SID):
            await new_session(store, session_id)
            assert await store.get_messages(session_id) == []

    @clause
    async def test_a_retry_stores_one_message(self, store: Handle) -> None:
        """`add_message` is idempotent by id: a retry after a lost acknowledgement stores one row, in its old place."""
        written = await new_session(store, count=3)
        for _ in range(3):
            retry = message("m1", id="m1")
            returned = await store.add_message(SID, retry)
            assert returned.session_id == SID
        assert await ids(store) == ["m0", "m1", "m2"]
        assert_record((await store.get_messages(SID))[1], written[1], ignore=["created_at"])

    @clause
    async def test_a_retry_of_a_rich_message_stores_one(self, store: Handle) -> None:
        """A retry is recognised whatever the message holds: parts, tool calls, nested metadata, NUL, floats."""
        await new_session(store)
        fields: dict[str, Any] = {"tool_calls": [{"id": "1", "args": {"x": [1.5, None]}}], "tool_call_id": "c"}
        fields["metadata"] = {"a": {"b": [0.1, -0.0, 10**20, "\x00", "\ud800"]}}
        for content in ([{"type": "text", "text": "a\x00b"}], "nul \x00 and \udfff", None, "", []):
            for _ in range(2):
                await store.add_message(SID, message(content, id=f"m{content!r:.9}", **fields))
        assert len(await store.get_messages(SID)) == 5

    @clause
    @each("other", _OTHER_BODIES)
    async def test_the_same_id_with_another_body_is_a_conflict(self, store: Handle, other: dict[str, Any]) -> None:
        """The same id with another body is a `ConflictError`, and the stored message stays as it was."""
        await new_session(store)
        first = as_stored([message("first", id="m", created_at=5.0)])[0]
        await store.add_message(SID, copy.deepcopy(first))
        with refuses(ConflictError):
            await store.add_message(SID, message(**{"content": "first", "id": "m", **other}))
        assert_records(await store.get_messages(SID), [first])

    @clause
    async def test_identical_text_with_new_ids_is_stored_twice(self, store: Handle) -> None:
        """Only the id makes a retry: identical text with a new id is another message."""
        await new_session(store)
        for id_ in ("a", "b", "c"):
            await store.add_message(SID, message("yes", id=id_, created_at=1.0))
        assert await ids(store) == ["a", "b", "c"]


class Reading(Suite):
    """`get_messages` and `iter_messages`."""

    @clause
    async def test_messages_of_an_unknown_session_are_none(self, store: Handle) -> None:
        """`get_messages` and `iter_messages` of an unknown session give nothing."""
        assert await store.get_messages("missing") == []
        assert await store.iter_messages("missing") == []

    @clause
    async def test_limit_gives_the_newest_in_chronological_order(self, store: Handle) -> None:
        """``limit=n`` gives the newest n messages in insertion order; None all, 0 none."""
        await new_session(store, count=10)
        everything = [f"m{i}" for i in range(10)]
        for limit in (1, 3, 9, 10, 11, 10_000):
            assert await ids(store, limit=limit) == everything[-limit:], f"limit={limit}"
        assert await ids(store, limit=0) == []
        assert await ids(store, limit=None) == everything

    @clause
    async def test_the_newest_are_the_last_inserted(self, store: Handle) -> None:
        """The newest messages are those inserted last, whatever their clocks say."""
        await new_session(store)
        for i in range(10):
            await store.add_message(SID, message(id=f"m{i}", created_at=1000.0 - i))
        assert await ids(store, limit=3) == ["m7", "m8", "m9"]

    @clause
    async def test_bounds_are_strict_and_zero_is_a_bound(self, store: Handle) -> None:
        """``before`` and ``after`` are strict bounds on ``created_at``; 0 is a bound."""
        await new_session(store)
        times = [-1.5, 0.0, 0.0, 10.0, 20.25, 20.25, 15.0, 1e9, 3.0]
        for i, at in enumerate(times):
            await store.add_message(SID, message(id=f"m{i}", created_at=at))
        bounds: list[float | None] = [None, 0, 0.0, -1.5, 10, 20.25, 20.24, 20.26, 1e9, 2e9, -2.0]
        for before in bounds:
            for after in bounds:
                expected = [
                    f"m{i}"
                    for i, at in enumerate(times)
                    if (before is None or at < before) and (after is None or at > after)
                ]
                assert await ids(store, before=before, after=after) == expected, f"before={before}, after={after}"
                for limit in (0, 2):
                    found = await ids(store, limit=limit, before=before, after=after)
                    newest = expected[-limit:] if limit else []
                    assert found == newest, f"limit={limit}, before={before}, after={after}"

    @clause
    async def test_iter_messages_gives_all_oldest_first(self, store: Handle) -> None:
        """`iter_messages` gives all messages, oldest first, whatever the batch size."""
        await new_session(store, count=23, created_at=7.0)
        everything = await store.get_messages(SID)
        for size in (1, 5, 22, 23, 24, 500):
            assert_records(await store.iter_messages(SID, batch_size=size), everything)

    @clause
    async def test_a_limit_is_none_or_a_natural_number(self, store: Handle) -> None:
        """A limit is None or an integer of at least 0; bool and float are no integers."""
        await new_session(store, count=2)
        limits: list[Any] = [-1, True, False, 1.0, "1", [1]]
        for limit in limits:
            with case(limit):
                with refuses(InvalidInputError, why="get_messages"):
                    await store.get_messages(SID, limit=limit)
                with refuses(InvalidInputError, why="list_sessions, limit"):
                    await store.list_sessions(limit=limit)
                with refuses(InvalidInputError, why="list_sessions, offset"):
                    await store.list_sessions(offset=limit)
                with refuses(InvalidInputError, why="iter_messages"):
                    await store.iter_messages(SID, batch_size=limit)
                with refuses(InvalidInputError, why="iter_sessions"):
                    await store.iter_sessions(batch_size=limit)

    @clause
    async def test_a_bound_is_a_finite_number(self, store: Handle) -> None:
        """``before`` and ``after`` are finite numbers."""
        await new_session(store, count=2)
        bounds: list[Any] = [math.nan, math.inf, "5", True, []]
        for bound in bounds:
            with case(bound):
                with refuses(InvalidInputError, why="before"):
                    await store.get_messages(SID, before=bound)
                with refuses(InvalidInputError, why="after"):
                    await store.get_messages(SID, after=bound)


class Deleting(Suite):
    """`delete_messages`."""

    @clause
    async def test_deleting_named_messages_counts_what_was_there(self, store: Handle) -> None:
        """`delete_messages` deletes the named messages and says how many there were; the rest keep their order."""
        await new_session(store, count=6)
        assert await store.delete_messages(SID, ["m4", "m1", "missing", "m1"]) == 2
        assert await ids(store) == ["m0", "m2", "m3", "m5"]
        assert await store.delete_messages(SID, ["m1"]) == 0
        assert await ids(store, limit=2) == ["m3", "m5"]

    @clause
    async def test_deleting_an_empty_list_deletes_nothing(self, store: Handle) -> None:
        """``delete_messages(id, [])`` deletes nothing and returns 0."""
        await new_session(store, count=3)
        assert await store.delete_messages(SID, []) == 0
        assert await store.delete_messages(SID, ()) == 0
        assert await ids(store) == ["m0", "m1", "m2"]

    @clause
    async def test_deleting_without_ids_deletes_all(self, store: Handle) -> None:
        """``delete_messages(id)`` deletes all messages of the session, and keeps the session."""
        await new_session(store, count=3)
        await new_session(store, "other", count=2)
        assert await store.delete_messages(SID) == 3
        assert await store.get_messages(SID) == []
        assert await store.get_session(SID) is not None
        assert await ids(store, "other") == ["m0", "m1"]
        assert await store.delete_messages(SID) == 0

    @clause
    async def test_deleting_reaches_one_session_only(self, store: Handle) -> None:
        """`delete_messages` reaches only its session, where another has the same message ids; 0 for an unknown one."""
        await new_session(store, count=3)
        await new_session(store, "other", count=3)
        assert await store.delete_messages("other", ["m0", "m1"]) == 2
        assert await ids(store) == ["m0", "m1", "m2"]
        assert await store.delete_messages("missing", ["m0"]) == 0
        assert await store.delete_messages("missing") == 0

    @clause
    async def test_order_survives_deletion(self, store: Handle) -> None:
        """After the newest are deleted, what is added later is last; a deleted id is free again."""
        await new_session(store, count=4)
        await store.delete_messages(SID, ["m3", "m2", "m0"])
        for id_ in ("n0", "m0", "n1"):
            await store.add_message(SID, message("again", id=id_))
        assert await ids(store) == ["m1", "n0", "m0", "n1"]
        await store.delete_messages(SID)
        await store.add_messages(SID, messages(2))
        assert await ids(store) == ["m0", "m1"]

    @clause
    async def test_deleting_many_at_once(self, store: Handle) -> None:
        """`delete_messages` takes more ids than an engine takes parameters in one statement."""
        await new_session(store)
        await store.add_messages(SID, messages(1_500))
        wanted = [f"m{i}" for i in range(40_000)]
        wanted.remove("m700")
        assert await store.delete_messages(SID, wanted) == 1_499
        assert await ids(store) == ["m700"]

    @clause
    async def test_the_session_of_deleted_messages_can_be_updated(self, store: Handle) -> None:
        """Deleting messages leaves the session as it was."""
        await new_session(store, count=2)
        await store.delete_messages(SID)
        await store.update_session(session(name="renamed"))
        assert (await store.get_session(SID)).name == "renamed"
