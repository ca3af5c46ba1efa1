"""Factories: what a first-party entry point is, and the three functions that create a store by name.

A factory checks options and the API version; it opens nothing, because store constructors do no I/O.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast, overload

from .__about__ import API_VERSION, __version__
from .errors import ConfigurationError, IncompatiblePluginError
from .plugins import nearest
from .registry import CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES, StoreRegistry

if TYPE_CHECKING:
    from .conversation import AsyncConversationStore, ConversationStore

__all__ = [
    "OptionError",
    "StoreFactory",
    "check_api",
    "create_conversation_store",
    "create_knowledge_store",
    "create_state_store",
    "store_factory",
]

T = TypeVar("T")
Mode = Literal["sync", "async", "auto"]

_BOUND = re.compile(r"(>=|<=|==|>|<)\s*(\d+)(?:\.(\d+))?")


class OptionError(ConfigurationError, TypeError):
    """A store was given an option that it does not have, or not one that it needs; nothing was opened."""


def store_factory(store_class: type[T], *, requires_api: str = ">=1.0,<2") -> StoreFactory[T]:
    """The factory of a store class, for use as an entry point.

    Args:
        store_class: its constructor names every option; ``*args`` and ``**kwargs`` are refused, since they would
            swallow a mistyped one. An option ``url`` is optional.
        requires_api: the API versions it was written for, as bounds on `praison_persist.API_VERSION`. The default never
            moves: a plugin that says nothing was written for API 1.

    Raises:
        TypeError: the constructor does not name its options, or ``requires_api`` is malformed.
    """
    return StoreFactory(store_class, requires_api)


class StoreFactory(Generic[T]):
    """Builds stores of one class; made by `store_factory`.

    Called with options it builds a store. Called with nothing it returns `build`: registries that call what they
    loaded once without arguments, as PraisonAI's does, then get the factory that they expect.
    """

    __slots__ = ("_signature", "requires_api", "store_class")

    def __init__(self, store_class: type[T], requires_api: str) -> None:
        self._signature = inspect.signature(store_class)
        for parameter in self._signature.parameters.values():
            if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                raise TypeError(
                    f"{store_class.__qualname__}: the constructor must name its options, not take {parameter}"
                )
        _bounds(requires_api)
        self.store_class = store_class
        self.requires_api = requires_api

    @property
    def options(self) -> Mapping[str, inspect.Parameter]:
        """Every option by name, with its default and annotation."""
        return MappingProxyType(dict(self._signature.parameters))

    def __call__(self, **options: Any) -> T | Callable[..., T]:
        return self.build(**options) if options else self.build

    def build(self, **options: Any) -> T:
        """The store; ``url=None`` counts as not given where the class has no such option.

        Raises:
            OptionError: an unknown option (the nearest is named), or a required one is missing.
            IncompatiblePluginError: this praison-persist is not what the plugin was written for.
        """
        module = self.store_class.__module__.partition(".")[0]
        check_api(self.requires_api, distribution=module.replace("_", "-"), backend=self._backend)
        if options.get("url", "") is None and "url" not in self.options:
            del options["url"]
        for option in options:
            if option not in self.options:
                near = nearest(option, self.options)
                raise OptionError(
                    f"{self.store_class.__name__} has no option {option!r}",
                    backend=self._backend,
                    hint=f"did you mean {near!r}?" if near else f"its options are {', '.join(self.options) or 'none'}",
                )
        try:
            self._signature.bind(**options)
        except TypeError as exc:
            raise OptionError(f"{self.store_class.__name__}: {exc}", backend=self._backend) from exc
        return self.store_class(**options)

    @property
    def _backend(self) -> str | None:
        return getattr(self.store_class, "backend", None)

    def __repr__(self) -> str:
        return f"store_factory({self.store_class.__module__}.{self.store_class.__qualname__})"


def check_api(requires: str, *, distribution: str, version: str | None = None, backend: str | None = None) -> None:
    """The handshake between a plugin and this core.

    Raises:
        IncompatiblePluginError: `API_VERSION` is outside ``requires``; says what to upgrade.
    """
    for operator, bound in _bounds(requires):
        holds = {
            ">=": bound <= API_VERSION,
            ">": bound < API_VERSION,
            "<=": bound >= API_VERSION,
            "<": bound > API_VERSION,
            "==": bound == API_VERSION,
        }[operator]
        if holds:
            continue
        too_old = bound > API_VERSION or operator == ">"
        plugin = f"{distribution} {version}" if version else distribution
        offered = ".".join(map(str, API_VERSION))
        raise IncompatiblePluginError(
            f"{plugin} needs plugin API {requires}; praison-persist {__version__} has {offered}",
            backend=backend,
            hint=f"pip install --upgrade {'praison-persist' if too_old else distribution}",
        )


def _bounds(requires: str) -> list[tuple[str, tuple[int, int]]]:
    bounds: list[tuple[str, tuple[int, int]]] = []
    for part in requires.split(","):
        match = _BOUND.fullmatch(part.strip())
        if match is None:
            raise TypeError(f"requires_api must be bounds like '>=1.0,<2', not {requires!r}")
        bounds.append((match[1], (int(match[2]), int(match[3] or 0))))
    return bounds


@overload
def create_conversation_store(
    backend: str,
    url: str | None = ...,
    *,
    mode: Literal["sync"],
    registry: StoreRegistry[Any] | None = ...,
    **options: Any,
) -> ConversationStore: ...
@overload
def create_conversation_store(
    backend: str,
    url: str | None = ...,
    *,
    mode: Literal["async"],
    registry: StoreRegistry[Any] | None = ...,
    **options: Any,
) -> AsyncConversationStore: ...
@overload
def create_conversation_store(
    backend: str, url: str | None = ..., mode: Mode = ..., *, registry: StoreRegistry[Any] | None = ..., **options: Any
) -> Any: ...
def create_conversation_store(
    backend: str,
    url: str | None = None,
    mode: Mode = "auto",
    *,
    registry: StoreRegistry[Any] | None = None,
    **options: Any,
) -> Any:
    """A conversation store by backend name or alias.

    Args:
        backend: ``"sqlite"``, ``"postgres"``, ``"neon"`` ...
        url: passed on as it is, also None.
        mode: ``"sync"`` and ``"async"`` choose the form of a backend that has several (``"async"`` with
            ``"postgres"`` is ``"async_postgres"``); ``"auto"`` takes the name as it is.
        registry: another registry than `CONVERSATION_STORES`.
        options: the backend's options.

    Raises:
        ConfigurationError: the backend has no form of the wanted mode, or an option is wrong.
        UnknownBackendError, AmbiguousBackendError, BackendNotInstalledError: as `StoreRegistry.resolve`.
    """
    stores = registry or CONVERSATION_STORES
    wanted = mode.lower() if isinstance(cast(Any, mode), str) else mode
    if wanted not in ("sync", "async", "auto"):
        raise ConfigurationError(f"mode must be 'sync', 'async' or 'auto', not {mode!r}")
    if wanted == "auto":
        return stores.create(backend, url=url, **options)
    form = f"{wanted}_{stores.describe(backend).name}"
    store = stores.create(form if stores.has(form) else backend, url=url, **options)
    from .conversation import AsyncConversationStore

    if isinstance(store, AsyncConversationStore) != (wanted == "async"):
        raise ConfigurationError(
            f"the conversation backend {backend!r} has no {wanted} form",
            hint="use praison_persist.aio to view one form as the other",
        )
    return store


def create_knowledge_store(
    backend: str, url: str | None = None, *, registry: StoreRegistry[Any] | None = None, **options: Any
) -> Any:
    """A knowledge store by backend name or alias; arguments and errors as `create_conversation_store`."""
    return (registry or KNOWLEDGE_STORES).create(backend, url=url, **options)


def create_state_store(
    backend: str, url: str | None = None, *, registry: StoreRegistry[Any] | None = None, **options: Any
) -> Any:
    """A state store by backend name or alias; arguments and errors as `create_conversation_store`."""
    return (registry or STATE_STORES).create(backend, url=url, **options)
