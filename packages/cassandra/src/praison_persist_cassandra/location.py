"""Where Cassandra is and who asks: hosts, URL, credentials, Astra's bundle. Opens nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from praison_persist.errors import ConfigurationError
from praison_persist.urls import parse
from praison_persist.validation import check_identifier, check_list

__all__ = ["PORT", "Location"]

PORT = 9042
_HINT = "write cassandra://user:password@host1,host2:9042/keyspace, or give hosts= and keyspace="


@dataclass(frozen=True)
class Location:
    """A keyspace of a cluster.

    Attributes:
        hosts: contact points; empty where a bundle names them.
        bundle: path of Astra's secure connect bundle, or None.
    """

    hosts: tuple[str, ...]
    port: int
    keyspace: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    bundle: str | None = None

    def __str__(self) -> str:
        return self.bundle or f"{','.join(self.hosts)}:{self.port}"

    @classmethod
    def of(
        cls,
        url: str | None,
        hosts: Sequence[str] | None,
        port: int,
        keyspace: str,
        username: str | None,
        password: str | None,
        bundle: str | os.PathLike[str] | None,
    ) -> Location:
        """The location that the constructor's arguments name; what the URL says goes before the other arguments.

        Raises:
            ConfigurationError: two of URL, hosts and bundle, an unknown scheme, or hosts with different ports.
            InvalidInputError: the keyspace or the hosts are no names.
        """
        if sum(given is not None for given in (url, hosts, bundle)) > 1:
            raise ConfigurationError("url, hosts and secure_connect_bundle exclude each other", hint=_HINT)
        if url is not None:
            return cls._parsed(url, port, keyspace, username, password)
        found = ("localhost",) if hosts is None else tuple(map(_host, check_list(hosts, "hosts")))
        if not found:
            raise ConfigurationError("hosts is empty", hint=_HINT)
        path = None if bundle is None else os.fspath(bundle)
        return cls(() if path else found, port, _keyspace(keyspace), username, password, path)

    @classmethod
    def _parsed(cls, url: str, port: int, keyspace: str, username: str | None, password: str | None) -> Location:
        parsed = parse(url)
        if parsed.scheme != "cassandra" or parsed.driver is not None:
            raise ConfigurationError(f"{parsed.scheme}:// is no URL of Cassandra", hint=_HINT)
        if parsed.query:
            raise ConfigurationError(f"unknown URL parameter {min(parsed.query)!r}", hint="the URL takes none")
        ports = {number for _, number in parsed.hosts if number is not None}
        if not parsed.hosts or len(ports) > 1:
            raise ConfigurationError("the URL needs hosts, all with the same port", hint=_HINT)
        return cls(
            tuple(host for host, _ in parsed.hosts),
            ports.pop() if ports else port,
            _keyspace(parsed.database or keyspace),
            parsed.username or username,
            parsed.password or password,
        )


def _keyspace(name: str) -> str:
    """As Cassandra reads a name without quotes."""
    return check_identifier(name, "keyspace", longest=48).lower()


def _host(host: Any) -> str:
    if not isinstance(host, str) or not host:
        raise ConfigurationError("hosts is a list of host names or addresses", hint=_HINT)
    return host
