"""Options of the constructor, checked: how Pinecone is talked to, and what new indexes are like. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import httpx

from praison_persist.errors import ConfigurationError

__all__ = ["NewIndex", "Remote", "check_index_name"]

_CLOUDS = ("aws", "gcp", "azure")
_INDEX_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,43}[a-z0-9])?")


@dataclass(frozen=True)
class Remote:
    """Settings of connections.

    Attributes:
        timeout: seconds for an operation's request with its repetitions.
        connect_timeout: seconds for a connection.
        ready_timeout: seconds until a new index must be ready.
        max_retries: repetitions of a request that failed or was throttled.
        retry_delay: seconds, the longest first pause before one.
    """

    timeout: float
    connect_timeout: float
    ready_timeout: float
    max_retries: int
    retry_delay: float

    def deadlines(self) -> httpx.Timeout:
        """Of one request."""
        return httpx.Timeout(self.timeout, connect=min(self.connect_timeout, self.timeout))


@dataclass(frozen=True)
class NewIndex:
    """What new indexes are like, in Pinecone's own words.

    Attributes:
        cloud: ``aws``, ``gcp`` or ``azure``.
        region: of that cloud.
        deletion_protection: Pinecone refuses to delete the index.
    """

    cloud: str
    region: str
    deletion_protection: bool

    @classmethod
    def of(cls, cloud: str | None, region: str | None, environment: str | None, protected: bool) -> NewIndex:
        """From the constructor's arguments; an ``environment`` such as ``us-east-1-aws`` names both others.

        Raises:
            ConfigurationError: half of a place, two of them, or an unknown cloud.
        """
        if environment is not None:
            region_of, _, cloud_of = environment.rpartition("-")
            if cloud is not None or region is not None or cloud_of not in _CLOUDS or not region_of:
                raise ConfigurationError(
                    f"environment {environment!r} names no cloud and region, or these are given beside it",
                    hint="give cloud= and region=, such as 'aws' and 'us-east-1'",
                )
            cloud, region = cloud_of, region_of
        if (cloud is None) is not (region is None):
            raise ConfigurationError("cloud= and region= belong together", hint="cloud='aws', region='us-east-1'")
        if cloud is None or region is None:
            cloud, region = "aws", "us-east-1"
        if cloud not in _CLOUDS:
            raise ConfigurationError(f"cloud {cloud!r} is not known", hint=f"choose one of {', '.join(_CLOUDS)}")
        return cls(cloud, region, protected)

    def arguments(self) -> dict[str, Any]:
        """Arguments of the client's call that creates an index."""
        return {
            "deployment": {"deployment_type": "managed", "cloud": self.cloud, "region": self.region},
            "deletion_protection": "enabled" if self.deletion_protection else "disabled",
        }


def check_index_name(name: str | None) -> str | None:
    """A name that Pinecone takes, or None.

    Raises:
        ConfigurationError: it does not.
    """
    if name is not None and not _INDEX_NAME.fullmatch(name):
        raise ConfigurationError(
            f"index_name {name!r} is no name of an index in Pinecone",
            hint="1 to 45 small letters, digits and hyphens, no hyphen at the ends",
        )
    return name
