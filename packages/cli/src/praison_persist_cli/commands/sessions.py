"""``sessions``: list, show and delete conversations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from itertools import islice
from typing import Annotated, Any

import typer

from praison_persist.conversation import ConversationMessage, ConversationSession, ConversationStore

from ..command import command
from ..failures import FAILED, Failure
from ..output import Output
from ..targets import BACKEND, CONVERSATION_URL, OPTION, Target, chosen, one
from ..transfer.conversations import record

__all__ = ["add_to", "conversation_target", "moment", "no_session", "show_message"]

SHOWN = 100
_CUT = 100_000
"""Characters of one message that are shown to people."""


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    group = typer.Typer(help="List, show and delete conversations.", no_args_is_help=True, rich_markup_mode=None)
    command(group, list_, "list")
    command(group, show)
    command(group, delete)
    app.add_typer(group, name="sessions")


def list_(
    output: Output,
    conversation_url: CONVERSATION_URL = None,
    backend: BACKEND = None,
    option: OPTION = None,
    user_id: Annotated[str | None, typer.Option("--user-id", metavar="ID", help="Only this user's.")] = None,
    agent_id: Annotated[str | None, typer.Option("--agent-id", metavar="ID", help="Only this agent's.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, metavar="N", help="At most so many; 0 for all.")] = SHOWN,
    offset: Annotated[int, typer.Option("--offset", min=0, metavar="N", help="Skip so many.")] = 0,
) -> None:
    """List sessions, most recently updated first. With --json one line each."""
    target = conversation_target(conversation_url, backend, option)
    with target.open() as store:
        found = _sessions(store, user_id, agent_id, limit, offset)
        if output.json:
            for session in found:
                output.document(record(session))
            return
        shown = list(found)
        more = (
            bool(limit)
            and len(shown) == limit
            and bool(store.list_sessions(user_id, agent_id, limit=1, offset=offset + limit))
        )
    rows = [(s.session_id, s.user_id, s.agent_id, s.name, moment(s.updated_at)) for s in shown]
    if rows:
        output.table(("session", "user", "agent", "name", "updated (UTC)"), rows)
    else:
        output.text("no sessions")
    if more:
        output.note(f"There are more: --offset {offset + limit}, or --limit 0 for all.")


def show(
    output: Output,
    session_id: Annotated[str, typer.Argument(metavar="SESSION_ID")],
    conversation_url: CONVERSATION_URL = None,
    backend: BACKEND = None,
    option: OPTION = None,
    limit: Annotated[int, typer.Option("--limit", min=0, metavar="N", help="The newest so many; 0 for all.")] = SHOWN,
) -> None:
    """Show a session and its messages. With --json one line for the session and one for each message."""
    target = conversation_target(conversation_url, backend, option)
    with target.open() as store:
        session = store.get_session(session_id)
        if session is None:
            raise no_session(session_id, target)
        messages: Any = store.get_messages(session_id, limit=limit) if limit else store.iter_messages(session_id)
        if output.json:
            output.document({"type": "session", **record(session)})
            for message in messages:
                output.document({"type": "message", **record(message)})
            return
        _show_session(output, session)
        for message in messages:
            show_message(output, message)


def delete(
    output: Output,
    session_id: Annotated[list[str], typer.Argument(metavar="SESSION_ID...")],
    conversation_url: CONVERSATION_URL = None,
    backend: BACKEND = None,
    option: OPTION = None,
) -> int:
    """Delete sessions with their messages. The exit code is 1 if one of them did not exist."""
    target = conversation_target(conversation_url, backend, option)
    output.resume = "sessions that were named first may be deleted; look with praison-persist sessions list"
    with target.open() as store:
        deleted = {name: store.delete_session(name) for name in dict.fromkeys(session_id)}
    gone = [name for name, existed in deleted.items() if existed]
    missing = [name for name, existed in deleted.items() if not existed]
    output.document({"command": "sessions delete", "store": target.label, "deleted": gone, "missing": missing})
    for name in gone:
        output.text(f"deleted {name}")
    if missing:
        output.fail(no_session(", ".join(missing), target))
    return FAILED if missing else 0


def conversation_target(url: str | None, backend: str | None, option: list[str] | None) -> Target:
    """The conversation store that a command works on."""
    return one(chosen(url, kind="conversation", backend=backend, option=option), "conversation")


def no_session(session_id: str, target: Target) -> Failure:
    """The failure for a session that does not exist."""
    return Failure(
        f"session {session_id!r} does not exist in {target.label}",
        hint=f"praison-persist sessions list {target.flag.replace('--kind conversation ', '')}",
        kind="NotFoundError",
    )


def moment(seconds: float) -> str:
    """A time for a person, in UTC."""
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def show_message(output: Output, message: ConversationMessage) -> None:
    """Print one message for people."""
    output.text()
    output.text(f"{message.role}  {moment(message.created_at)}  {message.id}")
    content = message.content if isinstance(message.content, str) else _json(message.content)
    if content:
        cut = f"\n... {len(content) - _CUT:,} more characters, see --json" if len(content) > _CUT else ""
        output.text(f"{content[:_CUT]}{cut}")
    for call in message.tool_calls or ():
        output.text(f"tool call: {_json(call)}")
    if message.tool_call_id is not None:
        output.text(f"answers tool call {message.tool_call_id}")


def _sessions(
    store: ConversationStore, user_id: str | None, agent_id: str | None, limit: int, offset: int
) -> Iterator[ConversationSession]:
    if limit:
        return iter(store.list_sessions(user_id, agent_id, limit=limit, offset=offset))
    return islice(store.iter_sessions(user_id, agent_id), offset, None)


def _show_session(output: Output, session: ConversationSession) -> None:
    pairs = (
        ("session", session.session_id),
        ("user", session.user_id),
        ("agent", session.agent_id),
        ("name", session.name),
        ("created", f"{moment(session.created_at)} UTC"),
        ("updated", f"{moment(session.updated_at)} UTC"),
        ("state", _json(session.state)),
        ("metadata", _json(session.metadata)),
    )
    output.fields(pairs)


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)
