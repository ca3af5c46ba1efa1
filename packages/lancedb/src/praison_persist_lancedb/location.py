"""Where LanceDB's tables are: a directory, memory, an object store, LanceDB Cloud. Opens nothing."""

from __future__ import annotations

import os
import re

from praison_persist.errors import ConfigurationError

__all__ = ["MEMORY", "location_of"]

MEMORY = "memory://"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_PASSED_ON = ("s3", "s3+ddb", "gs", "az", "abfss", "oss", "db", "file", "file+uring")
_HINT = f"a directory, 'memory://', lancedb:///absolute/path, or one of {'://, '.join(_PASSED_ON)}://"


def location_of(url: str | None, path: str | os.PathLike[str] | None, uri: str | None) -> str:
    """The one URI that the constructor's arguments name; ``./lancedb`` where they name none.

    Raises:
        ConfigurationError: two places, an unknown scheme, or credentials inside the URL.
    """
    given = {name: value for name, value in (("url", url), ("path", path), ("uri", uri)) if value}
    if len(given) > 1:
        raise ConfigurationError(f"{' and '.join(given)} exclude each other", hint=_HINT)
    place = os.fspath(next(iter(given.values()), "./lancedb"))
    if place in (MEMORY, ":memory:"):
        return MEMORY
    match = _SCHEME.fullmatch(place)
    if match is None:
        return place
    scheme, rest = match[1].lower(), match[2]
    if scheme == "lancedb" and rest:
        return rest
    if scheme not in _PASSED_ON or not rest:
        raise ConfigurationError(f"{scheme}:// is no place for LanceDB's tables", hint=_HINT)
    if "@" in rest.partition("/")[0]:
        raise ConfigurationError("credentials do not belong into this URL", hint="give storage_options= or api_key=")
    return f"{scheme}://{rest}"
