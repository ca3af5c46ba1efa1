"""`HierarchicalSessionStore`: `DefaultSessionStore` with forks, snapshots and reverts."""

from __future__ import annotations

from .default import DefaultSessionStore
from .hierarchy import HierarchyMethods

__all__ = ["HierarchicalSessionStore"]


class HierarchicalSessionStore(HierarchyMethods, DefaultSessionStore):
    """Session files with parents, children and snapshots, which `DefaultSessionStore` keeps when it writes them.

    A snapshot is a copy of the whole transcript inside the session's file (messages that several share stand there
    once), so every write of a session with snapshots of a long archive is larger.
    """
