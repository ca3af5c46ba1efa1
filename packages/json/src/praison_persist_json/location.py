"""Where the store is: paths and URLs. Opens nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from praison_persist.errors import ConfigurationError

BACKEND = "json"
DEFAULT_PATH = "./praisonai_conversations"


def directory_of(path: str | os.PathLike[str] | None, url: str | None) -> Path:
    """The directory that the options of a store name.

    Raises:
        ConfigurationError: both given, another scheme, or no name of a directory.
    """
    if path is not None and url is not None:
        raise ConfigurationError("give url= or path=, not both", backend=BACKEND)
    place = os.fspath(path) if path is not None else DEFAULT_PATH if url is None else _url_path(url)
    if not isinstance(place, str) or not place or "\x00" in place:
        raise ConfigurationError("the path must be the name of a directory", backend=BACKEND)
    return Path(place)


def _url_path(url: Any) -> str:
    if not isinstance(url, str):
        raise ConfigurationError(f"url must be a string, not {type(url).__name__}", backend=BACKEND)
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    if scheme.lower() != "json" or not rest or "?" in rest or "#" in rest:
        raise ConfigurationError(
            f"this is not a URL of the json backend (scheme {scheme!r})",
            backend=BACKEND,
            hint="write json:///absolute/directory, json://relative/directory, or a path",
        )
    return unquote(rest)
