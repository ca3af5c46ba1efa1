"""Valkey stores for praison-persist."""

from .store import ValkeyStateStore

__all__ = ["ValkeyStateStore"]
