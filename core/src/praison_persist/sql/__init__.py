"""The SQL base: a new SQL backend is a `Dialect` value and a thin `Driver` (or `AsyncDriver`), nothing more.

Where to look: `dialect` what differs between engines; `conversations` and `states` every query; `schema` and
`migrations` the tables; `operation`, `driver`, `async_driver` and `attempts` how statements are run; `pool`
connections; `stores` and `async_stores` the classes that users hold; `base` the extension point of PraisonAI's
documents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazy_exports

if TYPE_CHECKING:
    from .async_driver import AsyncDriver as AsyncDriver
    from .async_driver import finished as finished
    from .async_states import AsyncSQLStateStore as AsyncSQLStateStore
    from .async_stores import AsyncSQLConversationStore as AsyncSQLConversationStore
    from .base import _SQLConversationStoreBase as _SQLConversationStoreBase
    from .dialect import COCKROACHDB as COCKROACHDB
    from .dialect import MYSQL as MYSQL
    from .dialect import POSTGRES as POSTGRES
    from .dialect import SINGLESTORE as SINGLESTORE
    from .dialect import SQLITE as SQLITE
    from .dialect import Dialect as Dialect
    from .driver import Driver as Driver
    from .operation import Result as Result
    from .pool import Pool as Pool
    from .pool import is_quiet as is_quiet
    from .pooled import PooledDriver as PooledDriver
    from .stores import SQLConversationStore as SQLConversationStore
    from .stores import SQLStateStore as SQLStateStore
    from .tables import Tables as Tables

__all__ = [
    "COCKROACHDB",
    "MYSQL",
    "POSTGRES",
    "SINGLESTORE",
    "SQLITE",
    "AsyncDriver",
    "AsyncSQLConversationStore",
    "AsyncSQLStateStore",
    "Dialect",
    "Driver",
    "Pool",
    "PooledDriver",
    "Result",
    "SQLConversationStore",
    "SQLStateStore",
    "Tables",
    "_SQLConversationStoreBase",
    "finished",
    "is_quiet",
]

# A blocking store needs no asyncio, a driver no store.
__getattr__ = lazy_exports(
    __name__,
    {
        "AsyncDriver": "async_driver",
        "AsyncSQLConversationStore": "async_stores",
        "AsyncSQLStateStore": "async_states",
        "COCKROACHDB": "dialect",
        "MYSQL": "dialect",
        "POSTGRES": "dialect",
        "SINGLESTORE": "dialect",
        "SQLITE": "dialect",
        "Dialect": "dialect",
        "Driver": "driver",
        "Pool": "pool",
        "PooledDriver": "pooled",
        "Result": "operation",
        "SQLConversationStore": "stores",
        "SQLStateStore": "stores",
        "Tables": "tables",
        "_SQLConversationStoreBase": "base",
        "finished": "async_driver",
        "is_quiet": "pool",
    },
)
