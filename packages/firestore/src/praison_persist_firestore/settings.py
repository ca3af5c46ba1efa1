"""Which collection, with which credentials and deadline. Opens nothing, imports no client."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from praison_persist.errors import ConfigurationError
from praison_persist.urls import parse
from praison_persist.validation import check_positive

__all__ = ["Settings"]

_COLLECTION = "praisonai_state"
_DATABASE = "(default)"
_HINT = "write firestore://project/collection, optionally with ?database=name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What both engines need.

    Attributes:
        project: None where the credentials say it.
        emulator: ``host:port``, or None for the service.
        timeout: seconds for one call.
    """

    project: str | None
    database: str
    collection: str
    credentials_path: str | None
    emulator: str | None
    timeout: float

    @property
    def place(self) -> str:
        """The collection as messages name it."""
        query = "" if self.database == _DATABASE else f"?database={self.database}"
        where = f" on {self.emulator}" if self.emulator else ""
        return f"firestore://{self.project or ''}/{self.collection}{query}{where}"

    @classmethod
    def of(
        cls,
        url: str | None,
        *,
        project: str | None,
        database: str | None,
        collection: str | None,
        credentials_path: str | None,
        timeout: float,
    ) -> Settings:
        """The settings that a store's arguments name, or the environment where these are missing.

        Raises:
            ConfigurationError: a broken URL, one of something else, or a name that Firestore does not take.
            InvalidInputError: a number out of range.
        """
        if url is not None:
            parsed = parse(url)
            if parsed.scheme != "firestore" or parsed.driver or len(parsed.hosts) > 1 or parsed.username:
                raise ConfigurationError(f"{parsed.scheme}:// is no URL of a Firestore collection", hint=_HINT)
            if unknown := sorted(set(parsed.query) - {"database"}):
                raise ConfigurationError(f"unknown URL parameter {unknown[0]!r}", hint="known is database")
            project = project or parsed.host
            collection = collection or parsed.database or None
            database = database or parsed.query.get("database")
        project = project or os.environ.get("FIRESTORE_PROJECT") or os.environ.get("GOOGLE_CLOUD_PROJECT") or None
        emulator = os.environ.get("FIRESTORE_EMULATOR_HOST") or None
        if emulator and project is None:
            project = "demo-praisonai"  # an emulator has no credentials to say it
        for what, value in (("project", project), ("database", database)):
            if value is not None and not (isinstance(value, str) and re.fullmatch(r"[\w.:()-]+", value)):
                raise ConfigurationError(f"{what} must be a name, got {value!r}")
        if credentials_path is not None and not isinstance(credentials_path, (str, Path)):
            raise ConfigurationError("credentials_path must be the path of a file")
        return cls(
            project=project,
            database=database or _DATABASE,
            collection=_checked(_COLLECTION if collection is None else collection),
            credentials_path=None if credentials_path is None else str(credentials_path),
            emulator=emulator,
            timeout=check_positive(timeout, "timeout"),
        )


def _checked(collection: object) -> str:
    """The collection's name, or its path below a document (``users/ada/state``)."""
    parts = collection.split("/") if isinstance(collection, str) else []
    wrong = [part for part in parts if part in ("", ".", "..") or re.fullmatch("__.*__", part) or "\x00" in part]
    if wrong or len(parts) % 2 == 0:
        raise ConfigurationError(
            f"{collection!r} is no name of a collection",
            hint="a name without '/', not '.' or '..', not between two pairs of underscores; or collection/document/…",
        )
    return str(collection)
