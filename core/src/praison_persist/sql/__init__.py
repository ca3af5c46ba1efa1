"""The SQL base: a new SQL backend is a `Dialect` value and a thin `Driver` (or `AsyncDriver`), nothing more.

Where to look: `dialect` what differs between engines; `conversations` and `states` every query; `schema` and
`migrations` the tables; `operation`, `driver` and `async_driver` how statements are run; `stores` and `async_stores`
the classes that users hold; `base` the extension point of PraisonAI's documents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazy_exports

if TYPE_CHECKING:
    from .async_driver import AsyncDriver as AsyncDriver
    from .async_stores import AsyncSQLConversationStore as AsyncSQLConversationStore
    from .base import _SQLConversationStoreBase as _SQLConversationStoreBase
    from .dialect import POSTGRES as POSTGRES
    from .dialect import SQLITE as SQLITE
    from .dialect import Dialect as Dialect
    from .driver import Driver as Driver
    from .operation import Result as Result
    from .stores import SQLConversationStore as SQLConversationStore
    from .stores import SQLStateStore as SQLStateStore
    from .tables import Tables as Tables

__all__ = [
    "POSTGRES",
    "SQLITE",
    "AsyncDriver",
    "AsyncSQLConversationStore",
    "Dialect",
    "Driver",
    "Result",
    "SQLConversationStore",
    "SQLStateStore",
    "Tables",
    "_SQLConversationStoreBase",
]

# A blocking store needs no asyncio, a driver no store.
__getattr__ = lazy_exports(
    __name__,
    {
        "AsyncDriver": "async_driver",
        "AsyncSQLConversationStore": "async_stores",
        "POSTGRES": "dialect",
        "SQLITE": "dialect",
        "Dialect": "dialect",
        "Driver": "driver",
        "Result": "operation",
        "SQLConversationStore": "stores",
        "SQLStateStore": "stores",
        "Tables": "tables",
        "_SQLConversationStoreBase": "base",
    },
)
