"""TLS with a certificate authority of one's own: accepted when it is given, refused when not, host name checked."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import trustme
from engines import EngineError
from engines.redis import Redis
from engines.system import free_port

from praison_persist.errors import UnavailableError
from praison_persist_redis import AsyncRedisStateStore, RedisStateStore


class TlsRedis(Redis):
    """A Redis that speaks TLS only."""

    folder: Path

    def _command(self, home: Path, port: int) -> list[str]:
        plain = super()._command(home, port)
        plain[plain.index("--port") + 1] = "0"
        files = {"cert": "server.pem", "key": "server.key", "ca-cert": "ca.pem"}
        tls = [part for name, file in files.items() for part in (f"--tls-{name}-file", str(self.folder / file))]
        return [*plain, "--tls-port", str(port), "--tls-auth-clients", "no", *tls]

    def _url(self, port: int) -> str:
        return f"rediss://127.0.0.1:{port}"

    def _probe(self, url: str) -> bool:
        try:
            ssl.get_server_certificate(("127.0.0.1", self._port))
        except OSError:
            return False
        return True


class TlsClusterNode(TlsRedis):
    """A cluster of one node that speaks TLS only."""

    def _command(self, home: Path, port: int) -> list[str]:
        bus = ["--cluster-enabled", "yes", "--tls-cluster", "yes", "--cluster-port", str(free_port())]
        return [*super()._command(home, port), *bus]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Its URL, and the option that makes its certificate known."""
    del redis_url  # where Redis cannot be had, the reason is reported once
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "server.key"))
    certificate.cert_chain_pems[0].write_to_path(str(folder / "server.pem"))
    engine = TlsRedis(own=True)
    engine.folder = folder
    try:
        engine.start()
    except EngineError as exc:
        pytest.skip(f"this Redis speaks no TLS: {exc}")
    yield engine.url, {"ssl_ca_certs": str(folder / "ca.pem")}
    engine.stop()


@pytest.fixture
def cluster(server: tuple[str, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """As `server`, of a cluster that has the same certificate."""
    _, trust = server
    engine = TlsClusterNode(own=True)
    engine.folder = Path(trust["ssl_ca_certs"]).parent
    engine.start()
    with redis.Redis.from_url(engine.url, **trust) as node:
        node.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        while node.execute_command("CLUSTER INFO")["cluster_state"] != "ok":
            time.sleep(0.05)
    yield engine.url.replace("rediss://", "rediss+cluster://"), trust
    engine.stop()


def test_a_known_authority_is_trusted(server: tuple[str, dict[str, Any]], fresh_prefix: str) -> None:
    url, trust = server

    async def read() -> Any:
        async with AsyncRedisStateStore(url, prefix=fresh_prefix, **trust) as store:
            return await store.get("k")

    with RedisStateStore(url, prefix=fresh_prefix, **trust) as store:
        store.set("k", "over TLS")
    assert asyncio.run(read()) == "over TLS"


def test_the_url_may_name_the_authority(server: tuple[str, dict[str, Any]], fresh_prefix: str) -> None:
    url, trust = server
    with RedisStateStore(f"{url}?ssl_ca_certs={trust['ssl_ca_certs']}", prefix=fresh_prefix) as store:
        assert store.incr("n") == 1


def test_an_unknown_authority_is_refused(server: tuple[str, dict[str, Any]]) -> None:
    with RedisStateStore(server[0], max_retries=0) as store, pytest.raises(UnavailableError, match="certificate"):
        store.get("k")


def test_another_host_name_is_refused(server: tuple[str, dict[str, Any]]) -> None:
    url, trust = server
    with (
        RedisStateStore(url.replace("127.0.0.1", "localhost"), max_retries=0, **trust) as store,
        pytest.raises(UnavailableError, match=r"certificate|mismatch"),
    ):
        store.get("k")


def test_a_cluster_is_reached_over_tls(cluster: tuple[str, dict[str, Any]], fresh_prefix: str) -> None:
    url, trust = cluster

    async def read() -> Any:
        async with AsyncRedisStateStore(url, prefix=fresh_prefix, **trust) as store:
            return await store.get_many([f"k{i}" for i in range(20)])

    with RedisStateStore(url, prefix=fresh_prefix, **trust) as store:
        store.set_many({f"k{i}": i for i in range(20)})
    assert asyncio.run(read()) == {f"k{i}": i for i in range(20)}
    with RedisStateStore(url, max_retries=0) as store, pytest.raises(UnavailableError, match="certificate"):
        store.get("k")
