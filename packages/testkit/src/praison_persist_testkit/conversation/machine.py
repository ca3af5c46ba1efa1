"""Random sequences of calls, compared step by step with a model of dictionaries and lists."""

from __future__ import annotations

import copy
import itertools
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import AlreadyExistsError, ConflictError, NotFoundError, PersistError

from ..exact import assert_record, assert_records
from ..running import Harness, refuses
from ..stateful import run_machine
from ..suite import Suite, clause

__all__ = ["Machine"]

_runs = itertools.count()
_sessions = st.sampled_from(["a", "b", "A"])
_ids = st.sampled_from(["1", "2", "3", "4", "5"])
_texts = st.sampled_from(["x", "y", None, ["part"], "\x00"])
_json = st.sampled_from([None, {}, {"a": 1}, {"a": [None, {"b": "\ud800"}]}])
_users = st.sampled_from([None, "", "u", "v"])
_times = st.sampled_from([0.0, 10.0, 20.5])


class Machine(Suite):
    """The whole contract at once."""

    @clause
    def test_random_calls_agree_with_the_model(self, harness: Harness) -> None:
        """Whatever the order of calls, the store says what a simple model says."""
        run_machine(lambda: ConversationMachine(harness))


class ConversationMachine(RuleBasedStateMachine):
    """Sessions of a prefix of their own, so that examples do not see each other."""

    def __init__(self, harness: Harness) -> None:
        super().__init__()
        self.store, self.run = harness.opened[0], harness.run
        self.prefix = f"{next(_runs)}/"
        self.sessions: dict[str, ConversationSession] = {}
        self.messages: dict[str, list[ConversationMessage]] = {}

    @rule(name=_sessions, user=_users, value=_json)
    def create(self, name: str, user: Any, value: Any) -> None:
        given = self._session(name, user, value)
        if given.session_id in self.sessions:
            with refuses(AlreadyExistsError):
                self.run(self.store.create_session(given))
        else:
            self.sessions[given.session_id] = self.run(self.store.create_session(given))
            self.messages[given.session_id] = []

    @rule(name=_sessions, user=_users, value=_json, upsert=st.booleans())
    def update(self, name: str, user: Any, value: Any, upsert: bool) -> None:
        given = self._session(name, user, value)
        if upsert:
            self.run(self.store.upsert_session(given))
        elif given.session_id not in self.sessions:
            with refuses(NotFoundError):
                self.run(self.store.update_session(given))
            return
        else:
            self.run(self.store.update_session(given))
        self.sessions[given.session_id] = given
        self.messages.setdefault(given.session_id, [])

    @rule(name=_sessions)
    def delete(self, name: str) -> None:
        session_id = self.prefix + name
        assert self.run(self.store.delete_session(session_id)) is (session_id in self.sessions)
        self.sessions.pop(session_id, None)
        self.messages.pop(session_id, None)

    @rule(name=_sessions, batch=st.lists(st.tuples(_ids, _texts, _times), max_size=4), one=st.booleans())
    def add(self, name: str, batch: list[tuple[str, Any, float]], one: bool) -> None:
        session_id = self.prefix + name
        given = [ConversationMessage(id=i, role="user", content=copy.deepcopy(c), created_at=at) for i, c, at in batch]
        if one:
            given = given[:1]
        if not given:
            return
        errors: list[type[PersistError]] = [] if session_id in self.messages else [NotFoundError]
        stored = {item.id: item.content for item in self.messages.get(session_id, [])}
        if any(stored.setdefault(item.id, item.content) != item.content for item in given):
            errors.append(ConflictError)  # where both are true, either may be told
        call = self.store.add_message(session_id, given[0]) if one else self.store.add_messages(session_id, given)
        if errors:
            with refuses(*errors):
                self.run(call)
            return
        self.run(call)
        for item in given:
            if item.id not in [known.id for known in self.messages[session_id]]:
                self.messages[session_id].append(item)

    @rule(name=_sessions, wanted=st.none() | st.lists(_ids, max_size=3))
    def delete_some(self, name: str, wanted: list[str] | None) -> None:
        session_id = self.prefix + name
        known = self.messages.get(session_id, [])
        kept = [] if wanted is None else [item for item in known if item.id not in wanted]
        assert self.run(self.store.delete_messages(session_id, wanted)) == len(known) - len(kept)
        if session_id in self.messages:
            self.messages[session_id] = kept

    @rule(
        name=_sessions,
        limit=st.none() | st.integers(0, 6),
        before=st.none() | _times,
        after=st.none() | _times,
    )
    def read(self, name: str, limit: int | None, before: float | None, after: float | None) -> None:
        expected = [
            item
            for item in self.messages.get(self.prefix + name, [])
            if (before is None or item.created_at < before) and (after is None or item.created_at > after)
        ]
        expected = expected if limit is None else expected[len(expected) - min(limit, len(expected)) :]
        found = self.run(self.store.get_messages(self.prefix + name, limit, before, after))
        assert_records(found, expected, ignore=["created_at"])

    @rule(user=_users)
    def listing(self, user: str | None) -> None:
        found = self.run(self.store.list_sessions(user, limit=None))
        own = [one for one in found if one.session_id.startswith(self.prefix)]
        expected = [one for one in self.sessions.values() if user in (None, one.user_id)]
        assert_records(own, sorted(expected, key=lambda one: (-one.updated_at, one.session_id)))

    @invariant()
    def sessions_are_as_stored(self) -> None:
        for name in ("a", "b", "A"):
            expected = self.sessions.get(self.prefix + name)
            found = self.run(self.store.get_session(self.prefix + name))
            if expected is None:
                assert found is None
            else:
                assert_record(found, expected)

    def _session(self, name: str, user: Any, value: Any) -> ConversationSession:
        return ConversationSession(
            session_id=self.prefix + name, user_id=user, state=copy.deepcopy(value), metadata=copy.deepcopy(value)
        )
