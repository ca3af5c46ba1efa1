"""Single records in a collection, through PyMongo's asyncio client. Their meaning is the concern of `RecordStates`."""

from __future__ import annotations

from itertools import islice
from typing import Any

from pymongo import ReplaceOne
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure, ServerSelectionTimeoutError

from praison_persist.errors import PersistError
from praison_persist.state_engines import AsyncEngine, Condition, Erase, Load, Names, Page, Record, Save, SaveMany

from .async_connecting import AsyncDatabases
from .documents import (
    NAMES_ONLY,
    PAGE,
    Document,
    chosen,
    document_of,
    filter_of,
    live_hash,
    page_filter,
    record_of,
)
from .errors import from_error, lacks_expiry, refused_in, unreachable
from .settings import Settings
from .state_engine import AT_ONCE

__all__ = ["AsyncMongoDBStateEngine"]


class AsyncMongoDBStateEngine(AsyncEngine):
    """One client for each event loop."""

    def __init__(self, settings: Settings, collection: str) -> None:
        self.settings = settings
        self._opened = AsyncDatabases(settings, collection)

    async def setup(self) -> None:
        try:
            await (await self._opened.get()).create_index("expires_at", expireAfterSeconds=0)
        except OperationFailure as error:
            if not lacks_expiry(error):
                raise
        except ServerSelectionTimeoutError as error:
            raise unreachable(error, self.settings) from error

    async def perform(self, request: Any) -> Any:
        try:
            documents = self._opened.current()
            if documents is None:
                documents = await self._opened.get()
            match request:
                case Load((name,)):
                    found = await documents.find_one({"_id": name})
                    return {} if found is None else {name: record_of(found)}
                case Load(names):
                    return await self._load(documents, names)
                case Save(name, record, expect):
                    return await self._save(documents, name, document_of(name, record), expect)
                case SaveMany(records):
                    return await self._save_many(documents, records)
                case Erase(name, expect):
                    gone = await documents.find_one_and_delete(filter_of(name, expect))
                    return None if gone is None else record_of(gone)
                case Names(prefix, after):
                    found = documents.find(page_filter(prefix, after), NAMES_ONLY, sort=[("_id", 1)], limit=PAGE)
                    return Page(*chosen(await found.to_list()))
                case _:
                    raise TypeError(f"no request of records: {request!r}")
        except ServerSelectionTimeoutError as error:
            raise unreachable(error, self.settings) from error

    def translate(self, error: Exception) -> PersistError | None:
        return from_error(error, self.settings)

    async def close(self) -> None:
        await self._opened.close()

    async def _load(self, documents: Any, names: tuple[str, ...]) -> dict[str, Record]:
        found: dict[str, Record] = {}
        pending = iter(names)
        while chunk := list(islice(pending, AT_ONCE)):
            found |= {each["_id"]: record_of(each) async for each in documents.find({"_id": {"$in": chunk}})}
        return found

    async def _save(self, documents: Any, name: str, document: Document, expect: Record | Condition) -> bool:
        if expect is Condition.ABSENT:
            try:
                await documents.insert_one(document)
            except DuplicateKeyError:
                return False
            return True
        if isinstance(expect, Record):
            done = await documents.replace_one(filter_of(name, expect), document)
            return done.matched_count == 1
        while True:
            try:
                await documents.replace_one(filter_of(name, expect), document, upsert=True)
            except DuplicateKeyError:
                if await documents.find_one(live_hash(name), NAMES_ONLY) is not None:
                    return False
                continue  # another writer made the document in the same moment
            return True

    async def _save_many(self, collection: Any, records: dict[str, Record]) -> list[str]:
        documents = {name: document_of(name, record) for name, record in records.items()}  # all, before the first
        refused: list[str] = []
        pending = iter(documents)
        while names := list(islice(pending, AT_ONCE)):
            changes = [ReplaceOne(filter_of(name, Condition.NO_HASH), documents[name], upsert=True) for name in names]
            try:
                await collection.bulk_write(changes, ordered=False)
            except BulkWriteError as error:
                again = [names[index] for index in refused_in(error)]
                stored = {
                    name: await self._save(collection, name, documents[name], Condition.NO_HASH) for name in again
                }
                refused += [name for name, done in stored.items() if not done]
        return refused
