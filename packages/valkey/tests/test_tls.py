"""TLS with a certificate authority of one's own: accepted when it is given, refused when not, host name checked."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from engines import EngineError
from engines.valkey import Valkey

from praison_persist.errors import UnavailableError
from praison_persist_valkey import ValkeyStateStore


class TlsValkey(Valkey):
    """A Valkey that speaks TLS only."""

    folder: Path

    def _command(self, home: Path, port: int) -> list[str]:
        plain = super()._command(home, port)
        plain[plain.index("--port") + 1] = "0"
        files = {"cert": "server.pem", "key": "server.key", "ca-cert": "ca.pem"}
        tls = [part for name, file in files.items() for part in (f"--tls-{name}-file", str(self.folder / file))]
        return [*plain, "--tls-port", str(port), "--tls-auth-clients", "no", *tls]

    def _url(self, port: int) -> str:
        return f"valkeys://127.0.0.1:{port}"

    def _probe(self, url: str) -> bool:
        try:
            ssl.get_server_certificate(("127.0.0.1", self._port))
        except OSError:
            return False
        return True


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, valkey_url: str) -> Iterator[tuple[str, str]]:
    """Its URL, and the path of the authority's certificate."""
    del valkey_url  # where Valkey cannot be had, the reason is reported once
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "server.key"))
    certificate.cert_chain_pems[0].write_to_path(str(folder / "server.pem"))
    engine = TlsValkey(own=True)
    engine.folder = folder
    try:
        engine.start()
    except EngineError as exc:
        pytest.skip(f"this Valkey speaks no TLS: {exc}")
    yield engine.url, str(folder / "ca.pem")
    engine.stop()


def test_a_known_authority_is_trusted(server: tuple[str, str], fresh_prefix: str) -> None:
    url, authority = server
    with ValkeyStateStore(url, prefix=fresh_prefix, ssl_ca_certs=authority) as store:
        store.set("k", "over TLS")
    with ValkeyStateStore(f"{url}?ssl_ca_certs={authority}", prefix=fresh_prefix) as store:
        assert store.get("k") == "over TLS"


def test_an_unknown_authority_is_refused(server: tuple[str, str]) -> None:
    with ValkeyStateStore(server[0], max_retries=0) as store, pytest.raises(UnavailableError):
        store.get("k")


def test_another_host_name_is_refused(server: tuple[str, str]) -> None:
    url, authority = server
    with (
        ValkeyStateStore(url.replace("127.0.0.1", "localhost"), max_retries=0, ssl_ca_certs=authority) as store,
        pytest.raises(UnavailableError),
    ):
        store.get("k")
