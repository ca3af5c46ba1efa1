"""A Cloud Storage store for praison-persist."""

from .store import GCSStateStore

__all__ = ["GCSStateStore"]
