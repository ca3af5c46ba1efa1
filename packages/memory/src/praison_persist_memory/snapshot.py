"""The file of a state table: locked against other processes, read whole, replaced atomically.

The format is PraisonAI's ({"data": …, "ttls": …}) with one addition, "hashes": {key: true or false} tells a hash from
a value that is a mapping. No expiry logic here beyond skipping what has expired on disk.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

from praison_persist.errors import SerializationError, UnavailableError
from praison_persist.filelocks import lock, unlock

_HELD = "close the store there first; for a state file that several processes share use sqlite or redis"


class Entry(NamedTuple):
    """What a key holds: the JSON text of a value, or the JSON texts of a hash's fields.

    Both are present for a mapping that PraisonAI wrote, which does not tell them apart, until the next write decides.
    ``expires`` is in seconds since the epoch, or None.
    """

    value: str | None
    fields: dict[str, str] | None
    expires: float | None


class SnapshotFile:
    """A state file held by this process until `close`.

    Raises:
        UnavailableError: another process holds it, or the directory cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = lock(path.with_name(path.name + ".lock"), hint=_HELD)
        except OSError as exc:
            raise UnavailableError(
                f"the state file {str(path)!r} cannot be opened: {exc}", hint="check the path and its permissions"
            ) from exc

    def read(self) -> dict[str, Entry]:
        """The live entries; {} where the file does not exist.

        Raises:
            SerializationError: damaged, or another format.
        """
        try:
            text = self.path.read_text("utf-8")
        except FileNotFoundError:
            return {}
        except OSError as exc:
            raise UnavailableError(f"the state file {str(self.path)!r} cannot be read: {exc}") from exc
        except ValueError as exc:
            raise self._damaged(str(exc)) from exc
        try:
            return _parse(json.loads(text))
        except (ValueError, TypeError, RecursionError) as exc:
            raise self._damaged(str(exc)) from exc

    def write(self, entries: Mapping[str, Entry]) -> None:
        """Replace the file; it is on disk when this returns, and as it was if this raises.

        Raises:
            UnavailableError: the disk is full, or the directory is not writable any more.
        """
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        try:
            try:
                with temporary.open("w", encoding="utf-8", newline="\n") as stream:
                    stream.write(_format(entries))
                    stream.flush()
                    os.fsync(stream.fileno())
                if self.path.exists():
                    temporary.chmod(self.path.stat().st_mode & 0o7777)
                temporary.replace(self.path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            _sync_directory(self.path.parent)
        except OSError as exc:
            raise UnavailableError(
                f"the state file {str(self.path)!r} cannot be written: {exc}",
                hint="check free space and permissions of its directory, then repeat the call",
            ) from exc

    def close(self) -> None:
        """Let other processes have the file."""
        unlock(self._lock)

    def _damaged(self, reason: str) -> SerializationError:
        return SerializationError(
            f"the state file {str(self.path)!r} cannot be read: {reason}",
            hint="it was left as it is: restore it from a backup, or move it away to start empty",
        )


def _parse(document: Any) -> dict[str, Entry]:
    if not isinstance(document, dict):
        raise TypeError("it holds no JSON object")
    parts = cast("dict[str, Any]", document)
    data, ttls, hashes = (parts.get(name, {}) for name in ("data", "ttls", "hashes"))
    if not (isinstance(data, dict) and isinstance(ttls, dict) and isinstance(hashes, dict)):
        raise TypeError("'data', 'ttls' and 'hashes' must be JSON objects")
    now = time.time()
    entries: dict[str, Entry] = {}
    for key, value in cast("dict[str, Any]", data).items():
        expires = cast("dict[str, Any]", ttls).get(key)
        if expires is not None and float(expires) <= now:
            continue
        kind = cast("dict[str, Any]", hashes).get(key)
        fields = None
        if isinstance(value, dict) and value and kind is not False:
            fields = {field: _dump(item) for field, item in cast("dict[str, Any]", value).items()}
        text = None if kind is True and fields is not None else _dump(value)
        entries[key] = Entry(text, fields, None if expires is None else float(expires))
    return entries


def _format(entries: Mapping[str, Entry]) -> str:
    data: list[str] = []
    ttls: dict[str, float] = {}
    hashes: dict[str, bool] = {}
    for key, entry in entries.items():
        if entry.value is None:
            pairs = ",".join(f"{_dump(field)}:{text}" for field, text in (entry.fields or {}).items())
            text = f"{{{pairs}}}"
            hashes[key] = True
        else:
            text = entry.value
            if entry.fields is None and text.startswith("{"):
                hashes[key] = False
        data.append(f"{_dump(key)}:{text}")
        if entry.expires is not None:
            ttls[key] = entry.expires
    lines = ",\n".join(data)
    return f'{{"data":{{\n{lines}\n}},\n"ttls":{_dump(ttls)},\n"hashes":{_dump(hashes)}}}\n'


def _dump(value: Any) -> str:
    """JSON text of what a file held, also of what the contract would refuse, such as NaN: reading must not lose it."""
    return json.dumps(value, separators=(",", ":"))


def _sync_directory(path: Path) -> None:
    if os.name == "posix":  # elsewhere a directory cannot be opened; replacing is durable without it
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
