"""Writers in other processes: ``python -m praison_persist_testkit.worker`` opens the target by name and does a job.

A job arrives as one line of JSON on standard input; no pickle. Used by the suites only.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Coroutine
from typing import Any, cast

from praison_persist.conversation import ConversationMessage
from praison_persist.knowledge import KnowledgeDocument

from .running import Handle
from .target import Target

__all__ = ["run_workers"]


def run_workers(target: Target, job: str, count: int, arguments: dict[str, Any], *, seconds: float = 50) -> None:
    """Run a job in ``count`` processes that start working at the same time.

    Raises:
        AssertionError: one failed, or was not done in time; its output is in the message.
    """
    command = [sys.executable, "-m", __spec__.name if __spec__ else __name__]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    processes = [subprocess.Popen(command, text=True, **pipes) for _ in range(count)]
    try:
        for number, process in enumerate(processes):
            task = {"target": target.to_dict(), "job": job, "worker": number, "arguments": arguments}
            _write(process, json.dumps(task))
        for process in processes:
            if process.stdout is not None:
                process.stdout.readline()  # it opened its store, or failed and closed the pipe
        for process in processes:
            _write(process, "go")
        results = [process.communicate(timeout=seconds) for process in processes]
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
                process.communicate()
    for process, (_, errors) in zip(processes, results, strict=True):
        assert process.returncode == 0, f"a worker failed:\n{errors}"


def _write(process: subprocess.Popen[str], line: str) -> None:
    if process.stdin is not None and process.poll() is None:
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
        except BrokenPipeError:  # it failed; its exit code and output say why
            return


async def _append(store: Handle, worker: int, session_id: str, count: int) -> None:
    for i in range(count):
        text = f"{worker}-{i}"
        await store.add_message(session_id, ConversationMessage(id=text, role="user", content=text))


async def _incr(store: Handle, worker: int, key: str, count: int) -> None:
    for i in range(count):
        await store.incr(key)
        await store.hset(f"{key} hash", f"{worker}-{i}", i)


async def _insert(store: Handle, worker: int, collection: str, count: int) -> None:
    for i in range(count):
        text = f"{worker}-{i}"
        await store.insert(collection, [KnowledgeDocument(id=text, content=text, embedding=[1.0, float(i), 1.0])])


_JOBS: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {"append": _append, "incr": _incr, "insert": _insert}


async def _main() -> None:
    task = cast("dict[str, Any]", json.loads(sys.stdin.readline()))
    store = Handle(Target(**task["target"]).open())
    try:
        await store.setup()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        await _JOBS[task["job"]](store, task["worker"], **task["arguments"])
    finally:
        await store.close()


if __name__ == "__main__":
    asyncio.run(_main())
