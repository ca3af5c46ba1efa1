"""One project: its indexes, as the control plane knows them, and their namespaces. Knows no HTTP."""

from __future__ import annotations

import json
import re
import threading
import time
from pathlib import Path
from typing import Any

from namespaces import Namespace
from refusal import RequestError

__all__ = ["Index", "Project"]

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,43}[a-z0-9])?")
_TAG_KEY = re.compile(r"[A-Za-z0-9_-]{1,80}")
_TAG_VALUE = re.compile(r"[A-Za-z0-9;@_.+ -]{0,120}")
_METRICS = ("cosine", "dotproduct", "euclidean")
_MOST_TAGS = 20
_LONGEST_VECTOR = 20_000


class Index:
    """An index: what it was created as, when it is ready, and its namespaces."""

    def __init__(self, body: dict[str, Any], ready_at: float, lag: float) -> None:
        self.body = body
        self.ready_at = ready_at
        self.vector: dict[str, Any] = next(iter(body["schema"]["fields"].values()))
        self.spaces: dict[str, Namespace] = {}
        self._lag = lag

    def space(self, name: str, *, make: bool = False) -> Namespace | None:
        """A namespace; None where nothing was ever written to it."""
        if make and name not in self.spaces:
            self.spaces[name] = Namespace(self._lag)
        return self.spaces.get(name)

    def described(self, host: str) -> dict[str, Any]:
        """The model of the control plane; ``host`` is where this server is."""
        ready = time.monotonic() >= self.ready_at
        return {
            **self.body,
            "host": f"{host}/hosts/{self.body['name']}",
            "status": {"ready": ready, "state": "Ready" if ready else "Initializing"},
            "deployment": {**self.body["deployment"], "environment": "stand-in"},
        }


class Project:
    """Indexes by name, with all writes in a journal.

    Args:
        lag: seconds until reads see a write.
        creating: seconds until a new index is ready.
        journal: None to keep nothing.
    """

    def __init__(self, lag: float, creating: float, journal: Path | None) -> None:
        self.lock = threading.RLock()
        self.indexes: dict[str, Index] = {}
        self._lag = lag
        self._creating = creating
        if journal is not None and journal.exists():
            for line in journal.read_bytes().splitlines(keepends=True):
                if line.endswith(b"\n"):  # else the server was killed while it wrote this
                    self._replay(json.loads(line))
        self._journal = None if journal is None else journal.open("ab", buffering=0)

    def create(self, body: dict[str, Any]) -> Index:
        """Create an index.

        Raises:
            RequestError: it is wrong, or exists.
        """
        _check(body)
        if body["name"] in self.indexes:
            raise RequestError(409, "ALREADY_EXISTS", "Resource already exists")
        index = self._made(body, self._creating)
        self._keep(["create", body])
        return index

    def get(self, name: str) -> Index:
        """An index.

        Raises:
            RequestError: there is none.
        """
        if name not in self.indexes:
            raise RequestError(404, "NOT_FOUND", f"Resource {name} not found")
        return self.indexes[name]

    def drop(self, name: str) -> None:
        """Delete an index."""
        if self.get(name).body["deletion_protection"] == "enabled":
            raise RequestError(
                403, "FORBIDDEN", "Deletion protection is enabled for this index. Disable it before retrying."
            )
        del self.indexes[name]
        self._keep(["drop", name])

    def write(self, index: Index, namespace: str, changes: dict[str, dict[str, Any] | None]) -> int:
        """Change records; the position in the namespace's log."""
        space = index.space(namespace, make=True)
        assert space is not None
        space.write(changes)
        self._keep(["write", index.body["name"], namespace, changes])
        return space.committed

    def _keep(self, entry: list[Any]) -> None:
        if self._journal is not None:
            self._journal.write(json.dumps(entry).encode() + b"\n")

    def _replay(self, entry: list[Any]) -> None:
        if entry[0] == "create":
            self._made(entry[1], 0.0)
        elif entry[0] == "drop":
            del self.indexes[entry[1]]
        else:
            space = self.indexes[entry[1]].space(entry[2], make=True)
            assert space is not None
            space.write(entry[3])

    def _made(self, body: dict[str, Any], creating: float) -> Index:
        given = {"deletion_protection": "disabled", "tags": None, **body}
        given["read_capacity"] = {"mode": "OnDemand", "status": {"state": "Ready"}}
        index = self.indexes[body["name"]] = Index(given, time.monotonic() + creating, self._lag)
        return index


def _check(body: dict[str, Any]) -> None:
    def refused(message: str) -> RequestError:
        return RequestError(400, "INVALID_ARGUMENT", message)

    if not _NAME.fullmatch(str(body.get("name"))):
        raise refused("Name must consist of lower case alphanumeric characters or '-', at most 45")
    fields: Any = body.get("schema", {}).get("fields")
    if not isinstance(fields, dict) or list(fields) != ["_values"] or fields["_values"].get("type") != "dense_vector":
        raise refused("the stand-in takes one field, _values, of type dense_vector")
    if fields["_values"].get("metric") not in _METRICS:
        raise refused(f"metric must be one of {', '.join(_METRICS)}")
    dimension = fields["_values"].get("dimension")
    if not isinstance(dimension, int) or not 1 <= dimension <= _LONGEST_VECTOR:
        raise refused(f"dimension must be from 1 to {_LONGEST_VECTOR}")
    deployment: Any = body.get("deployment")
    if not isinstance(deployment, dict) or deployment.get("deployment_type") != "managed":
        raise refused("the stand-in takes managed deployments")
    if deployment.get("cloud") not in ("aws", "gcp", "azure") or not deployment.get("region"):
        raise RequestError(404, "NOT_FOUND", f"Resource cloud: {deployment.get('cloud')} not found")
    if body.get("deletion_protection", "disabled") not in ("enabled", "disabled"):
        raise refused("deletion_protection must be enabled or disabled")
    tags: Any = body.get("tags") or {}
    if len(tags) > _MOST_TAGS or not all(
        _TAG_KEY.fullmatch(key) and isinstance(value, str) and _TAG_VALUE.fullmatch(value)
        for key, value in tags.items()
    ):
        raise refused("at most 20 tags, of keys up to 80 and values up to 120 characters")
