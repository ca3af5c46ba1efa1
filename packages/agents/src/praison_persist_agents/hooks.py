"""Persistence around an agent object: `wrap_agent_with_persistence`, `PersistentAgent`, `create_persistent_session`.

How a turn is seen and stored is in `recorder`. Imports no agent framework.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from praison_persist.conversation import ConversationMessage, ConversationSession

from .orchestrator import PersistenceOrchestrator
from .recorder import AgentRecorder

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["PersistentAgent", "PersistentSession", "create_persistent_session", "wrap_agent_with_persistence"]

_ATTRIBUTE = "_praison_persist"
_TURNS = ("chat", "achat", "start", "astart", "iter_stream")


def wrap_agent_with_persistence(
    agent: Any,
    orchestrator: PersistenceOrchestrator,
    session_id: str | None = None,
    user_id: str | None = None,
    auto_resume: bool = True,
) -> Any:
    """The same agent, whose turns are stored from now on: what it was asked, its tool calls and results, its answers.

    Covers ``chat``, ``achat``, ``start``, ``astart``, ``iter_stream`` and streams (what was really yielded, also when
    the consumer stops early). The first turn loads the session and, if it exists, gives the agent its history, tool
    calls and results included. The agent gets ``get_session()``, ``get_messages(limit=None)``, ``end_session()`` and
    ``aend_session()``. Wrapping it again moves it to the other session.

    Args:
        agent: any object with a method ``chat``.
        orchestrator: where to.
        session_id: None for a new one.
        user_id: noted in a new session; by default the agent's ``user_id``.
        auto_resume: False starts without history also when the session exists; its messages stay.

    Raises:
        PersistError: (the agent's methods) what was asked could not be stored, and the model was not asked; or the
            answer could not be stored, then it is in the agent's ``chat_history`` only.
    """
    previous = getattr(agent, _ATTRIBUTE, None)
    if previous is not None:
        previous.detach()
    recorder = AgentRecorder(agent, orchestrator, session_id, user_id, auto_resume)
    recorder.attach_tools()
    for name in _TURNS:
        original = getattr(agent, name, None)
        if callable(original):
            # start and astart go through chat and achat, except when they stream
            recorder.attach(name, recorder.around(original, only_streams=name in ("start", "astart")))
    recorder.attach("get_session", recorder.get_session)
    recorder.attach("get_messages", recorder.get_messages)
    recorder.attach("end_session", recorder.end_session)
    recorder.attach("aend_session", recorder.aend_session)
    recorder.attach(_ATTRIBUTE, recorder)
    return agent


class PersistentAgent:
    """An agent whose turns are stored, beside the agent itself, whose own methods store nothing.

    Has the methods that `wrap_agent_with_persistence` covers or adds; everything else is the agent's. Arguments and
    errors as there.
    """

    def __init__(
        self,
        agent: Any,
        orchestrator: PersistenceOrchestrator,
        session_id: str | None = None,
        user_id: str | None = None,
        auto_resume: bool = True,
    ) -> None:
        self._agent = agent
        self._recorder = AgentRecorder(agent, orchestrator, session_id, user_id, auto_resume)
        self._recorder.attach_tools()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in ("_agent", "_recorder"):  # not there yet: while copied or unpickled
            raise AttributeError(name)
        value = getattr(self._agent, name)
        covered = name in _TURNS and callable(value)
        return self._recorder.around(value) if covered else value

    @property
    def session_id(self) -> str:
        """The session that the turns go to."""
        return self._recorder.session_id

    def get_session(self) -> ConversationSession | None:
        """The stored session, None before the first turn."""
        return self._recorder.get_session()

    def get_messages(self, limit: int | None = None) -> list[ConversationMessage]:
        """The newest ``limit`` stored messages (None for all), oldest first."""
        return self._recorder.get_messages(limit)

    def end_session(self, metadata: dict[str, Any] | None = None) -> None:
        """Note the end of a run in the stored session, and these keys in its metadata."""
        self._recorder.end_session(metadata)

    async def aend_session(self, metadata: dict[str, Any] | None = None) -> None:
        """See `end_session`."""
        await self._recorder.aend_session(metadata)


class PersistentSession:
    """A session that a program fills by itself; made by `create_persistent_session`. Also an async context manager.

    Attributes:
        session_id, user_id: as given, or made up.
    """

    def __init__(self, orchestrator: PersistenceOrchestrator, session_id: str | None, user_id: str | None) -> None:
        self.orchestrator = orchestrator
        self.session_id = session_id or f"session-{uuid4()}"
        self.user_id = user_id

    def start(self, agent: Any = None) -> list[ConversationMessage]:
        """Create the session, or load it; its messages."""
        return self.orchestrator.on_agent_start(agent, self.session_id, self.user_id)

    def end(self, agent: Any = None, metadata: dict[str, Any] | None = None) -> None:
        """Note the end in the stored session, and these keys in its metadata."""
        self.orchestrator.on_agent_end(agent, self.session_id, metadata)

    def persist_message(self, role: str, content: Any, **fields: Any) -> ConversationMessage | None:
        """Append a message; fields as `PersistenceOrchestrator.on_message`."""
        return self.orchestrator.on_message(self.session_id, role, content, **fields)

    async def apersist_message(self, role: str, content: Any, **fields: Any) -> ConversationMessage | None:
        """See `persist_message`."""
        return await self.orchestrator.aon_message(self.session_id, role, content, **fields)

    def get_messages(self, limit: int | None = None) -> list[ConversationMessage]:
        """The newest ``limit`` messages (None for all), oldest first."""
        return self.orchestrator.get_messages(self.session_id, limit)

    def get_session(self) -> ConversationSession | None:
        """The stored session."""
        return self.orchestrator.get_session(self.session_id)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.end()

    async def __aenter__(self) -> Self:
        await self.orchestrator.aon_agent_start(None, self.session_id, self.user_id)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.orchestrator.aon_agent_end(None, self.session_id)


def create_persistent_session(
    orchestrator: PersistenceOrchestrator, session_id: str | None = None, user_id: str | None = None
) -> PersistentSession:
    """A session as a context manager: created or loaded at its start, its end noted::

    with create_persistent_session(orchestrator, "my-session") as session:
        session.persist_message("user", "Hello!")
    """
    return PersistentSession(orchestrator, session_id, user_id)
