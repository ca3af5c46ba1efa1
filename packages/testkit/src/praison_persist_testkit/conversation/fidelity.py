"""Clauses on what a message keeps, and on what is refused before it is written."""

from __future__ import annotations

import copy
import math
from typing import Any

from praison_persist.errors import InvalidInputError, SerializationError

from ..exact import assert_record, assert_records, assert_same
from ..running import Handle, refuses
from ..samples import BAD_IDS, HOSTILE_TEXTS, JSON_VALUES, NOT_JSON, TEXTS, nested
from ..suite import Suite, case, clause, each
from .build import SID, as_stored, ids, message, new_session, session

__all__ = ["Fidelity", "Refusals"]

_PARTS: dict[str, Any] = {
    "none": None,
    "empty list": [],
    "list of text": ["a", "b"],
    "parts": [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "data:;base64,AA=="}}],
    "mixed list": [1, "1", 1.0, True, None, {}, [[]], {"nul": "\x00", "half": "\ud83d"}],
    "nested list": [nested(60)],
}

_TOOL_CALLS: dict[str, Any] = {
    "none": None,
    "empty": [],
    "one": [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": "\\u0000"}'}}],
    "many": [{"id": f"call_{i}", "arguments": {"x": [i, float(i), None, "\x00"]}} for i in range(20)],
    "empty mapping": [{}],
}

_BAD_FIELDS: dict[str, Any] = {
    "no message": None,
    "role empty": {"role": ""},
    "role too long": {"role": "r" * 51},
    "role nul": {"role": "us\x00er"},
    "role none": {"role": None},
    "content integer": {"content": 5},
    "content bytes": {"content": b"bytes"},
    "content dict": {"content": {"type": "text"}},
    "content tuple": {"content": ("a", "b")},
    "tool_calls dict": {"tool_calls": {"id": "1"}},
    "tool_calls text": {"tool_calls": "[]"},
    "tool_call_id integer": {"tool_call_id": 5},
    "tool_call_id too long": {"tool_call_id": "t" * 256},
    "metadata list": {"metadata": []},
    "metadata text": {"metadata": "{}"},
    "created_at nan": {"created_at": math.nan},
    "created_at infinity": {"created_at": math.inf},
    "created_at text": {"created_at": "now"},
    "created_at bool": {"created_at": True},
    "created_at none": {"created_at": None},
    "id too long": {"id": "i" * 256},
}

_BAD_SESSIONS: dict[str, Any] = {
    "no session": None,
    "user_id integer": {"user_id": 5},
    "user_id too long": {"user_id": "u" * 256},
    "user_id nul": {"user_id": "u\x00"},
    "agent_id surrogate": {"agent_id": "a\ud800"},
    "agent_id list": {"agent_id": []},
    "name too long": {"name": "n" * 256},
    "name bytes": {"name": b"name"},
    "state list": {"state": []},
    "state text": {"state": "{}"},
    "metadata list": {"metadata": [1]},
    "created_at nan": {"created_at": math.nan},
    "updated_at infinity": {"updated_at": -math.inf},
    "updated_at text": {"updated_at": "now"},
    "updated_at bool": {"updated_at": False},
    "session_id too long": {"session_id": "s" * 256},
}


class Fidelity(Suite):
    """What goes in comes out."""

    @clause
    @each("text", TEXTS)
    async def test_content_comes_back_exactly(self, store: Handle, text: str) -> None:
        """A message keeps its text: unicode, NUL, lone surrogates, emoji, right to left, and what looks like JSON."""
        await new_session(store)
        given = [message(text), message(f"x{text}x"), message([text, {text: text}])]
        expected = as_stored(given)
        await store.add_message(SID, given[0])
        await store.add_messages(SID, given[1:])
        assert_records(await store.get_messages(SID), expected)
        assert_records(await store.iter_messages(SID), expected)
        assert_records(given, expected)

    @clause
    @each("content", _PARTS)
    async def test_content_may_be_parts_or_none(self, store: Handle, content: Any) -> None:
        """Content is text, None or a list of JSON parts, and comes back as what it was."""
        await new_session(store)
        await store.add_message(SID, message(copy.deepcopy(content)))
        assert_same((await store.get_messages(SID))[0].content, content, "content")

    @clause
    @each("value", JSON_VALUES)
    async def test_metadata_comes_back_with_its_types(self, store: Handle, value: dict[str, Any]) -> None:
        """Metadata is a JSON mapping kept whole: nested values, None, big integers, floats; ``"1"`` is not 1."""
        await new_session(store)
        await store.add_message(SID, message(metadata=copy.deepcopy(value)))
        assert_same((await store.get_messages(SID))[0].metadata, value, "metadata")

    @clause
    async def test_absent_and_empty_stay_distinct(self, store: Handle) -> None:
        """None, {}, [] and "" come back as themselves."""
        await new_session(store)
        given = [
            message(None, metadata=None, tool_calls=None, tool_call_id=None),
            message("", metadata={}, tool_calls=[], tool_call_id=""),
            message([], metadata={"": None}, tool_calls=[{}], tool_call_id=" "),
        ]
        expected = as_stored(given)
        await store.add_messages(SID, given)
        assert_records(await store.get_messages(SID), expected)

    @clause
    @each("tool_calls", _TOOL_CALLS)
    async def test_tool_calls_come_back(self, store: Handle, tool_calls: Any) -> None:
        """A message keeps its tool calls and its tool call id."""
        await new_session(store)
        given = message(None, role="assistant", tool_calls=copy.deepcopy(tool_calls), tool_call_id="call/1 ")
        expected = as_stored([given])
        await store.add_message(SID, given)
        assert_records(await store.get_messages(SID), expected)

    @clause
    async def test_roles_and_times_come_back(self, store: Handle) -> None:
        """A message keeps its role, of up to 50 characters, and its time, to the last bit."""
        await new_session(store)
        roles = ["user", "tool", "system", "Developer ", "r" * 50, "\u89d2" * 50, "\U0001f9e1"]
        times = [0.0, 1700000000.123456, 0.1, 2**31 + 0.5, 253402300799.999, -1e9, 5]
        given = [message(role=role, created_at=at) for role, at in zip(roles, times, strict=True)]
        expected = as_stored(given)
        await store.add_messages(SID, given)
        assert_records(await store.get_messages(SID), expected)

    @clause
    async def test_ten_megabytes_come_back(self, store: Handle) -> None:
        """A message keeps 10 MB of text, of parts and of metadata."""
        await new_session(store)
        text = "0123456789abcd\u00fc\u6f22" * (10 * 2**20 // 19)
        await store.add_message(SID, message(text, id="text"))
        await store.add_message(SID, message([{"part": text}], id="parts", metadata={"size": len(text)}))
        found = await store.get_messages(SID)
        assert found[0].content == text
        assert found[1].content == [{"part": text}]
        await store.add_message(SID, message("small", id="small"))
        assert await ids(store, limit=1) == ["small"]

    @clause
    async def test_message_ids_are_exact(self, store: Handle) -> None:
        """Message ids are exact, 1 to 255 characters: none is folded into another."""
        await new_session(store)
        given = [message(f"text {i}", id=id_) for i, id_ in enumerate(HOSTILE_TEXTS)]
        given += [message("long", id="\U0001f9e1" * 255), message("longer", id="\U0001f9e1" * 254 + "y")]
        expected = as_stored(given)
        await store.add_messages(SID, given[:20])
        for item in given[20:]:
            await store.add_message(SID, item)
        assert_records(await store.get_messages(SID), expected)
        for i, item in enumerate(expected):
            assert await store.delete_messages(SID, [item.id]) == 1, f"{item.id!a} was gone already"
            assert await ids(store, limit=1) == ([expected[-1].id] if i < len(expected) - 1 else [])

    @clause
    async def test_a_stored_message_is_no_shared_object(self, store: Handle) -> None:
        """What is stored changes by calls only, not by changing an object that was given or returned."""
        await new_session(store)
        given: Any = message([{"text": "part"}], id="m", metadata={"a": [1]}, tool_calls=[{"id": "1"}])
        expected = copy.deepcopy(given)
        await store.add_message(SID, given)
        given.content[0]["text"] = "changed"
        given.metadata["a"].append(2)
        given.role = "changed"
        found = (await store.get_messages(SID))[0]
        found.content.append("changed")
        found.metadata.clear()
        found.tool_calls[0]["id"] = "changed"
        assert_record((await store.get_messages(SID))[0], expected, ignore=["session_id"])


class Refusals(Suite):
    """What cannot be kept is a typed error before the write."""

    @clause
    async def test_a_bad_message_is_refused(self, store: Handle) -> None:
        """A message outside the contract is an `InvalidInputError`, and nothing is stored."""
        await new_session(store, count=1)
        for label, bad in _BAD_FIELDS.items():
            with case(label):
                given = {"id": "not", "a": "message"} if bad is None else message(**bad)
                with refuses(InvalidInputError, why="add_message"):
                    await store.add_message(SID, given)
                with refuses(InvalidInputError, why="add_messages"):
                    await store.add_messages(SID, [message(), given])
                assert await ids(store) == ["m0"]

    @clause
    async def test_a_message_that_is_no_json_is_refused(self, store: Handle) -> None:
        """What would not come back from JSON as it went in is a `SerializationError`, and nothing is stored."""
        await new_session(store, count=1)
        for label, value in NOT_JSON.items():
            with case(label):
                for fields in ({"metadata": {"x": value}}, {"content": [{"x": value}]}, {"tool_calls": [{"x": value}]}):
                    with refuses(SerializationError, why=f"add_message({', '.join(fields)})"):
                        await store.add_message(SID, message(**fields))
                assert await ids(store) == ["m0"]

    @clause
    async def test_a_session_that_is_no_json_is_refused(self, store: Handle) -> None:
        """State and metadata that are no JSON are a `SerializationError`, and the session is as it was."""
        await new_session(store, "kept")
        for label, value in NOT_JSON.items():
            with case(label):
                before = await store.get_session("kept")
                for fields in ({"state": {"x": value}}, {"metadata": {"x": value}}):
                    with refuses(SerializationError, why=f"create_session({', '.join(fields)})"):
                        await store.create_session(session("new", **fields))
                    with refuses(SerializationError, why=f"upsert_session({', '.join(fields)})"):
                        await store.upsert_session(session("new", **fields))
                    with refuses(SerializationError, why=f"update_session({', '.join(fields)})"):
                        await store.update_session(session("kept", name="changed", **fields))
                assert_records(await store.list_sessions(), [before])

    @clause
    async def test_a_bad_session_is_refused(self, store: Handle) -> None:
        """A session outside the contract is an `InvalidInputError`, and nothing is stored or changed."""
        await new_session(store, "kept")
        for label, bad in _BAD_SESSIONS.items():
            with case(label):
                before = await store.get_session("kept")
                for method in ("create_session", "upsert_session", "update_session"):
                    given: Any = {"session_id": "kept"} if bad is None else session(**{"session_id": "kept", **bad})
                    if method == "create_session" and bad is not None and "session_id" not in bad:
                        given.session_id = "new"
                    with refuses(InvalidInputError, why=method):
                        await getattr(store, method)(given)
                assert_records(await store.list_sessions(), [before])

    @clause
    async def test_a_bad_id_is_refused(self, store: Handle) -> None:
        """An id is 1 to 255 characters without NUL and lone surrogates: anything else is an `InvalidInputError`."""
        await new_session(store, count=1)
        for label, bad in BAD_IDS.items():
            with case(label):
                calls: list[tuple[str, tuple[Any, ...]]] = [
                    ("create_session", (session(bad),)),
                    ("get_session", (bad,)),
                    ("update_session", (session(bad),)),
                    ("upsert_session", (session(bad),)),
                    ("delete_session", (bad,)),
                    ("add_message", (bad, message())),
                    ("add_message", (SID, message(id=bad))),
                    ("add_messages", (bad, [message()])),
                    ("get_messages", (bad,)),
                    ("delete_messages", (bad,)),
                    ("delete_messages", (SID, [bad])),
                ]
                for method, args in calls:
                    with refuses(InvalidInputError, why=f"{method}({bad!a})"):
                        await getattr(store, method)(*args)
                if bad not in (None, ""):
                    for arguments in ({"user_id": bad}, {"agent_id": bad}):
                        with refuses(InvalidInputError, why=f"list_sessions({bad!a})"):
                            await store.list_sessions(**arguments)
                assert [found.session_id for found in await store.list_sessions()] == [SID]
                assert await ids(store) == ["m0"]
