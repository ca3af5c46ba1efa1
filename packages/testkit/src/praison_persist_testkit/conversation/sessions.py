"""Clauses on sessions: create, get, update, upsert, delete, list."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest

from praison_persist.conversation import ConversationSession
from praison_persist.errors import AlreadyExistsError, InvalidInputError, NotFoundError

from ..exact import assert_record, assert_records, assert_same
from ..running import Handle, refuses
from ..samples import HOSTILE_TEXTS, JSON_VALUES
from ..suite import Suite, clause, each
from .build import SID, ids, message, messages, new_session, session

__all__ = ["Listing", "Sessions"]


def _whole(session_id: str = SID, **fields: Any) -> ConversationSession:
    given: dict[str, Any] = {"user_id": "user", "agent_id": "agent", "name": "a name", "state": {"step": 1}}
    given |= {"metadata": {"tags": ["a", None]}, "created_at": 1700000000.125, "updated_at": 1700000001.5}
    return ConversationSession(session_id=session_id, **{**given, **fields})


class Sessions(Suite):
    """One session at a time."""

    @clause
    async def test_a_session_comes_back_whole(self, store: Handle) -> None:
        """`create_session` stores a new session with every field, `get_session` gives it back."""
        await store.create_session(_whole())
        assert_record(await store.get_session(SID), _whole())

    @clause
    async def test_create_session_returns_the_session(self, store: Handle) -> None:
        """`create_session` returns the stored session, its times unchanged."""
        assert_record(await store.create_session(_whole()), _whole())

    @clause
    async def test_an_unknown_session_is_none(self, store: Handle) -> None:
        """`get_session` of an id that does not exist is None."""
        assert await store.get_session("missing") is None

    @clause
    async def test_a_session_of_defaults_comes_back(self, store: Handle) -> None:
        """What was not given comes back as None."""
        created = session()
        await store.create_session(created)
        assert_record(await store.get_session(SID), created)

    @clause
    async def test_creating_an_existing_session_touches_nothing(self, store: Handle) -> None:
        """`create_session` of an existing id is an `AlreadyExistsError`, and the session and its messages stay."""
        await store.create_session(_whole())
        await store.add_message(SID, message(id="precious"))
        before = await store.get_session(SID)
        with refuses(AlreadyExistsError):
            await store.create_session(session(user_id="other", state={"other": True}))
        assert_record(await store.get_session(SID), before)
        assert await ids(store) == ["precious"]

    @clause
    async def test_update_replaces_every_field(self, store: Handle) -> None:
        """`update_session` replaces every field, ``user_id``, ``agent_id`` and ``created_at`` included."""
        await store.create_session(_whole())
        changed = _whole(user_id="u2", agent_id="a2", name="n2", state={"step": 2}, metadata={"x": []}, created_at=5.0)
        expected = copy.deepcopy(changed)
        await store.update_session(changed)
        assert_record(await store.get_session(SID), expected, ignore=["updated_at"])

    @clause
    async def test_update_clears_fields(self, store: Handle) -> None:
        """`update_session` stores None where the new record has None: nothing of the old one remains."""
        await store.create_session(_whole())
        await store.update_session(session(created_at=5.0))
        assert_record(await store.get_session(SID), session(created_at=5.0), ignore=["updated_at"])

    @clause
    async def test_update_sets_updated_at_to_now(self, store: Handle) -> None:
        """`update_session` sets ``updated_at`` to now, in the store and on its argument."""
        await store.create_session(_whole(updated_at=1.0))
        changed = _whole(updated_at=1.0)
        returned = await store.update_session(changed)
        found = await store.get_session(SID)
        assert abs(found.updated_at - time.time()) < 3600
        assert found.updated_at == changed.updated_at == returned.updated_at

    @clause
    async def test_update_keeps_the_messages(self, store: Handle) -> None:
        """`update_session` leaves the messages of the session alone."""
        await new_session(store, count=3)
        await store.update_session(session(name="renamed"))
        assert await ids(store) == ["m0", "m1", "m2"]

    @clause
    async def test_update_touches_no_other_session(self, store: Handle) -> None:
        """`update_session` changes one session."""
        await store.create_session(_whole("one"))
        await store.create_session(_whole("two"))
        await store.update_session(session("one", name="changed"))
        assert_record(await store.get_session("two"), _whole("two"))

    @clause
    async def test_updating_a_missing_session_is_refused(self, store: Handle) -> None:
        """`update_session` of a missing session is a `NotFoundError`, and none is created."""
        with refuses(NotFoundError):
            await store.update_session(session("missing"))
        assert await store.get_session("missing") is None
        assert await store.list_sessions() == []

    @clause
    async def test_upsert_creates_a_missing_session(self, store: Handle) -> None:
        """`upsert_session` creates the session where there is none."""
        await store.upsert_session(_whole())
        assert_record(await store.get_session(SID), _whole(), ignore=["updated_at"])

    @clause
    async def test_upsert_updates_an_existing_session(self, store: Handle) -> None:
        """`upsert_session` updates an existing session as `update_session` does, and keeps its messages."""
        await store.create_session(_whole())
        await store.add_message(SID, message(id="kept"))
        changed = _whole(user_id="u2", agent_id=None, name=None, state=None, updated_at=1.0)
        await store.upsert_session(changed)
        found = await store.get_session(SID)
        expected = _whole(user_id="u2", agent_id=None, name=None, state=None)
        assert_record(found, expected, ignore=["updated_at"])
        assert found.updated_at > 1.0
        assert await ids(store) == ["kept"]

    @clause
    async def test_delete_session_deletes_its_messages(self, store: Handle) -> None:
        """`delete_session` deletes the session and its messages: a new session of that id starts empty."""
        await new_session(store, count=3)
        assert await store.delete_session(SID) is True
        assert await store.get_session(SID) is None
        assert await store.get_messages(SID) == []
        await new_session(store)
        assert await store.get_messages(SID) == []

    @clause
    async def test_deleting_a_missing_session_is_false(self, store: Handle) -> None:
        """`delete_session` is False when there was none."""
        assert await store.delete_session("missing") is False
        await new_session(store)
        await store.delete_session(SID)
        assert await store.delete_session(SID) is False

    @clause
    async def test_delete_session_touches_no_other(self, store: Handle) -> None:
        """`delete_session` deletes one session."""
        await new_session(store, "one", count=2)
        await new_session(store, "two", count=2)
        await store.delete_session("one")
        assert await ids(store, "two") == ["m0", "m1"]
        assert [found.session_id for found in await store.list_sessions()] == ["two"]

    @clause
    @each("value", JSON_VALUES)
    async def test_state_and_metadata_keep_what_they_were_given(self, store: Handle, value: dict[str, Any]) -> None:
        """``state`` and ``metadata`` are JSON mappings and come back with every type; {} and None stay distinct."""
        await store.create_session(session("one", state=copy.deepcopy(value)))
        await store.create_session(session("two", metadata=copy.deepcopy(value)))
        await store.update_session(session("two", metadata=copy.deepcopy(value)))
        one, two = await store.get_session("one"), await store.get_session("two")
        assert_same([one.state, one.metadata], [value, None])
        assert_same([two.state, two.metadata], [None, value])

    @clause
    async def test_session_ids_are_exact(self, store: Handle) -> None:
        """Session ids are exact: case, trailing space, ``/``, ``:`` never make two sessions one."""
        for i, session_id in enumerate(HOSTILE_TEXTS):
            await store.create_session(session(session_id, name=f"name {i}"))
            await store.add_message(session_id, message(f"text {i}", id="same"))
        for i, session_id in enumerate(HOSTILE_TEXTS):
            found = await store.get_session(session_id)
            assert (found.session_id, found.name) == (session_id, f"name {i}")
            texts = [item.content for item in await store.get_messages(session_id)]
            assert texts == [f"text {i}"], f"session {session_id!a} has {texts}"
        listed = [found.session_id for found in await store.list_sessions(limit=None)]
        assert sorted(listed) == sorted(HOSTILE_TEXTS)
        for i, session_id in enumerate(HOSTILE_TEXTS):
            assert await store.delete_session(session_id) is True, f"{session_id!a} was gone already"
            assert len(await store.list_sessions(limit=None)) == len(HOSTILE_TEXTS) - i - 1

    @clause
    async def test_long_ids_and_names_are_kept(self, store: Handle) -> None:
        """Ids and names of 255 characters are kept whole, whatever their size in bytes."""
        for char in ("x", "\u00fc", "\u6f22", "\U0001f9e1"):
            long, other = char * 255, char * 254 + "y"
            await store.create_session(session(long, user_id=long, agent_id=long, name=long))
            await store.create_session(session(other))
            found = await store.get_session(long)
            assert (found.session_id, found.user_id, found.agent_id, found.name) == (long,) * 4
            assert [one.session_id for one in await store.list_sessions(long, long)] == [long]
            await store.add_messages(long, messages(1))
            assert await ids(store, other) == []

    @clause
    async def test_empty_and_absent_owners_stay_distinct(self, store: Handle) -> None:
        """``user_id``, ``agent_id`` and ``name`` may be empty, which is not None."""
        await store.create_session(session("empty", user_id="", agent_id="", name=""))
        await store.create_session(session("none"))
        empty, none = await store.get_session("empty"), await store.get_session("none")
        assert (empty.user_id, empty.agent_id, empty.name) == ("", "", "")
        assert (none.user_id, none.agent_id, none.name) == (None, None, None)

    @clause
    async def test_a_stored_session_is_no_shared_object(self, store: Handle) -> None:
        """What is stored changes by calls only, not by changing an object that was given or returned."""
        given = _whole()
        await store.create_session(given)
        assert given.state
        given.state["step"] = 99
        given.name = "changed"
        found = await store.get_session(SID)
        found.metadata["tags"].append("changed")
        found.state = None
        listed = (await store.list_sessions())[0]
        listed.metadata.clear()
        assert_record(await store.get_session(SID), _whole())

    @clause
    async def test_a_session_is_changed_in_place(self, store: Handle) -> None:
        """`change_session` stores what the function did to the stored session, sets ``updated_at``, and returns it."""
        await store.create_session(session(name="old", metadata={"kept": 1}, updated_at=5.0))

        def change(found: Any) -> None:
            found.metadata = {**found.metadata, "new": [None]}
            found.state = {}

        returned = await store.change_session(SID, change)
        stored = await store.get_session(SID)
        assert (stored.name, stored.metadata, stored.state) == ("old", {"kept": 1, "new": [None]}, {})
        assert stored.updated_at > 5.0
        assert_record(returned, stored)

    @clause
    async def test_a_change_that_fails_changes_nothing(self, store: Handle) -> None:
        """What the function raises is raised, a missing session is a `NotFoundError`, and an id stays as it is."""
        await store.create_session(session(name="old"))

        def fail(found: Any) -> None:
            found.name = "changed"
            raise KeyError("not today")

        def rename(found: Any) -> None:
            found.session_id = "other"

        with pytest.raises(KeyError, match="not today"):
            await store.change_session(SID, fail)
        with refuses(InvalidInputError, why="another id"):
            await store.change_session(SID, rename)
        with refuses(NotFoundError, why="no such session"):
            await store.change_session("missing", rename)
        stored = await store.get_session(SID)
        assert stored.name == "old"
        assert await store.get_session("other") is None


class Listing(Suite):
    """Many sessions."""

    @clause
    async def test_sessions_are_listed_newest_update_first(self, store: Handle) -> None:
        """`list_sessions` gives the most recently updated first."""
        for session_id, updated in (("a", 300.0), ("b", 100.0), ("c", 400.5), ("d", 200.0), ("e", 400.25)):
            await store.create_session(session(session_id, updated_at=updated))
        assert [found.session_id for found in await store.list_sessions()] == ["c", "e", "a", "d", "b"]
        await store.update_session(session("b"))
        assert [found.session_id for found in await store.list_sessions()] == ["b", "c", "e", "a", "d"]

    @clause
    async def test_ties_are_listed_by_id(self, store: Handle) -> None:
        """Sessions that were updated at the same time are listed by id."""
        for session_id in ("m", "z", "a", "k"):
            await store.create_session(session(session_id, updated_at=100.0))
        assert [found.session_id for found in await store.list_sessions()] == ["a", "k", "m", "z"]

    @clause
    async def test_listed_sessions_are_whole(self, store: Handle) -> None:
        """`list_sessions` gives sessions with every field."""
        await store.create_session(_whole())
        assert_records(await store.list_sessions(), [_whole()])

    @clause
    async def test_sessions_are_listed_by_owner(self, store: Handle) -> None:
        """``user_id`` and ``agent_id`` are exact and both must hold; None means any, "" only the empty one."""
        owners = [("u", "a"), ("u", "b"), ("U", "a"), ("u ", "a"), ("", ""), (None, None), ("u%", "a"), (None, "a")]
        for i, (user, agent) in enumerate(owners):
            await store.create_session(session(f"s{i}", user_id=user, agent_id=agent, updated_at=100.0))
        values: list[str | None] = [None, "u", "U", "u ", "u%", "u_", "a", "b", "", "missing", "*"]
        for user in values:
            for agent in values:
                expected = [
                    f"s{i}" for i, owner in enumerate(owners) if user in (None, owner[0]) and agent in (None, owner[1])
                ]
                found = [one.session_id for one in await store.list_sessions(user, agent)]
                assert found == expected, f"list_sessions({user!r}, {agent!r})"

    @clause
    async def test_the_listing_follows_an_updated_owner(self, store: Handle) -> None:
        """After `update_session` with another owner, `list_sessions` finds it under the new one only."""
        await store.create_session(session(user_id="old", agent_id="old"))
        await store.update_session(session(user_id="new", agent_id="new"))
        assert [len(await store.list_sessions(user_id=user)) for user in ("old", "new")] == [0, 1]
        assert [len(await store.list_sessions(agent_id=agent)) for agent in ("old", "new")] == [0, 1]
        await store.upsert_session(session(user_id="third"))
        assert [len(await store.list_sessions(user_id=user)) for user in ("old", "new", "third")] == [0, 0, 1]

    @clause
    async def test_listing_pages(self, store: Handle) -> None:
        """`list_sessions` pages: at most ``limit`` after ``offset``, all with None, none with 0."""
        for i in range(9):
            await store.create_session(session(f"s{i}", user_id="u", updated_at=1000.0 - i))
        everything = [f"s{i}" for i in range(9)]
        for limit in (1, 2, 4, 9, 10, None, 0):
            for offset in (0, 1, 3, 8, 9, 50):
                expected = everything[offset:] if limit is None else everything[offset : offset + limit]
                found = await store.list_sessions("u", None, limit, offset)
                assert [one.session_id for one in found] == expected, f"limit={limit}, offset={offset}"

    @clause
    async def test_listing_gives_a_hundred_without_a_limit_given(self, store: Handle) -> None:
        """`list_sessions` gives at most 100 sessions unless told otherwise."""
        for i in range(103):
            await store.create_session(session(f"s{i:03}", updated_at=100.0))
        assert [one.session_id for one in await store.list_sessions()] == [f"s{i:03}" for i in range(100)]
        assert len(await store.list_sessions(limit=None)) == 103

    @clause
    async def test_iter_sessions_gives_all_in_order(self, store: Handle) -> None:
        """`iter_sessions` gives all sessions in the order of `list_sessions`, page by page."""
        for i in range(11):
            await store.create_session(session(f"s{i:02}", user_id="u" if i % 2 else "v", updated_at=float(i // 3)))
        everything = await store.list_sessions(limit=None)
        for size in (1, 2, 5, 11, 500):
            assert_records(await store.iter_sessions(batch_size=size), everything)
        expected = [one.session_id for one in everything if one.user_id == "u"]
        assert [one.session_id for one in await store.iter_sessions("u", batch_size=2)] == expected
        assert await store.iter_sessions("missing") == []
