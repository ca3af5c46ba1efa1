"""Options of indexes and searches, under LanceDB's own names. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lancedb import index as lance

from praison_persist.errors import ConfigurationError
from praison_persist.scores import Distance
from praison_persist.validation import check_positive

from .convert import DISTANCES

__all__ = ["Tuning", "index_config"]

_TYPES = ("IvfFlat", "IvfSq", "IvfPq", "IvfRq", "HnswPq", "HnswSq")


@dataclass(frozen=True)
class Tuning:
    """How searches use an index, and when small files are joined."""

    nprobes: int | None
    refine_factor: int | None
    ef: int | None
    optimize_every: int

    @classmethod
    def of(cls, **options: int | None) -> Tuning:
        """Raises:
        InvalidInputError: not a positive integer.
        """
        for name, value in options.items():
            if value is not None and not (name == "optimize_every" and value == 0):
                check_positive(value, name)
        return cls(**options)  # pyright: ignore[reportArgumentType] # optimize_every is always given


def index_config(index: Mapping[str, Any] | None, distance: Distance) -> Any:
    """LanceDB's description of a vector index; None for none.

    Raises:
        ConfigurationError: an unknown type or option.
    """
    if index is None:
        return None
    options = dict(index)
    kind = options.pop("type", None)
    if kind not in _TYPES:
        raise ConfigurationError(f"index type {kind!r} is not known", hint=f"choose one of {', '.join(_TYPES)}")
    try:
        return getattr(lance, kind)(distance_type=DISTANCES[distance], **options)
    except TypeError as exc:
        raise ConfigurationError(f"index is not what LanceDB understands: {exc}") from exc
