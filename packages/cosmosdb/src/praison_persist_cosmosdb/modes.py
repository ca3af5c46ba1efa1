"""Which of Cosmos DB's APIs is meant: NoSQL, which this package speaks, or MongoDB's, for which another one is asked.

Opens nothing, imports no client.
"""

from __future__ import annotations

import os
from typing import Any, TypeVar

from praison_persist import KNOWLEDGE_STORES
from praison_persist.errors import ConfigurationError
from praison_persist.factories import StoreFactory

__all__ = ["CONNECTION_STRING", "EitherAPI", "is_mongodb"]

T = TypeVar("T")

CONNECTION_STRING = "COSMOS_CONNECTION_STRING"
"""The variable of the environment that names an account where no argument does."""

_ACCOUNTS = ("url", "connection_string")


class EitherAPI(StoreFactory[T]):
    """The factory of a store of this package, and with ``api_mode="mongodb"`` of one of praison-persist-mongodb.

    Args:
        store_class: for the API for NoSQL.
        mongodb: registered name of the store for the other.
    """

    __slots__ = ("_mongodb",)

    def __init__(self, store_class: type[T], mongodb: str) -> None:
        super().__init__(store_class, ">=1.0,<2")
        self._mongodb = mongodb

    def build(self, **options: Any) -> Any:
        """The store; without ``api_mode`` that of the API that the connection string is of.

        Raises:
            ConfigurationError: no account, or two; or as of the stores.
        """
        given = [options[name] for name in _ACCOUNTS if options.get(name)] or [os.environ.get(CONNECTION_STRING)]
        mode = options.get("api_mode")
        if mode is None and isinstance(given[0], str) and is_mongodb(given[0]):
            mode = "mongodb"
        if mode != "mongodb":
            return super().build(**options)
        if len(given) > 1 or not given[0]:
            raise ConfigurationError(
                "one account is needed",
                backend=self._backend,
                hint=f"give its mongodb+srv:// connection string as url=, or in {CONNECTION_STRING}",
            )
        others = {name: value for name, value in options.items() if name not in (*_ACCOUNTS, "api_mode")}
        return KNOWLEDGE_STORES.create(self._mongodb, **{"url": given[0], "search": "cosmos", **others})


def is_mongodb(connection_string: str) -> bool:
    """Whether a connection string is of the API for MongoDB."""
    return connection_string.startswith(("mongodb://", "mongodb+srv://"))
