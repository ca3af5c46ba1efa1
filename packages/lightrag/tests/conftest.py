"""LightRAG instances with models that need no network: an engine as it is, and answers that are made up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lightrag import LightRAG
from lightrag.utils import EmbeddingFunc, Tokenizer

ANSWER = (
    "entity<|#|>Alice<|#|>person<|#|>Alice is a person\n"
    "entity<|#|>Bob<|#|>person<|#|>Bob is a person\n"
    "relation<|#|>Alice<|#|>Bob<|#|>knows<|#|>Alice knows Bob\n"
    "<|COMPLETE|>"
)


class ByteTokens:
    """LightRAG's own tokenizer would be downloaded."""

    def encode(self, content: str) -> list[int]:
        return list(content.encode())

    def decode(self, tokens: list[int]) -> str:
        return bytes(tokens).decode("utf-8", "replace")


class Embedder:
    """Every text has the vector of the first axis; ``texts`` are those that were embedded."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def __call__(self, texts: list[str]) -> Any:
        self.texts += texts
        return np.array([[1.0, 0.0, 0.0]] * len(texts), np.float32)


@pytest.fixture
def llm_model() -> Any:
    async def answer(prompt: str, **_: Any) -> str:
        return ANSWER

    return answer


@pytest.fixture
def tokenizer() -> Tokenizer:
    return Tokenizer("bytes", ByteTokens())


@pytest.fixture
def embedder() -> Embedder:
    return Embedder()


@pytest.fixture
def embedding_model(embedder: Embedder) -> Any:
    return EmbeddingFunc(embedding_dim=3, func=embedder)


@pytest.fixture
def make_rag(tmp_path: Path, llm_model: Any, embedding_model: Any, tokenizer: Tokenizer) -> Callable[..., Any]:
    """Makes instances as an application does, in a workspace of their own each."""

    def make(**options: Any) -> Any:
        given = {"llm_model_func": llm_model, "embedding_func": embedding_model, "tokenizer": tokenizer}
        return LightRAG(working_dir=str(tmp_path), workspace=tmp_path.name, **given | options)

    return make
