"""One body for blocking and asynchronous clients: generators that yield what a client returned.

A step is whatever a call gave: a value (from a blocking client), an awaitable (from an asynchronous one), or another
generator of steps. `finish` and `afinish` hand the answer, or the error, back to the generator. Knows no client.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from inspect import isawaitable
from types import GeneratorType
from typing import Any, TypeVar, Union, cast

__all__ = ["Answer", "Steps", "afinish", "finish"]

T = TypeVar("T")

Steps = Generator[Any, Any, T]
"""A generator of steps with a result."""

Answer = Union[T, Steps[T], Awaitable[T]]
"""What a hook may return; plain code returns the value, ``async def`` an awaitable, a body for both a generator."""


def finish(steps: Steps[T]) -> T:
    """Run steps of a blocking client to the end; their result."""
    resume: Callable[[Any], Any] = steps.send
    answer: Any = None
    try:
        while True:
            answer = resume(answer)
            resume = steps.send
            if type(answer) is GeneratorType:
                try:
                    answer = finish(cast("Steps[Any]", answer))
                except BaseException as error:
                    resume, answer = steps.throw, error
    except StopIteration as stop:
        return stop.value


async def afinish(steps: Steps[T]) -> T:
    """Run steps of an asynchronous client to the end; their result."""
    resume: Callable[[Any], Any] = steps.send
    answer: Any = None
    try:
        while True:
            answer = resume(answer)
            resume = steps.send
            try:
                if type(answer) is GeneratorType:
                    answer = await afinish(cast("Steps[Any]", answer))
                elif isawaitable(answer):
                    answer = await answer
            except BaseException as error:
                resume, answer = steps.throw, error
    except StopIteration as stop:
        return stop.value
