"""Single records in a collection, through PyMongo's blocking client. Their meaning is the concern of `RecordStates`."""

from __future__ import annotations

from itertools import islice
from typing import Any

from pymongo import ReplaceOne
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure, ServerSelectionTimeoutError

from praison_persist.errors import PersistError
from praison_persist.state_engines import Condition, Engine, Erase, Load, Names, Page, Record, Save, SaveMany

from .connecting import Databases
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

__all__ = ["AT_ONCE", "MongoDBStateEngine"]

AT_ONCE = 500
"""Documents in one request, so that the deadline is for few enough."""


class MongoDBStateEngine(Engine):
    """One client in each process, which all threads share."""

    def __init__(self, settings: Settings, collection: str) -> None:
        self.settings = settings
        self._opened = Databases(settings, collection)

    def setup(self) -> None:
        try:
            self._documents.create_index("expires_at", expireAfterSeconds=0)
        except OperationFailure as error:
            if not lacks_expiry(error):
                raise
        except ServerSelectionTimeoutError as error:
            raise unreachable(error, self.settings) from error

    def perform(self, request: Any) -> Any:
        try:
            return self._perform(request)
        except ServerSelectionTimeoutError as error:
            raise unreachable(error, self.settings) from error

    def translate(self, error: Exception) -> PersistError | None:
        return from_error(error, self.settings)

    def close(self) -> None:
        self._opened.close()

    @property
    def _documents(self) -> Any:
        return self._opened.get()

    def _perform(self, request: Any) -> Any:
        match request:
            case Load((name,)):
                found = self._documents.find_one({"_id": name})
                return {} if found is None else {name: record_of(found)}
            case Load(names):
                return self._load(names)
            case Save(name, record, expect):
                return self._save(name, document_of(name, record), expect)
            case SaveMany(records):
                return self._save_many(records)
            case Erase(name, expect):
                gone = self._documents.find_one_and_delete(filter_of(name, expect))
                return None if gone is None else record_of(gone)
            case Names(prefix, after):
                found = self._documents.find(page_filter(prefix, after), NAMES_ONLY, sort=[("_id", 1)], limit=PAGE)
                return Page(*chosen(list(found)))
            case _:
                raise TypeError(f"no request of records: {request!r}")

    def _load(self, names: tuple[str, ...]) -> dict[str, Record]:
        found: dict[str, Record] = {}
        pending = iter(names)
        while chunk := list(islice(pending, AT_ONCE)):
            found |= {each["_id"]: record_of(each) for each in self._documents.find({"_id": {"$in": chunk}})}
        return found

    def _save(self, name: str, document: Document, expect: Record | Condition) -> bool:
        if expect is Condition.ABSENT:
            try:
                self._documents.insert_one(document)
            except DuplicateKeyError:
                return False
            return True
        if isinstance(expect, Record):
            return self._documents.replace_one(filter_of(name, expect), document).matched_count == 1
        while True:
            try:
                self._documents.replace_one(filter_of(name, expect), document, upsert=True)
            except DuplicateKeyError:
                if self._documents.find_one(live_hash(name), NAMES_ONLY) is not None:
                    return False
                continue  # another writer made the document in the same moment
            return True

    def _save_many(self, records: dict[str, Record]) -> list[str]:
        documents = {name: document_of(name, record) for name, record in records.items()}  # all, before the first
        refused: list[str] = []
        pending = iter(documents)
        while names := list(islice(pending, AT_ONCE)):
            changes = [ReplaceOne(filter_of(name, Condition.NO_HASH), documents[name], upsert=True) for name in names]
            try:
                self._documents.bulk_write(changes, ordered=False)
            except BulkWriteError as error:
                again = [names[index] for index in refused_in(error)]
                refused += [name for name in again if not self._save(name, documents[name], Condition.NO_HASH)]
        return refused
