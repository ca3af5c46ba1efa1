"""MySQL and MariaDB conversation stores for praison-persist."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .async_store import AsyncMySQLConversationStore as AsyncMySQLConversationStore
    from .store import MySQLConversationStore as MySQLConversationStore

__all__ = ["AsyncMySQLConversationStore", "MySQLConversationStore"]

# Each store needs one of the drivers only.
__getattr__ = lazy_exports(__name__, {"AsyncMySQLConversationStore": "async_store", "MySQLConversationStore": "store"})
