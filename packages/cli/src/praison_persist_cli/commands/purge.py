"""``purge``: delete conversations that nobody has used for long."""

from __future__ import annotations

import re
import sys
import time
from typing import Annotated

import typer

from praison_persist.conversation import ConversationSession, ConversationStore

from ..command import command
from ..failures import USAGE, Failure
from ..output import Output
from ..targets import BACKEND, CONVERSATION_URL, OPTION
from .sessions import conversation_target, moment

__all__ = ["add_to", "seconds_of"]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    command(app, purge)


def purge(
    output: Output,
    older_than: Annotated[str, typer.Option("--older-than", metavar="AGE", help="90d, 12h, 30m, 2w ...")],
    conversation_url: CONVERSATION_URL = None,
    backend: BACKEND = None,
    option: OPTION = None,
    user_id: Annotated[str | None, typer.Option("--user-id", metavar="ID", help="Only this user's.")] = None,
    agent_id: Annotated[str | None, typer.Option("--agent-id", metavar="ID", help="Only this agent's.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Delete nothing; say what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete sessions whose last update and newest message are older than an age, with their messages."""
    bound = time.time() - seconds_of(older_than)
    target = conversation_target(conversation_url, backend, option)
    output.resume = "sessions that were deleted are gone; run the same command again for the rest"
    with target.open() as store:
        with output.progress("look", "sessions") as advance:
            old: list[tuple[str, float]] = []
            for session in store.iter_sessions(user_id, agent_id):
                last = _last_use(store, session)
                if last < bound:
                    old.append((session.session_id, last))
                advance(1)
        if not dry_run and old and not yes:
            _confirm(len(old), target.label)
        deleted = 0
        if not dry_run:
            with output.progress("purge", "sessions", len(old)) as advance:
                for session_id, _ in old:
                    deleted += _delete(store, session_id, bound)
                    advance(1)
    result = {"command": "purge", "store": target.label, "older_than": bound, "dry_run": dry_run}
    output.document({**result, "found": [session_id for session_id, _ in old], "deleted": deleted})
    if dry_run:
        for session_id, last in old:
            output.text(f"would delete {session_id}, last used {moment(last)} UTC")
    sessions = f"{len(old):,} session{'' if len(old) == 1 else 's'}"
    before = f"last used before {moment(bound)} UTC"
    output.text(f"{sessions} {before} would go" if dry_run else f"{deleted:,} of {sessions} {before} deleted")


def seconds_of(age: str) -> float:
    """An age such as ``90d``, in seconds.

    Raises:
        Failure: it is none.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", age.strip().lower())
    if match is None:
        raise Failure(f"--older-than {age}: this is no age", hint="write 90d, 12h, 30m, 45s or 2w", code=USAGE)
    return float(match[1]) * _UNITS[match[2]]


def _last_use(store: ConversationStore, session: ConversationSession) -> float:
    """Messages do not touch their session's times, so the newest one counts as well."""
    newest = store.get_messages(session.session_id, limit=1)
    return max([session.updated_at, session.created_at, *(message.created_at for message in newest)])


def _delete(store: ConversationStore, session_id: str, bound: float) -> bool:
    """Delete a session that is still old: somebody may have used it since."""
    session = store.get_session(session_id)
    return session is not None and _last_use(store, session) < bound and store.delete_session(session_id)


def _confirm(count: int, place: str) -> None:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Failure(
            f"{count} sessions of {place} would be deleted, and nobody is there to confirm it",
            hint="add --yes, or look first with --dry-run",
            code=USAGE,
        )
    print(f"Delete {count} sessions of {place}? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Failure("nothing was deleted", hint="answer y, or add --yes")
