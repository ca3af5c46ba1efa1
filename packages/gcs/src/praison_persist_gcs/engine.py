"""Single records over Google's Cloud Storage client. What the requests are for is the concern of core."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import google.auth
import requests.adapters
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.oauth2 import service_account

from praison_persist.background import Threads
from praison_persist.errors import ConfigurationError, PersistError
from praison_persist.state_engines import Condition, Engine, Erase, Load, Names, Page, Record, Save, SaveAll

from .errors import from_error
from .objects import MARK, bytes_of, metadata_of, name_of, object_name, object_prefix, record_of
from .settings import Settings

__all__ = ["GCSEngine"]

T = TypeVar("T")

_PAGE = 1000
_FIELDS = "items(name,metadata),nextPageToken"
_SCOPES = ("https://www.googleapis.com/auth/devstorage.read_write",)


class GCSEngine(Engine):
    """One client in each process, which all threads share."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._threads = Threads(settings.max_workers)
        self._guard = threading.Lock()
        self._buckets: dict[int, Any] = {}  # by process id: a child must not even close its parent's connections
        self._options = {"retry": None, "timeout": (settings.connect_timeout, settings.timeout)}

    def setup(self) -> None:
        self._page(Names("praison-persist setup"))  # says whether the bucket may be read; there is nothing to create

    def perform(self, request: Any) -> Any:
        match request:
            case Load(names):
                found = self._each(self._load, names)
                return {name: record for name, record in zip(names, found, strict=True) if record is not None}
            case Names():
                return self._page(request)
            case SaveAll(records):
                bodies = {name: bytes_of(name, record) for name, (record, _) in records.items()}  # too large: none is
                saved = self._each(lambda name: self._save(name, *records[name], bodies[name]), records)
                return {name: version for name, version in zip(records, saved, strict=True) if version is not None}
            case Save(name, record, expect):
                return self._save(name, record, expect, bytes_of(name, record)) is not None
            case Erase(name, expect):
                return expect if expect and self._erase(name, expect) else None
            case _:
                raise TypeError(f"no request of single records: {request!r}")

    def translate(self, error: Exception) -> PersistError | None:
        return from_error(error, self.settings)

    def close(self) -> None:
        bucket = self._buckets.pop(os.getpid(), None)
        if bucket is not None:
            self._threads.close(bucket.client.close).result()

    # -- requests ------------------------------------------------------------------------------------------------

    def _load(self, name: str) -> Record | None:
        blob = self._blob(name)
        try:
            data = blob.download_as_bytes(**self._options)
        except exceptions.NotFound as error:
            if "bucket does not exist" in str(error):
                raise
            return None
        return record_of(data, int(blob.generation), f"gs://{self.settings.bucket}/{blob.name}")

    def _save(self, name: str, record: Record, expect: Record | Condition, body: bytes) -> int | None:
        """The new generation; None where the condition is false."""
        blob = self._blob(name)
        blob.cache_control = "no-store"
        blob.metadata, blob.custom_time = metadata_of(name, record)
        generation = expect.version if isinstance(expect, Record) else 0
        try:
            blob.upload_from_string(
                body, content_type="application/json", if_generation_match=generation, **self._options
            )
        except exceptions.PreconditionFailed:
            return None
        return int(blob.generation)

    def _erase(self, name: str, expect: Record) -> bool:
        try:
            self._blob(name).delete(if_generation_match=expect.version, **self._options)
        except (exceptions.PreconditionFailed, exceptions.NotFound):
            return False
        return True

    def _page(self, request: Names) -> Page:
        prefix = self.settings.prefix
        listed = self._bucket.client.list_blobs(
            self.settings.bucket,
            prefix=object_prefix(prefix, request.prefix),
            page_size=_PAGE,
            page_token=request.after,
            fields=_FIELDS,
            **self._options,
        )
        blobs = list(next(listed.pages, ()))
        names: list[tuple[str, float | None]] = []
        others: list[str] = []
        for blob in blobs:
            metadata = blob.metadata or {}
            name = name_of(prefix, blob.name, metadata)
            if name is None:
                continue
            if MARK in metadata:
                names.append((name, float(metadata["expires"]) if "expires" in metadata else None))
            else:
                others.append(name)
        # What PraisonAI wrote has its expiry inside.
        found = zip(others, self._each(self._load, others), strict=True)
        names += [(name, record.expires) for name, record in found if record is not None]
        return Page(names, listed.next_page_token)

    # -- client --------------------------------------------------------------------------------------------------

    def _each(self, work: Callable[[str], T], names: Iterable[str]) -> list[T]:
        """The work of each name, in order; several at a time, since Cloud Storage has no request for many objects."""
        names = list(names)
        if len(names) < 2:
            return [work(name) for name in names]
        futures = [self._threads.submit(work, name) for name in names]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()

    def _blob(self, name: str) -> Any:
        return self._bucket.blob(object_name(self.settings.prefix, name))

    @property
    def _bucket(self) -> Any:
        bucket = self._buckets.get(os.getpid())
        if bucket is None:
            with self._guard:
                bucket = self._buckets.get(os.getpid())
                if bucket is None:
                    bucket = self._buckets[os.getpid()] = self._connect().bucket(self.settings.bucket)
        return bucket

    def _connect(self) -> storage.Client:
        settings = self.settings
        credentials, project = _identify(settings)
        options = {"api_endpoint": settings.emulator} if settings.emulator else None
        client = storage.Client(project=settings.project or project, credentials=credentials, client_options=options)
        # It would ask for the bucket in a thread of its own after every missing key, to name it in traces. There is no
        # option of the client for either of these, so this reaches inside, here and nowhere else.
        client._bucket_metadata_cache = None  # type: ignore[assignment]
        # As many connections as there may be callers: the default of ten is thrown away and made again beyond that.
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=64)
        for scheme in ("https://", "http://"):
            client._http.mount(scheme, adapter)
        return client


def _identify(settings: Settings) -> tuple[Any, str | None]:
    """Credentials and project.

    Raises:
        ConfigurationError: the file is not a service account's.
    """
    if settings.emulator:
        return AnonymousCredentials(), "emulated"
    if settings.credentials_path is None:
        return google.auth.default(scopes=_SCOPES)
    try:
        found = service_account.Credentials.from_service_account_file(settings.credentials_path, scopes=_SCOPES)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{settings.credentials_path} is no JSON file of a service account",
            hint="give credentials_path= the file that Google Cloud's console made",
        ) from error
    return found, found.project_id
