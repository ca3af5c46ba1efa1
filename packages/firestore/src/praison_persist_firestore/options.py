"""The options that the stores of this package share, in one constructor."""

from __future__ import annotations

from abc import abstractmethod

from praison_persist.errors import PersistError
from praison_persist.retry import RetryPolicy

from .settings import Settings

__all__ = ["FirestoreStore"]


class FirestoreStore:
    """What `FirestoreStateStore` and `AsyncFirestoreStateStore` are given.

    Args:
        project: of Google Cloud; without it that of the URL, ``FIRESTORE_PROJECT``, ``GOOGLE_CLOUD_PROJECT``, or the
            one that the credentials are of.
        collection: one document in it for each key; ``praisonai_state`` where the URL names none.
        credentials_path: a service account's JSON file; without it Google's application default credentials.
        url: ``firestore://project/collection``, optionally with ``?database=name``.
        database: of the project; ``(default)`` where the URL names none.
        timeout: seconds to wait for an answer, connecting included.
        max_retries, retry_delay: see `praison_persist.retry.RetryPolicy`.

    ``FIRESTORE_EMULATOR_HOST`` (``host:port``) names an emulator, which wants neither TLS nor credentials.

    Raises:
        ConfigurationError, InvalidInputError: wrong URL or options.
    """

    backend: str

    def __init__(
        self,
        project: str | None = None,
        collection: str | None = None,
        credentials_path: str | None = None,
        *,
        url: str | None = None,
        database: str | None = None,
        timeout: float = 5.0,
        max_retries: int = 3,
        retry_delay: float = 0.2,
    ) -> None:
        try:
            self._settings = Settings.of(
                url,
                project=project,
                database=database,
                collection=collection,
                credentials_path=credentials_path,
                timeout=timeout,
            )
            retry = RetryPolicy(max_retries=max_retries, retry_delay=retry_delay, deadline=self._settings.timeout)
            self._assemble(self._settings, retry)
        except PersistError as error:
            error.backend = self.backend
            raise

    @abstractmethod
    def _assemble(self, settings: Settings, retry: RetryPolicy) -> None:
        """Build the store; opens nothing."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._settings.place!r})"
