"""From a session as it should be to the rows that make its log say so (`session_log`). Pure: no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from praison_persist.conversation import ConversationMessage

from .backing import starts_with
from .records import MIRRORED, SessionData, SessionMessage
from .session_log import Log, changes, event_row, new_id, to_row

__all__ = ["Plan", "identified", "plan_write"]

_ELSEWHERE = frozenset(["session_id", "updated_at", *MIRRORED])


@dataclass(slots=True)
class Plan:
    """One write.

    Attributes:
        rows: to add, all or none.
        superfluous: rows to delete afterwards; they are hidden from then on.
        cleared_by: the event before which every message is to be deleted as well.
    """

    rows: list[ConversationMessage] = field(default_factory=list)
    superfluous: list[str] = field(default_factory=list)
    cleared_by: str | None = None


def plan_write(session: SessionData, log: Log, older: Sequence[SessionMessage], *, at: float, far: int) -> Plan:
    """What to write.

    Args:
        session: as it should be; its ``archived_messages`` start with ``older``, or replace all that is stored.
        log: as it is.
        at: time of the events, seconds since the epoch.
        far: how many rows may follow a checkpoint before there should be another.
    """
    archived, messages = session.archived_messages, session.messages
    if starts_with(archived, older):
        archived = archived[len(older) :]
    else:
        session.cleared = True
    summary = messages[0].to_dict() if messages and messages[0].is_summary else None
    wanted = [*archived, *(messages[1:] if summary else messages)]
    anew = session.cleared or session.rewritten
    kept = [] if anew else _kept(log.window, wanted)
    new = identified(wanted[len(kept) :], fresh=bool(log.depth))
    wanted = [*kept, *new]
    known = {message.id for message in kept}
    gone = [message.id for message in log.window if message.id not in known]

    state = _state(session, log)
    state["summary"] = summary
    state["dropped"] = {} if anew else dict.fromkeys(gone, True)
    if archived or session.cleared:
        state["archived_to"] = wanted[len(archived) - 1].id if archived else None
    state["purge"] = session.cleared
    change = changes(log.state, {name: value for name, value in state.items() if value or log.state.get(name)})

    plan = Plan([to_row(message) for message in new], gone)
    if change or anew:
        id_ = new_id()
        if anew:
            change.set.append((["window_after"], id_))
        if session.cleared:
            change.set.append((["archive_after"], id_))
            plan.cleared_by = id_
        plan.rows.insert(0, event_row(id_, change, at))
        if checkpoint := log.checkpoint(far, at):
            plan.rows.insert(0, checkpoint)
            plan.superfluous += log.summed_up()
    return plan


def _state(session: SessionData, log: Log) -> dict[str, Any]:
    before = log.state.get("fields") or {}
    # By id, so that two children or snapshots that are added at once are both there.
    fields: dict[str, Any] = {**session.head(), "children_ids": dict.fromkeys(session.children_ids, True)}
    # An empty field that was never set is left out: setting it would undo what another process sets just now.
    kept = {
        name: value
        for name, value in fields.items()
        if name not in _ELSEWHERE and (value or name in before or name in session.extra)
    }
    snapshots = {snapshot.id: snapshot.to_dict() for snapshot in session.snapshots}
    return {**log.state, "fields": kept, "snapshots": snapshots}


def _kept(window: Sequence[SessionMessage], wanted: Sequence[SessionMessage]) -> list[SessionMessage]:
    """The first wanted messages that are in the window already, in that order."""
    kept: list[SessionMessage] = []
    left = iter(window)
    for message in wanted:
        if not any(message is stored for stored in left):
            break
        kept.append(message)
    return kept


def identified(messages: Sequence[SessionMessage], *, fresh: bool) -> list[SessionMessage]:
    """The messages with ids: new ones, or unless ``fresh`` their own where nothing else has them."""
    seen: set[str] = {""}
    result: list[SessionMessage] = []
    for message in messages:
        kept = replace(message, id=new_id()) if fresh or message.id in seen else message
        seen.add(kept.id)
        result.append(kept)
    return result
