"""The store registry of a kind. Data only."""

from __future__ import annotations

from typing import Any

from praison_persist import CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES, StoreRegistry
from praison_persist.errors import ConfigurationError

__all__ = ["get_default_registry"]

_REGISTRIES = {"conversation": CONVERSATION_STORES, "knowledge": KNOWLEDGE_STORES, "state": STATE_STORES}


def get_default_registry(kind: str) -> StoreRegistry[Any]:
    """The registry of ``"conversation"``, ``"knowledge"`` or ``"state"``; PraisonAI has a function of this name.

    Raises:
        ConfigurationError: no such kind.
    """
    if kind not in _REGISTRIES:
        raise ConfigurationError(f"the kind of a registry is 'conversation', 'knowledge' or 'state', not {kind!r}")
    return _REGISTRIES[kind]
