"""What a session store knows besides messages: gateways, agents, metadata and runtime state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .records import SessionData, plain
from .store import SessionStore

__all__ = ["DetailMethods"]


class DetailMethods(SessionStore):
    """Fields of sessions, and sessions by their fields."""

    # -- gateways and agents -------------------------------------------------------------------------------------

    def set_gateway_info(
        self, session_id: str, gateway_session_id: str | None = None, agent_id: str | None = None
    ) -> bool:
        """Tie the session to one of a gateway; what is None stays."""
        return self._set(session_id, "set_gateway_info", gateway_session_id=gateway_session_id, agent_id=agent_id)

    def get_by_gateway_session(self, gateway_session_id: str) -> SessionData | None:
        """The session that is tied to one of a gateway."""
        found = self._having("gateway_session_id", gateway_session_id)
        return self._read(found[0]) if found else None

    def list_sessions_by_agent(self, agent_name: str, limit: int = 50) -> list[str]:
        """Ids of an agent's sessions, most recently used first."""
        return self._having("agent_name", agent_name)[:limit]

    def get_sessions_by_agent(self, agent_name: str, limit: int = 10) -> list[SessionData]:
        """An agent's sessions, most recently used first."""
        return [self.get_session(found) for found in self.list_sessions_by_agent(agent_name, limit)]

    def get_agent_chat_history(
        self, agent_name: str, max_messages: int | None = None, max_sessions: int = 5
    ) -> list[dict[str, Any]]:
        """Messages of an agent's sessions one after the other, each with ``session_id`` and ``agent_name``.

        Args:
            max_messages: of each session.
        """
        return [
            {**message, "session_id": session.session_id, "agent_name": agent_name}
            for session in self.get_sessions_by_agent(agent_name, max_sessions)
            for message in session.get_chat_history(max_messages)
        ]

    def list_sessions_by_gateway_agent(self, agent_id: str, limit: int = 50) -> list[str]:
        """Ids of the sessions that are tied to a gateway's agent, most recently used first."""
        return self._having("agent_id", agent_id)[:limit]

    # -- metadata ------------------------------------------------------------------------------------------------

    def update_session_metadata(self, session_id: str, **fields: Any) -> bool:
        """Merge fields into the session's metadata; what is None stays. The session is created if need be."""
        changes = plain({name: value for name, value in fields.items() if value is not None}, "metadata")
        if not changes:
            return True

        def change(session: SessionData) -> None:
            session.metadata = {**session.metadata, **changes}
            for name in ("agent_id", "agent_name", "user_id"):
                if name in changes:
                    setattr(session, name, changes[name])

        self._modify(session_id, change, "update_session_metadata")
        return True

    def merge_session_metadata_map(
        self, session_id: str, key: str, updates: Mapping[str, Any], *, defaults: Mapping[str, Any] | None = None
    ) -> bool:
        """Merge into one mapping of the metadata: ``updates`` over what is stored over ``defaults``."""
        below, above = plain(dict(defaults or {}), "defaults"), plain(dict(updates), "updates")

        def change(session: SessionData) -> None:
            stored = session.metadata.get(key)
            merged = {**below, **(stored if isinstance(stored, dict) else {}), **above}
            session.metadata = {**session.metadata, key: merged}

        self._modify(session_id, change, "merge_session_metadata_map")
        return True

    def set_metadata(self, session_id: str, metadata: Mapping[str, Any]) -> bool:
        """`update_session_metadata` with a mapping."""
        return self.update_session_metadata(session_id, **metadata)

    def get_metadata(self, session_id: str) -> dict[str, Any]:
        """The session's metadata, a copy."""
        return self.get_session(session_id).metadata

    def get_session_model(self, session_id: str) -> str | None:
        """The model that the session used last, if it was recorded."""
        return self._recorded(session_id, "model", "llm")

    def get_session_reasoning_effort(self, session_id: str) -> str | None:
        """The reasoning effort that the session used last, if it was recorded."""
        return self._recorded(session_id, "reasoning_effort")

    # -- runtime state -------------------------------------------------------------------------------------------

    def set_runtime_state(
        self, session_id: str, runtime_id: str, turn_id: str, state: Mapping[str, Any], mirror_enabled: bool = True
    ) -> bool:
        """Keep a small artefact of one turn for another runtime.

        Args:
            state: a JSON mapping, best under 1 kB and without secrets.
            mirror_enabled: the caller's ``SessionConfig.mirror_runtime_state``; False stores nothing.
        """
        if not mirror_enabled:
            return True
        kept = plain(dict(state), "state")

        def change(session: SessionData) -> None:
            turns = {**session.runtime_state.get(runtime_id, {}), turn_id: kept}
            session.runtime_state = {**session.runtime_state, runtime_id: turns}

        self._modify(session_id, change, "set_runtime_state")
        return True

    def get_runtime_state(self, session_id: str, runtime_id: str, turn_id: str | None = None) -> dict[str, Any]:
        """One turn's state, or with None all turns of the runtime by turn id; ``{}`` where there is none."""
        turns = self.get_session(session_id).runtime_state.get(runtime_id, {})
        return turns if turn_id is None else turns.get(turn_id, {})

    def clear_runtime_state(self, session_id: str, runtime_id: str | None = None) -> bool:
        """Remove the state of one runtime, or with None of all."""

        def change(session: SessionData) -> None:
            state = session.runtime_state
            session.runtime_state = {} if runtime_id is None else {k: v for k, v in state.items() if k != runtime_id}

        self._modify(session_id, change, "clear_runtime_state", create=False)
        return True

    # -- inside --------------------------------------------------------------------------------------------------

    def _having(self, name: str, value: str) -> list[str]:
        return [row["session_id"] for row in self.list_sessions(None) if row[name] == value]

    def _recorded(self, session_id: str, *names: str) -> str | None:
        session = self.get_session(session_id)
        for source in (session.metadata, *(message.metadata for message in reversed(session.messages))):
            for name in names:
                if isinstance(value := source.get(name), str) and value:
                    return value
        return None
