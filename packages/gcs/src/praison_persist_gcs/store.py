"""The state store and its options: which engine performs the requests."""

from __future__ import annotations

from praison_persist.errors import ConfigurationError, PersistError
from praison_persist.retry import RetryPolicy
from praison_persist.state_engines import EngineStateStore, VersionedStates

from .settings import Settings

__all__ = ["GCSStateStore"]


class GCSStateStore(EngineStateStore):
    """Values and hashes in a bucket of Google Cloud Storage, one object for each key.

    The vendor's client is blocking; `praison_persist.aio.async_view` runs the store in threads.

    Args:
        bucket_name: it must exist. ``bucket`` means the same.
        prefix: starts the name of every object; a store sees only those. ``praisonai_state/`` where the URL names none.
        project: of Google Cloud, for requests that are billed to one; ``GOOGLE_CLOUD_PROJECT`` without it.
        credentials_path: a service account's JSON file; without it Google's application default credentials.
        url: ``gs://bucket``, ``gs://bucket/prefix/`` or the same with ``gcs://``.
        bucket: another name of ``bucket_name``.
        timeout: seconds of the longest silence while an answer is awaited.
        connect_timeout: seconds to wait for a connection.
        max_retries, retry_delay: see `praison_persist.retry.RetryPolicy`.
        max_workers: most requests at a time for one `get_many` or `set_many`.

    ``STORAGE_EMULATOR_HOST`` (``http://host:port``) names an emulator, which wants no credentials.

    Raises:
        ConfigurationError, InvalidInputError: wrong URL or options.
    """

    def __init__(
        self,
        bucket_name: str | None = None,
        prefix: str | None = None,
        project: str | None = None,
        credentials_path: str | None = None,
        *,
        url: str | None = None,
        bucket: str | None = None,
        timeout: float = 5.0,
        connect_timeout: float = 3.0,
        max_retries: int = 4,
        retry_delay: float = 0.5,
        max_workers: int = 16,
    ) -> None:
        try:
            if bucket_name and bucket and bucket_name != bucket:
                raise ConfigurationError("bucket and bucket_name name two buckets", hint="give one of them")
            settings = self._settings = Settings.of(
                url,
                bucket=bucket_name or bucket,
                prefix=prefix,
                project=project,
                credentials_path=credentials_path,
                timeout=timeout,
                connect_timeout=connect_timeout,
                max_workers=max_workers,
            )
            retry = RetryPolicy(max_retries=max_retries, retry_delay=retry_delay, deadline=settings.timeout)
            from .engine import GCSEngine  # a wrong option needs no client

            super().__init__(GCSEngine(settings), VersionedStates(), backend="gcs", retry=retry)
        except PersistError as error:
            error.backend = "gcs"
            raise

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._settings.place!r})"
