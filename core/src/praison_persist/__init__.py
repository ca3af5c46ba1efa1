"""Persistence for AI agents: one registry for conversation, knowledge and state stores, with backends as plugins.

Exports only, each imported on first use (PEP 562): importing this package costs about as much as importing nothing.
"""

from .__about__ import API_VERSION, __version__

TYPE_CHECKING = False  # what type checkers know by name; typing itself would double the cost of the import

if TYPE_CHECKING:
    from .conversation import (
        AsyncConversationStore,
        ConversationMessage,
        ConversationSession,
        ConversationStore,
    )
    from .errors import (
        AlreadyExistsError,
        AmbiguousBackendError,
        BackendNotInstalledError,
        ClosedError,
        ConfigurationError,
        ConflictError,
        DimensionMismatchError,
        IncompatiblePluginError,
        InvalidInputError,
        MigrationError,
        NotFoundError,
        OperationTimeoutError,
        PartialWriteError,
        PersistError,
        SerializationError,
        UnavailableError,
        UnknownBackendError,
        UnsupportedError,
        UnsupportedFilterError,
        WrongTypeError,
    )
    from .factories import (
        OptionError,
        create_conversation_store,
        create_knowledge_store,
        create_state_store,
        store_factory,
    )
    from .knowledge import AsyncKnowledgeStore, KnowledgeDocument, KnowledgeStore
    from .registry import CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES, PluginRegistry, StoreRegistry
    from .state import AsyncStateStore, StateStore

__all__ = [
    "API_VERSION",
    "CONVERSATION_STORES",
    "KNOWLEDGE_STORES",
    "STATE_STORES",
    "AlreadyExistsError",
    "AmbiguousBackendError",
    "AsyncConversationStore",
    "AsyncKnowledgeStore",
    "AsyncStateStore",
    "BackendNotInstalledError",
    "ClosedError",
    "ConfigurationError",
    "ConflictError",
    "ConversationMessage",
    "ConversationSession",
    "ConversationStore",
    "DimensionMismatchError",
    "IncompatiblePluginError",
    "InvalidInputError",
    "KnowledgeDocument",
    "KnowledgeStore",
    "MigrationError",
    "NotFoundError",
    "OperationTimeoutError",
    "OptionError",
    "PartialWriteError",
    "PersistError",
    "PluginRegistry",
    "SerializationError",
    "StateStore",
    "StoreRegistry",
    "UnavailableError",
    "UnknownBackendError",
    "UnsupportedError",
    "UnsupportedFilterError",
    "WrongTypeError",
    "__version__",
    "create_conversation_store",
    "create_knowledge_store",
    "create_state_store",
    "store_factory",
]

_MODULES = {
    "conversation": (
        "AsyncConversationStore",
        "ConversationMessage",
        "ConversationSession",
        "ConversationStore",
    ),
    "factories": (
        "OptionError",
        "create_conversation_store",
        "create_knowledge_store",
        "create_state_store",
        "store_factory",
    ),
    "knowledge": ("AsyncKnowledgeStore", "KnowledgeDocument", "KnowledgeStore"),
    "registry": ("CONVERSATION_STORES", "KNOWLEDGE_STORES", "STATE_STORES", "PluginRegistry", "StoreRegistry"),
    "state": ("AsyncStateStore", "StateStore"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

if not TYPE_CHECKING:  # hidden from type checkers, so that they still report a name that does not exist

    def __getattr__(name):
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(f"{__name__}.{_HOME.get(name, 'errors')}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
