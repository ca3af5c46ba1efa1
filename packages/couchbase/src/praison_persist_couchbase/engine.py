"""The blocking client of one cluster, opened when first used. Knows no documents."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from datetime import timedelta
from typing import Any, NamedTuple

from couchbase.auth import PasswordAuthenticator
from couchbase.cluster import Cluster
from couchbase.durability import DurabilityLevel, ServerDurability
from couchbase.exceptions import (
    CasMismatchException,
    CollectionAlreadyExistsException,
    CouchbaseException,
    DocumentExistsException,
    DocumentNotFoundException,
    ScopeAlreadyExistsException,
)
from couchbase.n1ql import QueryScanConsistency
from couchbase.options import ClusterOptions, ClusterTimeoutOptions, QueryOptions, RemoveOptions
from couchbase.transcoder import RawJSONTranscoder

from praison_persist.errors import PersistError
from praison_persist.lifecycle import store_closed

from .errors import asked_to_wait, from_driver, translated, unreachable
from .location import Location, Remote

__all__ = [
    "EXISTS",
    "Changed",
    "Engine",
    "cluster_options",
    "durable",
    "query_options",
    "sorted_out",
    "there",
    "writing",
]

EXISTS = (CollectionAlreadyExistsException, ScopeAlreadyExistsException)
"""What making a scope or a collection meets where another one made it."""


class Changed(NamedTuple):
    """What came of writing or deleting some documents.

    Attributes:
        done: CAS of those that are changed, by key.
        unfit: keys that existed, of an insert; of a removal those that did not, or had another CAS.
        failures: errors of the others.
    """

    done: dict[str, int]
    unfit: list[str]
    failures: list[PersistError]


class Engine:
    """The way to one collection of Couchbase.

    Args:
        location: where it is.
        remote: how it is talked to.
    """

    asked_to_wait = staticmethod(asked_to_wait)
    pause = staticmethod(time.sleep)

    def __init__(self, location: Location, remote: Remote) -> None:
        self.location = location
        self.remote = remote
        self._opening = threading.Lock()
        self._closed = False
        self._owner = os.getpid()
        self._opened: tuple[Any, Any, Any] | None = None  # cluster, bucket, collection

    def guard(self, *, write: bool = False) -> AbstractContextManager[None]:
        """Around every use of the client: its errors become those of the contract."""
        return translated(self.location, write=write)

    # -- documents -----------------------------------------------------------------------------------------------

    def insert(self, bodies: dict[str, bytes]) -> Changed:
        """Write documents, as JSON, that are not there yet."""
        return self._many("insert_multi", bodies, writing(self.remote))

    def upsert(self, bodies: dict[str, bytes]) -> Changed:
        """Write documents, as JSON, over whatever has their keys."""
        return self._many("upsert_multi", bodies, writing(self.remote))

    def get(self, keys: Iterable[str]) -> dict[str, tuple[Any, int]]:
        """Bodies and CAS of the documents that exist, by key."""
        answer = self._collection().get_multi(list(keys), return_exceptions=True)
        return there({**answer.results, **answer.exceptions})

    def remove(self, cas_of: Mapping[str, int]) -> Changed:
        """Delete documents by key, each with its CAS (0 for any)."""
        options = {key: RemoveOptions(cas=cas) for key, cas in cas_of.items() if cas}
        return self._many("remove_multi", list(cas_of), {"per_key_options": options, **durable(self.remote)})

    def query(self, statement: str, parameters: Mapping[str, Any], *, write: bool = False) -> list[Any]:
        """The rows of a statement, which knows of all writes before it."""
        options = query_options(self.remote, parameters, write=write)
        return list(self._open()[0].query(statement, options))

    # -- the collection itself -----------------------------------------------------------------------------------

    def scopes(self) -> dict[str, set[str]]:
        """The names of the bucket's collections by scope."""
        found = self._open()[1].collections().get_all_scopes()
        return {scope.name: {one.name for one in scope.collections} for scope in found}

    def create_scope(self) -> None:
        """Make the scope; nothing where it is there."""
        with suppress(*EXISTS):
            self._open()[1].collections().create_scope(self.location.scope)

    def create_collection(self) -> None:
        """Make the collection; nothing where it is there."""
        with suppress(*EXISTS):
            self._open()[1].collections().create_collection(self.location.scope, self.location.collection)

    def close(self) -> None:
        """Close the client."""
        with self._opening:
            self._closed = True
            opened, self._opened = self._opened, None
        if opened is not None and self._owner == os.getpid():
            opened[0].close()

    # -- inside --------------------------------------------------------------------------------------------------

    def _many(self, method: str, what: Any, options: Mapping[str, Any]) -> Changed:
        answer = getattr(self._collection(), method)(what, return_exceptions=True, **options)
        return sorted_out({**answer.results, **answer.exceptions}, self.location)

    def _collection(self) -> Any:
        return self._open()[2]

    def _open(self) -> tuple[Any, Any, Any]:
        if self._opened is not None and self._owner == os.getpid():
            return self._opened
        with self._opening:
            if self._closed:
                raise store_closed()
            if self._owner != os.getpid():  # a child must not touch its parent's connections, nor even close them
                self._inherited, self._opened, self._owner = self._opened, None, os.getpid()
            if self._opened is None:
                self._opened = self._connect()
            return self._opened

    def _connect(self) -> tuple[Any, Any, Any]:
        cluster: Any = None
        try:
            cluster = Cluster.connect(self.location.connection_string, cluster_options(self.location, self.remote))
            bucket = cluster.bucket(self.location.bucket)
        except CouchbaseException as exc:
            if cluster is not None:
                cluster.close()
            raise unreachable(exc, self.location, self.remote.connect_timeout) from exc
        return cluster, bucket, bucket.scope(self.location.scope).collection(self.location.collection)


def cluster_options(location: Location, remote: Remote) -> Any:
    """The client's options for a cluster, of either client."""
    seconds, connecting = timedelta(seconds=remote.timeout), timedelta(seconds=remote.connect_timeout)
    deadlines = ClusterTimeoutOptions(
        bootstrap_timeout=connecting,
        connect_timeout=connecting,
        resolve_timeout=connecting,
        kv_timeout=seconds,
        kv_durable_timeout=seconds,
        query_timeout=seconds,
        management_timeout=seconds,
    )
    return ClusterOptions(
        PasswordAuthenticator(location.username, location.password),
        timeout_options=deadlines,
        enable_tracing=False,
        enable_metrics=False,  # the client's meter has a thread that survives the client's end
    )


def durable(remote: Remote) -> dict[str, Any]:
    """The client's arguments for the durability of a write."""
    if remote.durability == "none":
        return {}
    return {"durability": ServerDurability(DurabilityLevel[remote.durability.upper()])}


def writing(remote: Remote) -> dict[str, Any]:
    """The client's arguments for a write of JSON."""
    return {"transcoder": RawJSONTranscoder(), **durable(remote)}


def query_options(remote: Remote, parameters: Mapping[str, Any], *, write: bool) -> Any:
    """The client's options for a statement."""
    return QueryOptions(
        named_parameters=dict(parameters),
        scan_consistency=QueryScanConsistency.REQUEST_PLUS,
        read_only=not write,
        timeout=timedelta(seconds=remote.timeout),
    )


def sorted_out(answers: Mapping[str, Any], location: Location) -> Changed:
    """What came of changing some documents, from the client's result or error for each."""
    outcome = Changed({}, [], [])
    for key, answer in answers.items():
        if isinstance(answer, (DocumentExistsException, DocumentNotFoundException, CasMismatchException)):
            outcome.unfit.append(key)
        elif isinstance(answer, BaseException):
            failure = from_driver(answer, location, write=True)
            failure.__cause__ = answer
            outcome.failures.append(failure)
        else:
            outcome.done[key] = answer.cas
    return outcome


def there(answers: Mapping[str, Any]) -> dict[str, tuple[Any, int]]:
    """Bodies and CAS of the documents that exist, from the client's result or error for each.

    Raises:
        CouchbaseException: the first error that is not about a missing document.
    """
    found: dict[str, tuple[Any, int]] = {}
    for key, answer in answers.items():
        if isinstance(answer, DocumentNotFoundException):
            continue
        if isinstance(answer, BaseException):
            raise answer
        found[key] = answer.content_as[dict], answer.cas
    return found
