"""Agents on praison-persist: `db`, the orchestrator, session stores and the bridge to PraisonAI."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .adapter import AsyncPersistDb as AsyncPersistDb
    from .adapter import PersistDb as PersistDb
    from .adapter import db as db
    from .bridge import KnowledgeBridge as KnowledgeBridge
    from .bridge import OpenAIEmbedder as OpenAIEmbedder
    from .bridge import activate as activate
    from .bridge import deactivate as deactivate
    from .config import PersistenceConfig as PersistenceConfig
    from .hooks import PersistentAgent as PersistentAgent
    from .hooks import create_persistent_session as create_persistent_session
    from .hooks import wrap_agent_with_persistence as wrap_agent_with_persistence
    from .locate import open_store as open_store
    from .orchestrator import PersistenceOrchestrator as PersistenceOrchestrator
    from .outbox import OutboxStatus as OutboxStatus
    from .outbox import QueueFullError as QueueFullError
    from .sessions import ConversationSessionStore as ConversationSessionStore
    from .sessions import DefaultSessionStore as DefaultSessionStore
    from .sessions import HierarchicalSessionStore as HierarchicalSessionStore
    from .sessions import SessionStoreProtocol as SessionStoreProtocol
    from .sessions import get_default_session_store as get_default_session_store
    from .sessions import get_hierarchical_session_store as get_hierarchical_session_store

__all__ = [
    "AsyncPersistDb",
    "ConversationSessionStore",
    "DefaultSessionStore",
    "HierarchicalSessionStore",
    "KnowledgeBridge",
    "OpenAIEmbedder",
    "OutboxStatus",
    "PersistDb",
    "PersistenceConfig",
    "PersistenceOrchestrator",
    "PersistentAgent",
    "QueueFullError",
    "SessionStoreProtocol",
    "activate",
    "create_persistent_session",
    "db",
    "deactivate",
    "get_default_session_store",
    "get_hierarchical_session_store",
    "open_store",
    "wrap_agent_with_persistence",
]

# Session stores need no adapter, an adapter no bridge, and none of them PraisonAI.
__getattr__ = lazy_exports(
    __name__,
    {
        "AsyncPersistDb": "adapter",
        "ConversationSessionStore": "sessions",
        "DefaultSessionStore": "sessions",
        "HierarchicalSessionStore": "sessions",
        "KnowledgeBridge": "bridge",
        "OpenAIEmbedder": "bridge",
        "OutboxStatus": "outbox",
        "PersistDb": "adapter",
        "PersistenceConfig": "config",
        "PersistenceOrchestrator": "orchestrator",
        "PersistentAgent": "hooks",
        "QueueFullError": "outbox",
        "SessionStoreProtocol": "sessions",
        "activate": "bridge",
        "create_persistent_session": "hooks",
        "db": "adapter",
        "deactivate": "bridge",
        "get_default_session_store": "sessions",
        "get_hierarchical_session_store": "sessions",
        "open_store": "locate",
        "wrap_agent_with_persistence": "hooks",
    },
)
