"""Search in past sessions: substring and word matches over archive and window. It reads; it never writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from praison_persist.validation import check_limit

from .protocols import SessionHit, SessionSummary
from .records import SessionData, SessionMessage
from .retention import spoken
from .store import SessionStore

__all__ = ["RecallMethods", "lineage_of"]

_BOOKENDS = 2
_SNIPPET = 120
_AUTOMATED = frozenset({"scheduled", "automated", "cron", "system", "batch"})
_DEMOTION = 0.25


class RecallMethods(SessionStore):
    """`SearchableSessionStoreProtocol` for a session store."""

    def search(self, query: str, *, limit: int = 5, window: int = 5) -> list[SessionHit]:
        """The sessions that match best, by whole query and by word; case is ignored, archived messages count.

        Sessions of one lineage (``lineage_id``, ``root_session_id`` or ``thread_id`` in the metadata) are one hit;
        those of machines (``source`` "cron" and the like) rank lower.

        Args:
            limit: most hits.
            window: messages on each side of the match.
        """
        check_limit(limit)
        check_limit(window, "window")
        needle = " ".join((query or "").lower().split())
        if not needle:
            return []
        hits = [
            (hit, lineage_of(session))
            for session in self._backing.sessions()
            if (hit := _search(session, needle, window)) is not None
        ]
        hits.sort(key=lambda found: (found[0].score, found[0].when or ""), reverse=True)
        seen: set[str] = set()
        best: list[SessionHit] = []
        for hit, lineage in hits:
            if lineage is not None and lineage in seen:
                continue
            if lineage is not None:
                seen.add(lineage)
            best.append(hit)
        return best[:limit]

    def window(self, session_id: str, around_message_id: str | None = None, *, window: int = 5) -> list[dict[str, Any]]:
        """The messages around one, each with its ``index`` and whether it is ``archived``.

        Args:
            around_message_id: an index, as `search` gives it in ``anchor_index``; None or no number: the last one.
            window: messages on each side.
        """
        check_limit(window, "window")
        session = self._read(session_id, archive=True)
        entries = [] if session is None else _entries(session)
        if not entries:
            return []
        text = str(around_message_id).strip()
        anchor = int(text) if text.lstrip("-").isdecimal() else len(entries) - 1
        return _around(entries, max(0, min(anchor, len(entries) - 1)), window)

    def recent(self, *, limit: int = 10) -> list[SessionSummary]:
        """The sessions that were used last."""
        return [
            SessionSummary(
                row["session_id"],
                row["title"] or row["agent_name"] or row["session_id"],
                row["updated_at"] or row["created_at"],
                row["message_count"],
            )
            for row in self.list_sessions(limit)
        ]


def lineage_of(session: SessionData) -> str | None:
    """What a session has in common with those that it continues, or None."""
    found = (session.metadata.get(name) or session.extra.get(name) for name in _LINEAGE)
    return next((str(value) for value in found if value), None)


_LINEAGE = ("lineage_id", "root_session_id", "thread_id")


def _entries(session: SessionData) -> list[tuple[int, SessionMessage, bool]]:
    archived = [(message, True) for message in session.archived_messages]
    active = [(message, False) for message in session.messages if not (archived and message.is_summary)]
    return [(index, message, old) for index, (message, old) in enumerate([*archived, *active])]


def _search(session: SessionData, needle: str, window: int) -> SessionHit | None:
    entries = _entries(session)
    words = needle.split()
    total, best, anchor = 0.0, 0.0, -1
    for index, message, _ in entries:
        text = " ".join(spoken(message).lower().split())
        score = 2.0 * (needle in text) + sum(word in text for word in words)
        total += score
        if score > best:
            best, anchor = score, index
    if anchor < 0:
        return None
    if str(session.metadata.get("source") or "").lower() in _AUTOMATED or session.metadata.get("automated") is True:
        total *= _DEMOTION
    return SessionHit(
        session_id=session.session_id,
        title=_title(session, entries),
        when=session.updated_at,
        snippet=_snippet(spoken(entries[anchor][1]), needle),
        score=total,
        anchor_index=anchor,
        messages=_around(entries, anchor, window),
        bookends=_bookends(entries),
    )


def _around(entries: Sequence[tuple[int, SessionMessage, bool]], anchor: int, window: int) -> list[dict[str, Any]]:
    return [_shown(*entry) for entry in entries[max(0, anchor - window) : anchor + window + 1]]


def _shown(index: int, message: SessionMessage, archived: bool) -> dict[str, Any]:
    return {
        "index": index,
        "role": message.role,
        "content": message.content,
        "timestamp": message.timestamp,
        "archived": archived,
    }


def _bookends(entries: Sequence[tuple[int, SessionMessage, bool]]) -> dict[str, list[dict[str, Any]]]:
    talk = [_shown(*entry) for entry in entries if entry[1].role in ("user", "assistant")]
    if not talk:
        return {}
    return {"opening": talk[:_BOOKENDS], "closing": talk[_BOOKENDS:][-_BOOKENDS:]}


def _title(session: SessionData, entries: Sequence[tuple[int, SessionMessage, bool]]) -> str:
    named = session.metadata.get("title") or session.title or session.agent_name
    if named:
        return str(named)
    asked = next((spoken(message) for _, message, _ in entries if message.role == "user" and spoken(message)), "")
    return " ".join(asked.split())[:60] or session.session_id


def _snippet(content: str, needle: str) -> str:
    text = " ".join(content.split())
    found = (text.lower().find(part) for part in (needle, *needle.split()))
    start = max(0, next((place for place in found if place >= 0), 0) - _SNIPPET // 2)
    end = start + _SNIPPET
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")
