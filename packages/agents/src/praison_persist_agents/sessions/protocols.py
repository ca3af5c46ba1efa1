"""What a session store is, by shape: five methods, and the optional ones that agents, bots and tools look for.

Structural and runtime-checkable, with the names and signatures of PraisonAI's protocols; no implementation here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

__all__ = [
    "CheckpointQueryProtocol",
    "ImportReport",
    "IncrementalSessionStoreProtocol",
    "PortableSessionStoreProtocol",
    "RuntimeStateMirroringProtocol",
    "SearchableSessionStoreProtocol",
    "SessionHit",
    "SessionMirrorProtocol",
    "SessionStoreProtocol",
    "SessionSummary",
]


@runtime_checkable
class SessionStoreProtocol(Protocol):
    """The five methods that every session store has.

    PraisonAI's Agent needs more in practice: without ``set_agent_info``, ``add_user_message`` and
    ``add_assistant_message`` it discards the store at its first chat. Derive from one of this package's stores, or
    add these three.
    """

    def add_message(self, session_id: str, role: str, content: str, metadata: dict[str, Any] | None = None) -> bool:
        """Append one message; True once it is stored."""
        ...

    def get_chat_history(self, session_id: str, max_messages: int | None = None) -> list[dict[str, Any]]:
        """The most recent messages, oldest first, as ``{"role", "content"}`` (and tool fields)."""
        ...

    def clear_session(self, session_id: str) -> bool:
        """Remove all messages, keep the session."""
        ...

    def delete_session(self, session_id: str) -> bool:
        """Remove the session."""
        ...

    def session_exists(self, session_id: str) -> bool:
        """Whether there is such a session."""
        ...


@runtime_checkable
class IncrementalSessionStoreProtocol(Protocol):
    """Keeps the answer that is being streamed."""

    def upsert_partial_assistant_message(self, session_id: str, content: str, *, finalize: bool = False) -> bool:
        """Write the whole text known so far over the one partial answer at the end."""
        ...

    def discard_partial_assistant_message(self, session_id: str) -> bool:
        """Drop the partial answer at the end, if there is one."""
        ...


@runtime_checkable
class PortableSessionStoreProtocol(Protocol):
    """Export and import of ``{"version": 1, "sessions": [...]}``."""

    def export_session(self, session_id: str, *, include_lineage: bool = True) -> dict[str, Any]:
        """One session, and those that it continues."""
        ...

    def export_all(self) -> dict[str, Any]:
        """Every session."""
        ...

    def import_sessions(
        self,
        payload: dict[str, Any],
        *,
        max_sessions: int = 10_000,
        reset_live_fields: bool = True,
        overwrite: bool = False,
    ) -> ImportReport:
        """Store exported sessions under their ids."""
        ...


@runtime_checkable
class SearchableSessionStoreProtocol(Protocol):
    """Recall across sessions."""

    def search(self, query: str, *, limit: int = 5, window: int = 5) -> list[SessionHit]:
        """The best sessions for a text, each with the messages around the best match."""
        ...

    def window(self, session_id: str, around_message_id: str | None = None, *, window: int = 5) -> list[dict[str, Any]]:
        """The messages around one message."""
        ...

    def recent(self, *, limit: int = 10) -> list[SessionSummary]:
        """The sessions that were used last."""
        ...


@runtime_checkable
class RuntimeStateMirroringProtocol(Protocol):
    """Small artefacts of each turn, by runtime, for a hand-over between runtimes."""

    def set_runtime_state(
        self, session_id: str, runtime_id: str, turn_id: str, state: dict[str, Any], mirror_enabled: bool = True
    ) -> bool:
        """Store one turn's state; with ``mirror_enabled=False`` do nothing."""
        ...

    def get_runtime_state(self, session_id: str, runtime_id: str, turn_id: str | None = None) -> dict[str, Any]:
        """One turn's state, or all turns of a runtime by turn id."""
        ...

    def clear_runtime_state(self, session_id: str, runtime_id: str | None = None) -> bool:
        """Remove the state of one runtime, or of all."""
        ...


@runtime_checkable
class SessionMirrorProtocol(Protocol):
    """A second place that is sent every stored message."""

    def append(self, session_id: str, records: list[dict[str, Any]]) -> None:
        """Take messages, each with ``id`` and ``timestamp``; the same id again replaces."""
        ...

    def load(self, session_id: str) -> list[dict[str, Any]]:
        """Everything that was taken for a session."""
        ...

    def list_sessions(self, *, user_id: str | None = None) -> list[dict[str, Any]]:
        """The sessions, at least ``{"session_id"}`` each."""
        ...


@runtime_checkable
class CheckpointQueryProtocol(Protocol):
    """Reads checkpoints."""

    def list_checkpoints(self, session_id: str) -> list[dict[str, Any]]:
        """The checkpoints of a session, without their payload."""
        ...

    def get_checkpoint(self, session_id: str, checkpoint_id: str) -> dict[str, Any] | None:
        """One checkpoint."""
        ...


@dataclass(slots=True)
class SessionHit:
    """A session that matches a search.

    Attributes:
        title: the session's title, agent, first question or id.
        when: last use, ISO 8601.
        snippet: up to 120 characters around the match.
        score: higher is better; comparable within one search only.
        anchor_index: the best match's place, archive first; `window` takes it.
        messages: the match and its neighbours.
        bookends: the session's first and last exchanges, under ``"opening"`` and ``"closing"``.
    """

    session_id: str
    title: str = ""
    when: str | None = None
    snippet: str = ""
    score: float = 0.0
    anchor_index: int = -1
    messages: list[dict[str, Any]] = field(default_factory=list)
    bookends: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """A JSON mapping; without ``bookends`` where there are none."""
        result = {name: getattr(self, name) for name in self.__slots__}
        if not self.bookends:
            del result["bookends"]
        return result


@dataclass(slots=True)
class SessionSummary:
    """A line of a list of sessions."""

    session_id: str
    title: str = ""
    when: str | None = None
    message_count: int = 0

    def as_dict(self) -> dict[str, Any]:
        """A JSON mapping."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class ImportReport:
    """What an import did.

    Attributes:
        imported: sessions stored.
        skipped: ``{"session_id", "reason"}`` of every other one.
    """

    imported: int = 0
    skipped: list[dict[str, str]] = field(default_factory=list)
    version: int = 1

    @property
    def skipped_count(self) -> int:
        """How many were skipped."""
        return len(self.skipped)

    def as_dict(self) -> dict[str, Any]:
        """A JSON mapping."""
        return {
            "imported": self.imported,
            "skipped": self.skipped,
            "skipped_count": self.skipped_count,
            "version": self.version,
        }
