"""Conformance suites for praison-persist backends: a class to inherit, a target to describe where the store is.

Exports only, loaded when asked for, so that the pytest plugin costs nothing where no suite runs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .__about__ import __version__

if TYPE_CHECKING:
    from .conversation import ConversationConformance
    from .knowledge import KnowledgeConformance
    from .policy import Deviation, never, notimpl, notyet
    from .state import StateConformance
    from .target import Target

__all__ = [
    "ConversationConformance",
    "Deviation",
    "KnowledgeConformance",
    "StateConformance",
    "Target",
    "__version__",
    "never",
    "notimpl",
    "notyet",
]

_HOMES = {
    "ConversationConformance": "conversation",
    "KnowledgeConformance": "knowledge",
    "StateConformance": "state",
    "Target": "target",
    **dict.fromkeys(("Deviation", "never", "notimpl", "notyet"), "policy"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
