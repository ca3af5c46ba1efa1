"""Conversations: the data classes and the contract that every backend keeps.

Data and abstract methods only; what all implementations check the same way is `check_session` and `check_message`.
Field names and signatures are those of PraisonAI's stores, so code written for them runs here.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from types import TracebackType
from typing import TYPE_CHECKING, Any, Union

from .errors import AlreadyExistsError, ConflictError, InvalidInputError, NotFoundError, UnsupportedError
from .health import StoreHealth
from .validation import check_batch_size, check_id, check_number, check_optional_id

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "MAX_ROLE",
    "AsyncConversationStore",
    "ConversationMessage",
    "ConversationSession",
    "ConversationStore",
    "check_message",
    "check_same_session",
    "check_session",
    "message_conflict",
    "same_body",
    "session_exists",
    "session_not_found",
]

MAX_ROLE = 50
"""Characters in a message's role (the VARCHAR(50) of PraisonAI's tables)."""

Content = Union[str, list[Any], None]


def _new_id() -> str:
    from uuid import uuid4  # expensive to import, and many callers bring ids of their own

    return str(uuid4())


@dataclass
class ConversationSession:
    """One conversation.

    Attributes:
        session_id: exact, 1 to 255 characters; case, spaces and punctuation count.
        user_id, agent_id, name: None or up to 255 characters.
        state, metadata: None or a JSON mapping; ``{}`` and None stay distinct.
        created_at, updated_at: seconds since the epoch, UTC.
    """

    session_id: str = field(default_factory=_new_id)
    user_id: str | None = None
    agent_id: str | None = None
    name: str | None = None
    state: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    created_at: float = field(default_factory=time.time)
    updated_at: float = field(default_factory=time.time)

    def to_dict(self) -> dict[str, Any]:
        """All fields in declared order."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ConversationSession:
        """A session from `to_dict`'s form; unknown keys are dropped."""
        return cls(**{key: data[key] for key in (f.name for f in fields(cls)) if key in data})


@dataclass
class ConversationMessage:
    """One message of a session.

    Attributes:
        id: unique within its session, 1 to 255 characters; makes `add_message` idempotent.
        session_id: set by `add_message`.
        role: 1 to 50 characters (``"user"``, ``"assistant"``, ``"tool"``, ``"system"`` ...).
        content: text of any size and any characters, a list of JSON parts, or None.
        tool_calls: None or a list of JSON mappings.
        tool_call_id: None or up to 255 characters.
        metadata: None or a JSON mapping.
        created_at: seconds since the epoch, UTC; never decides the order of messages.
    """

    id: str = field(default_factory=_new_id)
    session_id: str = ""
    role: str = ""
    content: Content = ""
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None
    metadata: dict[str, Any] | None = None
    created_at: float = field(default_factory=time.time)

    def to_dict(self) -> dict[str, Any]:
        """All fields in declared order."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ConversationMessage:
        """A message from `to_dict`'s form; unknown keys are dropped."""
        return cls(**{key: data[key] for key in (f.name for f in fields(cls)) if key in data})


def check_session(session: Any) -> ConversationSession:
    """The session, if every field is within the contract; JSON fields are checked when encoded.

    Raises:
        InvalidInputError: not a session, or a field out of range.
    """
    if not isinstance(session, ConversationSession):
        raise InvalidInputError(f"expected a ConversationSession, not {type(session).__name__}")
    check_id(session.session_id, "session_id")
    check_optional_id(session.user_id, "user_id")
    check_optional_id(session.agent_id, "agent_id")
    check_optional_id(session.name, "name")
    _check_mapping(session.state, "state")
    _check_mapping(session.metadata, "metadata")
    check_number(session.created_at, "created_at")
    check_number(session.updated_at, "updated_at")
    return session


def check_message(message: Any) -> ConversationMessage:
    """The message, if every field is within the contract; JSON fields are checked when encoded.

    Raises:
        InvalidInputError: not a message, or a field out of range.
    """
    if not isinstance(message, ConversationMessage):
        raise InvalidInputError(f"expected a ConversationMessage, not {type(message).__name__}")
    check_id(message.id, "message id")
    check_id(message.role, "role", longest=MAX_ROLE)
    check_optional_id(message.tool_call_id, "tool_call_id")
    content: Any = message.content
    if content is not None and not isinstance(content, (str, list)):
        raise InvalidInputError(f"content must be text, a list of parts or None, not {type(content).__name__}")
    tool_calls: Any = message.tool_calls
    if tool_calls is not None and not isinstance(tool_calls, list):
        raise InvalidInputError(f"tool_calls must be a list or None, not {type(tool_calls).__name__}")
    _check_mapping(message.metadata, "metadata")
    check_number(message.created_at, "created_at")
    return message


def _check_mapping(value: Any, what: str) -> None:
    if value is not None and not isinstance(value, dict):
        raise InvalidInputError(f"{what} must be a dict or None, not {type(value).__name__}")


def same_body(left: ConversationMessage, right: ConversationMessage) -> bool:
    """True when a retry of one would be a retry of the other: all fields but session and time are equal."""
    return (left.id, left.role, left.content, left.tool_calls, left.tool_call_id, left.metadata) == (
        right.id,
        right.role,
        right.content,
        right.tool_calls,
        right.tool_call_id,
        right.metadata,
    )


def session_exists(session_id: str) -> AlreadyExistsError:
    """The error for `ConversationStore.create_session` of an id that is taken."""
    return AlreadyExistsError(f"session {session_id!r} exists", hint="use update_session or upsert_session")


def session_not_found(session_id: str) -> NotFoundError:
    """The error for a session that does not exist."""
    return NotFoundError(f"session {session_id!r} does not exist", hint="create it with create_session")


def check_same_session(session: ConversationSession, session_id: str) -> ConversationSession:
    """The session, if `ConversationStore.change_session` left its id alone.

    Raises:
        InvalidInputError: it has another one.
    """
    if session.session_id != session_id:
        raise InvalidInputError(f"the id of session {session_id!r} cannot be changed")
    return session


def message_conflict(message_id: str) -> ConflictError:
    """The error for a message id that is taken by a message with another body."""
    return ConflictError(
        f"message id {message_id!r} is taken by a message with another body",
        hint="a retry must repeat the message as it was; a new message needs a new id",
    )


class ConversationStore(ABC):
    """Sessions and their messages.

    Order is insertion order, by a sequence that the store assigns, never by a clock. Safe to share between
    threads; several processes may write to one session at once. Constructors do no I/O; the first call, or `setup`,
    connects. Errors are those of `praison_persist.errors`.
    """

    backend: str = "conversation"
    """Canonical backend name, for errors and reports."""

    def setup(self) -> None:
        """Create or migrate what the store needs; idempotent, safe when many processes race."""

    @abstractmethod
    def create_session(self, session: ConversationSession) -> ConversationSession:
        """Store a new session and return it.

        Raises:
            AlreadyExistsError: the id exists; nothing was touched.
        """

    @abstractmethod
    def get_session(self, session_id: str) -> ConversationSession | None:
        """The session, or None."""

    @abstractmethod
    def update_session(self, session: ConversationSession) -> ConversationSession:
        """Replace every field of an existing session and set ``updated_at`` to now (on the argument as well).

        ``created_at`` is replaced too: the argument is the whole new record.

        Raises:
            NotFoundError: no such session.
        """

    @abstractmethod
    def delete_session(self, session_id: str) -> bool:
        """Delete the session and its messages; False when there was none."""

    @abstractmethod
    def list_sessions(
        self,
        user_id: str | None = None,
        agent_id: str | None = None,
        limit: int | None = 100,
        offset: int = 0,
    ) -> list[ConversationSession]:
        """Sessions, most recently updated first (ties by id), optionally of one user or agent.

        Args:
            user_id, agent_id: exact; None means any, ``""`` only the empty one.
            limit: at most so many; None for all, 0 for none.
            offset: how many to skip.
        """

    @abstractmethod
    def add_message(self, session_id: str, message: ConversationMessage) -> ConversationMessage:
        """Append one message; it is durable when this returns. Returns the argument with its ``session_id`` set.

        Idempotent by ``message.id`` within the session: the same message again is one row.

        Raises:
            NotFoundError: no such session.
            ConflictError: the id is taken by a message with another body.
        """

    def add_messages(self, session_id: str, messages: Sequence[ConversationMessage]) -> list[ConversationMessage]:
        """Append a batch in order, all or none; errors as `add_message`."""
        raise UnsupportedError(
            "this store cannot append a batch atomically",
            backend=self.backend,
            operation="add_messages",
            hint="call add_message for each message",
        )

    @abstractmethod
    def get_messages(
        self,
        session_id: str,
        limit: int | None = None,
        before: float | None = None,
        after: float | None = None,
    ) -> list[ConversationMessage]:
        """The newest ``limit`` messages in chronological (insertion) order; [] for an unknown session.

        Args:
            limit: None for all, 0 for none.
            before, after: strict bounds on ``created_at``, in seconds since the epoch; 0 is a bound.
        """

    @abstractmethod
    def delete_messages(self, session_id: str, message_ids: Sequence[str] | None = None) -> int:
        """Delete the named messages, or all of the session with None; how many there were. ``[]`` deletes nothing."""

    @abstractmethod
    def close(self) -> None:
        """Release connections; calling it again does nothing, any other call then is a `ClosedError`."""

    def health(self) -> StoreHealth:
        """Ask the server something cheap, and say what is known of it. Creates and migrates nothing in SQL stores."""
        self.list_sessions(limit=1)
        return StoreHealth(self.backend)

    def upsert_session(self, session: ConversationSession) -> ConversationSession:
        """Create the session, or update it as `update_session` does. Backends make this atomic."""
        try:
            return self.update_session(session)
        except NotFoundError:
            return self.create_session(session)

    def change_session(self, session_id: str, change: Callable[[ConversationSession], object]) -> ConversationSession:
        """Read a session, let ``change`` set its fields, and store it as `update_session` does; the stored session.

        Backends make this atomic: what others set meanwhile is never lost.

        Args:
            session_id: of the session; its id cannot be changed.
            change: called with the stored session; may be called again, with the session as it is then.

        Raises:
            NotFoundError: no such session.
        """
        session = self.get_session(session_id)
        if session is None:
            raise session_not_found(session_id)
        change(session)
        return self.update_session(check_same_session(session, session_id))

    def iter_messages(self, session_id: str, *, batch_size: int = 500) -> Iterator[ConversationMessage]:
        """All messages, oldest first, without holding them all in memory where the backend can page."""
        check_batch_size(batch_size)
        yield from self.get_messages(session_id)

    def iter_sessions(
        self, user_id: str | None = None, agent_id: str | None = None, *, batch_size: int = 500
    ) -> Iterator[ConversationSession]:
        """All sessions in the order of `list_sessions`, page by page."""
        offset = 0
        while page := self.list_sessions(user_id, agent_id, limit=batch_size, offset=offset):
            yield from page
            offset += len(page)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()


class AsyncConversationStore(ABC):
    """The contract of `ConversationStore` with the same names, as coroutines.

    Must be inherited: callers dispatch on ``isinstance(store, AsyncConversationStore)``.
    One store may be used from several event loops, one after the other.
    """

    backend: str = "conversation"

    async def setup(self) -> None:
        """See `ConversationStore.setup`."""

    @abstractmethod
    async def create_session(self, session: ConversationSession) -> ConversationSession:
        """See `ConversationStore.create_session`."""

    @abstractmethod
    async def get_session(self, session_id: str) -> ConversationSession | None:
        """See `ConversationStore.get_session`."""

    @abstractmethod
    async def update_session(self, session: ConversationSession) -> ConversationSession:
        """See `ConversationStore.update_session`."""

    @abstractmethod
    async def delete_session(self, session_id: str) -> bool:
        """See `ConversationStore.delete_session`."""

    @abstractmethod
    async def list_sessions(
        self,
        user_id: str | None = None,
        agent_id: str | None = None,
        limit: int | None = 100,
        offset: int = 0,
    ) -> list[ConversationSession]:
        """See `ConversationStore.list_sessions`."""

    @abstractmethod
    async def add_message(self, session_id: str, message: ConversationMessage) -> ConversationMessage:
        """See `ConversationStore.add_message`."""

    async def add_messages(self, session_id: str, messages: Sequence[ConversationMessage]) -> list[ConversationMessage]:
        """See `ConversationStore.add_messages`."""
        raise UnsupportedError(
            "this store cannot append a batch atomically",
            backend=self.backend,
            operation="add_messages",
            hint="call add_message for each message",
        )

    @abstractmethod
    async def get_messages(
        self,
        session_id: str,
        limit: int | None = None,
        before: float | None = None,
        after: float | None = None,
    ) -> list[ConversationMessage]:
        """See `ConversationStore.get_messages`."""

    @abstractmethod
    async def delete_messages(self, session_id: str, message_ids: Sequence[str] | None = None) -> int:
        """See `ConversationStore.delete_messages`."""

    @abstractmethod
    async def close(self) -> None:
        """See `ConversationStore.close`."""

    async def health(self) -> StoreHealth:
        """See `ConversationStore.health`."""
        await self.list_sessions(limit=1)
        return StoreHealth(self.backend)

    async def upsert_session(self, session: ConversationSession) -> ConversationSession:
        """See `ConversationStore.upsert_session`."""
        try:
            return await self.update_session(session)
        except NotFoundError:
            return await self.create_session(session)

    async def change_session(
        self, session_id: str, change: Callable[[ConversationSession], object]
    ) -> ConversationSession:
        """See `ConversationStore.change_session`; ``change`` is a plain function."""
        session = await self.get_session(session_id)
        if session is None:
            raise session_not_found(session_id)
        change(session)
        return await self.update_session(check_same_session(session, session_id))

    async def iter_messages(self, session_id: str, *, batch_size: int = 500) -> AsyncIterator[ConversationMessage]:
        """See `ConversationStore.iter_messages`."""
        check_batch_size(batch_size)
        for message in await self.get_messages(session_id):
            yield message

    async def iter_sessions(
        self, user_id: str | None = None, agent_id: str | None = None, *, batch_size: int = 500
    ) -> AsyncIterator[ConversationSession]:
        """See `ConversationStore.iter_sessions`."""
        offset = 0
        while page := await self.list_sessions(user_id, agent_id, limit=batch_size, offset=offset):
            for session in page:
                yield session
            offset += len(page)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.close()
