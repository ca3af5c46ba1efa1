"""The options that all stores of this package share: where the database is. Opens nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from praison_persist.errors import ConfigurationError

__all__ = ["Settings"]

_SCHEMES = ("duckdb",)


@dataclass(frozen=True)
class Settings:
    """A database.

    Attributes:
        path: its file.
        timeout: seconds to wait for another writer.
    """

    path: str
    timeout: float

    @classmethod
    def of(cls, path: str | os.PathLike[str] | None, url: str | None, timeout: float) -> Settings:
        """From the options of a store: a path or a URL, ``scheme:///relative.db`` or ``scheme:////absolute.db``.

        Raises:
            ConfigurationError: both are given, or one of them is wrong.
        """
        if path is not None and url is not None:
            raise ConfigurationError("give path= or url=, not both", backend="duckdb")
        if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 < timeout < 86400:
            raise ConfigurationError(f"timeout must be seconds above 0, got {timeout!r}", backend="duckdb")
        text = os.fspath(path) if path is not None else "duckdb.db" if url is None else _path(url)
        if not text or "\x00" in text:
            raise ConfigurationError("the path must be non-empty text", backend="duckdb")
        return cls(str(Path(text).expanduser()), float(timeout))


def _path(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    host, _, path = rest.partition("/")
    if not separator or scheme.lower() not in _SCHEMES or host or not path or "?" in path or "#" in path:
        hint = f"{_SCHEMES[0]}:///relative.db, or {_SCHEMES[0]}:////absolute.db"
        raise ConfigurationError("this is no URL of such a database", backend="duckdb", hint=hint)
    return unquote(path)
