"""`DefaultSessionStore`: sessions as JSON files, in PraisonAI's format and place."""

from __future__ import annotations

import os
from pathlib import Path

from praison_persist.validation import check_positive

from .details import DetailMethods
from .folder import FolderBacking, Quarantined
from .mirror import Mirror
from .portable import PortableMethods
from .protocols import SessionMirrorProtocol
from .recall import RecallMethods
from .retention import DEFAULT_MAX_MESSAGES, Retention

__all__ = ["DefaultSessionStore", "default_session_dir"]


def default_session_dir() -> Path:
    """PraisonAI's directory of sessions, as of now.

    ``$PRAISONAI_HOME/sessions``; else ``~/.praisonai/sessions``, unless only ``~/.praison`` is there, or neither and
    ``$XDG_DATA_HOME`` is set (then ``$XDG_DATA_HOME/praisonai/sessions``).
    """
    if home := os.environ.get("PRAISONAI_HOME"):
        return Path(home).expanduser() / "sessions"
    usual, former = Path.home() / ".praisonai", Path.home() / ".praison"
    data = os.environ.get("XDG_DATA_HOME", "")
    if usual.exists():
        found = usual
    elif former.exists():
        found = former
    else:
        found = Path(data) / "praisonai" if Path(data).is_absolute() else usual
    return found / "sessions"


class DefaultSessionStore(RecallMethods, PortableMethods, DetailMethods):
    """Sessions as JSON files, one each, that PraisonAI reads and writes as well, at the same time if need be.

    Every read and every change takes the file as it is on disk, under a lock between processes; a change replaces the
    file whole and is on disk when it returns. A damaged file is moved aside (``*.corrupt-…``), reported in the log
    and in `quarantined`.

    Args:
        session_dir: default: `default_session_dir`. It is created by the first write.
        max_messages: the active window. What leaves it is archived, unless ``retention`` says otherwise.
        lock_timeout: seconds to wait for another process's lock. A message is never lost to it: it is parked, and
            `add_message` returns; other changes raise `OperationTimeoutError`.
        retention: ``"compact"`` (default), ``"truncate"`` (deletes), ``"keep_all"``.
        active_window: the same as ``max_messages``, and goes before it.
        mirror: is sent every message that was added, in the background.
        cache_maxsize: taken for PraisonAI's sake; nothing is cached.

    Raises:
        ConfigurationError, InvalidInputError: an option out of range.
    """

    def __init__(
        self,
        session_dir: str | os.PathLike[str] | None = None,
        max_messages: int = DEFAULT_MAX_MESSAGES,
        lock_timeout: float = 5.0,
        retention: str | None = None,
        active_window: int | None = None,
        mirror: SessionMirrorProtocol | None = None,
        cache_maxsize: int = 0,
    ) -> None:
        check_positive(lock_timeout, "lock_timeout")
        kept = Retention(max_messages if active_window is None else active_window, retention or "compact")
        directory = default_session_dir() if session_dir is None else Path(session_dir).expanduser()
        backing = FolderBacking(directory, kept, lock_timeout=lock_timeout)
        super().__init__(backing, mirror=None if mirror is None else Mirror(mirror))
        self._folder = backing

    @property
    def session_dir(self) -> str:
        """The directory."""
        return str(self._folder.directory)

    @property
    def quarantined(self) -> tuple[Quarantined, ...]:
        """The damaged files that this object moved aside."""
        return tuple(self._folder.quarantined)
