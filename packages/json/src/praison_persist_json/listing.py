"""The sessions of a directory, without reading a message of those in this package's format."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from praison_persist.conversation import ConversationSession
from praison_persist.errors import PersistError

from .folder import RECORD, read_record
from .legacy import INDEX, Signature, read_legacy, signature
from .names import folder_name

_logger = logging.getLogger(__name__)


class Listing:
    """Reads session records; PraisonAI's files, which hold messages too, only when they changed.

    Args:
        directory: the store's; it need not exist.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._legacy: dict[Path, tuple[Signature, dict[str, Any] | None]] = {}

    def sessions(self) -> Iterator[ConversationSession]:
        """Every session, in no order; a damaged one is left out and logged, so that it does not hide the others."""
        try:
            paths = list(self._directory.iterdir())
        except FileNotFoundError:
            return
        for path in paths:
            if path.name.startswith(".") or path.name == INDEX:
                continue
            try:
                session = self._session(path)
            except PersistError as error:
                _logger.warning("left out of the list of sessions: %s", error)
                continue
            if session is not None:
                yield session

    def _session(self, path: Path) -> ConversationSession | None:
        if path.suffix == ".json":
            return self._legacy_session(path)
        record = read_record(path)
        return None if record is None else ConversationSession.from_dict(record.session)

    def _legacy_session(self, path: Path) -> ConversationSession | None:
        session_id = path.name.removesuffix(".json")
        if (self._directory / folder_name(session_id) / RECORD).exists():
            return None  # converted; what PraisonAI added since is merged when the session is opened
        try:
            now = signature(path.stat())
        except FileNotFoundError:
            return None
        known = self._legacy.get(path)
        if known is None or known[0] != now:
            found = read_legacy(path, session_id)
            known = self._legacy[path] = (now, None if found is None else found.session)
        return None if known[1] is None else ConversationSession.from_dict(json.loads(json.dumps(known[1])))
