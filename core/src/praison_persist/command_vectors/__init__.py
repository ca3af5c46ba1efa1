"""Knowledge stores over Redis commands: documents in hashes, the contract written once for Redis and Valkey.

A backend supplies an engine that performs `Pipeline`s (the one of its state store) and the indexes that its server may
have. No client library here.
"""

from typing import TYPE_CHECKING

from ..lazy import lazy_exports

if TYPE_CHECKING:
    from .callers import AsyncCaller as AsyncCaller
    from .callers import Caller as Caller
    from .hooks import CommandVectors as CommandVectors
    from .indexes import FlatIndex as FlatIndex
    from .indexes import Hit as Hit
    from .indexes import ServerIndex as ServerIndex
    from .indexes import VectorIndex as VectorIndex
    from .indexes import choose_indexes as choose_indexes
    from .indexes import pairs as pairs
    from .layout import Place as Place
    from .query import QueryIndex as QueryIndex

__all__ = [
    "AsyncCaller",
    "Caller",
    "CommandVectors",
    "FlatIndex",
    "Hit",
    "Place",
    "QueryIndex",
    "ServerIndex",
    "VectorIndex",
    "choose_indexes",
    "pairs",
]

# A blocking store needs no asyncio.
__getattr__ = lazy_exports(
    __name__,
    {
        "AsyncCaller": "callers",
        "Caller": "callers",
        "CommandVectors": "hooks",
        "FlatIndex": "indexes",
        "Hit": "indexes",
        "Place": "layout",
        "QueryIndex": "query",
        "ServerIndex": "indexes",
        "VectorIndex": "indexes",
        "choose_indexes": "indexes",
        "pairs": "indexes",
    },
)
