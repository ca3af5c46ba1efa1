"""Where runs and traces are kept: in the state store, or, runs only, in the session's own state. Synchronous."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from itertools import groupby
from typing import Any
from urllib.parse import quote

from praison_persist.conversation import ConversationSession
from praison_persist.errors import ConfigurationError

from .session_writes import SessionWrites

__all__ = ["RUNS_IN_SESSION", "RunLog", "SessionRuns", "StateRuns", "TraceLog", "without_runs"]

RUNS_IN_SESSION = 20
"""Runs that a session keeps where there is no state store: the newest."""

_STATE_KEY = "praison_persist_runs"


class RunLog:
    """The runs of sessions, as dictionaries with the fields of `DbRun`."""

    def put(self, records: Sequence[dict[str, Any]]) -> None:
        """Store runs of one session, in order; what is stored of a run keeps its beginning and its other metadata."""
        raise NotImplementedError

    def of(self, session_id: str) -> list[dict[str, Any]]:
        """All runs of a session, newest first."""
        raise NotImplementedError

    def embed(self, session: ConversationSession, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Put into a session that is about to be created what belongs there; the runs to `put` afterwards."""
        return records


class StateRuns(RunLog):
    """Keys ``run:<session>:<run>``, each part percent-encoded, so that no id reaches into another session."""

    def __init__(self, state: Any, ttl: float | None) -> None:
        self._state = state
        self._ttl = ttl

    def put(self, records: Sequence[dict[str, Any]]) -> None:
        for key, each in groupby(records, lambda record: _key("run", record["session_id"], record["run_id"])):
            self._state.set(key, reduce(_continued, each, self._state.get(key)), self._ttl)

    def of(self, session_id: str) -> list[dict[str, Any]]:
        return _newest_first(_values(self._state, _key("run", session_id, "")))


class SessionRuns(RunLog):
    """A list in the session's ``state``, of the newest `RUNS_IN_SESSION` runs."""

    def __init__(self, writes: SessionWrites) -> None:
        self._writes = writes

    def put(self, records: Sequence[dict[str, Any]]) -> None:
        def add(session: ConversationSession) -> None:
            state = dict(session.state or {})
            runs = {run["run_id"]: run for run in state.get(_STATE_KEY, ())}
            for record in records:
                runs[record["run_id"]] = _continued(runs.get(record["run_id"]), record)
            state[_STATE_KEY] = sorted(runs.values(), key=_started)[-RUNS_IN_SESSION:]
            session.state = state

        self._writes.change(records[0]["session_id"], add)

    def of(self, session_id: str) -> list[dict[str, Any]]:
        session = self._writes.store.get_session(session_id)
        return _newest_first((session.state or {}).get(_STATE_KEY, [])) if session is not None else []

    def embed(self, session: ConversationSession, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if records:
            kept = sorted(records, key=_started)[-RUNS_IN_SESSION:]
            session.state = {**(session.state or {}), _STATE_KEY: kept}
        return []


class TraceLog:
    """Traces with their spans, in the state store."""

    def __init__(self, state: Any, ttl: float | None) -> None:
        self._state = state
        self._ttl = ttl

    def put(self, record: dict[str, Any]) -> None:
        """Store a trace, or replace it; its spans stay."""
        self._state.set(_key("trace", record["trace_id"]), record, self._ttl)

    def find(self, trace_id: str) -> dict[str, Any] | None:
        """One trace, without its spans."""
        return self._state.get(_key("trace", trace_id))

    def put_span(self, record: dict[str, Any]) -> None:
        """Store a span, or replace it."""
        spans = _key("spans", record["trace_id"])
        self._state.set(_key("span", record["span_id"]), record["trace_id"], self._ttl)
        self._state.hset(spans, record["span_id"], record)
        if self._ttl is not None:
            self._state.expire(spans, self._ttl)

    def find_span(self, span_id: str) -> dict[str, Any] | None:
        """One span."""
        trace_id = self._state.get(_key("span", span_id))
        return None if trace_id is None else self._state.hget(_key("spans", trace_id), span_id)

    def of(self, session_id: str | None, user_id: str | None) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
        """Traces with their spans, newest first; None means any session or user."""
        found = [
            trace
            for trace in _newest_first(_values(self._state, "trace:"))
            if session_id in (None, trace.get("session_id")) and user_id in (None, trace.get("user_id"))
        ]
        return [(trace, list(self._state.hgetall(_key("spans", trace["trace_id"])).values())) for trace in found]

    def require(self) -> None:
        """Refuse traces where nothing keeps them.

        Raises:
            ConfigurationError: no state store.
        """
        if self._state is None:
            raise ConfigurationError(
                "traces are kept in a state store, and there is none", hint="give the adapter one with state_url="
            )


def without_runs(session: ConversationSession) -> ConversationSession:
    """The session with the state that is its owner's alone."""
    if not session.state or _STATE_KEY not in session.state:
        return session
    own = {key: value for key, value in session.state.items() if key != _STATE_KEY}
    return replace(session, state=own or None)


def _key(*parts: str) -> str:
    return ":".join(quote(part, safe="") for part in parts)


def _values(state: Any, prefix: str) -> list[dict[str, Any]]:
    keys = list(state.scan_prefix(prefix))
    get_many = getattr(state, "get_many", None)
    values = get_many(keys).values() if get_many else [state.get(key) for key in keys]
    return [value for value in values if isinstance(value, dict)]


def _continued(stored: Any, record: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(stored, dict):
        return record
    began = {key: stored[key] for key in ("started_at", "input_content", "agent_name") if stored.get(key)}
    return {
        **stored,
        **record,
        **began,
        "metadata": {**(stored.get("metadata") or {}), **(record.get("metadata") or {})},
    }


def _started(run: dict[str, Any]) -> float:
    return run.get("started_at") or 0.0


def _newest_first(records: Any) -> list[dict[str, Any]]:
    return sorted(records, key=_started, reverse=True)
