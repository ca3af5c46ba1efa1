"""The order of the steps."""

from __future__ import annotations

import sys
from pathlib import Path

from . import backends, conversation, knowledge, state
from .report import DemoError, heading, line


def main(work: Path, repository: Path) -> int:
    """Run every step; 0 when all that is claimed was checked and held."""
    try:
        heading("1  backends found by entry point")
        backends.show(work / "venv")
        heading("2  a conversation that survives SIGKILL  (SQLite)")
        conversation.show(work / "agents.db", work)
        heading("3  questions to this project's documentation  (embedded Qdrant)")
        knowledge.show(work / "knowledge", repository)
        heading("4  a state that expires  (SQLite)")
        state.show(work / "agents.db")
    except DemoError as exc:
        line(f"FAILED: {exc}")
        return 1
    heading("what to try next")
    line(f"{work / 'venv/bin/python'}")
    line("    the environment of this demo, to play in:")
    line("    >>> from praison_persist import CONVERSATION_STORES")
    line(f"    >>> store = CONVERSATION_STORES.create('sqlite', path='{work / 'agents.db'}')")
    line("    >>> store.list_sessions()")
    line("pip install praison-persist-postgres     another database, the same code")
    line("scripts/test                             every check and test, on real engines")
    line("python scripts/engines list              the engines that tests run on")
    line("README.md, docs/                         contracts, options, writing a backend")
    return 0


sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
