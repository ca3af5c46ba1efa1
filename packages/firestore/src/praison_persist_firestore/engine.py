"""Single records over Firestore's blocking client. What the requests are for is the concern of core."""

from __future__ import annotations

import os
import threading
from typing import Any, NamedTuple

import grpc
from google.cloud.firestore_v1.services.firestore import FirestoreClient
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcTransport

from praison_persist.errors import PersistError
from praison_persist.state_engines import Engine, Erase, Load, Names, Save, SaveAll

from .connecting import CHANNEL_OPTIONS, documents_of, identify, metadata_of
from .documents import Documents, Write
from .errors import UNFULFILLED, from_error
from .settings import Settings

__all__ = ["FirestoreEngine"]


class _Open(NamedTuple):
    """A client, the collection, and what every call is given."""

    client: FirestoreClient
    documents: Documents
    options: dict[str, Any]


class FirestoreEngine(Engine):
    """One client in each process, which all threads share."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._guard = threading.Lock()
        self._open: dict[int, _Open] = {}  # by process id: a child must not even close its parent's connections

    def setup(self) -> None:
        self.perform(Load(("praison-persist",)))  # says whether it may be read; there is nothing to create

    def perform(self, request: Any) -> Any:
        client, documents, options = self._opened
        match request:
            case Load(names):
                return documents.loaded(client.batch_get_documents(documents.load(names), **options))
            case Names():
                return documents.page(request, client.run_query(documents.query(request), **options))
            case SaveAll(records):
                return self._commit([(name, record, expect) for name, (record, expect) in records.items()])
            case Save(name, record, expect):
                return bool(self._commit([(name, record, expect)]))
            case Erase(name, expect):
                return expect if expect and self._commit([(name, None, expect)]) else None
            case _:
                raise TypeError(f"no request of single records: {request!r}")

    def translate(self, error: Exception) -> PersistError | None:
        return from_error(error, self.settings)

    def close(self) -> None:
        if (found := self._open.pop(os.getpid(), None)) is not None:
            found.client.transport.close()

    def _commit(self, writes: list[Write]) -> dict[str, Any]:
        client, documents, options = self._opened
        saved: dict[str, Any] = {}
        for names, commit in documents.commits(writes):
            try:
                saved.update(documents.committed(names, client.commit(commit, **options)))
            except UNFULFILLED:
                continue
        return saved

    @property
    def _opened(self) -> _Open:
        found = self._open.get(os.getpid())
        if found is None:
            with self._guard:
                found = self._open.get(os.getpid())
                if found is None:
                    found = self._open[os.getpid()] = self._connect()
        return found

    def _connect(self) -> _Open:
        credentials, project = identify(self.settings)
        if self.settings.emulator:
            channel = grpc.insecure_channel(self.settings.emulator, options=CHANNEL_OPTIONS)
        else:
            channel = FirestoreGrpcTransport.create_channel(credentials=credentials, options=CHANNEL_OPTIONS)
        client = FirestoreClient(transport=FirestoreGrpcTransport(channel=channel))
        documents = documents_of(self.settings, project)
        metadata = metadata_of(self.settings, documents)
        return _Open(client, documents, {"retry": None, "timeout": self.settings.timeout, "metadata": metadata})
