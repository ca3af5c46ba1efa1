"""Step 2: two processes append to one session, one is killed in mid-stream, a new process resumes; then the count."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

from praison_persist import CONVERSATION_STORES, ConversationMessage, ConversationSession

from . import writer
from .report import check, line

SESSION = "demo"
TOTAL = 150
KILL_AFTER = 40
DEADLINE = 60.0  # seconds until a writer that makes no progress fails the demo


def show(database: Path, work: Path) -> None:
    """Hold the conversation and verify every acknowledged message against the store."""
    notes = {role: work / f"{role}.acknowledged" for role in ("assistant", "tool")}
    with CONVERSATION_STORES.create("sqlite", path=database) as store:
        store.create_session(ConversationSession(session_id=SESSION, user_id="ada", name="Demo"))
        question = ConversationMessage(id="question", role="user", content="Summarize the incident reports.")
        store.add_message(SESSION, question)

        tool = _start(database, "tool", notes["tool"])
        first = _start(database, "assistant", notes["assistant"])
        line(f"process {first.pid} streams an answer, process {tool.pid} adds tool results")
        _kill_in_mid_stream(first, notes["assistant"])
        before = writer.acknowledged(notes["assistant"])
        of_the_tool = len(writer.acknowledged(notes["tool"]))
        kept = _ids(store.get_messages(SESSION), "assistant")
        check("the writer was killed in mid-stream", holds=len(before) < TOTAL)
        check("the second process was writing at the same time", holds=of_the_tool > 0)
        check("everything acknowledged before the kill is stored", holds=kept[: len(before)] == before)
        line(f"process {first.pid} killed with SIGKILL: {len(before)} acknowledged, {len(kept)} stored")
        line(f"meanwhile process {tool.pid} had {of_the_tool} acknowledged, and goes on")

        second = _start(database, "assistant", notes["assistant"])
        line(f"process {second.pid} resumes behind {before[-1]}")
        for process in (second, tool):
            check(f"process {process.pid} finishes", holds=process.wait(DEADLINE) == 0)

        stored = store.get_messages(SESSION)
        _compare(stored, notes)
        newest = store.get_messages(SESSION, limit=2)
        check("get_messages(limit=2) is the end of the conversation", holds=newest == stored[-2:])


def _start(database: Path, role: str, notes: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", writer.__name__, str(database), SESSION, role, str(TOTAL), str(notes)]
    )


def _kill_in_mid_stream(process: subprocess.Popen[bytes], notes: Path) -> None:
    deadline = time.monotonic() + DEADLINE
    while len(writer.acknowledged(notes)) < KILL_AFTER:
        check("the writer makes progress", holds=process.poll() is None and time.monotonic() < deadline)
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    check("the writer ended by SIGKILL", holds=process.wait() == -signal.SIGKILL)


def _compare(stored: list[ConversationMessage], notes: dict[str, Path]) -> None:
    acknowledged = [message_id for path in notes.values() for message_id in writer.acknowledged(path)]
    ids = [message.id for message in stored]
    lost = len(set(acknowledged) - set(ids))
    doubled = len(ids) - len(set(ids))
    line(f"acknowledged {len(acknowledged) + 1}   stored {len(ids)}   lost {lost}   doubled {doubled}")
    check("every message was acknowledged", holds=len(acknowledged) == TOTAL * len(notes))
    check("nothing was lost, doubled or invented", holds=lost == doubled == 0 and len(ids) == len(acknowledged) + 1)
    for role, path in notes.items():
        check(f"the {role}'s messages are in its order", holds=_ids(stored, role) == writer.acknowledged(path))
    turns = sum(a.role != b.role for a, b in pairwise(stored))
    line(f"each writer's messages in its order; the two took turns {turns} times")


def _ids(messages: list[ConversationMessage], role: str) -> list[str]:
    return [message.id for message in messages if message.role == role]
