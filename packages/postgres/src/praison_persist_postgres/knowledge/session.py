"""Work on a pooled connection: transactions, retries of what is safe to repeat, errors. Knows no documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg import errors as pg

from praison_persist.errors import ConfigurationError, PersistError, UnavailableError
from praison_persist.retry import RetryPolicy
from praison_persist.vectorstore import collection_not_found

from ..driver import PsycopgDriver

__all__ = ["Connection", "Session"]

Connection = psycopg.Connection[Any]

T = TypeVar("T")


class Session:
    """Runs functions that take a connection (in autocommit mode)."""

    def __init__(self, driver: PsycopgDriver, retry: RetryPolicy) -> None:
        self._driver = driver
        self._retry = retry

    def read(self, work: Callable[[Connection], T], *, collection: str | None = None) -> T:
        """The result of work that changes nothing."""
        return self._run(work, collection, repeatable=True)

    def write(self, work: Callable[[Connection], T], *, collection: str | None = None, repeatable: bool = True) -> T:
        """The result of work in one transaction.

        Args:
            repeatable: doing it twice is doing it once. Otherwise it is not repeated once its commit was sent.
        """

        def transaction(connection: Connection) -> T:
            done = False
            try:
                with connection.transaction():
                    result = work(connection)
                    done = True
                return result
            except psycopg.Error as exc:
                if done:
                    raise _CommitError from exc
                raise

        return self._run(transaction, collection, repeatable=repeatable)

    def close(self) -> None:
        """Close the connections."""
        self._driver.close()

    def _run(self, work: Callable[[Connection], T], collection: str | None, *, repeatable: bool) -> T:
        lost = False

        def attempt() -> T:
            nonlocal lost
            try:
                return self._once(work, collection, recover=lost)
            except UnavailableError as error:
                lost = True
                if error.ambiguous and not repeatable:
                    error.retryable = False
                raise

        return self._retry.call(attempt)

    def _once(self, work: Callable[[Connection], T], collection: str | None, *, recover: bool) -> T:
        connection: Connection | None = None
        try:
            if recover:
                self._driver.recover()
            connection = self._driver.acquire()
            return work(connection)
        except _CommitError as exc:
            error = self._translate(exc.__cause__, collection)
            error.ambiguous = True
            raise error from exc.__cause__
        except Exception as exc:
            error = self._translate(exc, collection)
            if error is exc:
                raise
            raise error from exc
        finally:
            if connection is not None:
                self._driver.release(connection, broken=connection.broken)

    def _translate(self, exc: Any, collection: str | None) -> PersistError:
        if isinstance(exc, PersistError):
            return exc
        if isinstance(exc, pg.UndefinedTable) and collection is not None:
            return collection_not_found(collection)
        if isinstance(exc, (pg.UndefinedObject, pg.UndefinedFile, pg.FeatureNotSupported)):
            return ConfigurationError(
                f"this database lacks something of pgvector: {exc}".strip(),
                hint="install pgvector 0.8 or newer on the server, then run CREATE EXTENSION vector in this database",
            )
        translated = self._driver.translate(exc)
        if translated is None:
            raise exc
        return translated


class _CommitError(Exception):
    """Whether the transaction took effect is not known; the cause says why."""
