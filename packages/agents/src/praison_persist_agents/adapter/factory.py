"""`db`: an adapter from URLs, backend names or stores. Opens no connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import partial
from typing import Any

from praison_persist.errors import ConfigurationError
from praison_persist.urls import redact

from ..config import PersistenceConfig
from ..locate import Kind, open_store
from .database import PersistDb
from .settings import AdapterSettings

__all__ = ["db"]


def db(
    database_url: str | None = None,
    state_url: str | None = None,
    knowledge_url: str | None = None,
    *,
    conversation_store: Any = None,
    state_store: Any = None,
    knowledge_store: Any = None,
    database_backend: str | None = None,
    state_backend: str | None = None,
    knowledge_backend: str | None = None,
    conversation_options: Mapping[str, Any] | None = None,
    state_options: Mapping[str, Any] | None = None,
    knowledge_options: Mapping[str, Any] | None = None,
    **options: Any,
) -> PersistDb:
    """A database for agents: ``Agent(memory=MemoryConfig(db=db("sqlite:///chats.db"), session_id="chat-1"))``.

    What is not given comes from the environment, as `PersistenceConfig.from_env` reads it
    (``PRAISONAI_CONVERSATION_URL``, ``PRAISONAI_STATE_URL``, ``PRAISONAI_KNOWLEDGE_URL`` and so on).

    Args:
        database_url: of the conversations, see `open_store`.
        state_url: of runs and traces. Without a state store each session keeps its newest 20 runs itself.
        knowledge_url: of the store that the knowledge bridge searches; opened when it is first used.
        conversation_store, state_store, knowledge_store: stores of your own, sync or async, instead of URLs; closing
            them stays your part.
        database_backend, state_backend, knowledge_backend: backend names, where a URL does not tell.
        conversation_options, state_options, knowledge_options: options of the backends.
        options: those of `AdapterSettings` (``history_limit``, ``hook_timeout``, ``queue_limit``, ``fallback``,
            ``retry_delay``, ``max_retry_delay``, ``close_timeout``, ``workers``, ``run_ttl``); any other is one of
            the conversation store.

    Raises:
        ConfigurationError: nothing says where conversations go, a URL of another kind, or a wrong value.
        UnknownBackendError, BackendNotInstalledError: says what to install.
        OptionError: an unknown option; names the nearest.
    """
    own = {each.name for each in fields(AdapterSettings)}
    settings = AdapterSettings(**{name: value for name, value in options.items() if name in own})
    rest = {name: value for name, value in options.items() if name not in own}
    if rest and conversation_store is not None:
        raise ConfigurationError(
            f"unknown option {next(iter(rest))!r}", hint=f"the adapter's options are {', '.join(sorted(own))}"
        )
    environment = PersistenceConfig.from_env()
    conversation, url = _store(
        "conversation",
        conversation_store,
        database_url,
        database_backend,
        {**(conversation_options or {}), **rest},
        environment,
    )
    if conversation is None:
        raise ConfigurationError(
            "nothing says where conversations are stored",
            hint='db("sqlite:///chats.db"), db(conversation_store=...), or set PRAISONAI_CONVERSATION_URL',
        )
    state, _ = _store("state", state_store, state_url, state_backend, state_options, environment)
    knowledge = partial(
        _store, "knowledge", knowledge_store, knowledge_url, knowledge_backend, knowledge_options, environment
    )
    given = {"conversation": conversation_store, "state": state_store, "knowledge": knowledge_store}
    return PersistDb(
        conversation,
        state=state,
        knowledge=lambda: knowledge()[0],
        database_url=None if url is None else redact(url),
        owned=tuple(kind for kind, store in given.items() if store is None),
        settings=settings,
    )


def _store(
    kind: Kind,
    store: Any,
    url: str | None,
    backend: str | None,
    options: Mapping[str, Any] | None,
    environment: PersistenceConfig,
) -> tuple[Any, str | None]:
    """The store of a kind and the URL it came from; None for both where there is none."""
    if store is not None:
        if url is not None or backend is not None or options:
            raise ConfigurationError(f"a {kind} store of your own takes no URL, backend or options beside it")
        return store, None
    if url is None and backend is None:
        if not environment.wants(kind):
            if options:
                raise ConfigurationError(f"there are options of a {kind} store, but no such store")
            return None, None
        url, backend = getattr(environment, f"{kind}_url"), getattr(environment, f"{kind}_store")
    return open_store(kind, url=url, backend=backend, options=options), url
