"""Single records over Firestore's asyncio client. What the requests are for is the concern of core."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import grpc
from google.cloud.firestore_v1.services.firestore import FirestoreAsyncClient
from google.cloud.firestore_v1.services.firestore.transports import FirestoreGrpcAsyncIOTransport

from praison_persist.errors import PersistError
from praison_persist.perloop import PerLoop
from praison_persist.state_engines import AsyncEngine, Erase, Load, Names, Save, SaveAll

from .connecting import CHANNEL_OPTIONS, documents_of, identify, metadata_of
from .documents import Documents, Write
from .errors import UNFULFILLED, from_error
from .settings import Settings

__all__ = ["AsyncFirestoreEngine"]


class _Open(NamedTuple):
    """A client, the collection, and what every call is given."""

    client: FirestoreAsyncClient
    documents: Documents
    options: dict[str, Any]


class AsyncFirestoreEngine(AsyncEngine):
    """One client for each event loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._clients = PerLoop(self._connect, _disconnect)

    async def setup(self) -> None:
        await self.perform(Load(("praison-persist",)))  # says whether it may be read; there is nothing to create

    async def perform(self, request: Any) -> Any:
        client, documents, options = opened = await self._clients.get()
        match request:
            case Load(names):
                answers = await client.batch_get_documents(documents.load(names), **options)
                return documents.loaded([answer async for answer in answers])
            case Names():
                answers = await client.run_query(documents.query(request), **options)
                return documents.page(request, [answer async for answer in answers])
            case SaveAll(records):
                return await _commit(opened, [(name, record, expect) for name, (record, expect) in records.items()])
            case Save(name, record, expect):
                return bool(await _commit(opened, [(name, record, expect)]))
            case Erase(name, expect):
                return expect if expect and await _commit(opened, [(name, None, expect)]) else None
            case _:
                raise TypeError(f"no request of single records: {request!r}")

    def translate(self, error: Exception) -> PersistError | None:
        return from_error(error, self.settings)

    async def close(self) -> None:
        await self._clients.close()

    async def _connect(self) -> _Open:
        # Looking for credentials may read files and ask the machine's metadata server.
        credentials, project = await asyncio.to_thread(identify, self.settings)
        if self.settings.emulator:
            channel = grpc.aio.insecure_channel(self.settings.emulator, options=CHANNEL_OPTIONS)
        else:
            channel = FirestoreGrpcAsyncIOTransport.create_channel(credentials=credentials, options=CHANNEL_OPTIONS)
        client = FirestoreAsyncClient(transport=FirestoreGrpcAsyncIOTransport(channel=channel))
        documents = documents_of(self.settings, project)
        metadata = metadata_of(self.settings, documents)
        return _Open(client, documents, {"retry": None, "timeout": self.settings.timeout, "metadata": metadata})


async def _commit(opened: _Open, writes: list[Write]) -> dict[str, Any]:
    client, documents, options = opened
    saved: dict[str, Any] = {}
    for names, commit in documents.commits(writes):
        try:
            saved.update(documents.committed(names, await client.commit(commit, **options)))
        except UNFULFILLED:
            continue
    return saved


async def _disconnect(opened: _Open) -> None:
    await opened.client.transport.close()
