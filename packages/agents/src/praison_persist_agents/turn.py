"""One turn of an agent as messages: what it was asked, the tools it called, what it answered. Does no I/O.

A tool group (one message of the model with its calls, and their results) is handed out whole, so that it can be
stored at once: a program that dies in between leaves no call without its result.
"""

from __future__ import annotations

import json
import threading
from typing import Any
from uuid import uuid4

from praison_persist.conversation import ConversationMessage

from .context import call_identity

__all__ = ["INTERRUPTED", "Turn", "as_text", "result_text"]

INTERRUPTED = {"error": "the tool was interrupted"}
"""The result of a tool that neither returned nor raised an error: its program was told to stop."""


class Turn:
    """Collects a turn while it runs; thread-safe, since tools may run in parallel.

    Args:
        agent: its ``chat_history``, where the client keeps the tool messages of streams, is preferred to what was
            observed; its name is noted in the messages.

    Attributes:
        groups: messages of whole tool groups that are not stored yet.
    """

    def __init__(self, agent: Any) -> None:
        self._agent = agent
        name = getattr(agent, "name", None)
        self._metadata = {"agent_name": name} if isinstance(name, str) and name else None
        self._began = len(_history(agent))
        self.groups: list[ConversationMessage] = []
        self._lock = threading.Lock()
        self._text: list[str] = []
        self._beside_calls: str | None = None
        self._step: int | None = None
        self._calls: list[dict[str, Any]] = []
        self._results: dict[str, str] = {}

    def message(self, role: str, content: Any, **fields: Any) -> ConversationMessage:
        """A message of this turn."""
        metadata = dict(self._metadata) if self._metadata else None
        return ConversationMessage(id=str(uuid4()), role=role, content=content, metadata=metadata, **fields)

    def add_text(self, text: str) -> None:
        """A piece of a stream that the caller was given."""
        with self._lock:
            self._text.append(text)

    def begin_call(self, name: str, arguments: Any, call_id: str | None, step: int | None) -> str | None:
        """A tool starts: the id of its call; None for one that runs already, seen once more from inside.

        If it begins another group, the one before is added to `groups`.

        Args:
            name, arguments, call_id: as the model asked for it.
            step: number of the model's message within the turn. None: not known, then a call that starts when no other
                runs begins a group.
        """
        with self._lock:
            running = {call["id"] for call in self._calls} - self._results.keys()
            if call_id in running:
                return None
            kept = self._kept_message()
            if kept is not None:
                another = call_id not in {call_identity(call) for call in kept["tool_calls"]}
            else:
                another = step != self._step if step is not None else not running
            if another:
                self.groups = [*self.groups, *self._take_group()]
                self._beside_calls = "".join(self._text) or None
                self._text.clear()
            self._step = step
            identity = call_id or f"call_{uuid4().hex}"
            function = {"name": name, "arguments": json.dumps(arguments, default=str)}
            self._calls.append({"id": identity, "type": "function", "function": function})
            return identity

    def end_call(self, identity: str, result: Any) -> None:
        """A tool is done, with what it returned."""
        with self._lock:
            self._results[identity] = result_text(result)

    def stored(self, messages: list[ConversationMessage]) -> None:
        """These are no longer left to store."""
        done = {message.id for message in messages}
        with self._lock:
            self.groups = [message for message in self.groups if message.id not in done]

    def finish(self, answer: Any = None) -> list[ConversationMessage]:
        """What is left to store: groups, and the answer, or what was streamed of it."""
        with self._lock:
            messages = [*self.groups, *self._take_group()]
            text = "".join(self._text) if answer is None else as_text(answer)
            if text:
                messages.append(self.message("assistant", text))
            return messages

    def _take_group(self) -> list[ConversationMessage]:
        if not self._calls:
            return []
        calls, results = self._calls, self._results
        kept = self._kept_message()
        self._calls, self._results = [], {}
        content: Any = self._beside_calls
        if kept is not None:
            content, calls = kept.get("content"), [dict(call) for call in kept["tool_calls"]]
            for entry in _history(self._agent)[self._began :]:
                if entry.get("role") == "tool" and entry.get("tool_call_id"):
                    results[entry["tool_call_id"]] = as_text(entry.get("content"))
        group = [self.message("assistant", content, tool_calls=calls)]
        group += [
            self.message("tool", results[call["id"]], tool_call_id=call["id"])
            for call in calls
            if call["id"] in results
        ]
        return group

    def _kept_message(self) -> dict[str, Any] | None:
        """The model's message that asked for the calls of this group, where the client keeps it."""
        calls = {call["id"] for call in self._calls}
        for entry in reversed(_history(self._agent)[self._began :]):
            if calls & {call_identity(call) for call in entry.get("tool_calls") or ()}:
                return entry
        return None


def _history(agent: Any) -> list[Any]:
    history = getattr(agent, "chat_history", None)
    return [entry for entry in history if isinstance(entry, dict)] if isinstance(history, list) else []


def result_text(result: Any) -> str:
    """A tool's result as PraisonAI's OpenAI client writes it for the model."""
    if result is None:
        return "Function returned an empty output"
    try:
        return json.dumps(result)
    except (TypeError, ValueError):
        return json.dumps({"result": str(result)})


def as_text(value: Any) -> str:
    """What an agent returned as text; structured output (a Pydantic model) as its JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    dump = getattr(value, "model_dump_json", None)
    return str(dump() if callable(dump) else value)
