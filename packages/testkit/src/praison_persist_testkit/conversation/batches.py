"""Clauses on appending a batch: in order, idempotent, all or none."""

from __future__ import annotations

import math
from typing import Any

from praison_persist.errors import ConflictError, InvalidInputError, NotFoundError

from ..exact import assert_records
from ..running import Handle, refuses
from ..suite import Suite, case, clause
from .build import SID, as_stored, contents, ids, message, messages, new_session

__all__ = ["Batches"]

_BAD_MESSAGES: dict[str, Any] = {
    "role": {"role": ""},
    "content": {"content": 5},
    "part that is no json": {"content": [{"x": b""}]},
    "metadata": {"metadata": {"x": math.nan}},
    "id": {"id": ""},
}


class Batches(Suite):
    """`add_messages`."""

    @clause
    async def test_a_batch_is_appended_in_order(self, store: Handle) -> None:
        """`add_messages` appends a batch in order and returns its arguments with their session set."""
        await new_session(store, count=2)
        batch = messages(300, "b", created_at=5.0)
        expected = as_stored(batch)
        returned = await store.add_messages(SID, batch)
        assert all(mine is given for mine, given in zip(returned, batch, strict=True))
        assert {item.session_id for item in batch} == {SID}
        await store.add_message(SID, message(id="last"))
        assert await ids(store) == ["m0", "m1", *(item.id for item in batch), "last"]
        assert_records((await store.get_messages(SID))[2:-1], expected)

    @clause
    async def test_an_empty_batch_stores_nothing(self, store: Handle) -> None:
        """`add_messages` of nothing is fine."""
        await new_session(store, count=1)
        assert await store.add_messages(SID, []) == []
        assert await ids(store) == ["m0"]

    @clause
    async def test_a_batch_for_an_unknown_session_is_refused(self, store: Handle) -> None:
        """`add_messages` to an unknown session is a `NotFoundError`."""
        with refuses(NotFoundError):
            await store.add_messages("missing", messages(2))
        await new_session(store, "missing")
        assert await store.get_messages("missing") == []

    @clause
    async def test_a_retried_batch_stores_each_message_once(self, store: Handle) -> None:
        """`add_messages` is idempotent as `add_message` is, also where only a part was stored before."""
        await new_session(store)
        await store.add_message(SID, message("b0", id="b0"))
        for _ in range(3):
            await store.add_messages(SID, messages(4, "b"))
        await store.add_messages(SID, [*messages(1, "c"), *messages(1, "c")])
        assert await ids(store) == ["b0", "b1", "b2", "b3", "c0"]

    @clause
    async def test_a_bad_message_keeps_the_whole_batch_out(self, store: Handle) -> None:
        """A batch is stored whole or not at all: a bad message in its middle, and nothing is stored."""
        await new_session(store, count=1)
        batch = messages(5, "b")
        for label, bad in _BAD_MESSAGES.items():
            with case(label):
                batch[3] = message(**bad)
                with refuses(InvalidInputError):
                    await store.add_messages(SID, batch)
                assert await ids(store) == ["m0"]
        batch[3] = message(id="repaired")
        await store.add_messages(SID, batch)
        assert await ids(store) == ["m0", "b0", "b1", "b2", "repaired", "b4"]

    @clause
    async def test_a_conflict_keeps_the_whole_batch_out(self, store: Handle) -> None:
        """A batch is stored whole or not at all: a conflict in its middle, and nothing is stored."""
        await new_session(store, count=1)
        for conflict in ([message("another", id="m0")], [message("x", id="b0")]):
            with refuses(ConflictError):
                await store.add_messages(SID, [*messages(3, "b"), *conflict, *messages(3, "c")])
            assert await contents(store) == ["m0"]

    @clause
    async def test_a_large_batch_is_atomic_too(self, store: Handle) -> None:
        """A batch larger than any page of the backend is appended whole, in order, or not at all."""
        await new_session(store)
        batch = messages(2_500, "b")
        with refuses(ConflictError):
            await store.add_messages(SID, [*batch, message("another", id="b0")])
        assert await store.get_messages(SID, limit=1) == []
        await store.add_messages(SID, batch)
        assert await ids(store) == [item.id for item in batch]
        assert await ids(store, limit=2) == ["b2498", "b2499"]
