"""The one collection of Couchbase that a store uses, made and awaited where it is missing. Knows no documents."""

from __future__ import annotations

import logging
from typing import Any

from praison_persist.asking import ask
from praison_persist.errors import ConfigurationError, NotFoundError
from praison_persist.steps import Steps
from praison_persist.waiting import until

__all__ = ["prepare"]

_logger = logging.getLogger(__name__)


def prepare(engine: Any, index_name: str, *, create: bool) -> Steps[None]:
    """Make sure of scope, collection and primary index.

    Args:
        engine: an `Engine` or `AsyncEngine`.
        index_name: of a new primary index.
        create: make what is missing.

    Raises:
        ConfigurationError: something is missing, and is not to be made.
        OperationTimeoutError: it was not ready in time.
    """
    location, seconds = engine.location, engine.remote.ready_timeout
    scopes: dict[str, set[str]] = yield from ask(engine, engine.scopes)
    if location.collection not in scopes.get(location.scope, ()):
        if not create:
            raise _missing(f"collection {location}")
        if location.scope not in scopes:
            yield from ask(engine, engine.create_scope, write=True)
        yield from ask(engine, engine.create_collection, write=True)
        _logger.info("collection %s is created", location)
        yield from until(engine.pause, lambda: _known(engine), seconds, f"{location} is not ready")
    if "online" in (yield from _states(engine)):
        return
    if not create:
        raise _missing(f"a primary index of {location}")

    def online() -> Steps[bool]:
        states = yield from _states(engine)
        _logger.info("primary index of %s: %s", location, ", ".join(states) or "not there")
        if not states:
            statement = f"CREATE PRIMARY INDEX IF NOT EXISTS `{index_name}` ON {location.keyspace}"
            try:
                yield from ask(engine, lambda: engine.query(statement, {}, write=True), write=True)
            except NotFoundError:
                return False  # the query service learns of a new collection a moment later
            states = yield from _states(engine)
        return "online" in states

    yield from until(engine.pause, online, seconds, f"the primary index of {location} is not online")


def _known(engine: Any) -> Steps[bool]:
    """Whether the data service knows the collection."""
    try:
        yield from ask(engine, lambda: engine.get(["-"]))
    except NotFoundError:
        return False
    return True


def _states(engine: Any) -> Steps[list[str]]:
    """The states of the collection's primary indexes."""
    location = engine.location
    named = {"bucket": location.bucket, "scope": location.scope, "collection": location.collection}
    where = "i.bucket_id = $bucket AND i.scope_id = $scope AND i.keyspace_id = $collection"
    if location.scope == location.collection == "_default":
        where = "i.keyspace_id = $bucket"
    statement = f"SELECT RAW i.state FROM system:indexes AS i WHERE {where} AND i.is_primary = TRUE"
    return (yield from ask(engine, lambda: engine.query(statement, named)))


def _missing(what: str) -> ConfigurationError:
    return ConfigurationError(f"{what} is missing", hint="create it, or let the store do it: auto_create=True")
