"""The hooks of sessions and messages: what the client reports of a turn, and what it forgets to."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import PersistError
from praison_persist.validation import check_id

from ..context import whole_turns
from ..outbox import QUEUED, Posted, both, is_transient, settle
from .base import AdapterBase
from .capture import watch_tools
from .records import message_record, shows_tool_turns
from .turns import OpenTurn

__all__ = ["MessageHooks"]

logger = logging.getLogger(__name__)

_KEPT_SEEDS = 4096


class MessageHooks(AdapterBase):
    """See `PersistDb`."""

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

    def _tool_begins(
        self, agent: Any, session_id: str, name: str, arguments: Any, call_id: str | None, step: int | None
    ) -> tuple[OpenTurn, str] | None:
        """For `capture`: a tool is about to run. Never waits."""
        turn, identity, messages = self._turns.tool_begins(agent, session_id, name, arguments, call_id, step)
        for future in self._store(session_id, messages).futures:
            settle(future, QUEUED)  # nobody waits: what goes wrong is for the log and the status
        return None if identity is None else (turn, identity)

    def _history(self, session_id: str, stored: list[ConversationMessage]) -> list[Any]:
        known = {message.id for message in stored}
        pending = self.outbox.pending(session_id, self._store_together)
        waiting = [each for _, messages in pending for each in messages if each.id not in known]
        shown = whole_turns([*stored, *waiting])
        if not shows_tool_turns():  # an older client would hand the model results without their calls
            shown = [message for message in shown if message.role != "tool" and not message.tool_calls]
        return [message_record(message) for message in shown]

    def _history_without(self, session_id: str, error: PersistError) -> list[Any]:
        if not is_transient(error):
            raise error
        logger.warning("session %r begins without its stored messages, since the database is away", session_id)
        return self._history(session_id, [])


def _dict(metadata: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if metadata is None else dict(metadata)
