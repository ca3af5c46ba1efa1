"""Makes LightRAG instances for collections, and says which can be wrapped; imports LightRAG when that is needed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from praison_persist.errors import ConfigurationError, InvalidInputError, UnsupportedError
from praison_persist.knowledge import CollectionInfo

__all__ = ["Models", "checked"]

_SET_HERE = ("working_dir", "workspace", "llm_model_func", "embedding_func")


class Models:
    """What the instances of a store are made with.

    Args:
        llm_model: LightRAG's ``llm_model_func``, or None.
        embedding_model: LightRAG's ``EmbeddingFunc``, or None.
        options: further arguments of ``LightRAG``.

    Raises:
        ConfigurationError: a model that is a name, or an option that the store sets itself.
    """

    def __init__(
        self, llm_model: Callable[..., Any] | None, embedding_model: Any, options: Mapping[str, Any] | None
    ) -> None:
        if llm_model is not None and not callable(llm_model):
            raise ConfigurationError(
                f"llm_model must be LightRAG's llm_model_func, not {type(llm_model).__name__}",
                hint="give the function, one of lightrag.llm or your own: a name does not say whose model it is",
            )
        if embedding_model is not None and not hasattr(embedding_model, "embedding_dim"):
            raise ConfigurationError(
                f"embedding_model must be a lightrag.utils.EmbeddingFunc, not {type(embedding_model).__name__}",
                hint="EmbeddingFunc(embedding_dim=…, func=…)",
            )
        if set_here := [name for name in _SET_HERE if name in (options or {})]:
            raise ConfigurationError(
                f"lightrag_kwargs cannot set {set_here[0]}, which the store does",
                hint="use working_dir, llm_model and embedding_model",
            )
        self._llm_model = llm_model
        self._embedding_model = embedding_model
        self._options = dict(options or {})

    def check(self, info: CollectionInfo) -> None:
        """Refuse a collection of another dimension than the embedding model's.

        Raises:
            InvalidInputError: that.
        """
        made = getattr(self._embedding_model, "embedding_dim", info.dimension)
        if made != info.dimension:
            raise InvalidInputError(
                f"embedding_model makes vectors of dimension {made}, and {info.name!r} has {info.dimension}"
            )

    def make(self, info: CollectionInfo, path: Path, workspace: str) -> Any:
        """The ``LightRAG`` of a collection, not initialized."""
        lightrag, utils = _lightrag()
        options = dict(self._options)
        if self._llm_model is None:  # then nothing counts tokens; LightRAG's own tokenizer is a download
            options.setdefault("tokenizer", utils.Tokenizer("bytes", _Bytes()))
        return lightrag.LightRAG(
            working_dir=str(path),
            workspace=workspace,
            llm_model_func=self._llm_model or _no_llm,
            embedding_func=self._embedding_model
            or utils.EmbeddingFunc(embedding_dim=info.dimension, func=_no_embedding),
            **options,
        )


def checked(rag: Any) -> Any:
    """The instance itself, if it can be wrapped.

    Raises:
        ConfigurationError: no LightRAG, or one with another vector storage.
    """
    lightrag, _ = _lightrag()
    if not isinstance(rag, lightrag.LightRAG):
        raise ConfigurationError(f"expected a LightRAG, not {type(rag).__name__}", backend="lightrag")
    if type(rag.chunks_vdb).__name__ != "NanoVectorDBStorage":
        raise ConfigurationError(
            f"{type(rag.chunks_vdb).__name__} is not known to keep a document's metadata and vector as they are",
            backend="lightrag",
            hint="use vector_storage='NanoVectorDBStorage', or the backend of that engine itself",
        )
    return rag


class _Bytes:
    """A tokenizer that needs no download: every byte is a token."""

    def encode(self, content: str) -> list[int]:
        return list(content.encode("utf-8", "surrogatepass"))

    def decode(self, tokens: list[int]) -> str:
        return bytes(tokens).decode("utf-8", "replace")


async def _no_llm(*_args: Any, **_keywords: Any) -> str:
    raise UnsupportedError("this LightRAG has no language model", backend="lightrag", hint="give the store llm_model=")


async def _no_embedding(*_args: Any, **_keywords: Any) -> Any:
    raise UnsupportedError(
        "this LightRAG gets vectors, and cannot make them of texts",
        backend="lightrag",
        hint="give the store embedding_model=",
    )


def _lightrag() -> tuple[Any, Any]:
    """LightRAG's modules; importing NanoVectorDB would set up the application's logging, which is put back."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    import lightrag  # not above: it takes seconds, and reads a file .env in the current directory
    import lightrag.utils
    import nano_vectordb  # noqa: F401

    for added in [handler for handler in root.handlers if handler not in handlers]:
        root.removeHandler(added)
    root.setLevel(level)
    return lightrag, lightrag.utils
