"""The directory of a store: which collections there are, and the LightRAG workspace of each. No LightRAG here.

``NAME.collection.json`` says what the collection is; its workspace is the directory beside it that this file names::

    {"name": "docs", "dimension": 384, "distance": "cosine", "metadata": null, "workspace": "docs-1f0c…"}

A workspace has a name of its own for each creation, since LightRAG keeps what it knows of a workspace by its name, for
the whole process, whatever the directory. One store holds the directory at a time: LightRAG writes whole files, so two
would undo each other's writes.
"""

from __future__ import annotations

import os
import shutil
import threading
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from praison_persist.errors import SerializationError, UnavailableError
from praison_persist.filelocks import lock, unlock
from praison_persist.jsontext import decode, encode
from praison_persist.knowledge import CollectionInfo

__all__ = ["Workspaces"]

_SUFFIX = ".collection.json"
_HINT = "a directory has one store at a time: close it there first"

_held: dict[str, int] = {}  # real paths, and the processes that hold them: a fork inherits the dictionary
_holding = threading.Lock()


class Workspaces:
    """The collections in a directory; the first call makes it and takes hold of it.

    Every method may raise:
        UnavailableError: another store holds the directory, or the system refuses.
        SerializationError: a file is damaged.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()
        self._descriptor: int | None = None
        self._process = 0
        self._real = ""

    def hold(self) -> None:
        """Make the directory and take hold of it, if that is not done."""
        with self._reported(), _holding:
            if self._descriptor is not None and self._process == os.getpid():  # a fork does not inherit the lock
                return
            self.path.mkdir(parents=True, exist_ok=True)
            real = os.path.realpath(self.path)
            if _held.get(real) == os.getpid():
                raise UnavailableError(f"{real!r} is held by another store of this process", hint=_HINT)
            self._descriptor = lock(self.path / "praison_persist.lock", hint=_HINT)
            self._real, self._process = real, os.getpid()
            _held[real] = self._process

    def release(self) -> None:
        """Give the directory to others."""
        with _holding:
            if self._descriptor is not None:
                unlock(self._descriptor)
                self._descriptor = None
                _held.pop(self._real, None)

    def names(self) -> list[str]:
        """The collections, in any order."""
        self.hold()
        with self._reported():
            return [path.name.removesuffix(_SUFFIX) for path in self.path.glob(f"*{_SUFFIX}")]

    def read(self, name: str) -> CollectionInfo | None:
        """What a collection is, or None where there is none."""
        found = self._read(name)
        if found is None:
            return None
        return CollectionInfo(found["name"], found["dimension"], found["distance"], found["metadata"])

    def workspace(self, name: str) -> str:
        """The workspace of a collection that exists."""
        return (self._read(name) or {})["workspace"]

    def add(self, info: CollectionInfo) -> None:
        """A new collection with a new workspace."""
        self.hold()
        found = {"name": info.name, "dimension": info.dimension, "distance": info.distance, "metadata": info.metadata}
        text = encode({**found, "workspace": f"{info.name}-{uuid.uuid4().hex}"}, "collection")
        with self._reported():
            made = self.path / f"{info.name}{_SUFFIX}.new"
            made.write_text(text, "utf-8")
            made.replace(self._file(info.name))

    def remove(self, name: str) -> None:
        """Delete a collection with its workspace, and nothing else of the directory."""
        workspace = self.path / self.workspace(name)
        with self._reported():
            self._file(name).unlink()  # first: what is left behind by a crash is no collection
            if workspace.exists():
                shutil.rmtree(workspace)

    def _file(self, name: str) -> Path:
        return self.path / f"{name}{_SUFFIX}"

    def _read(self, name: str) -> dict[str, Any] | None:
        self.hold()
        with self._reported():
            try:
                found = decode(self._file(name).read_text("utf-8"), "collection")
            except FileNotFoundError:
                return None
        if not isinstance(found, dict) or not {"name", "dimension", "distance", "metadata", "workspace"} <= set(found):
            raise SerializationError(f"{str(self._file(name))!r} does not describe a collection")
        return found

    @contextmanager
    def _reported(self) -> Generator[None]:
        try:
            yield
        except OSError as exc:
            raise UnavailableError(
                f"the directory {str(self.path)!r} cannot be used: {exc.strerror}",
                hint="check the path and its permissions",
            ) from exc
