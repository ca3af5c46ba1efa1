"""Options of the constructor, checked: those that Weaviate has names for. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from weaviate.classes.config import Configure, ConsistencyLevel

from praison_persist.errors import ConfigurationError

__all__ = ["check_alpha", "check_consistency", "check_headers", "check_hnsw", "check_replicas"]

_HNSW = (
    "cleanup_interval_seconds",
    "dynamic_ef_factor",
    "dynamic_ef_max",
    "dynamic_ef_min",
    "ef",
    "ef_construction",
    "filter_strategy",
    "flat_search_cutoff",
    "max_connections",
    "vector_cache_max_objects",
)
_STRATEGIES = ("sweeping", "acorn")


def check_hnsw(options: Mapping[str, Any] | None) -> dict[str, Any]:
    """Options of `Configure.VectorIndex.hnsw`.

    Raises:
        ConfigurationError: an unknown name, or no integer.
    """
    checked = dict(options or {})
    for name, value in checked.items():
        if name not in _HNSW:
            near = get_close_matches(str(name), _HNSW, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"they are {', '.join(_HNSW)}"
            raise ConfigurationError(f"hnsw has no option {name!r}", hint=hint)
        if name == "filter_strategy":
            if value not in _STRATEGIES:
                raise ConfigurationError(f"filter_strategy {value!r} is not one of {', '.join(_STRATEGIES)}")
        elif isinstance(value, bool) or not isinstance(value, int):
            raise ConfigurationError(f"hnsw option {name!r} must be an integer, got {value!r}")
    return checked


def check_replicas(number: Any) -> Any:
    """The configuration of so many replicas; None for the server's default."""
    if number is None:
        return None
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ConfigurationError(f"replication_factor must be an integer of at least 1, got {number!r}")
    return Configure.replication(factor=number)


def check_consistency(level: Any) -> ConsistencyLevel | None:
    """The consistency level of this name."""
    try:
        return None if level is None else ConsistencyLevel(level)
    except ValueError as exc:
        names = ", ".join(one.value for one in ConsistencyLevel)
        raise ConfigurationError(f"consistency_level {level!r} is not one of {names}") from exc


def check_alpha(weight: Any) -> float | None:
    """A weight from 0 to 1."""
    if weight is None:
        return None
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 <= weight <= 1:
        raise ConfigurationError(f"alpha must be a number from 0 to 1, got {weight!r}")
    return float(weight)


def check_headers(headers: Any) -> dict[str, str]:
    """Header names and values; values are not shown, since they may be keys."""
    checked: dict[Any, Any] = dict(headers or {})
    if not all(isinstance(part, str) for pair in checked.items() for part in pair):
        raise ConfigurationError("additional_headers must be texts by name")
    return checked
