"""`PersistDb`: the adapter that an agent is given. Its hooks prepare; the outbox writes, in order, in its threads.

Every hook exists twice, ``on_…`` blocking and ``aon_…`` as a coroutine, on the one object: the client calls both kinds
in one turn. It imports no client and knows no agent.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from praison_persist.conversation import AsyncConversationStore, ConversationMessage, ConversationSession
from praison_persist.errors import PersistError
from praison_persist.state import AsyncStateStore
from praison_persist.validation import check_id, check_limit

from ..context import whole_turns
from . import transfer
from .capture import watch_tools
from .outbox import QUEUED, Outbox, OutboxStatus, is_transient, settle
from .records import message_record, run_record, shows_tool_turns, trace_record
from .runs import RunLog, SessionRuns, StateRuns, TraceLog
from .session_writes import SessionWrites
from .settings import AdapterSettings
from .turns import OpenTurn, TurnKeeper
from .waiting import Posted, both

__all__ = ["SCHEMA_VERSION", "PersistDb"]

logger = logging.getLogger(__name__)

SCHEMA_VERSION = "1.0"
"""Of the client's adapter protocol, which this adapter implements."""


class PersistDb:
    """A database adapter for PraisonAI agents, made by `db`. Satisfies its ``DbAdapter`` and ``ToolTurnDbAdapterProtocol``.

    A hook returns when its message is stored, or, while the database is away, when it waits in the queue (`status`).
    Errors that another attempt cannot mend are raised, typed. Safe for threads, for several agents and sessions, inside
    running event loops and after a fork; what waited before a fork stays the parent's.

    Args:
        conversation: a conversation store, sync or async. It is closed by `close` only if ``owned``.
        state: a state store, or None: then sessions keep their newest runs themselves, and traces are refused.
        knowledge: opens the knowledge store when it is first asked for; None without one.
        database_url: for display, without secrets.
        owned: stores that `close` closes.
        settings: see `AdapterSettings`.
    """  # noqa: E501

    def __init__(
        self,
        conversation: Any,
        *,
        state: Any = None,
        knowledge: Callable[[], Any] | None = None,
        database_url: str | None = None,
        owned: tuple[str, ...] = (),
        settings: AdapterSettings | None = None,
    ) -> None:
        self.settings = settings or AdapterSettings()
        self.hook_timeout = self.settings.hook_timeout
        self.database_url = database_url
        self._conversation = conversation
        self._state = state
        self._open_knowledge = knowledge
        self._knowledge: Any = None
        self._knowledge_lock = threading.Lock()
        self._owned = owned
        self._writes = SessionWrites(_blocking(conversation))
        self._runs: RunLog = (
            SessionRuns(self._writes) if state is None else StateRuns(_blocking(state), self.settings.run_ttl)
        )
        self._traces = TraceLog(None if state is None else _blocking(state), self.settings.run_ttl)
        self._turns = TurnKeeper()
        self._seeds: dict[str, ConversationSession] = {}
        self.outbox = Outbox(
            limit=None if self.settings.fallback == "memory" else self.settings.queue_limit,
            retry_delay=self.settings.retry_delay,
            max_delay=self.settings.max_retry_delay,
            workers=self.settings.workers,
            away_state="memory" if self.settings.fallback == "memory" else "queueing",
        )
        _adapters.add(self)
        watch_tools()

    def __repr__(self) -> str:
        where = self.database_url or type(self._conversation).__name__
        return f"{type(self).__name__}({where!r}, {self.status().state})"

    @property
    def conversation_store(self) -> Any:
        """The conversation store as it was given or opened."""
        return self._conversation

    @property
    def state_store(self) -> Any:
        """The state store, or None."""
        return self._state

    @property
    def knowledge_store(self) -> Any:
        """The knowledge store, opened by the first look at it; None without one."""
        if self._knowledge is None and self._open_knowledge is not None:
            with self._knowledge_lock:
                if self._knowledge is None:
                    self._knowledge = self._open_knowledge()
        return self._knowledge

    def status(self) -> OutboxStatus:
        """How the adapter stands with its database; asks only itself."""
        return self.outbox.status()

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until nothing waits in the queue; whether that was reached in time (``hook_timeout`` by default)."""
        return self.outbox.flush(self.hook_timeout if timeout is None else timeout)

    async def aflush(self, timeout: float | None = None) -> bool:
        """See `flush`."""
        return await self._in_thread(self.flush, timeout)

    def close(self) -> None:
        """Write what waits, for at most ``close_timeout`` seconds, and close the stores that the adapter opened.

        Writes that could not be stored by then are given up; the log and ``status().dropped`` tell how many.
        """
        self.outbox.close(self.settings.close_timeout, self._close_stores)

    async def aclose(self) -> None:
        """See `close`."""
        await self._in_thread(self.close)

    def __enter__(self) -> PersistDb:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    async def __aenter__(self) -> PersistDb:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    # -- sessions and messages -----------------------------------------------------------------------------------------

    def _agent_start(
        self,
        agent_name: str,
        session_id: str,
        user_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Posted:
        """An agent begins or resumes a session, which is created if need be: its newest messages, oldest first.

        Tool turns come back whole; a call whose result was lost has a result that says so (``metadata["missing"]``).
        While the database is away the messages that wait in this process are returned, with a warning.
        """
        watch_tools()
        seed = ConversationSession(
            session_id=check_id(session_id, "session_id"),
            user_id=user_id,
            agent_id=agent_name,
            name=f"Session {session_id}"[:255],
            metadata=dict(metadata) if metadata else None,
        )
        self._seeds[session_id] = seed
        if len(self._seeds) > _KEPT_SEEDS:
            self._seeds.pop(next(iter(self._seeds)), None)
        self._turns.note_agent(session_id, agent_name)
        limit = self.settings.history_limit
        return Posted(
            (
                self.outbox.post(session_id, lambda: self._writes.ensure(seed)),
                self.outbox.post(session_id, lambda: self._writes.history(session_id, limit), stays=False),
            ),
            is_read=True,
            result=lambda stored: self._history(session_id, stored),
            otherwise=lambda error: self._history_without(session_id, error),
        )

    on_agent_start, aon_agent_start = both(_agent_start, "on_agent_start")

    def _user_message(self, session_id: str, content: Any, metadata: Mapping[str, Any] | None = None) -> Posted:
        """The user said something."""
        return self._store(session_id, self._turns.say(session_id, "user", content, _dict(metadata)))

    on_user_message, aon_user_message = both(_user_message, "on_user_message")

    def _agent_message(self, session_id: str, content: Any, metadata: Mapping[str, Any] | None = None) -> Posted:
        """The agent answered. What the client dropped of the turn is stored before it."""
        return self._store(session_id, self._turns.say(session_id, "assistant", content, _dict(metadata)))

    on_agent_message, aon_agent_message = both(_agent_message, "on_agent_message")

    def _assistant_message(
        self,
        session_id: str,
        content: Any,
        tool_calls: list[dict[str, Any]] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Posted:
        """The model answered, perhaps with tool calls (dictionaries in OpenAI's shape)."""
        said = self._turns.say(session_id, "assistant", content, _dict(metadata), tool_calls=tool_calls or None)
        return self._store(session_id, said)

    on_assistant_message, aon_assistant_message = both(_assistant_message, "on_assistant_message")

    def _tool_message(
        self, session_id: str, content: Any, tool_call_id: str | None, metadata: Mapping[str, Any] | None = None
    ) -> Posted:
        """A tool's result, as the model is shown it."""
        return self._store(
            session_id, self._turns.say(session_id, "tool", content, _dict(metadata), tool_call_id=tool_call_id)
        )

    on_tool_message, aon_tool_message = both(_tool_message, "on_tool_message")

    def _tool_call(
        self,
        session_id: str,
        tool_name: str,
        args: Any,
        result: Any,
        metadata: Mapping[str, Any] | None = None,
    ) -> Posted:
        """A whole call of a tool: stored as the call and its result, unless it was seen already.

        ``metadata["tool_call_id"]`` is the id that the model gave the call.
        """
        return self._store(session_id, self._turns.tool_called(session_id, tool_name, args, result, _dict(metadata)))

    on_tool_call, aon_tool_call = both(_tool_call, "on_tool_call")

    def _agent_end(self, session_id: str, metadata: Mapping[str, Any] | None = None) -> Posted:
        """An agent left the session: ``ended_at`` and these keys go into the session's metadata."""
        changes = {**(metadata or {}), "ended_at": time.time()}
        check_id(session_id, "session_id")
        return Posted((self.outbox.post(session_id, lambda: self._writes.merge_metadata(session_id, changes)),))

    on_agent_end, aon_agent_end = both(_agent_end, "on_agent_end")

    # -- runs ----------------------------------------------------------------------------------------------------------

    def _run_start(
        self,
        session_id: str,
        run_id: str,
        input_content: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Posted:
        """A run (turn) begins: recorded, and remembered to fill in what the client drops of it."""
        watch_tools()
        details = dict(metadata or {})
        turn = self._turns.start(session_id, run_id, input_content, details.get("agent_name"))
        return self._record_run(_run_of(turn, metadata=details))

    on_run_start, aon_run_start = both(_run_start, "on_run_start")

    def _run_end(
        self,
        session_id: str,
        run_id: str,
        output_content: str | None = None,
        status: str = "completed",
        metrics: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Posted:
        """A run is over: what of its messages is missing is stored, and the record completed."""
        turn, messages = self._turns.end(session_id, run_id, output_content, status)
        stored = self._store(session_id, messages)
        ended = {
            "ended_at": time.time(),
            "status": status,
            "output_content": output_content,
            "metrics": dict(metrics or {}),
        }
        record = self._record_run(_run_of(turn, metadata=dict(metadata or {}), **ended))
        return Posted((*stored.futures, *record.futures))

    on_run_end, aon_run_end = both(_run_end, "on_run_end")

    def _get_runs(self, session_id: str, limit: int | None = None) -> Posted:
        """The runs of a session, newest first."""
        check_limit(limit)
        return self._read(session_id, lambda: [run_record(run) for run in self._runs.of(session_id)[:limit]])

    get_runs, aget_runs = both(_get_runs, "get_runs")

    # -- traces --------------------------------------------------------------------------------------------------------

    def _trace_start(
        self,
        trace_id: str,
        session_id: str | None = None,
        run_id: str | None = None,
        agent_name: str | None = None,
        user_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Posted:
        """A trace begins.

        Raises:
            ConfigurationError: (all hooks of traces) there is no state store to keep it.
        """
        record = {
            "trace_id": check_id(trace_id, "trace_id"),
            "session_id": session_id,
            "run_id": run_id,
            "agent_name": agent_name,
            "user_id": user_id,
            "started_at": time.time(),
            "ended_at": None,
            "status": "running",
            "metadata": dict(metadata or {}),
        }
        return self._trace(lambda: self._traces.put(record))

    on_trace_start, aon_trace_start = both(_trace_start, "on_trace_start")

    def _trace_end(self, trace_id: str, status: str = "ok", metadata: Mapping[str, Any] | None = None) -> Posted:
        """A trace is over."""
        ended_at = time.time()

        def put() -> None:
            record = self._traces.find(trace_id) or {"trace_id": trace_id, "started_at": ended_at}
            merged = {**(record.get("metadata") or {}), **(metadata or {})}
            self._traces.put({**record, "ended_at": ended_at, "status": status, "metadata": merged})

        return self._trace(put)

    on_trace_end, aon_trace_end = both(_trace_end, "on_trace_end")

    def _span_start(
        self,
        span_id: str,
        trace_id: str,
        name: str,
        parent_span_id: str | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> Posted:
        """A part of a trace begins."""
        record = {
            "span_id": check_id(span_id, "span_id"),
            "trace_id": check_id(trace_id, "trace_id"),
            "name": name,
            "started_at": time.time(),
            "ended_at": None,
            "parent_span_id": parent_span_id,
            "status": "running",
            "attributes": dict(attributes or {}),
            "events": [],
        }
        return self._trace(lambda: self._traces.put_span(record))

    on_span_start, aon_span_start = both(_span_start, "on_span_start")

    def _span_end(self, span_id: str, status: str = "ok", attributes: Mapping[str, Any] | None = None) -> Posted:
        """A part of a trace is over; one that never began is only logged."""
        ended_at = time.time()

        def put() -> None:
            record = self._traces.find_span(span_id)
            if record is None:
                logger.warning("span %r ends, but never began", span_id)
                return
            merged = {**record["attributes"], **(attributes or {})}
            self._traces.put_span({**record, "ended_at": ended_at, "status": status, "attributes": merged})

        return self._trace(put)

    on_span_end, aon_span_end = both(_span_end, "on_span_end")

    def _get_traces(
        self, session_id: str | None = None, user_id: str | None = None, limit: int | None = None
    ) -> Posted:
        """Traces with their spans, newest first, of any session and user unless named."""
        check_limit(limit)
        self._traces.require()
        return self._read(
            _TRACES, lambda: [trace_record(*found) for found in self._traces.of(session_id, user_id)[:limit]]
        )

    get_traces, aget_traces = both(_get_traces, "get_traces")

    # -- whole sessions ------------------------------------------------------------------------------------------------

    def _export_session(self, session_id: str) -> Posted:
        """The session with its messages and runs as JSON values: every field, ids and times included.

        Raises:
            NotFoundError: no such session.
        """
        return self._read(session_id, lambda: transfer.export_session(self._writes.store, self._runs, session_id))

    export_session, aexport_session = both(_export_session, "export_session")

    def _import_session(self, data: Mapping[str, Any], *, if_exists: transfer.IfExists = "merge") -> Posted:
        """Store an exported session, all or nothing; its id.

        Args:
            data: as `export_session` or PraisonAI's exports.
            if_exists: ``"merge"`` adds the messages that a stored session lacks, so that a second import changes
                nothing; ``"error"`` refuses.

        Raises:
            InvalidInputError: not such a document.
            AlreadyExistsError: the session exists, with ``if_exists="error"``.
            ConflictError: the stored session has other messages under these ids.
        """
        document = transfer.read_document(data, if_exists)
        return self._read(
            document[0].session_id,
            lambda: transfer.import_session(self._writes, self._runs, document, if_exists),
        )

    import_session, aimport_session = both(_import_session, "import_session")

    # -- schema --------------------------------------------------------------------------------------------------------

    def get_schema_version(self) -> str:
        """The version of the client's adapter protocol that is implemented; tables carry a version of their own."""
        return SCHEMA_VERSION

    def _migrate_schema(self, from_version: str, to_version: str) -> Posted:
        """Create or migrate the tables of the stores; False for a protocol version other than `get_schema_version`."""
        if to_version != SCHEMA_VERSION:
            return Posted(result=lambda _: False)
        return self._read(_TRACES, self._set_up)

    migrate_schema, amigrate_schema = both(_migrate_schema, "migrate_schema")

    def _check_schema_compatibility(self) -> Posted:
        """Whether the tables can be used, and a sentence about it; an outage is an answer, not an error."""
        posted = self._read(_TRACES, lambda: self._writes.store.list_sessions(limit=1))
        return Posted(
            posted.futures,
            is_read=True,
            result=lambda _: (True, f"schema {SCHEMA_VERSION} is in use"),
            otherwise=lambda error: (False, str(error)),
        )

    check_schema_compatibility, acheck_schema_compatibility = both(
        _check_schema_compatibility, "check_schema_compatibility"
    )

    # -- inside --------------------------------------------------------------------------------------------------------

    def _tool_begins(
        self, agent: Any, session_id: str, name: str, arguments: Any, call_id: str | None, step: int | None
    ) -> tuple[OpenTurn, str] | None:
        """For `capture`: a tool is about to run. Never waits."""
        turn, identity, messages = self._turns.tool_begins(agent, session_id, name, arguments, call_id, step)
        for future in self._store(session_id, messages).futures:
            settle(future, QUEUED)  # nobody waits: what goes wrong is for the log and the status
        return None if identity is None else (turn, identity)

    def _store(self, session_id: str, messages: list[ConversationMessage]) -> Posted:
        if not messages:
            return Posted()
        seed = self._seed(session_id, messages[0])
        return Posted((self.outbox.post(session_id, lambda: self._writes.add(seed, messages), value=messages),))

    def _seed(self, session_id: str, message: ConversationMessage | None = None) -> ConversationSession:
        """What the session is created from, if nobody did; the first agent that is known counts."""
        found = self._seeds.get(session_id)
        if found is not None:
            return found
        name = ((message.metadata if message else None) or {}).get("agent_name")
        return ConversationSession(session_id=session_id, agent_id=name, name=f"Session {session_id}"[:255])

    def _record_run(self, record: dict[str, Any]) -> Posted:
        session_id = record["session_id"]
        seed = self._seed(session_id)

        def put() -> None:
            if isinstance(self._runs, SessionRuns):
                self._writes.ensure_once(seed)
            self._runs.put(record)

        return Posted((self.outbox.post(session_id, put),))

    def _read(self, lane: str, function: Callable[[], Any]) -> Posted:
        """Something that has no sense later: behind what its lane holds, and an error while the database is away."""
        return Posted((self.outbox.post(lane, function, stays=False),), is_read=True, result=lambda value: value)

    def _trace(self, function: Callable[[], None]) -> Posted:
        self._traces.require()
        return Posted((self.outbox.post(_TRACES, function),))

    def _history(self, session_id: str, stored: list[ConversationMessage]) -> list[Any]:
        known = {message.id for message in stored}
        waiting = [each for batch in self.outbox.pending(session_id) for each in batch if each.id not in known]
        shown = whole_turns([*stored, *waiting])
        if not shows_tool_turns():  # an older client would hand the model results without their calls
            shown = [message for message in shown if message.role != "tool" and not message.tool_calls]
        return [message_record(message) for message in shown]

    def _history_without(self, session_id: str, error: PersistError) -> list[Any]:
        if not is_transient(error):
            raise error
        logger.warning("session %r begins without its stored messages, since the database is away", session_id)
        return self._history(session_id, [])

    def _set_up(self) -> bool:
        for store in (self._writes.store, None if self._state is None else _blocking(self._state)):
            setup = getattr(store, "setup", None)
            if callable(setup):
                setup()
        return True

    def _close_stores(self) -> None:
        stores = {"conversation": self._conversation, "state": self._state, "knowledge": self._knowledge}
        for kind in self._owned:
            store = stores[kind]
            if store is not None:
                try:
                    _blocking(store).close()
                except Exception as error:
                    logger.warning("the %s store did not close: %s", kind, error)

    def _after_fork(self) -> None:
        """Locks may have been held by threads that the child does not have."""
        self._knowledge_lock = threading.Lock()
        self._turns.reset()
        self._writes.after_fork()

    async def _in_thread(self, function: Callable[..., Any], *args: Any) -> Any:
        """`close` and `flush` wait: they do so in a thread of their own, since they also end the outbox's."""
        import asyncio

        return await asyncio.to_thread(function, *args)


_TRACES = "\x00traces"
"""The lane of what belongs to no session: no session id holds a NUL."""

_KEPT_SEEDS = 4096


def _run_of(turn: OpenTurn, *, metadata: dict[str, Any], **fields: Any) -> dict[str, Any]:
    if turn.agent_name:
        metadata.setdefault("agent_name", turn.agent_name)
    return {
        "run_id": turn.run_id,
        "session_id": turn.session_id,
        "agent_name": metadata.get("agent_name") or "",
        "started_at": turn.started_at,
        "ended_at": None,
        "status": "running",
        "input_content": turn.question,
        "output_content": None,
        "metrics": {},
        "metadata": metadata,
        **fields,
    }


def _dict(metadata: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if metadata is None else dict(metadata)


def _blocking(store: Any) -> Any:
    """The store for the outbox's threads: an async one always runs on the background loop, whoever calls."""
    from praison_persist.knowledge import AsyncKnowledgeStore

    if isinstance(store, (AsyncConversationStore, AsyncStateStore, AsyncKnowledgeStore)):
        from praison_persist.aio import sync_view

        return sync_view(store)
    return store


_adapters: weakref.WeakSet[PersistDb] = weakref.WeakSet()


def _after_fork() -> None:
    for adapter in list(_adapters):
        adapter._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
