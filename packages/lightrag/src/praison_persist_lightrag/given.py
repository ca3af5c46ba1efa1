"""How LightRAG, which embeds every text that it stores, takes vectors that exist already.

No storage and no store: a text that carries its vector, and an embedding function that hands it over. Contexts do not
reach LightRAG's embedding function, which may run in a task of its own, so the text itself has to carry it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

__all__ = ["Given", "giving", "unit"]


class Given(str):
    """A text that brings its vector.

    Attributes:
        vector: of length 1, see `unit`.
    """

    __slots__ = ("vector",)

    vector: np.ndarray

    @classmethod
    def of(cls, text: str, embedding: Sequence[float]) -> Given:
        """The text with the direction of this embedding."""
        given = cls(text)
        given.vector = unit(embedding)
        return given


def giving(embedding: Any) -> Any:
    """The same ``EmbeddingFunc``, but texts that bring vectors have these; others are embedded as before."""
    inner = embedding.func

    @functools.wraps(inner)  # LightRAG looks at its parameters
    async def embed(texts: list[str], *args: Any, **keywords: Any) -> np.ndarray:
        others = [text for text in texts if not isinstance(text, Given)]
        made = iter(await inner(others, *args, **keywords) if others else ())
        return np.array([text.vector if isinstance(text, Given) else next(made) for text in texts], np.float32)

    return replace(embedding, func=embed)


def unit(embedding: Sequence[float]) -> np.ndarray:
    """The vector of length 1 with this direction, as float32: LightRAG's own scaling overflows on large numbers.

    A zero vector has none, and gets that of the first axis: NaN would lead every search of LightRAG's own.
    """
    length = math.hypot(*embedding)
    if length == 0.0:
        return np.eye(1, len(embedding), dtype=np.float32)[0]
    return (np.array(embedding, np.float64) / length).astype(np.float32)
