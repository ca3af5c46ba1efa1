"""Where the store under test comes from: a registered name with URL and options, or a factory.

Opens stores; never connects, cleans up or asserts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

Kind = Literal["conversation", "knowledge", "state"]

__all__ = ["Kind", "Target", "registry"]


def registry(kind: str) -> Any:
    """The registry of one kind of store."""
    import praison_persist

    return getattr(praison_persist, f"{kind.upper()}_STORES")


def _no_options() -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Target:
    """One empty place for data, and how to open a store on it.

    Args:
        name: registered name of the backend; with ``factory``, only a label.
        url: passed to the backend's factory.
        options: further keyword arguments for it; JSON values where ``processes`` is True.
        factory: called without arguments instead of the registry (stores of this process, broken stores).
        shared: False where two stores opened here do not see the same data (``:memory:``).
        processes: False where another process cannot open it; always False with a factory.
        secret: a password in ``url`` or ``options`` that must never be shown.
        kind: set by the suite.
    """

    name: str
    url: str | None = field(default=None, kw_only=True, repr=False)
    options: Mapping[str, Any] = field(default_factory=_no_options, kw_only=True, repr=False)
    factory: Callable[[], Any] | None = field(default=None, kw_only=True, repr=False)
    shared: bool = field(default=True, kw_only=True)
    processes: bool = field(default=True, kw_only=True)
    secret: str | None = field(default=None, kw_only=True, repr=False)
    kind: Kind | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if cast(Any, self.options) is None:
            object.__setattr__(self, "options", {})
        if self.factory is not None or not self.shared:
            object.__setattr__(self, "processes", False)

    def open(self) -> Any:
        """A new store object on the same data."""
        if self.factory is not None:
            return self.factory()
        if self.kind is None:
            raise ValueError("a target without a factory needs its kind; the suites set it")
        return registry(self.kind).create(self.name, url=self.url, **self.options)

    def to_dict(self) -> dict[str, Any]:
        """What another process needs to open the store: JSON values, paths as text."""
        options = {
            key: os.fspath(cast("os.PathLike[str]", value)) if isinstance(value, os.PathLike) else value
            for key, value in self.options.items()
        }
        return {"name": self.name, "url": self.url, "options": options, "kind": self.kind}
