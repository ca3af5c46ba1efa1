"""`activate` and `deactivate`: our stores and session store in an installed PraisonAI, its import paths without one.

Reaches into PraisonAI only where it has no function for that: to put back exactly what was there, and around the
methods of its agents that say things twice (`once`). Changes no module.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType
from typing import Any

from praison_persist.errors import ConfigurationError

from ..dispatch import KINDS
from ..locate import Kind
from ..registries import get_default_registry
from . import shims
from .foreign import adapt
from .once import say_once
from .provider import PROVIDER, bridge_from_config

__all__ = ["Activation", "activate", "deactivate"]

logger = logging.getLogger(__name__)

_GENERIC = "praison_persist"
_ROOTS = ("praisonai", "praisonaiagents")


@dataclass(frozen=True, slots=True)
class Activation:
    """What `activate` did.

    Attributes:
        stores: per kind, the names in PraisonAI's registry that lead to our stores now.
        sessions: whether agents get our session store.
        knowledge: whether agents know the knowledge provider ``praison_persist``.
        import_paths: modules that can be imported now although PraisonAI is not installed.
        refused: why PraisonAI's import paths were left alone, or None.
    """

    stores: Mapping[Kind, tuple[str, ...]]
    sessions: bool
    knowledge: bool
    import_paths: tuple[str, ...]
    refused: str | None


_lock = threading.RLock()
_active: tuple[Activation, ExitStack, Any] | None = None


def activate(*, session_store: Any = None, import_paths: bool | None = None) -> Activation:
    """Let PraisonAI use the stores of this project, in this process, until `deactivate`.

    With ``praisonai`` installed, every backend name of ours leads to our stores in its registries, over its built-in
    ones. With ``praisonaiagents``, our session store is its default, and its agents know the knowledge provider
    ``praison_persist``. Where one of the two is missing, the import paths of its documents lead to our code.
    Calling it again changes nothing.

    Args:
        session_store: instead of what `sessions.get_default_session_store` returns at this time.
        import_paths: None does as said; False never offers import paths; True insists.

    Raises:
        ConfigurationError: ``import_paths=True`` with both packages installed, whose modules are not touched; a
            ``session_store`` without ``praisonaiagents``, or other than the one that is active.
    """
    global _active
    with _lock:
        if _active is not None:
            if session_store is not None and session_store is not _active[2]:
                raise ConfigurationError("another session store is active", hint="deactivate() first")
            return _active[0]
        present = [root for root in _ROOTS if shims.installed(root)]
        absent = [root for root in _ROOTS if root not in present]
        refused = _refusal(present) if present else None
        if import_paths and not absent:
            raise ConfigurationError(f"{refused}", hint="activate() without import_paths=True registers our stores")
        if session_store is not None and "praisonaiagents" in absent:
            raise ConfigurationError(
                "there is no PraisonAI agent to give the session store to", hint="pip install praisonaiagents"
            )
        with ExitStack() as undo:
            stores: dict[Kind, tuple[str, ...]] = {}
            if "praisonai" in present:
                for kind in KINDS:
                    stores[kind] = tuple(_register_stores(kind, undo))
            if "praisonaiagents" in present:
                session_store = _replace_session_store(session_store, undo)
                _register_knowledge(undo)
            offered: tuple[str, ...] = ()
            if absent and import_paths is not False:
                offered = shims.install(absent)
                undo.callback(shims.remove)
            done = Activation(
                stores=MappingProxyType(stores),
                sessions="praisonaiagents" in present,
                knowledge="praisonaiagents" in present,
                import_paths=offered,
                refused=refused,
            )
            _active = (done, undo.pop_all(), session_store)
        return done


def deactivate() -> bool:
    """Put back what `activate` replaced, but for what was replaced again since; whether it was active."""
    global _active
    with _lock:
        if _active is None:
            return False
        undo, _active = _active[1], None
        undo.close()
        return True


def _refusal(present: list[str]) -> str:
    named: list[str] = []
    for root in present:
        try:
            named.append(f"{root} {version(root)}")
        except PackageNotFoundError:
            named.append(root)
    verb = "is" if len(named) == 1 else "are"
    return f"{' and '.join(named)} {verb} installed: its modules stay as they are"


# -- stores ------------------------------------------------------------------------------------------------------------


def _register_stores(kind: Kind, undo: ExitStack) -> Iterator[str]:
    """Our backends in PraisonAI's registry of this kind; their names, aliases of both included."""
    ours = get_default_registry(kind)
    theirs = import_module("praisonai.persistence.registry").get_default_registry(kind)
    for name in ours.list_all_names():
        backend = ours.describe(name)
        if name == _GENERIC:
            continue
        if backend.problem is not None:
            logger.warning("PraisonAI keeps its own %s backend %r: %s", kind, name, backend.problem)
            continue
        if theirs.list_aliases().get(name) != backend.name:  # else it is an alias there, of a name that we replace
            _register_store(theirs, name, _factory(kind, name), undo)
        yield name


def _factory(kind: Kind, name: str) -> Callable[..., Any]:
    def build(**options: Any) -> Any:
        return adapt(kind, get_default_registry(kind).create(name, **options))

    return build


def _register_store(registry: Any, name: str, factory: Callable[..., Any], undo: ExitStack) -> None:
    """Register a factory; to be undone if it is still the registered one."""
    tables: tuple[dict[str, Any], ...] = (registry._loaders, registry._items, registry._aliases)
    with registry._lock:
        before = [table.get(name) for table in tables]
        registry._aliases.pop(name, None)  # an alias would hide the name
        registry.register_store(name, factory)
        mine = registry._items[name]

    def put_back() -> None:
        with registry._lock:
            if registry._items.get(name) is not mine:
                return
            for table, value in zip(tables, before, strict=True):
                table.pop(name, None)
                if value is not None:
                    table[name] = value

    undo.callback(put_back)


# -- sessions and knowledge --------------------------------------------------------------------------------------------


def _replace_session_store(store: Any, undo: ExitStack) -> Any:
    module: Any = import_module("praisonaiagents.session.store")
    if store is None:
        from ..sessions import get_default_session_store

        store = get_default_session_store()
    with module._store_lock:
        before, module._default_store = module._default_store, store

    def put_back() -> None:
        with module._store_lock:
            if module._default_store is store:
                module._default_store = before

    undo.callback(put_back)
    say_once(import_module("praisonaiagents.agent.agent").Agent, store, undo)
    return store


def _register_knowledge(undo: ExitStack) -> None:
    module = import_module("praisonaiagents.knowledge.adapters")
    registry = import_module("praisonaiagents.knowledge.adapters.registry")._knowledge_registry
    before = registry._factories.get(PROVIDER)
    module.register_knowledge_factory(PROVIDER, bridge_from_config)

    def put_back() -> None:
        with registry._lock:
            if registry._factories.get(PROVIDER) is bridge_from_config:
                del registry._factories[PROVIDER]
                if before is not None:
                    registry._factories[PROVIDER] = before

    undo.callback(put_back)
