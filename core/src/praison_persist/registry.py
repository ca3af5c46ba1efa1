"""The three store registries. Imports no plugin, no driver and no heavy module until a name is resolved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from .errors import AmbiguousBackendError, ConfigurationError, UnknownBackendError
from .plugins import PluginRegistry, nearest

if TYPE_CHECKING:
    from .discovery import Catalogue

__all__ = ["CONVERSATION_STORES", "KNOWLEDGE_STORES", "STATE_STORES", "PluginRegistry", "StoreRegistry"]

T = TypeVar("T")


class StoreRegistry(PluginRegistry[T]):
    """The registry of one kind of store; also finds a backend by URL.

    ``<group>.schemes`` maps URL schemes to names.

    Args:
        kind: ``"conversation"``, ``"knowledge"`` or ``"state"``.
    """

    kind: str = ""

    def __init__(self, kind: str | None = None) -> None:
        kind = kind or self.kind
        if kind not in ("conversation", "knowledge", "state"):
            raise ConfigurationError(
                f"the kind of a StoreRegistry must be 'conversation', 'knowledge' or 'state', not {kind!r}"
            )
        super().__init__(entry_point_group=f"praisonai.{kind}_stores")
        self.kind = kind
        self.what = f"{kind} backend"

    def create(self, name: str, **kwargs: Any) -> T:
        """A store; its factory gets ``url=`` (None when not given) and the other options. Errors as `resolve`."""
        return self.resolve(name)(**{"url": None, **kwargs})

    def create_from_url(self, url: str, *, backend: str | None = None, **options: Any) -> T:
        """A store of the backend that the URL's scheme names; the URL is passed on unchanged.

        A driver in the scheme (``postgresql+asyncpg``) is ignored. ``:memory:`` and plain paths ending in ``.db``,
        ``.sqlite`` or ``.sqlite3`` mean SQLite. Host names are never looked at: for ``https://`` give ``backend``.

        Raises:
            ConfigurationError: not a URL.
            UnknownBackendError: no backend for the scheme; lists the schemes that there are.
            AmbiguousBackendError: several distributions claim the scheme for different backends.
        """
        return self.create(backend or self._by_scheme(url), url=url, **options)

    def register_store(self, name: str, factory: Callable[..., T], *, aliases: str | Iterable[str] | None = ()) -> None:
        """The same as `register`."""
        self.register(name, factory, aliases=aliases)

    def _by_scheme(self, url: str) -> str:
        from .urls import scheme_of

        full = scheme_of(url)
        installed = cast("Catalogue", self._installed())
        for scheme in dict.fromkeys((full, full.partition("+")[0])):
            with self._lock:
                if scheme in self._factories or scheme in self._aliases:
                    return scheme
            entries = installed.schemes.get(scheme, ())
            targets = {entry.value.casefold() for entry in entries}
            if len(targets) > 1:
                claims = ", ".join(f"{entry.value!r} of {entry.provider}" for entry in entries)
                raise AmbiguousBackendError(
                    f"{scheme}:// leads to several {self.what}s: {claims}", hint="name one: create(name, url=...)"
                )
            if targets:
                return targets.pop()
            if self.has(scheme):
                return scheme
        raise self._unknown_scheme(full)

    def _unknown_scheme(self, scheme: str) -> UnknownBackendError:
        from .first_party import SCHEMES

        known = sorted({*cast("Catalogue", self._installed()).schemes, *self._factories})
        distribution = SCHEMES[self.kind].get(scheme.partition("+")[0])
        hint = f"pip install {distribution}" if distribution else "name a backend: create(name, url=...)"
        return UnknownBackendError(
            f"no {self.what} for {scheme}:// URLs. Known schemes: {', '.join(known) or 'none'}", hint=hint
        )

    def _kind(self) -> str:
        return self.kind

    def _schemes_of(self, name: str) -> tuple[str, ...]:
        schemes = cast("Catalogue", self._installed()).schemes
        return tuple(sorted(s for s, entries in schemes.items() if name in {e.value.casefold() for e in entries}))

    def _url_hint(self) -> str:
        return "use create_from_url(url), or create(name, url=...)"

    def _hint(self, name: str) -> str | None:
        from .first_party import BACKENDS

        offered = BACKENDS[self.kind]
        if name in offered:
            return f"pip install {offered[name]}"
        for kind, backends in BACKENDS.items():
            if name in backends:
                return f"{name!r} is a {kind} backend: use {kind.upper()}_STORES"
        near = nearest(name, {*self.list_all_names(), *offered})
        if near is None:
            return None
        return f"did you mean {near!r}?" + ("" if self.has(near) else f" pip install {offered[near]}")


class _ConversationStores(StoreRegistry[Any]):
    kind = "conversation"


class _KnowledgeStores(StoreRegistry[Any]):
    kind = "knowledge"


class _StateStores(StoreRegistry[Any]):
    kind = "state"


CONVERSATION_STORES: StoreRegistry[Any] = _ConversationStores.default()
"""Conversation backends: group ``praisonai.conversation_stores``."""

KNOWLEDGE_STORES: StoreRegistry[Any] = _KnowledgeStores.default()
"""Knowledge backends: group ``praisonai.knowledge_stores``."""

STATE_STORES: StoreRegistry[Any] = _StateStores.default()
"""State backends: group ``praisonai.state_stores``."""
