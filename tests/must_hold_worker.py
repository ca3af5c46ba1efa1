"""A process that does what it is told: one JSON object per line on standard input, one answer per line.

Run by ``test_must_hold_processes``. ``{"job": ..., "name": backend, "url": ..., "options": {...}, ...}``
"""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from typing import Any

from praison_persist import CONVERSATION_STORES
from praison_persist.conversation import AsyncConversationStore, ConversationMessage


def say(answer: Any) -> None:
    print(json.dumps(answer), flush=True)


def setup(store: Any) -> str:
    """Set the schema up, and use it."""
    store.setup()
    return "ok" if store.list_sessions() == [] else "something is there"


async def asetup(store: Any) -> str:
    await store.setup()
    return "ok" if await store.list_sessions() == [] else "something is there"


def append(store: Any, writer: int, count: int) -> str:
    """Append so many messages to one session."""
    for number in range(count):
        text = f"{writer}-{number}"
        store.add_message("shared", ConversationMessage(id=text, role="user", content=text))
    return "ok"


async def aappend(store: Any, writer: int, count: int) -> str:
    for number in range(count):
        text = f"{writer}-{number}"
        await store.add_message("shared", ConversationMessage(id=text, role="user", content=text))
    return "ok"


def stream(store: Any) -> str:
    """Append until killed, and say which messages were acknowledged."""
    number = 0
    while True:
        text = f"m{number}"
        store.add_message("shared", ConversationMessage(id=text, role="tool", content=text * 50))
        say(text)
        number += 1


JOBS: dict[str, Any] = {"setup": setup, "append": append, "stream": stream}
ASYNC_JOBS: dict[str, Any] = {"setup": asetup, "append": aappend}


def work(job: str, name: str, url: str, options: dict[str, Any], **arguments: Any) -> str:
    store = CONVERSATION_STORES.create(name, url=url, **options)
    if isinstance(store, AsyncConversationStore):

        async def use() -> str:
            async with store:
                return await ASYNC_JOBS[job](store, **arguments)

        return asyncio.run(use())
    with store:
        return JOBS[job](store, **arguments)


if __name__ == "__main__":
    CONVERSATION_STORES.resolve("sqlite")
    CONVERSATION_STORES.resolve("postgres")
    say("ready")
    for line in sys.stdin:
        try:
            say(work(**json.loads(line)))
        except Exception:
            say(traceback.format_exc())
