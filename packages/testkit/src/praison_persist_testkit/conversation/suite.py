"""All clauses of conversation stores in one class."""

from __future__ import annotations

from praison_persist.conversation import AsyncConversationStore, ConversationStore

from ..lifecycle import Lifecycle
from .batches import Batches
from .build import SID, message, session
from .concurrency import AsyncOnly, Concurrency
from .fidelity import Fidelity, Refusals
from .machine import Machine
from .messages import Deleting, Messages, Reading
from .sessions import Listing, Sessions

__all__ = ["ConversationConformance"]


class ConversationConformance(
    Sessions,
    Listing,
    Messages,
    Reading,
    Batches,
    Deleting,
    Fidelity,
    Refusals,
    Concurrency,
    AsyncOnly,
    Machine,
    Lifecycle,
):
    """Every sentence of the contract of `praison_persist.conversation.ConversationStore`, sync or async.

    Inherit it, give it a ``target`` fixture that yields a `Target` on an empty place, and declare deviations.
    """

    kind = "conversation"
    base_classes = (ConversationStore, AsyncConversationStore)
    calls = (
        ("list_sessions", (), {}),
        ("create_session", (session(),), {}),
        ("get_session", (SID,), {}),
        ("update_session", (session(),), {}),
        ("upsert_session", (session(),), {}),
        ("delete_session", (SID,), {}),
        ("add_message", (SID, message()), {}),
        ("add_messages", (SID, [message()]), {}),
        ("get_messages", (SID,), {}),
        ("delete_messages", (SID,), {}),
        ("delete_messages", (SID, []), {}),
        ("iter_messages", (SID,), {}),
        ("iter_sessions", (), {}),
    )
    mistakes = (
        ("update_session", (session("missing"),), {}),
        ("add_message", ("missing", message()), {}),
        ("add_messages", ("missing", [message()]), {}),
        ("get_messages", (SID,), {"limit": -1}),
        ("get_session", ("",), {}),
        ("create_session", (session(user_id="x" * 256),), {}),
        ("create_session", (session(state={"x": b""}),), {}),
        ("list_sessions", (), {"limit": True}),
    )
