"""File names of sessions: PraisonAI's where an id is its own name, else one that no other id has. Pure text work."""

from __future__ import annotations

import hashlib
import re

__all__ = ["exclusive_name", "is_plain", "praisonai_name"]

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,128}")
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))]
)


def is_plain(session_id: str) -> bool:
    """Whether the id is its own file name, as in PraisonAI."""
    return _PLAIN.fullmatch(session_id) is not None and session_id.lower() not in _DEVICES


def praisonai_name(session_id: str) -> str:
    """The file that PraisonAI uses for an id; ids that differ may share it."""
    return "".join(char if char.isalnum() or char in "-_" else "_" for char in session_id) + ".json"


def exclusive_name(session_id: str) -> str:
    """A file that no other id has, readable where the id allows it: ``bot_alice~1f0c….json``."""
    slug = re.sub(r"[^a-z0-9_-]+", "_", session_id.lower())[:60]
    return f"{slug}~{hashlib.sha256(session_id.encode()).hexdigest()[:32]}.json"
