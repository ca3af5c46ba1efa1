"""``run`` and ``resume``: one agent of PraisonAI on a conversation store. Imports PraisonAI when it is needed."""

from __future__ import annotations

import importlib
import os
import sys
from contextlib import redirect_stdout
from typing import Annotated, Any

import typer

from praison_persist_agents.adapter import PersistDb, db

from ..command import command
from ..failures import USAGE, Failure
from ..output import Output
from ..targets import BACKEND, CONVERSATION_URL, KNOWLEDGE_URL, OPTION, STATE_URL, Target
from ..transfer.conversations import record
from .sessions import conversation_target, no_session, show_message

__all__ = ["add_to"]

SHOWN = 50

SESSION_ID = Annotated[
    str, typer.Option("--session-id", metavar="ID", help="The conversation; the same id continues it.")
]
USER_ID = Annotated[str | None, typer.Option("--user-id", metavar="ID", help="Whose conversation it is.")]
AGENT_NAME = Annotated[str, typer.Option("--agent-name", metavar="NAME", help="The agent's name.")]
INSTRUCTIONS = Annotated[str, typer.Option("--agent-instructions", metavar="TEXT", help="What the agent is told.")]
MODEL = Annotated[
    str | None,
    typer.Option("--model", metavar="NAME", help="The model. Default: $OPENAI_MODEL_NAME, or PraisonAI's."),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the application."""
    command(app, run)
    command(app, resume)


def run(
    output: Output,
    prompt: Annotated[str, typer.Argument(metavar="PROMPT")],
    session_id: Annotated[
        str | None, typer.Option("--session-id", metavar="ID", help="The conversation. Default: a new one.")
    ] = None,
    conversation_url: CONVERSATION_URL = None,
    knowledge_url: KNOWLEDGE_URL = None,
    state_url: STATE_URL = None,
    backend: BACKEND = None,
    option: OPTION = None,
    user_id: USER_ID = None,
    agent_name: AGENT_NAME = "Assistant",
    agent_instructions: INSTRUCTIONS = "You are a helpful assistant.",
    model: MODEL = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Call no model; say what would be done.")] = False,
) -> None:
    """Ask an agent, and store the conversation."""
    _require_text(prompt)
    target = conversation_target(conversation_url, backend, option)
    session = session_id or _new_session_id()
    if dry_run:
        plan = {"command": "run", "dry_run": True, "session_id": session, "store": target.label, "agent": agent_name}
        output.document(plan)
        output.text(f"would ask {agent_name!r} in session {session!r} of {target.label}")
        return
    answer = _ask(
        output, prompt, target, session, knowledge_url, state_url, user_id, agent_name, agent_instructions, model
    )
    output.document({"command": "run", "session_id": session, "store": target.label, "answer": answer})
    output.text(answer)
    output.note(f"Session {session}: praison-persist resume --session-id {session} --continue PROMPT {target.flag}")


def resume(
    output: Output,
    session_id: SESSION_ID,
    conversation_url: CONVERSATION_URL = None,
    knowledge_url: KNOWLEDGE_URL = None,
    state_url: STATE_URL = None,
    backend: BACKEND = None,
    option: OPTION = None,
    show_history: Annotated[bool, typer.Option("--show-history", help="Show the newest messages.")] = False,
    go_on: Annotated[str | None, typer.Option("--continue", metavar="PROMPT", help="Go on with this prompt.")] = None,
    user_id: USER_ID = None,
    agent_name: AGENT_NAME = "Assistant",
    agent_instructions: INSTRUCTIONS = "You are a helpful assistant.",
    model: MODEL = None,
) -> None:
    """Go back to a conversation that exists: show it, or go on with it."""
    if go_on is not None:
        _require_text(go_on)
    target = conversation_target(conversation_url, backend, option)
    with target.open() as store:
        session = store.get_session(session_id)
        if session is None:
            raise no_session(session_id, target)
        messages = store.get_messages(session_id, limit=SHOWN)
    result: dict[str, Any] = {"command": "resume", "store": target.label, "session": record(session)}
    if show_history:
        result["messages"] = [record(message) for message in messages]
        for message in messages:
            show_message(output, message)
        output.text()
    if go_on is not None:
        user = user_id or session.user_id
        result["answer"] = _ask(
            output, go_on, target, session_id, knowledge_url, state_url, user, agent_name, agent_instructions, model
        )
        output.text(result["answer"])
    output.document(result)
    if go_on is None and not show_history:
        count = f"{len(messages)}{' or more' if len(messages) == SHOWN else ''}"
        output.text(f"session {session_id}: {count} messages; add --show-history, or --continue PROMPT")


def _ask(
    output: Output,
    prompt: str,
    target: Target,
    session_id: str,
    knowledge_url: str | None,
    state_url: str | None,
    user_id: str | None,
    agent_name: str,
    instructions: str,
    model: str | None,
) -> str:
    """The agent's answer, when the turn is stored."""
    client = _client()
    output.resume = f"what was stored is kept; praison-persist sessions show {session_id} {target.flag}"
    with target.open(create=True) as store:
        database: PersistDb = db(conversation_store=store, knowledge_url=knowledge_url, state_url=state_url)
        with database:
            memory = client.MemoryConfig(
                db=database, session_id=session_id, **({"user_id": user_id} if user_id else {})
            )
            with redirect_stdout(sys.stderr):  # what the client prints by itself is no result
                agent = client.Agent(
                    name=agent_name, instructions=instructions, llm=model or os.environ.get("OPENAI_MODEL_NAME"),
                    memory=memory, output="silent",
                )  # fmt: skip
                answer = agent.chat(prompt)
            stored = database.flush(30.0)
            status = database.status()
    if not stored or status.rejected:
        raise Failure(
            f"the turn is not stored: {status.queued} writes wait, {status.rejected} were refused"
            f" ({status.last_error or 'see the log'})",
            hint=f"praison-persist doctor {target.flag}",
            details={"answer": answer},
        )
    if not answer:
        raise Failure(
            "the agent gave no answer", hint="is the model's address right? see OPENAI_API_KEY, OPENAI_BASE_URL"
        )
    return str(answer)


def _client() -> Any:
    try:
        return importlib.import_module("praisonaiagents")
    except ImportError as error:
        raise Failure(
            f"PraisonAI cannot be imported: {error}",
            hint="pip install 'praison-persist-cli[run]'",
            kind="NotInstalledError",
        ) from error


def _require_text(prompt: str) -> None:
    if not prompt.strip():
        raise Failure("the prompt is empty", hint="praison-persist run 'What is new?'", code=USAGE)


def _new_session_id() -> str:
    import uuid

    return f"cli-{uuid.uuid4().hex[:12]}"
