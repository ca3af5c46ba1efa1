"""One session on disk: a folder with its record (``session.json``) and its messages, and PraisonAI's file, if any.

The record names the message file, so replacing the record commits a change of both. Methods that write are called
under the session's lock. No contract here: no checks of arguments, no conflicts.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from praison_persist.errors import MigrationError
from praison_persist.jsontext import decode, is_utf8

from .files import create, lines_forward, replace, sync_directory, token
from .legacy import LegacySession, check_times, legacy_path, read_legacy, signature
from .log import LogCache, Message, MessageLog, damaged, frame, unframe
from .names import folder_name

RECORD = "session.json"
_FORMAT = "praison-persist-json/1"


@dataclass(frozen=True)
class Record:
    """The session's fields, and the name of the file that holds its messages."""

    session: dict[str, Any]
    messages: str


class SessionFolder:
    """The place of one session in a store's directory; nothing is opened until asked.

    Args:
        directory: the store's.
        session_id: checked before.
        pretty: indent the record.
        logs: what the process knows of message files.
    """

    def __init__(self, directory: Path, session_id: str, *, pretty: bool, logs: LogCache) -> None:
        self._directory = directory
        self._session_id = session_id
        self._pretty = pretty
        self._logs = logs
        self.path = directory / folder_name(session_id)
        self.legacy_path = legacy_path(directory, session_id)

    # -- reading, without a lock ---------------------------------------------------------------------------------

    def exists(self) -> bool:
        """Whether the session has a record or a file of PraisonAI, readable or not."""
        return (self.path / RECORD).exists() or self.has_legacy()

    def has_legacy(self) -> bool:
        """Whether PraisonAI's file is there."""
        return self.legacy_path is not None and self.legacy_path.exists()

    def needs_merge(self) -> bool:
        """Whether PraisonAI wrote to a session that was converted, or a crash interrupted its conversion."""
        return self.has_legacy() and (self.path / RECORD).exists()

    def record(self) -> Record | None:
        """The record, or None where there is none."""
        record = read_record(self.path)
        if record is not None and record.session.get("session_id") != self._session_id:
            raise damaged(self.path / RECORD, f"it is of session {record.session.get('session_id')!r}")
        return record

    def legacy(self) -> LegacySession | None:
        """The contents of PraisonAI's file."""
        return None if self.legacy_path is None else read_legacy(self.legacy_path, self._session_id)

    @contextmanager
    def messages(self) -> Generator[tuple[Path, BinaryIO] | None]:
        """The message file, open for reading as it is now; None where the session has no record."""
        record = self.record()
        while record is not None:
            path = self.path / record.messages
            try:
                file = path.open("rb")
            except FileNotFoundError:
                again = self.record()
                if again == record:
                    raise damaged(path, "it does not exist any more") from None
                record = again  # rewritten or deleted between the two steps
                continue
            with file:
                yield path, file
            return
        yield None

    # -- writing, under the lock ---------------------------------------------------------------------------------

    def log(self, record: Record) -> MessageLog:
        """What this process knows of the messages."""
        return self._logs.get(self.path / record.messages)

    def create(self, session: dict[str, Any], messages: Iterable[Message] = ()) -> None:
        """A new session; what a crash left of an earlier attempt is swept away."""
        if self.path.exists():
            shutil.rmtree(self.path)
        self.path.mkdir(parents=True)
        self._commit(session, (frame([_dump(message)]) for message in messages))
        sync_directory(self._directory)

    def update(self, record: Record, session: dict[str, Any]) -> None:
        """Replace the session's fields."""
        self._write_record(Record(session, record.messages))

    def remove(self, record: Record, ids: frozenset[str] | None) -> int:
        """Rewrite the messages without those of the ids (None: without any), and drop what PraisonAI had of them."""
        path = self.path / record.messages
        removed = 0

        def kept(file: BinaryIO) -> Iterator[bytes]:
            nonlocal removed
            for offset, line in lines_forward(file):
                messages = unframe(path, offset, line)
                left = [message for message in messages if ids is not None and message.get("id") not in ids]
                removed += len(messages) - len(left)
                if left:
                    yield line + b"\n" if len(left) == len(messages) else frame([_dump(message) for message in left])

        with self.log(record).opened() as file:
            if ids is not None and not any(id_ in self.log(record) for id_ in ids):
                return 0
            self._commit(record.session, kept(file))
        return removed

    def delete(self) -> None:
        """Delete everything; the session is gone once its record is."""
        if self.legacy_path is not None and self.has_legacy():
            self.legacy_path.unlink()  # first: without a record beside it, it would be the session again
        if self.path.exists():
            (self.path / RECORD).unlink(missing_ok=True)
            sync_directory(self.path)
            shutil.rmtree(self.path)
        sync_directory(self._directory)

    def adopt(self) -> None:
        """Take over PraisonAI's file: convert it, or add what it has to a session that was converted before.

        Safe to repeat after a crash at any point: messages are told apart by id, and the file is moved last.
        """
        found = self.legacy()
        if found is None or self.legacy_path is None:
            return
        if (record := self.record()) is None:
            self.create(found.session, found.messages)
        else:
            self._merge(record, found)
        moved = self.path / f"praisonai-{token()}.json"
        self.legacy_path.rename(moved)
        sync_directory(self.path)
        sync_directory(self._directory)
        if signature(moved.stat()) != found.signature:  # PraisonAI, which takes no lock, wrote in between
            late = read_legacy(moved, self._session_id)
            current = self.record()
            if late is not None and current is not None:
                self._merge(current, late)

    def _merge(self, record: Record, found: LegacySession) -> None:
        log = self.log(record)
        with log.opened() as file:
            new = [{message["id"]: _dump(message)} for message in found.messages if message["id"] not in log]
            if new:
                log.append(file, new)

    def _commit(self, session: dict[str, Any], lines: Iterable[bytes]) -> None:
        """A new message file, then the record that names it, then away with all the others."""
        record = Record(session, f"messages-{token()}.jsonl")
        create(self.path / record.messages, lines)
        self._write_record(record)
        for path in self.path.iterdir():
            if path.name not in (RECORD, record.messages):
                path.unlink()

    def _write_record(self, record: Record) -> None:
        document = {"format": _FORMAT, "messages": record.messages, "session": record.session}
        replace(self.path / RECORD, _dump(document, indent=2 if self._pretty else None).encode() + b"\n")


def read_record(folder: Path) -> Record | None:
    """The record in a folder, or None where there is none.

    Raises:
        SerializationError: damaged.
        MigrationError: written by a newer release.
    """
    path = folder / RECORD
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        document: Any = decode(content, "session")
    except ValueError as exc:
        raise damaged(path, str(exc)) from exc
    if not isinstance(document, dict):
        raise damaged(path, "it holds no JSON object")
    fields = cast("dict[str, Any]", document)
    if fields.get("format") != _FORMAT:
        raise MigrationError(
            f"{str(path)!r} has the format {fields.get('format')!r}, this release reads {_FORMAT!r}",
            hint="upgrade praison-persist-json",
        )
    session, messages = fields.get("session"), fields.get("messages")
    if not isinstance(session, dict) or not isinstance(messages, str) or "/" in messages or "\\" in messages:
        raise damaged(path, "it names no session or no message file")
    check_times(path, [session], "updated_at")
    return Record(cast("dict[str, Any]", session), messages)


def _dump(value: Any, *, indent: int | None = None) -> str:
    """JSON text of what was checked before, or of what PraisonAI wrote, which may hold what JSON does not, as NaN."""
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    return text if is_utf8(text) else json.dumps(value, indent=indent, separators=separators)
