"""Export and import of whole sessions, the same payload from every store: ``{"version": 1, "sessions": [...]}``.

Each session is in the form of PraisonAI's files, so that its import reads ours and ours reads its.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from praison_persist.errors import InvalidInputError, PersistError
from praison_persist.jsontext import encode
from praison_persist.validation import check_limit

from .protocols import ImportReport
from .recall import lineage_of
from .records import SessionData, check_session_id
from .store import SessionStore

__all__ = ["PortableMethods"]

VERSION = 1
_LIVE = ("gateway_session_id", "agent_id")


class PortableMethods(SessionStore):
    """`PortableSessionStoreProtocol` for a session store."""

    PORTABLE_VERSION = VERSION

    def export_session(self, session_id: str, *, include_lineage: bool = True) -> dict[str, Any]:
        """One session as a payload for `import_sessions`; without sessions for an unknown id.

        Args:
            include_lineage: with the sessions that it was forked from, and those of the same ``lineage_id``,
                ``root_session_id`` or ``thread_id``.
        """
        session = self._read(session_id, archive=True)
        if session is None:
            return _payload([])
        sessions = {session_id: session}
        if include_lineage:
            parent = session.parent_id
            while parent and parent not in sessions and (ancestor := self._read(parent, archive=True)) is not None:
                sessions[parent], parent = ancestor, ancestor.parent_id
            if (lineage := lineage_of(session)) is not None:
                for other in self._backing.sessions():
                    if lineage_of(other) == lineage:
                        sessions.setdefault(other.session_id, other)
        return _payload(list(sessions.values()))

    def export_all(self) -> dict[str, Any]:
        """Every session as a payload for `import_sessions`."""
        return _payload(list(self._backing.sessions()))

    def import_sessions(
        self,
        payload: Mapping[str, Any],
        *,
        max_sessions: int = 10_000,
        reset_live_fields: bool = True,
        overwrite: bool = False,
    ) -> ImportReport:
        """Store the sessions of a payload under their ids, as they are: retention begins with the next write.

        Every record is checked before the first is written, and a failing write takes back those before it. A record
        that is malformed, a duplicate, one too many, or whose id is taken is skipped and reported.

        Args:
            payload: of `export_session` or `export_all`, ours or PraisonAI's; also a single session.
            max_sessions: at most so many are stored.
            reset_live_fields: forget which session and agent of a gateway each was tied to.
            overwrite: replace sessions whose ids are taken.

        Raises:
            InvalidInputError: not a payload, or of a newer version.
            UnavailableError: a write failed; nothing is left of the import.
        """
        check_limit(max_sessions, "max_sessions")
        report = ImportReport(version=VERSION)
        sessions = _checked(_records(payload), report, max_sessions)
        before: list[tuple[str, SessionData | None]] = []
        try:
            for session in sessions:
                if reset_live_fields:
                    session.gateway_session_id = session.agent_id = None
                    session.metadata = {k: v for k, v in session.metadata.items() if k not in _LIVE}
                known = self._read(session.session_id, archive=True)
                if self._backing.insert(session, overwrite=overwrite):
                    before.append((session.session_id, known))
                    report.imported += 1
                else:
                    _skip(report, session.session_id, "already exists (use overwrite)")
        except PersistError:
            for session_id, known in reversed(before):
                if known is None:
                    self._backing.delete(session_id)
                else:
                    self._backing.insert(known, overwrite=True)
            raise
        return report


def _payload(sessions: list[SessionData]) -> dict[str, Any]:
    return {"version": VERSION, "sessions": [session.to_dict() for session in sessions]}


def _records(payload: Any) -> list[Any]:
    if not isinstance(payload, Mapping):
        raise InvalidInputError(f"an export is a mapping, not {type(payload).__name__}")
    version = payload.get("version")
    if isinstance(version, int) and version > VERSION:
        raise InvalidInputError(
            f"the export has version {version}, this release reads {VERSION}", hint="upgrade praison-persist-agents"
        )
    if "sessions" not in payload and "session_id" in payload:
        return [payload]
    records = payload.get("sessions")
    if not isinstance(records, list):
        raise InvalidInputError("an export has a list of sessions under 'sessions'")
    return records


def _checked(records: list[Any], report: ImportReport, most: int) -> list[SessionData]:
    sessions: dict[str, SessionData] = {}
    for index, record in enumerate(records):
        named = record.get("session_id") if isinstance(record, Mapping) else None
        session_id = named if isinstance(named, str) else ""
        if len(sessions) >= most:
            _skip(report, session_id, f"max_sessions={most} cap reached")
            continue
        try:
            session = parse_session(record)
        except (PersistError, TypeError, ValueError, AttributeError) as exc:
            _skip(report, session_id, f"malformed record at index {index}: {getattr(exc, 'message', exc)}")
            continue
        if session.session_id in sessions:
            _skip(report, session_id, "duplicate in payload")
            continue
        sessions[session.session_id] = session
    return list(sessions.values())


def parse_session(record: Any) -> SessionData:
    """A session from an export, independent of it.

    Raises:
        InvalidInputError: it is none.
    """
    if not isinstance(record, Mapping):
        raise InvalidInputError("it is not a mapping")
    check_session_id(record.get("session_id"))
    for name in ("messages", "archived_messages"):
        entries = record.get(name, [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise InvalidInputError(f"{name} is not a list of messages")
    return SessionData.from_dict(json.loads(encode(dict(record), "session")))


def _skip(report: ImportReport, session_id: str, reason: str) -> None:
    report.skipped.append({"session_id": session_id, "reason": reason})
