"""Folder names of sessions: different ids never share one, on any file system. Pure text work."""

from __future__ import annotations

import hashlib

_KEPT = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")
_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))]
)
_LONGEST = 160


def folder_name(session_id: str) -> str:
    """A lower-case ASCII name of at most 160 characters, readable where the id allows it.

    Everything but lower-case letters, digits, ``-`` and ``_`` becomes ``%xx`` per UTF-8 byte, so that file systems
    that fold case or normalize Unicode still see different names; a long name ends in ``~`` and a SHA-256 instead.
    """
    name = "".join(
        character if character in _KEPT else "".join(f"%{byte:02x}" for byte in character.encode())
        for character in session_id
    )
    if name in _RESERVED:  # device names on Windows
        name = f"%{ord(name[0]):02x}{name[1:]}"
    if len(name) > _LONGEST:
        name = f"{name[:80]}~{hashlib.sha256(session_id.encode()).hexdigest()}"
    return name
