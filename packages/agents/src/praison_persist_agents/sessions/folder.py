"""Sessions in a directory that PraisonAI may share: a file each, read and replaced under PraisonAI's own lock file.

Nothing is created until something is written. No retention policy and no search here.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeVar

from praison_persist.errors import OperationTimeoutError, PersistError, UnavailableError

from .archive import INLINE, Archive, archive_of, archives, forget_archives
from .backing import Backing, starts_with
from .document import dump, id_at_start, is_session, parse, parse_head
from .files import locked, make_directory, replace, sync_directory
from .names import exclusive_name, is_plain, praisonai_name
from .parking import Parked, Parking
from .records import SessionData, SessionMessage, now
from .retention import Retention

__all__ = ["FolderBacking", "Quarantined"]

T = TypeVar("T")

_logger = logging.getLogger(__name__)

_START = 8192


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A session file that could not be read and was put aside."""

    session_id: str
    path: Path
    reason: str


@dataclass(slots=True)
class _Stored:
    """What a write needs to know of what is on disk."""

    session: SessionData
    archive: Archive | None = None
    parked: list[Parked] = field(default_factory=list)
    exists: bool = True


class FolderBacking(Backing):
    """See `Backing`.

    Args:
        directory: of the files; created by the first write.
        lock_timeout: seconds to wait for another process. A message that cannot wait longer is put into a file of
            its own, and the next writer takes it in; other changes raise `OperationTimeoutError`.

    Attributes:
        quarantined: the damaged files that this object put aside.
    """

    def __init__(self, directory: Path, retention: Retention, *, lock_timeout: float) -> None:
        super().__init__(retention)
        self.directory = directory
        self.lock_timeout = lock_timeout
        self.quarantined: list[Quarantined] = []
        self._parking = Parking(directory)

    def __repr__(self) -> str:
        return repr(str(self.directory))

    # -- contract ------------------------------------------------------------------------------------------------

    def read(self, session_id: str, *, archive: bool = False) -> SessionData | None:
        with self._errors("read"):
            path = self._path(session_id)
            if not path.exists() and not self._parking.of(session_id):
                return None
            try:
                with self._held(session_id) as path:
                    return self._read(path, session_id, archive)
            except OperationTimeoutError:  # files are replaced whole, so what is there can be read all the same
                return self._read(path, session_id, archive)

    def modify(
        self,
        session_id: str,
        change: Callable[[SessionData], T],
        *,
        operation: str,
        create: bool = True,
        archive: bool = False,
        retain: bool = True,
    ) -> T | None:
        with self._errors(operation):
            if not create and not self.exists(session_id):
                return None
            make_directory(self.directory)
            with self._held(session_id) as path:
                stored = self._load(path, session_id)
                session = stored.session
                if not create and not stored.exists and not session.messages:
                    return None
                older = stored.archive.read(path) if archive and stored.archive else []
                session.archived_messages = [*older, *session.archived_messages]
                result = change(session)
                if retain:
                    self.retention.apply(session)
                if session.cleared or not starts_with(session.archived_messages, older):
                    stored.archive = None
                else:
                    session.archived_messages = session.archived_messages[len(older) :]
                self._save(path, stored)
                return result

    def append(self, session_id: str, messages: Sequence[SessionMessage]) -> None:
        def change(session: SessionData) -> None:
            session.messages = [*session.messages, *messages]
            session.updated_at = now()

        try:
            self.modify(session_id, change, operation="add_message")
        except OperationTimeoutError as error:
            with self._errors("add_message"):
                self._parking.park(session_id, messages)
            _logger.warning("%s; the message is kept in .parked until the session is written next", error.message)

    def insert(self, session: SessionData, *, overwrite: bool) -> bool:
        with self._errors("import_sessions"):
            make_directory(self.directory)
            with self._held(session.session_id) as path:
                stored = self._load(path, session.session_id)
                if (stored.exists or stored.parked) and not overwrite:
                    return False
                self._save(path, _Stored(session, None, stored.parked))
                return True

    def delete(self, session_id: str) -> bool:
        with self._errors("delete_session"):
            if not self.exists(session_id):
                return False
            with self._held(session_id) as path:
                self._parking.done(self._parking.of(session_id))
                forget_archives(path)  # before the file, so that nothing is left without it
                path.unlink(missing_ok=True)
                sync_directory(self.directory)
                return True

    def exists(self, session_id: str) -> bool:
        with self._errors("session_exists"):
            return self._path(session_id).exists() or bool(self._parking.of(session_id))

    def heads(self) -> Iterator[dict[str, Any]]:
        with self._errors("list_sessions"):
            parked = self._parking.session_ids()
            for path in self._files():
                head = self._head(path)
                # A file under the name of another id is PraisonAI's, or a copy that somebody made.
                if head is not None and self._path(head["session_id"]) == path:
                    parked.discard(head["session_id"])
                    yield head
            for session_id in sorted(parked):
                session = self.read(session_id)
                if session is not None:
                    yield {**session.head(), "message_count": len(session.messages)}

    # -- which file ----------------------------------------------------------------------------------------------

    def _path(self, session_id: str) -> Path:
        """The session's file, be it there or not."""
        exclusive = self.directory / exclusive_name(session_id)
        if exclusive.exists():
            return exclusive
        shared = self.directory / praisonai_name(session_id)
        plain = is_plain(session_id)
        try:
            owner = self._owner(shared)
        except FileNotFoundError:
            return shared if plain else exclusive
        except OSError as exc:
            if plain:
                raise
            _logger.debug("%s cannot be read: %s", shared, exc)  # a name that is too long, for instance
            return exclusive
        return shared if owner == session_id or (plain and owner is None) else exclusive

    @staticmethod
    def _owner(path: Path) -> str | None:
        """The id of the session in a file, ``""`` for something else, None for a damaged file."""
        with path.open("rb") as file:
            start = file.read(_START)
            if (found := id_at_start(start)) is not None:
                return found or None
            content = start + file.read()
        try:
            data = json.loads(content)
        except ValueError:
            return None
        return (str(data["session_id"]) or None) if is_session(data) else ""

    @contextmanager
    def _held(self, session_id: str) -> Generator[Path]:
        """The session's file, locked."""
        while True:
            path = self._path(session_id)
            with locked(path, self.lock_timeout):
                if self._path(session_id) == path:
                    yield path
                    return

    def _files(self) -> list[Path]:
        try:
            return [p for p in self.directory.iterdir() if p.suffix == ".json" and not p.name.startswith(".")]
        except FileNotFoundError:
            return []

    # -- contents ------------------------------------------------------------------------------------------------

    def _load(self, path: Path, session_id: str) -> _Stored:
        """The session with what is parked for it, under the lock."""
        parked = self._parking.of(session_id)
        stored = _Stored(SessionData(session_id), parked=parked, exists=False)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            content = None
        if content is not None:
            try:
                document = parse(content)
                reason = "it holds no session"
            except ValueError as exc:
                if isinstance(exc, PersistError):
                    raise
                document, reason = None, f"it is not valid JSON ({exc})"
            if document is None:
                self._quarantine(path, session_id, reason)
            else:
                document.session.session_id = session_id
                archive = archive_of(path, document.session, document.ours)
                stored = _Stored(document.session, archive, parked)
        session = stored.session
        known = {(m.timestamp, m.role) for m in (*session.messages, *session.archived_messages)} if parked else set()
        for item in parked:  # a crash may have left what was taken in already
            session.messages = [*session.messages, *(m for m in item.messages if (m.timestamp, m.role) not in known)]
        return stored

    def _read(self, path: Path, session_id: str, archive: bool) -> SessionData | None:
        stored = self._load(path, session_id)
        session = stored.session
        if not stored.exists and not session.messages:
            return None
        self.retention.apply(session)
        older = stored.archive.read(path) if archive and stored.archive else []
        session.archived_messages = [*older, *session.archived_messages] if archive else []
        return session

    def _save(self, path: Path, stored: _Stored) -> None:
        session, archive = stored.session, stored.archive
        inline = session.archived_messages
        if len(inline) > INLINE:
            archive = Archive.extended(archive, path, session, inline)
            session.archived_messages = []
        replace(path, dump(session, archive.to_dict() if archive else None))
        self._parking.done(stored.parked)
        if archive is None or archive != stored.archive:
            forget_archives(path, archive)

    def _quarantine(self, path: Path, session_id: str, reason: str) -> None:
        stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S%f")
        aside = path.with_name(f"{path.name}.corrupt-{stamp}")
        try:
            path.rename(aside)
        except FileNotFoundError:  # another process did it
            return
        older = archives(path)
        if older.exists():
            older.rename(older.with_name(f"{older.name}.corrupt-{stamp}"))
        self.quarantined.append(Quarantined(session_id, aside, reason))
        _logger.error(
            "the file of session %r was damaged: %s. It was moved to %s, and the session starts empty",
            session_id,
            reason,
            aside,
        )

    def _head(self, path: Path) -> dict[str, Any] | None:
        try:
            with path.open("rb") as file:
                head = parse_head(file)
                if head is not None:
                    return head
                file.seek(0)
                document = parse(file.read())
        except FileNotFoundError:
            return None
        except ValueError as exc:
            _logger.warning("left out of the list of sessions: %s (%s)", path, exc)
            return None
        if document is None or not document.session.session_id:
            return None
        return {**document.session.head(), "message_count": len(document.session.messages)}

    @contextmanager
    def _errors(self, operation: str) -> Generator[None]:
        try:
            yield
        except PersistError as error:
            error.backend = error.backend or self.backend
            error.operation = error.operation or operation
            raise
        except OSError as exc:
            raise UnavailableError(
                f"the directory of sessions {str(self.directory)!r} cannot be used: {exc}",
                backend=self.backend,
                operation=operation,
                hint="check that it exists, its permissions, and that the disk is not full",
            ) from exc
