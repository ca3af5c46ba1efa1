"""Long texts in pieces that an embedding model takes. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from praison_persist.errors import ConfigurationError
from praison_persist.validation import check_limit

__all__ = ["check_sizes", "split"]

_BREAKS = ("\n\n", "\n", ". ", " ")
"""Where a piece may end, best first."""


def check_sizes(size: int, overlap: int) -> None:
    """Refuse sizes that cannot be.

    Raises:
        ConfigurationError: ``size`` below 1, or ``overlap`` not below it.
    """
    if not check_limit(size, "chunk_size") or (check_limit(overlap, "chunk_overlap") or 0) >= size:
        raise ConfigurationError(
            f"chunk_size must be at least 1 and chunk_overlap smaller, got {size!r} and {overlap!r}"
        )


def split(text: str, size: int, overlap: int) -> Iterator[str]:
    """Pieces of at most ``size`` characters, each beginning with the last ``overlap`` of the one before.

    A piece ends, in its second half, behind a paragraph, else a line, a sentence, a word, else anywhere. White space
    around a piece is dropped, and so are empty pieces.
    """
    start = 0
    while start < len(text):
        end = min(start + size, len(text))
        if end < len(text):
            for mark in _BREAKS:
                found = text.rfind(mark, start + max(size // 2, overlap + 1), end)
                if found >= 0:
                    end = found + len(mark)
                    break
        if piece := text[start:end].strip():
            yield piece
        if end == len(text):
            return
        start = end - overlap
