"""Session stores of agents and bots: JSON files, files with forks and snapshots, or any conversation store."""

from praison_persist.lazy import lazy_exports

TYPE_CHECKING = False

if TYPE_CHECKING:
    from .conversation import ConversationSessionStore
    from .current import get_default_session_store, get_hierarchical_session_store, set_default_session_store
    from .default import DefaultSessionStore
    from .hierarchical import HierarchicalSessionStore
    from .protocols import (
        CheckpointQueryProtocol,
        ImportReport,
        IncrementalSessionStoreProtocol,
        PortableSessionStoreProtocol,
        RuntimeStateMirroringProtocol,
        SearchableSessionStoreProtocol,
        SessionHit,
        SessionMirrorProtocol,
        SessionStoreProtocol,
        SessionSummary,
    )
    from .records import CompactionCheckpoint, SessionData, SessionMessage
    from .snapshots import SessionSnapshot

__all__ = [
    "CheckpointQueryProtocol",
    "CompactionCheckpoint",
    "ConversationSessionStore",
    "DefaultSessionStore",
    "HierarchicalSessionStore",
    "ImportReport",
    "IncrementalSessionStoreProtocol",
    "PortableSessionStoreProtocol",
    "RuntimeStateMirroringProtocol",
    "SearchableSessionStoreProtocol",
    "SessionData",
    "SessionHit",
    "SessionMessage",
    "SessionMirrorProtocol",
    "SessionSnapshot",
    "SessionStoreProtocol",
    "SessionSummary",
    "get_default_session_store",
    "get_hierarchical_session_store",
    "set_default_session_store",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "CheckpointQueryProtocol": "protocols",
        "CompactionCheckpoint": "records",
        "ConversationSessionStore": "conversation",
        "DefaultSessionStore": "default",
        "HierarchicalSessionStore": "hierarchical",
        "ImportReport": "protocols",
        "IncrementalSessionStoreProtocol": "protocols",
        "PortableSessionStoreProtocol": "protocols",
        "RuntimeStateMirroringProtocol": "protocols",
        "SearchableSessionStoreProtocol": "protocols",
        "SessionData": "records",
        "SessionHit": "protocols",
        "SessionMessage": "records",
        "SessionMirrorProtocol": "protocols",
        "SessionSnapshot": "snapshots",
        "SessionStoreProtocol": "protocols",
        "SessionSummary": "protocols",
        "get_default_session_store": "current",
        "get_hierarchical_session_store": "current",
        "set_default_session_store": "current",
    },
)
