"""What the entry points of this distribution name; imported only when the store is created."""

from praison_persist import store_factory

from .store import DynamoDBStateStore

__all__ = ["dynamodb"]

dynamodb = store_factory(DynamoDBStateStore)
