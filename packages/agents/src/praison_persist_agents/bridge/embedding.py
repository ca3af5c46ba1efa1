"""An embedder for any OpenAI-compatible server, over the standard library. Knows no store."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from praison_persist.errors import ConfigurationError, OperationTimeoutError, PersistError, UnavailableError
from praison_persist.urls import redact, scrub
from praison_persist.validation import check_batch_size, check_positive

__all__ = ["OpenAIEmbedder"]

_DEFAULT_URL = "https://api.openai.com/v1"


class OpenAIEmbedder:
    """Embeds texts with ``POST <url>/embeddings``; call it with a list of texts.

    Args:
        url: base URL; by default ``OPENAI_BASE_URL``, ``OPENAI_API_BASE``, else OpenAI's.
        model: the embedding model.
        api_key: by default ``OPENAI_API_KEY``.
        dimensions: asks for vectors of this length, which not every model can give.
        batch_size: most texts per request.
        timeout: seconds that one request may take.

    Raises:
        ConfigurationError: not an HTTP URL; or (calls) the server refuses the key, the model or the texts.
        UnavailableError: (calls) no answer, or one without vectors; may be tried again.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        model: str = "text-embedding-3-small",
        api_key: str | None = None,
        dimensions: int | None = None,
        batch_size: int = 256,
        timeout: float = 30.0,
    ) -> None:
        base = url or os.environ.get("OPENAI_BASE_URL") or os.environ.get("OPENAI_API_BASE") or _DEFAULT_URL
        if urlsplit(base).scheme not in ("http", "https"):
            raise ConfigurationError("the URL of an embedding server starts with http:// or https://")
        self._url = f"{base.rstrip('/')}/embeddings"
        self._key = api_key or os.environ.get("OPENAI_API_KEY") or ""
        self._body: dict[str, Any] = {"model": model}
        if dimensions is not None:
            self._body["dimensions"] = dimensions
        self._batch_size = check_batch_size(batch_size)
        self._timeout = check_positive(timeout, "timeout")

    def __call__(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector per text, in their order."""
        vectors: list[list[float]] = []
        for start in range(0, len(texts), self._batch_size):
            vectors += self._embed(list(texts[start : start + self._batch_size]))
        return vectors

    def __repr__(self) -> str:
        return f"OpenAIEmbedder({redact(self._url)!r}, model={self._body['model']!r})"

    def _embed(self, texts: list[str]) -> list[list[float]]:
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        body = json.dumps({**self._body, "input": texts}).encode()
        request = urllib.request.Request(self._url, body, headers, method="POST")  # noqa: S310 - checked above
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as response:  # noqa: S310
                answer = json.load(response)
            rows = sorted(answer["data"], key=lambda row: row["index"])
            vectors = [row["embedding"] for row in rows]
        except urllib.error.HTTPError as exc:
            with exc:
                raise self._refused(exc) from None
        except TimeoutError as exc:
            raise OperationTimeoutError(
                f"no answer from {redact(self._url)} within {self._timeout:g} s", operation="embed"
            ) from exc
        except (OSError, ValueError, LookupError, TypeError) as exc:
            raise self._unavailable(f"{type(exc).__name__}: {exc}") from exc
        if len(vectors) != len(texts):
            raise self._unavailable(f"{len(vectors)} vectors for {len(texts)} texts")
        return vectors

    def _refused(self, exc: urllib.error.HTTPError) -> PersistError:
        said = scrub(exc.read(500).decode("utf-8", "replace"), self._key)
        if exc.code == 429 or exc.code >= 500:
            return self._unavailable(f"HTTP {exc.code}: {said}")
        return ConfigurationError(
            f"{redact(self._url)} refuses to embed (HTTP {exc.code}): {said}",
            operation="embed",
            hint="check api_key= (or OPENAI_API_KEY) and model=",
        )

    def _unavailable(self, why: str) -> UnavailableError:
        return UnavailableError(
            f"{redact(self._url)} gave no vectors: {scrub(why, self._key)}",
            operation="embed",
            hint="check the URL (or OPENAI_BASE_URL), and that the server runs",
        )
