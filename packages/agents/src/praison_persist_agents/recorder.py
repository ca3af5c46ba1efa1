"""Stores the turns of one agent in one session, by standing around its methods.

Knows an agent by its public methods (``chat`` and its kin, ``execute_tool``, ``execute_tool_async``) and its
``chat_history``, those that it has; imports no agent framework.
"""

from __future__ import annotations

import inspect
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from functools import wraps
from typing import Any
from uuid import uuid4

from praison_persist.conversation import ConversationMessage, ConversationSession
from praison_persist.errors import PersistError

from .context import for_model
from .orchestrator import PersistenceOrchestrator
from .turn import INTERRUPTED, Turn

__all__ = ["AgentRecorder"]

logger = logging.getLogger(__name__)

_turn: ContextVar[tuple[Any, Turn] | None] = ContextVar("praison_persist_turn", default=None)
"""The recorder and the turn that run in this thread or task."""

_ABSENT = object()


class AgentRecorder:
    """Stores the turns of one agent in one session."""

    def __init__(
        self,
        agent: Any,
        orchestrator: PersistenceOrchestrator,
        session_id: str | None,
        user_id: str | None,
        auto_resume: bool,
    ) -> None:
        self.session_id = session_id or f"session-{uuid4()}"
        self._agent = agent
        self._orchestrator = orchestrator
        named = user_id or getattr(agent, "user_id", None)
        self._user_id = named if isinstance(named, str) else None
        self._auto_resume = auto_resume
        self._resumed = False
        self._lock = threading.Lock()
        self._running: list[Turn] = []
        self._replaced: list[tuple[str, Any]] = []

    # -- the agent's methods -------------------------------------------------------------------------------------------

    def attach(self, name: str, value: Any) -> None:
        """Put a value over an attribute of the agent."""
        self._replaced.append((name, vars(self._agent).get(name, _ABSENT)))
        setattr(self._agent, name, value)

    def detach(self) -> None:
        """Undo every `attach`."""
        while self._replaced:
            name, before = self._replaced.pop()
            if before is _ABSENT:
                delattr(self._agent, name)
            else:
                setattr(self._agent, name, before)

    def attach_tools(self) -> None:
        """See every call of a tool."""
        run, arun = getattr(self._agent, "execute_tool", None), getattr(self._agent, "execute_tool_async", None)
        if callable(run):
            self.attach("execute_tool", self._around_tool(run))
        if callable(arun):
            self.attach("execute_tool_async", self._around_async_tool(arun))

    def around(self, method: Callable[..., Any], *, only_streams: bool = False) -> Callable[..., Any]:
        """The method as one turn, or as it is within a turn of this agent.

        Args:
            method: takes the prompt first.
            only_streams: other turns are stored by a method that this one calls.
        """
        if inspect.iscoroutinefunction(method):

            @wraps(method)
            async def arun(prompt: Any = None, *args: Any, **kwargs: Any) -> Any:
                if self._inside():
                    return await method(prompt, *args, **kwargs)
                if not only_streams:
                    return await self._achat(method, prompt, args, kwargs)
                result = await method(prompt, *args, **kwargs)
                if not inspect.isasyncgen(result) or result.ag_code is AgentRecorder._ago_on.__code__:
                    return result  # the second came from achat, which is stored already
                return self._astream(prompt, result)

            return arun

        @wraps(method)
        def run(prompt: Any = None, *args: Any, **kwargs: Any) -> Any:
            if self._inside():
                return method(prompt, *args, **kwargs)
            if not only_streams:
                return self._chat(method, prompt, args, kwargs)
            result = method(prompt, *args, **kwargs)
            if not inspect.isgenerator(result) or result.gi_code is AgentRecorder._stream.__code__:
                return result  # the second came from a method that is stored already
            return self._stream(prompt, result)

        return run

    # -- turns ---------------------------------------------------------------------------------------------------------

    def _chat(self, method: Callable[..., Any], prompt: Any, args: Any, kwargs: Any) -> Any:
        if inspect.isgeneratorfunction(method):
            return self._stream(prompt, method(prompt, *args, **kwargs))
        turn = self._begin(prompt)
        self._running.append(turn)
        result = None
        try:
            result = self._within(turn, method, prompt, *args, **kwargs)
        finally:
            self._running.remove(turn)
            if not inspect.isgenerator(result):
                self._orchestrator.on_messages(self.session_id, turn.finish(result))
        return self._go_on(turn, result) if inspect.isgenerator(result) else result

    async def _achat(self, method: Callable[..., Any], prompt: Any, args: Any, kwargs: Any) -> Any:
        turn = await self._abegin(prompt)
        self._running.append(turn)
        result = None
        token = _turn.set((self, turn))
        try:
            result = await method(prompt, *args, **kwargs)
        finally:
            _turn.reset(token)
            self._running.remove(turn)
            if not inspect.isasyncgen(result):
                await self._orchestrator.aon_messages(self.session_id, turn.finish(result))
        return self._ago_on(turn, result) if inspect.isasyncgen(result) else result

    def _stream(self, prompt: Any, chunks: Any) -> Iterator[Any]:
        yield from self._go_on(self._begin(prompt), chunks)

    def _go_on(self, turn: Turn, chunks: Any) -> Iterator[Any]:
        """Hand the chunks on; whatever was handed on is stored, also when nobody asks for more."""
        self._running.append(turn)
        try:
            while True:
                try:
                    chunk = self._within(turn, next, chunks)
                except StopIteration:
                    break
                if isinstance(chunk, str):
                    turn.add_text(chunk)
                yield chunk
        finally:
            self._running.remove(turn)
            try:
                chunks.close()
            finally:
                self._orchestrator.on_messages(self.session_id, turn.finish())

    async def _astream(self, prompt: Any, chunks: Any) -> AsyncIterator[Any]:
        chunks = self._ago_on(await self._abegin(prompt), chunks)
        try:
            async for chunk in chunks:
                yield chunk
        finally:
            await chunks.aclose()

    async def _ago_on(self, turn: Turn, chunks: Any) -> Any:
        self._running.append(turn)
        try:
            while True:
                token = _turn.set((self, turn))
                try:
                    chunk = await anext(chunks)
                except StopAsyncIteration:
                    break
                finally:
                    _turn.reset(token)
                if isinstance(chunk, str):
                    turn.add_text(chunk)
                yield chunk
        finally:
            self._running.remove(turn)
            try:
                await chunks.aclose()
            finally:
                await self._orchestrator.aon_messages(self.session_id, turn.finish())

    def _within(self, turn: Turn, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        token = _turn.set((self, turn))
        try:
            return function(*args, **kwargs)
        finally:
            _turn.reset(token)

    def _begin(self, prompt: Any) -> Turn:
        if not self._resumed:
            self._resume(
                self._orchestrator.on_agent_start(self._agent, self.session_id, self._user_id, self._auto_resume)
            )
        turn = Turn(self._agent)
        self._orchestrator.on_messages(self.session_id, [turn.message("user", self._question(prompt))])
        return turn

    async def _abegin(self, prompt: Any) -> Turn:
        if not self._resumed:
            self._resume(
                await self._orchestrator.aon_agent_start(self._agent, self.session_id, self._user_id, self._auto_resume)
            )
        turn = Turn(self._agent)
        await self._orchestrator.aon_messages(self.session_id, [turn.message("user", self._question(prompt))])
        return turn

    def _resume(self, history: list[ConversationMessage]) -> None:
        """Give the agent its history, once: of two first turns at a time the one that is ready first."""
        with self._lock:
            if not self._resumed and history:
                self._agent.chat_history = for_model(history)
            self._resumed = True

    def _question(self, prompt: Any) -> Any:
        if prompt is None:  # an agent that is started without a prompt takes its instructions
            prompt = getattr(self._agent, "instructions", None) or ""
        return prompt if isinstance(prompt, (str, list)) else str(prompt)

    def _inside(self) -> bool:
        current = _turn.get()
        return current is not None and current[0] is self

    # -- tools ---------------------------------------------------------------------------------------------------------

    def _around_tool(self, run: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(run)
        def execute_tool(function_name: str, arguments: Any, tool_call_id: str | None = None, **kwargs: Any) -> Any:
            turn, step = self._turn_of_tool(kwargs)
            identity = turn.begin_call(function_name, arguments, tool_call_id, step) if turn else None
            if turn is None or identity is None:
                return run(function_name, arguments, tool_call_id, **kwargs)
            if groups := turn.groups:
                try:
                    turn.stored(self._orchestrator.on_messages(self.session_id, groups))
                except PersistError as error:
                    _postpone(error)
            result: Any = INTERRUPTED
            try:
                result = run(function_name, arguments, tool_call_id, **kwargs)
            except Exception as error:
                result = {"error": str(error)}
                raise
            finally:
                turn.end_call(identity, result)
            return result

        execute_tool._accepts_durable_iteration = True  # type: ignore[attr-defined] # see _turn_of_tool
        return execute_tool

    def _around_async_tool(self, run: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(run)
        async def execute_tool_async(
            function_name: str, arguments: Any, tool_call_id: str | None = None, *args: Any, **kwargs: Any
        ) -> Any:
            turn, step = self._turn_of_tool(kwargs)
            identity = turn.begin_call(function_name, arguments, tool_call_id, step) if turn else None
            if turn is None or identity is None:
                return await run(function_name, arguments, tool_call_id, *args, **kwargs)
            if groups := turn.groups:
                try:
                    turn.stored(await self._orchestrator.aon_messages(self.session_id, groups))
                except PersistError as error:
                    _postpone(error)
            result: Any = INTERRUPTED
            try:
                result = await run(function_name, arguments, tool_call_id, *args, **kwargs)
            except Exception as error:
                result = {"error": str(error)}
                raise
            finally:
                turn.end_call(identity, result)
            return result

        execute_tool_async._accepts_durable_iteration = True  # type: ignore[attr-defined]
        return execute_tool_async

    def _turn_of_tool(self, kwargs: dict[str, Any]) -> tuple[Turn | None, int | None]:
        """The turn that a tool runs in, and which of the model's messages asked for it.

        PraisonAI numbers these messages for tool executors that say they accept it; others leave the number out. A
        thread that does not know its turn belongs to the only one that runs.
        """
        step = kwargs.pop("_durable_iteration_index", None)
        current = _turn.get()
        if current is not None and current[0] is self:
            return current[1], step
        running = list(self._running)
        return (running[0] if len(running) == 1 else None), step

    # -- the session ---------------------------------------------------------------------------------------------------

    def get_session(self) -> ConversationSession | None:
        """The stored session, None before the first turn."""
        return self._orchestrator.get_session(self.session_id)

    def get_messages(self, limit: int | None = None) -> list[ConversationMessage]:
        """The newest ``limit`` stored messages (None for all), oldest first."""
        return self._orchestrator.get_messages(self.session_id, limit)

    def end_session(self, metadata: dict[str, Any] | None = None) -> None:
        """Note the end of a run in the stored session, and these keys in its metadata."""
        self._orchestrator.on_agent_end(self._agent, self.session_id, metadata)

    async def aend_session(self, metadata: dict[str, Any] | None = None) -> None:
        """See `end_session`."""
        await self._orchestrator.aon_agent_end(self._agent, self.session_id, metadata)


def _postpone(error: PersistError) -> None:
    """A tool must not fail because of the store: what is not stored goes with the next, or raises at the end."""
    logger.warning("tool messages are kept in memory until the next write, since the store failed: %s", error)
