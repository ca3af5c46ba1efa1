"""DynamoDB stores for praison-persist."""

from typing import TYPE_CHECKING

from praison_persist.lazy import lazy_exports

if TYPE_CHECKING:
    from .store import DynamoDBStateStore as DynamoDBStateStore

__all__ = ["DynamoDBStateStore"]

__getattr__ = lazy_exports(__name__, {"DynamoDBStateStore": "store"})
