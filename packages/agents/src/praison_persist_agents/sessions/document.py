"""A session's file: PraisonAI's JSON, one message per line, what a list of sessions needs at the beginning. No I/O.

One key is ours, ``praison_persist``: how many messages follow, and where the rest of the archive is. PraisonAI drops
it when it writes the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from praison_persist.jsontext import is_utf8

from .records import SessionData

__all__ = ["OURS", "Document", "dump", "id_at_start", "is_session", "parse", "parse_head"]

OURS = "praison_persist"

_ID = re.compile(rb'\s*\{\s*"session_id"\s*:\s*("(?:[^"\\]|\\.)*")')
_MESSAGES = b'"messages": ['


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says.

    Attributes:
        ours: our own key; None in a file that PraisonAI wrote last.
    """

    session: SessionData
    ours: dict[str, Any] | None


def dump(session: SessionData, archive: dict[str, Any] | None) -> bytes:
    """The file of a session.

    Args:
        archive: where the older part of the archive is, or None.
    """
    data = session.to_dict(pooled=True)
    messages, archived = data.pop("messages"), data.pop("archived_messages")
    late = {name: data.pop(name) for name in ("snapshots", "snapshot_storage") if name in data}
    head = {
        "session_id": data.pop("session_id"),
        OURS: {"message_count": len(messages), "archive": archive},
        **data,
    }
    lines = [f"{_text(name)}: {_text(value)}" for name, value in head.items()]
    lines.append('"messages": ' + _lines(messages))
    lines.append('"archived_messages": ' + _lines(archived))
    lines.extend(f"{_text(name)}: {_text(value)}" for name, value in late.items())
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _lines(items: Iterable[Any]) -> str:
    texts = ",\n".join(map(_text, items))
    return f"[\n{texts}\n]" if texts else "[]"


def _text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if is_utf8(text) else json.dumps(value)


def parse(content: bytes) -> Document | None:
    """What a file says; None where it is JSON of something else.

    Raises:
        ValueError: it is not JSON.
        SerializationError: its snapshots are damaged.
    """
    data = json.loads(content)
    if not is_session(data):
        return None
    ours = data.pop(OURS, None)
    return Document(SessionData.from_dict(data), ours if isinstance(ours, dict) else None)


def is_session(data: Any) -> bool:
    """Whether the contents of a JSON file are a session."""
    return isinstance(data, dict) and isinstance(data.get("messages"), list) and "session_id" in data


def id_at_start(start: bytes) -> str | None:
    """The session id, if the file starts with it, as ours and PraisonAI's do."""
    found = _ID.match(start)
    if found is None:
        return None
    try:
        return str(json.loads(found[1]))
    except ValueError:
        return None


def parse_head(lines: Iterable[bytes]) -> dict[str, Any] | None:
    """What stands before the messages, with ``message_count``; None where we did not write the file last.

    Args:
        lines: of the file, read no further than needed.
    """
    parts: list[bytes] = []
    for number, line in enumerate(lines):
        if number == 2 and not line.startswith(b'"%s": ' % OURS.encode()):
            return None
        if line.startswith(_MESSAGES):
            break
        parts.append(line)
    else:
        return None
    try:
        head: dict[str, Any] = json.loads(b"".join(parts).rstrip().rstrip(b",") + b"}")
        head["message_count"] = head.pop(OURS)["message_count"]
    except (ValueError, KeyError, TypeError):
        return None
    return head
