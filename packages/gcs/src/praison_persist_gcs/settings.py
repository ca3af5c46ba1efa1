"""Which bucket, with which credentials and deadlines. Opens nothing, imports no client."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from praison_persist.errors import ConfigurationError
from praison_persist.urls import parse
from praison_persist.validation import check_limit, check_positive

__all__ = ["Settings"]

_PREFIX = "praisonai_state/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the engine needs.

    Attributes:
        prefix: starts the name of every object.
        project: None where the credentials say it.
        emulator: ``http://host:port``, or None for the service.
        timeout, connect_timeout: seconds.
        max_workers: most requests at a time for one call with many keys.
    """

    bucket: str
    prefix: str
    project: str | None
    credentials_path: str | None
    emulator: str | None
    timeout: float
    connect_timeout: float
    max_workers: int

    @property
    def place(self) -> str:
        """The bucket as messages name it."""
        return f"gs://{self.bucket}/{self.prefix}" + (f" on {self.emulator}" if self.emulator else "")

    @classmethod
    def of(
        cls,
        url: str | None,
        *,
        bucket: str | None,
        prefix: str | None,
        project: str | None,
        credentials_path: str | None,
        timeout: float,
        connect_timeout: float,
        max_workers: int,
    ) -> Settings:
        """The settings that a store's arguments name, or the environment where these are missing.

        Raises:
            ConfigurationError: no bucket, a broken URL, or a name that Cloud Storage does not take.
            InvalidInputError: a number out of range.
        """
        if url is not None:
            parsed = parse(url)
            if parsed.scheme not in ("gs", "gcs") or parsed.driver or len(parsed.hosts) > 1 or parsed.query:
                raise ConfigurationError(
                    f"{parsed.scheme}:// is no URL of a bucket", hint="write gs://bucket or gs://bucket/prefix/"
                )
            bucket = bucket or parsed.host
            prefix = parsed.database or None if prefix is None else prefix
        if not isinstance(bucket, str) or not re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]", bucket):
            raise ConfigurationError(
                "no bucket" if bucket is None else f"{bucket!r} is no name of a bucket",
                hint="give bucket_name= or url='gs://bucket'; names have 3 or more of a-z 0-9 . _ -",
            )
        prefix = _PREFIX if prefix is None else prefix
        if not isinstance(prefix, str) or re.search(r"[\x00-\x1f\x7f-\x9f%]", prefix) or len(prefix.encode()) > 100:
            raise ConfigurationError("prefix must be text of at most 100 bytes, without '%' and control characters")
        if credentials_path is not None and not isinstance(credentials_path, (str, Path)):
            raise ConfigurationError("credentials_path must be the path of a file")
        if not check_limit(max_workers, "max_workers"):
            raise ConfigurationError(f"max_workers must be at least 1, got {max_workers!r}")
        emulator = os.environ.get("STORAGE_EMULATOR_HOST") or None
        return cls(
            bucket=bucket,
            prefix=prefix,
            project=project or os.environ.get("GOOGLE_CLOUD_PROJECT") or None,
            credentials_path=None if credentials_path is None else str(credentials_path),
            emulator=emulator if emulator is None or "://" in emulator else f"http://{emulator}",
            timeout=check_positive(timeout, "timeout"),
            connect_timeout=check_positive(connect_timeout, "connect_timeout"),
            max_workers=max_workers,
        )
