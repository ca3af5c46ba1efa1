"""Commands over GLIDE's blocking clients. What the commands mean is the concern of core's `CommandStates`."""

from __future__ import annotations

import threading
from abc import abstractmethod
from pathlib import Path
from typing import Any

from glide_sync import (
    AdvancedGlideClientConfiguration,
    AdvancedGlideClusterClientConfiguration,
    Batch,
    ClusterBatch,
    ClusterScanCursor,
    GlideClient,
    GlideClientConfiguration,
    GlideClusterClient,
    GlideClusterClientConfiguration,
    Logger,
    LogLevel,
    NodeAddress,
    RequestError,
    ServerCredentials,
    TlsAdvancedConfiguration,
)

from praison_persist.errors import ConfigurationError, PersistError
from praison_persist.lifecycle import store_closed
from praison_persist.state_engines import Command, Engine, Pipeline, Scan, match_prefix

from .errors import from_error, reply_of
from .settings import Settings

__all__ = ["PAGE", "valkey_engine"]

PAGE = 500
"""How many names one ``SCAN`` looks at."""


def valkey_engine(settings: Settings) -> Engine:
    """The engine for one server or a cluster; opens nothing."""
    return ClusterEngine(settings) if settings.cluster else ServerEngine(settings)


class ValkeyEngine(Engine):
    """What both engines do: one client, made by the first call. GLIDE sends the calls of all threads over it.

    Every command travels in a batch, even a single one: of other commands GLIDE, also 2.6, prints error replies to
    stderr whatever its logger is told, and a batch of one costs hardly more.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._guard = threading.Lock()
        self._made: Any = None
        self._closed = False

    def perform(self, request: Any) -> Any:
        return self._scan(request) if isinstance(request, Scan) else self._send(request)

    def translate(self, error: Exception) -> PersistError | None:
        return from_error(error, self.settings)

    def close(self) -> None:
        with self._guard:
            self._closed = True
            if self._made is not None:
                self._made.close()

    @property
    def _client(self) -> Any:
        if self._made is None:
            with self._guard:
                if self._closed:
                    raise store_closed()
                if self._made is None:
                    Logger.init(LogLevel.OFF)  # unless the program has said otherwise: errors are raised, not printed
                    self._made = self._make()
        return self._made

    def _send(self, pipeline: Pipeline) -> list[Any]:
        batch = self._batch()
        for command in pipeline.commands:
            _add(batch, command)
        replies = self._client.exec(batch, raise_on_error=False)
        return [reply_of(reply, self.settings) if isinstance(reply, RequestError) else reply for reply in replies]

    @abstractmethod
    def _make(self) -> Any:
        """The client, connected."""

    @abstractmethod
    def _batch(self) -> Any:
        """An empty batch, no transaction."""

    @abstractmethod
    def _scan(self, scan: Scan) -> tuple[list[Any], Any]:
        """A page of names."""


class ServerEngine(ValkeyEngine):
    """One server."""

    def _make(self) -> GlideClient:
        advanced = AdvancedGlideClientConfiguration(**_advanced(self.settings))
        options = GlideClientConfiguration(
            **_common(self.settings), database_id=self.settings.db, advanced_config=advanced
        )
        return GlideClient.create(options)

    def _batch(self) -> Batch:
        return Batch(is_atomic=False)

    def _scan(self, scan: Scan) -> tuple[list[Any], Any]:
        command = ("SCAN", scan.after or "0", "MATCH", match_prefix(scan.prefix), "COUNT", PAGE)
        (reply,) = self._send(Pipeline((command,)))
        cursor, names = reply
        return names, None if cursor == b"0" else cursor.decode()


class ClusterEngine(ValkeyEngine):
    """A cluster: GLIDE finds the node of each key, and scans all of them."""

    def _make(self) -> GlideClusterClient:
        advanced = AdvancedGlideClusterClientConfiguration(**_advanced(self.settings))
        return GlideClusterClient.create(
            GlideClusterClientConfiguration(**_common(self.settings), advanced_config=advanced)
        )

    def _batch(self) -> ClusterBatch:
        return ClusterBatch(is_atomic=False)

    def _scan(self, scan: Scan) -> tuple[list[Any], Any]:
        cursor, names = self._client.scan(
            scan.after or ClusterScanCursor(), match=match_prefix(scan.prefix), count=PAGE
        )
        return names, None if cursor.is_finished() else cursor


def _add(batch: Any, command: Command) -> None:
    """Add a command; the most frequent ones by methods of their own, since GLIDE takes its time for each part."""
    match command:
        case ("SET", name, text, "GET"):
            batch.set(name, text, return_old_value=True)
        case ("GET", name):
            batch.get(name)
        case _:
            batch.custom_command([str(part) if isinstance(part, int) else part for part in command])


def _common(settings: Settings) -> dict[str, Any]:
    """Arguments that both clients have; GLIDE counts milliseconds."""
    credentials = None
    if settings.password is not None:
        credentials = ServerCredentials(settings.password, settings.username)
    return {
        "addresses": [NodeAddress(host, port) for host, port in settings.addresses],
        "use_tls": settings.tls is not None,
        "credentials": credentials,
        "request_timeout": max(1, round(settings.timeout * 1000)),
    }


def _advanced(settings: Settings) -> dict[str, Any]:
    tls = None
    if settings.tls:
        tls = TlsAdvancedConfiguration(
            root_pem_cacerts=_read(settings.tls.get("ssl_ca_certs")),
            client_cert_pem=_read(settings.tls.get("ssl_certfile")),
            client_key_pem=_read(settings.tls.get("ssl_keyfile")),
        )
    return {"connection_timeout": max(1, round(settings.connect_timeout * 1000)), "tls_config": tls}


def _read(path: str | None) -> bytes | None:
    if path is None:
        return None
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror}", hint="give the path of a PEM file"
        ) from error
