"""Snapshots of a transcript, and PraisonAI's form of them in files, where equal messages stand once.

Data only: taking and restoring them is `hierarchy`.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from praison_persist.errors import SerializationError

__all__ = ["SessionSnapshot", "pool", "unpool"]

_LISTS = ("messages", "archived_messages")
_VALUE = "last_compaction"


@dataclass(slots=True)
class SessionSnapshot:
    """A session's transcript at one moment.

    Attributes:
        message_index: of the last message then; -1 for none.
        created_at: seconds since the epoch.
        transcript: ``messages``, ``archived_messages`` and ``last_compaction`` as in files; None in snapshots of old
            releases of PraisonAI, which only have the index.
        invalidated: the index does not point at that message any more.
    """

    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    session_id: str = ""
    message_index: int = -1
    created_at: float = field(default_factory=time.time)
    label: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    transcript: dict[str, Any] | None = None
    invalidated: bool = False

    def to_dict(self) -> dict[str, Any]:
        """A JSON mapping with the whole transcript."""
        data = {name: getattr(self, name) for name in self.__slots__}
        if self.transcript is None:
            del data["transcript"]
        if not self.invalidated:
            del data["invalidated"]
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SessionSnapshot:
        """A snapshot from `to_dict`'s form; unknown keys are dropped."""
        return cls(**{name: data[name] for name in cls.__slots__ if name in data})


def pool(snapshots: Sequence[SessionSnapshot]) -> dict[str, Any]:
    """The keys ``snapshots`` and ``snapshot_storage`` of a file."""
    records: dict[str, Any] = {}
    keys: dict[str, str] = {}

    def intern(value: Any) -> str:
        text = json.dumps(value, sort_keys=True)
        if text not in keys:
            keys[text] = str(len(keys))
            records[keys[text]] = value
        return keys[text]

    headers: list[dict[str, Any]] = []
    for snapshot in snapshots:
        header = snapshot.to_dict()
        transcript = header.pop("transcript", None)
        if transcript is not None:
            header["transcript_refs"] = {
                **{name: {"items": [intern(item) for item in transcript[name]]} for name in _LISTS},
                _VALUE: {"value": intern(transcript[_VALUE])},
            }
            # A reader that only knows the index has to refuse it rather than restore something else.
            header["invalidated"] = True
            header["transcript_invalidated"] = snapshot.invalidated
        headers.append(header)
    return {"snapshots": headers, "snapshot_storage": {"version": 1, "records": records}}


def unpool(data: Mapping[str, Any]) -> list[SessionSnapshot]:
    """The snapshots of a file or an export.

    Raises:
        SerializationError: they refer to messages that are not there.
    """
    records = (data.get("snapshot_storage") or {}).get("records") or {}
    snapshots: list[SessionSnapshot] = []
    for raw in data.get("snapshots") or ():
        snapshot = SessionSnapshot.from_dict(raw)
        if refs := raw.get("transcript_refs"):
            try:
                snapshot.transcript = {
                    **{name: [records[key] for key in refs[name]["items"]] for name in _LISTS},
                    _VALUE: records[refs[_VALUE]["value"]],
                }
            except (KeyError, TypeError) as exc:
                raise SerializationError(
                    f"the snapshot {snapshot.id!r} refers to messages that are not there",
                    hint="restore the session from a backup, or remove the snapshot from it",
                ) from exc
            snapshot.invalidated = bool(raw.get("transcript_invalidated"))
        snapshots.append(snapshot)
    return snapshots
