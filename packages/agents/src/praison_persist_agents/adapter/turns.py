"""Which messages a hook has to store so that a turn is whole: nothing the client drops is missing, nothing is doubled.

Does no I/O. The client calls some hooks twice, some never, some in other threads: a turn is recognised by its context
(contextvars), which the client copies into its threads, and else by its session.
"""

from __future__ import annotations

import ast
import json
import threading
import time
from collections import OrderedDict
from contextvars import ContextVar
from typing import Any
from uuid import uuid4

from praison_persist.conversation import ConversationMessage, check_message
from praison_persist.jsontext import encode
from praison_persist.validation import check_id

from ..context import call_identity
from ..turn import Turn, as_text, result_text

__all__ = ["OpenTurn", "TurnKeeper", "new_message"]

_KEPT_SESSIONS = 1024
_KEPT_RUNS = 100
_current: ContextVar[OpenTurn | None] = ContextVar("praison_persist_open_turn", default=None)


class OpenTurn:
    """A run between its hooks; or, without ``run_id``, what goes on in a session whose client announces no runs."""

    def __init__(
        self, owner: Any, session_id: str, run_id: str | None, agent_name: str | None, question: str | None
    ) -> None:
        self.owner = owner
        self.session_id = session_id
        self.run_id = run_id
        self.agent_name = agent_name
        self.question = question
        self.started_at = time.time()
        self.asked = self.answered = self.ended = False
        self.announced: set[str] = set()
        self.tools: Turn | None = None
        self.before: OpenTurn | None = None
        self.lock = threading.Lock()

    def message(self, role: str, content: Any, **fields: Any) -> ConversationMessage:
        """A message of this turn, checked."""
        own = {"agent_name": self.agent_name, "run_id": self.run_id}
        return new_message(role, content, own=own, **fields)


def new_message(
    role: str, content: Any, *, own: dict[str, Any] | None = None, metadata: dict[str, Any] | None = None, **fields: Any
) -> ConversationMessage:
    """A message with an id of its own, refused if no store could keep it.

    Raises:
        InvalidInputError: a field out of range.
        SerializationError: metadata or tool calls that are not JSON.
    """
    merged = {**{key: value for key, value in (own or {}).items() if value}, **(metadata or {})}
    message = ConversationMessage(
        id=f"msg-{uuid4().hex}", role=role, content=content, metadata=merged or None, **fields
    )
    check_message(message)
    encode(message.metadata, "metadata")
    encode(message.tool_calls, "tool_calls")
    return message


class TurnKeeper:
    """The open turns of one adapter; thread-safe."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything, as after a fork."""
        self._lock = threading.Lock()
        self._open: OrderedDict[str, list[OpenTurn]] = OrderedDict()
        self._sessions: OrderedDict[str, OpenTurn] = OrderedDict()
        self._last: OrderedDict[str, tuple[str, Any]] = OrderedDict()
        self._agents: OrderedDict[str, set[str]] = OrderedDict()

    def note_agent(self, session_id: str, agent_name: str | None) -> None:
        """An agent takes part in the session: while it is the only one, messages without a run are its own."""
        with self._lock:
            if agent_name:
                _recent(self._agents, session_id, set).add(agent_name)

    def start(self, session_id: str, run_id: str, question: str | None, agent_name: str | None) -> OpenTurn:
        """A run begins in this context."""
        check_id(session_id, "session_id")
        check_id(run_id, "run_id")
        turn = OpenTurn(self, session_id, run_id, agent_name, question)
        before = _current.get()
        # Older clients never end a run: one of the same agent, or one that was answered, is over.
        while before is not None and (
            before.ended
            or before.answered
            or (before.owner is self and before.session_id == session_id and before.agent_name == agent_name)
        ):
            self._forget(before)
            before = before.before
        turn.before = before
        _current.set(turn)
        with self._lock:
            runs = _recent(self._open, session_id, list)
            runs.append(turn)
            del runs[:-_KEPT_RUNS]
        return turn

    def end(self, session_id: str, run_id: str, answer: Any, status: str) -> tuple[OpenTurn, list[ConversationMessage]]:
        """The run is over: what of it was not stored yet."""
        turn = self._by_id(session_id, run_id)
        if _current.get() is turn:
            _current.set(turn.before)
        self._forget(turn)
        with turn.lock:
            turn.ended = True
            messages = [*self._question_of(turn), *_tool_groups(turn, finish=True)]
            if status == "completed" and not turn.answered and answer:
                messages.append(turn.message("assistant", as_text(answer)))
                turn.answered = True
        return turn, self._noted(session_id, messages)

    def say(
        self, session_id: str, role: str, content: Any, metadata: dict[str, Any] | None = None, **fields: Any
    ) -> list[ConversationMessage]:
        """The client reports a message: what is to be stored before it, and the message."""
        check_id(session_id, "session_id")
        turn = self._turn(session_id)
        with turn.lock:
            message = turn.message(role, content, metadata=metadata, **fields)
            if role == "user":
                messages = [*_tool_groups(turn, finish=True), message]
                turn.asked, turn.answered = True, False
                turn.announced.clear()
            else:
                calls = {call_id for call in message.tool_calls or () if (call_id := call_identity(call))}
                turn.announced |= calls
                messages = [*self._question_of(turn)]
                if role == "assistant" and not calls:
                    messages += _tool_groups(turn, finish=True)
                    turn.answered = True
                messages.append(message)
        return self._noted(session_id, messages)

    def tool_begins(
        self, agent: Any, session_id: str, name: str, arguments: Any, call_id: str | None, step: int | None
    ) -> tuple[OpenTurn, str | None, list[ConversationMessage]]:
        """A tool is about to run: its turn, the id to report its end with, and what is to be stored now.

        The id is None for a call that the client reports itself, or that runs already.
        """
        turn = self._turn(session_id)
        with turn.lock:
            if call_id is not None and call_id in turn.announced:
                return turn, None, []
            if turn.tools is None:
                turn.tools = Turn(agent)
                turn.agent_name = turn.agent_name or getattr(agent, "name", None)
            identity = turn.tools.begin_call(name, arguments, call_id, step)
            groups = _tool_groups(turn, finish=False)
            messages = [*self._question_of(turn), *groups] if groups else []
        return turn, identity, self._noted(session_id, messages)

    def tool_called(
        self, session_id: str, name: str, arguments: Any, result: Any, metadata: dict[str, Any] | None
    ) -> list[ConversationMessage]:
        """A caller reports a whole tool call: the call and its result, unless they were seen already."""
        check_id(session_id, "session_id")
        turn = self._turn(session_id)
        given = dict(metadata or {})
        call_id = given.pop("tool_call_id", None) or given.pop("call_id", None)
        with turn.lock:
            if call_id is not None and call_id in turn.announced:
                return []
            call_id = call_id or f"call_{uuid4().hex}"
            turn.announced.add(call_id)
            arguments = arguments if isinstance(arguments, str) else json.dumps(arguments or {}, default=str)
            call = {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
            text = result if isinstance(result, str) else result_text(result)
            messages = [
                *self._question_of(turn),
                turn.message("assistant", "", tool_calls=[call], metadata=given),
                turn.message("tool", text, tool_call_id=call_id, metadata=given),
            ]
        return self._noted(session_id, messages)

    # -- which turn ----------------------------------------------------------------------------------------------------

    def _turn(self, session_id: str) -> OpenTurn:
        turn = _current.get()
        while turn is not None:
            if turn.owner is self and turn.session_id == session_id and not turn.ended:
                return turn
            turn = turn.before
        with self._lock:
            waiting = [turn for turn in self._open.get(session_id, ()) if not turn.answered]
            if len(waiting) == 1:
                return waiting[0]
            names = self._agents.get(session_id, set())
            only = next(iter(names)) if len(names) == 1 else None
            turn = _recent(self._sessions, session_id, lambda: OpenTurn(self, session_id, None, only, None))
            turn.agent_name = only
            return turn

    def _by_id(self, session_id: str, run_id: str) -> OpenTurn:
        with self._lock:
            candidates = list(self._open.get(session_id, ()))
        inner = _current.get()
        while inner is not None:
            candidates.append(inner)
            inner = inner.before
        for turn in candidates:
            if (turn.owner, turn.session_id, turn.run_id) == (self, session_id, run_id):
                return turn
        unknown = OpenTurn(self, session_id, run_id, None, None)
        unknown.answered = True  # another process saw its messages: none is invented
        return unknown

    def _forget(self, turn: OpenTurn) -> None:
        with self._lock:
            left = [other for other in self._open.get(turn.session_id, ()) if other is not turn]
            if left:
                self._open[turn.session_id] = left
            else:
                self._open.pop(turn.session_id, None)

    # -- what is missing -----------------------------------------------------------------------------------------------

    def _question_of(self, turn: OpenTurn) -> list[ConversationMessage]:
        """The user's message, if the client dropped it."""
        if turn.asked or turn.question is None:
            return []
        turn.asked = True
        text = _text_of_prompt(turn.question)
        # The client leaves a question out on purpose when it is the last message already.
        if self._last.get(turn.session_id) == ("user", text):
            return []
        message = turn.message("user", text)
        message.created_at = turn.started_at
        return [message]

    def _noted(self, session_id: str, messages: list[ConversationMessage]) -> list[ConversationMessage]:
        if messages:
            with self._lock:
                _recent(self._last, session_id, lambda: None)
                self._last[session_id] = (messages[-1].role, messages[-1].content)
        return messages


def _tool_groups(turn: OpenTurn, *, finish: bool) -> list[ConversationMessage]:
    """Whole groups of calls and results, as messages of this turn; with ``finish`` also the one that is open."""
    if turn.tools is None:
        return []
    tools = turn.tools
    messages = tools.finish() if finish else tools.groups
    if finish:
        turn.tools = None
    else:
        tools.stored(messages)
    for message in messages:
        own = {"agent_name": turn.agent_name, "run_id": turn.run_id}
        message.metadata = {key: value for key, value in own.items() if value} or None
    return messages


def _text_of_prompt(question: str) -> str:
    """The text of a prompt with attachments, of which the client passes on the ``str`` of a list of parts."""
    if question.startswith("[{"):
        try:
            parts = ast.literal_eval(question)
            return next(part["text"] for part in parts if part.get("type") == "text")
        except (ValueError, SyntaxError, StopIteration, KeyError, AttributeError, RecursionError, MemoryError):
            pass
    return question


def _recent(mapping: OrderedDict[str, Any], key: str, make: Any) -> Any:
    """The value of the key, made if need be, as the one used last; the oldest goes when there are too many."""
    value = mapping.pop(key, None)
    mapping[key] = make() if value is None else value
    while len(mapping) > _KEPT_SESSIONS:
        mapping.popitem(last=False)
    return mapping[key]
