"""The session of a cluster: opened when first used, with its keyspace and prepared statements. Knows no documents."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from cassandra import ConsistencyLevel, ProtocolVersion
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, Session
from cassandra.concurrent import execute_concurrent_with_args
from cassandra.policies import ConstantReconnectionPolicy, DCAwareRoundRobinPolicy, TokenAwarePolicy

from praison_persist.lifecycle import store_closed

from .errors import may_be_repeated, translated
from .location import Location

__all__ = ["Engine", "Settings"]

_CONCURRENCY = 32
_RECONNECT_SECONDS = 0.5


@dataclass(frozen=True)
class Settings:
    """How a cluster is talked to.

    Attributes:
        timeout, connect_timeout: seconds for a request, and for a connection.
        consistency: of reads and writes, by the driver's name.
        local_datacenter: where requests go; None for the data center of the first host.
        replication: of a new keyspace, as CQL.
        ssl_context: an `ssl.SSLContext`, or None.
    """

    timeout: float
    connect_timeout: float
    consistency: str
    local_datacenter: str | None
    replication: str
    ssl_context: Any


class Engine:
    """The way to one keyspace.

    Args:
        location: where it is.
        settings: how it is talked to.
    """

    def __init__(self, location: Location, settings: Settings) -> None:
        self.location = location
        self._settings = settings
        self._opening = threading.Lock()
        self._closed = False
        self._cluster: Cluster | None = None
        self._session: Session | None = None
        self._owner = 0
        self._prepared: dict[str, Any] = {}

    @contextmanager
    def guard(self, *, write: bool = False) -> Generator[None]:
        """Around requests: the driver's errors become those of the contract."""
        with translated(str(self.location), write=write):
            yield

    def session(self) -> Session:
        """The open session, in the keyspace.

        Raises:
            UnavailableError: the cluster cannot be reached.
        """
        if self._session is not None and self._owner == os.getpid():
            return self._session
        with self._opening:
            if self._closed:
                raise store_closed()
            if self._session is None or self._owner != os.getpid():
                with self.guard():
                    self._open()
            assert self._session is not None  # noqa: S101 - just opened
            return self._session

    def run(self, cql: str, values: Sequence[Any] = (), *, nearest: bool = False, size: int | None = None) -> Any:
        """The answer to one prepared statement.

        Args:
            cql: with a ``?`` for each value.
            values: what stands for them.
            nearest: an ANN query, which Cassandra answers from one replica, without pages.
            size: rows of a page; None for the driver's choice.
        """
        bound = self._statement(cql).bind(values)
        if nearest:
            bound.consistency_level, bound.fetch_size = ConsistencyLevel.LOCAL_ONE, 0
        elif size is not None:
            bound.fetch_size = size
        return self.session().execute(bound)

    def page(self, cql: str, values: Sequence[Any], size: int, state: bytes | None) -> tuple[list[Any], bytes | None]:
        """One page of the answer, and the state that asks for the next; None at the end."""
        bound = self._statement(cql).bind(values)
        bound.fetch_size = size
        answer = self.session().execute(bound, paging_state=state)
        return list(answer.current_rows), answer.paging_state

    def run_many(self, cql: str, rows: Iterable[Sequence[Any]]) -> list[Any]:
        """The first rows of the answers, in order; None for an answer without rows.

        Statements that a replica failed to carry out are repeated, so each must do no harm twice.
        """
        session, statement = self.session(), self._statement(cql)
        pending = list(enumerate(rows))
        answers: list[Any] = [None] * len(pending)
        for attempt in (1, 2, 3, 4):
            results = execute_concurrent_with_args(
                session,
                statement,
                [row for _, row in pending],
                concurrency=_CONCURRENCY if attempt == 1 else 1,
                raise_on_first_error=False,
            )
            again: list[tuple[int, Sequence[Any]]] = []
            for (index, row), (success, result) in zip(pending, results, strict=True):
                if success:
                    answers[index] = result.one() if result is not None else None
                elif attempt < 4 and may_be_repeated(result):
                    again.append((index, row))
                else:
                    raise result
            if not again:
                break
            pending = again
        return answers

    def define(self, cql: str) -> None:
        """Change the schema."""
        self.session().execute(cql, timeout=max(self._settings.timeout, 30.0))

    def look_up(self, cql: str, values: Mapping[str, Any]) -> list[Any]:
        """Rows of the schema's tables."""
        return list(self.session().execute(cql, values))

    def forget(self) -> None:
        """Prepare statements anew: a table has changed."""
        self._prepared = {}

    def close(self) -> None:
        """Close the session."""
        with self._opening:
            self._closed = True
            cluster, self._cluster, self._session = self._cluster, None, None
            if cluster is not None and self._owner == os.getpid():
                cluster.shutdown()

    # -- inside --------------------------------------------------------------------------------------------------

    def _statement(self, cql: str) -> Any:
        statement = self._prepared.get(cql)
        if statement is None:
            statement = self._prepared[cql] = self.session().prepare(cql)
        return statement

    def _open(self) -> None:
        cluster = Cluster(**self._options())
        try:
            session = cluster.connect()
            session.use_client_timestamp = False  # the server's are in one order with those of IF NOT EXISTS
            self._use_keyspace(session)
        except BaseException:
            cluster.shutdown()
            raise
        self._cluster, self._session, self._owner, self._prepared = cluster, session, os.getpid(), {}

    def _options(self) -> dict[str, Any]:
        settings, location = self._settings, self.location
        profile: dict[str, Any] = {
            "consistency_level": getattr(ConsistencyLevel, settings.consistency),
            "serial_consistency_level": ConsistencyLevel.LOCAL_SERIAL,
            "request_timeout": settings.timeout,
            "load_balancing_policy": TokenAwarePolicy(DCAwareRoundRobinPolicy(settings.local_datacenter or "")),
        }
        options: dict[str, Any] = {
            "execution_profiles": {EXEC_PROFILE_DEFAULT: ExecutionProfile(**profile)},
            "connect_timeout": settings.connect_timeout,
            "control_connection_timeout": settings.connect_timeout,
            "reconnection_policy": ConstantReconnectionPolicy(_RECONNECT_SECONDS, cast(int, None)),
            "schema_metadata_enabled": False,  # reading the whole schema after every CREATE costs seconds
        }
        if location.username is not None:
            options["auth_provider"] = PlainTextAuthProvider(location.username, location.password or "")
        if settings.ssl_context is not None:
            options["ssl_context"] = settings.ssl_context
        if location.bundle is not None:
            return {**options, "cloud": {"secure_connect_bundle": location.bundle}}
        server = {"contact_points": list(location.hosts), "port": location.port}
        return {**options, **server, "protocol_version": ProtocolVersion.V5}  # else a warning for each one tried

    def _use_keyspace(self, session: Session) -> None:
        """Also without the right to create one, where it is there."""
        name = self.location.keyspace
        known = "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = %s"
        if session.execute(known, (name,)).one() is None:
            session.execute(f"CREATE KEYSPACE IF NOT EXISTS {name} WITH replication = {self._settings.replication}")
        session.set_keyspace(name)
