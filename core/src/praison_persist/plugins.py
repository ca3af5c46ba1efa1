"""`PluginRegistry`: names to factories, registered at run time or found by entry point.

Imports no plugin, no driver and no heavy module until a name is resolved; holds its lock for dictionary work only,
never while foreign code runs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar, cast

from .errors import (
    AmbiguousBackendError,
    ConfigurationError,
    PersistError,
    UnknownBackendError,
)

if TYPE_CHECKING:
    from typing_extensions import Self

    from .discovery import BackendInfo, Catalogue, Entry

__all__ = ["PluginRegistry", "nearest"]

T = TypeVar("T")

_defaults: dict[type, Any] = {}
_defaults_lock = threading.RLock()  # reentrant: a constructor may ask for another class's default


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that a person most likely meant, or None."""
    from difflib import get_close_matches

    matches = get_close_matches(word, list(candidates), n=1)
    return matches[0] if matches else None


class _Found(NamedTuple):
    """What a name leads to: a factory, or an entry to load, or the reason why it is neither."""

    name: str
    factory: Callable[..., Any] | None = None
    entry: Entry | None = None
    error: PersistError | None = None


class PluginRegistry(Generic[T]):
    """Names, aliases and the factories behind them; thread-safe.

    Names are case-folded. What is registered at run time beats entry points. Of two distributions that claim one name
    neither wins: choose with ``"distribution:name"``, or register a factory under that name.

    A subclass gives `entry_point_group` to find plugins of installed distributions: ``<group>`` maps names to
    ``module:attribute``, ``<group>.aliases`` maps other names to names.
    """

    entry_point_group: str | None = None
    what: str = "plugin"
    """What a registered thing is called in messages."""

    def __init__(self, *, entry_point_group: str | None = None) -> None:
        if entry_point_group is not None:
            self.entry_point_group = entry_point_group
        self._lock = threading.Lock()
        self._factories: dict[str, Callable[..., T]] = {}
        self._aliases: dict[str, str] = {}
        self._hidden: set[str] = set()
        self._loaded: dict[Entry, Callable[..., Any]] = {}

    @classmethod
    def default(cls) -> Self:
        """The one registry of this class in this process."""
        with _defaults_lock:
            if cls not in _defaults:
                _defaults[cls] = cls()
            return cast("Self", _defaults[cls])

    def register(self, name: str, factory: Callable[..., T], *, aliases: str | Iterable[str] | None = ()) -> None:
        """Register a factory; a name registered before is replaced and keeps its aliases.

        Args:
            name: not empty, without white space and ``: / @ =``. An alias of that name is freed.
            factory: called by `create` with the caller's keyword arguments.
            aliases: other names; a string is one alias.

        Raises:
            ConfigurationError: a name is malformed, the factory is not callable, or an alias is registered for
                another name; nothing was changed.
        """
        canonical = self._checked(name)
        if not callable(cast(Any, factory)):
            raise ConfigurationError(f"the factory of {name!r} must be callable, not {type(factory).__name__}")
        names = (aliases,) if isinstance(aliases, str) else tuple(aliases or ())
        others = {self._checked(alias) for alias in names} - {canonical}
        with self._lock:
            for alias in others:
                owner = alias if alias in self._factories else self._aliases.get(alias, canonical)
                if owner != canonical:
                    raise ConfigurationError(
                        f"alias {alias!r} of {name!r} is taken by {owner!r}", hint=f"unregister({alias!r}) first"
                    )
            self._aliases.pop(canonical, None)
            self._factories[canonical] = factory
            self._aliases.update(dict.fromkeys(others, canonical))
            self._hidden -= {canonical, *others}

    def unregister(self, name: str) -> bool:
        """Remove a name with its aliases, or one alias; False when there was none.

        Removing what was registered at run time uncovers an installed plugin of that name; removing an installed one
        hides it from this registry until the name is registered again.
        """
        key = self._key(name)
        with self._lock:
            if self._aliases.pop(key, None) is not None:
                return True
            if self._factories.pop(key, None) is not None:
                self._aliases = {alias: target for alias, target in self._aliases.items() if target != key}
                return True
        installed = self._installed()
        with self._lock:
            if installed is None or key in self._hidden or not (key in installed.backends or key in installed.aliases):
                return False
            self._hidden.add(key)
            return True

    def resolve(self, name: str) -> Callable[..., T]:
        """The factory behind a name or alias; imports the plugin that provides it.

        Args:
            name: a name, an alias, or ``"distribution:name"`` for that distribution's plugin.

        Raises:
            UnknownBackendError: nothing of that name; lists what there is and names the nearest.
            AmbiguousBackendError: several distributions claim the name.
            BackendNotInstalledError: the plugin cannot be imported.
            IncompatiblePluginError: the plugin was written for another API version.
        """
        found = self._find(name)
        if found.error is not None:
            raise found.error
        if found.factory is not None:
            return found.factory
        entry = cast("Entry", found.entry)
        factory = self._loaded.get(entry)
        if factory is None:
            from .discovery import load

            # Outside the lock: the import may register something, or wait for another thread's import that does.
            factory = self._loaded.setdefault(entry, load(entry))
        return factory

    def create(self, name: str, **kwargs: Any) -> T:
        """Build what is registered under a name; errors as `resolve`, and whatever the factory raises."""
        return self.resolve(name)(**kwargs)

    def list_registered(self) -> list[str]:
        """Every name, sorted, without aliases; imports nothing. Broken plugins are listed: see `describe`."""
        installed = self._installed()
        with self._lock:
            names = set(installed.backends if installed else ()) - self._hidden
            return sorted(names - self._aliases.keys() | self._factories.keys())

    def list_aliases(self) -> dict[str, str]:
        """Every alias and the name it stands for, sorted; without those on which distributions disagree."""
        installed = self._installed()
        with self._lock:
            aliases = (
                {}
                if installed is None
                else {
                    alias: entries[0].value.casefold()
                    for alias, entries in installed.aliases.items()
                    if len({entry.value.casefold() for entry in entries}) == 1 and alias not in installed.backends
                }
            )
            taken = self._hidden | self._factories.keys()
            aliases = {
                alias: name for alias, name in aliases.items() if alias not in taken and name not in self._hidden
            }
            return dict(sorted({**aliases, **self._aliases}.items()))

    def list_names(self) -> list[str]:
        """The same as `list_registered`."""
        return self.list_registered()

    def list_all_names(self) -> list[str]:
        """Names and aliases, sorted."""
        return sorted({*self.list_registered(), *self.list_aliases()})

    def has(self, name: str) -> bool:
        """True when the name is known; imports nothing, so `resolve` may still fail."""
        try:
            self._find(name)
        except UnknownBackendError:
            return False
        return True

    def is_available(self, name: str) -> bool:
        """True when `resolve` succeeds; imports the plugin."""
        try:
            self.resolve(name)
        except PersistError:
            return False
        return True

    def describe(self, name: str) -> BackendInfo:
        """What is known about a name or alias, without importing it.

        Raises:
            UnknownBackendError: nothing of that name.
        """
        from .discovery import BackendInfo

        found = self._find(name)
        entry = found.entry
        problem = found.error.message if found.error else entry.problem if entry else None
        return BackendInfo(
            name=found.name,
            kind=self._kind(),
            aliases=tuple(alias for alias, target in self.list_aliases().items() if target == found.name),
            schemes=self._schemes_of(found.name),
            distribution=entry.distribution if entry else None,
            version=entry.version if entry else None,
            entry_point=entry.value if entry else None,
            origin="registered" if found.factory else "entry point",
            problem=problem,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.entry_point_group or 'without entry points'}>"

    # How a name is found

    def _find(self, name: str) -> _Found:
        key = self._key(name)
        if any(sign in key for sign in "/@="):
            # Not repeated: it may hold a password.
            raise UnknownBackendError(f"a URL or a DSN is not the name of a {self.what}", hint=self._url_hint())
        with self._lock:
            canonical = self._aliases.get(key, key)
            factory = self._factories.get(canonical)
            hidden = key in self._hidden
        if factory is not None:
            return _Found(canonical, factory)
        installed = self._installed()
        if installed is None or hidden:
            raise self._unknown(key)
        entries, aliases = installed.backends.get(key, ()), installed.aliases.get(key, ())
        # One claim per distribution; in the same distribution a name beats an alias.
        claims = {claim.distribution: claim for claim in (*aliases, *entries)}
        if len(claims) > 1 and (entries or len({alias.value.casefold() for alias in aliases}) > 1):
            return _Found(key, error=self._ambiguous(key, list(claims.values())))
        if entries:
            return _Found(key, entry=entries[0])
        if aliases:
            return self._follow(aliases[0])
        distribution, colon, local = key.rpartition(":")
        if colon:
            return self._find_of(installed, distribution, local)
        raise self._unknown(key)

    def _follow(self, alias: Entry) -> _Found:
        target = alias.value.casefold()
        installed = self._installed()
        with self._lock:
            known = target in self._factories or (
                installed is not None and target in installed.backends and target not in self._hidden
            )
        if known:
            return self._find(target)
        message = f"alias {alias.name!r} of {alias.provider} stands for {target!r}, which is no {self.what}"
        return _Found(alias.name, error=UnknownBackendError(message, hint=self._hint(target)))

    def _find_of(self, installed: Catalogue, distribution: str, name: str) -> _Found:
        from .discovery import normalize

        wanted = normalize(distribution)

        def own(entries: tuple[Entry, ...]) -> Entry | None:
            return next((entry for entry in entries if normalize(entry.distribution) == wanted), None)

        rivals = installed.backends.get(name, ())
        alias = own(installed.aliases.get(name, ()))
        entry = own(rivals) or (own(installed.backends.get(alias.value.casefold(), ())) if alias else None)
        if entry is not None:
            return _Found(entry.name, entry=entry)
        if alias is not None:
            return self._follow(alias)
        providers = ", ".join(rival.provider for rival in rivals)
        raise UnknownBackendError(
            f"no installed distribution {distribution!r} provides a {self.what} {name!r}",
            hint=f"it is provided by {providers}" if providers else self._hint(name),
        )

    def _installed(self) -> Catalogue | None:
        if self.entry_point_group is None:
            return None
        from .discovery import catalogue

        return catalogue(self.entry_point_group)

    def _key(self, name: str) -> str:
        if not isinstance(cast(Any, name), str):
            raise ConfigurationError(f"the name of a {self.what} must be a string, not {type(name).__name__}")
        return name.casefold()

    def _checked(self, name: str) -> str:
        key = self._key(name)
        if not key or any(character.isspace() or character in ":/@=" for character in key):
            raise ConfigurationError("a name must not be empty, nor contain white space or any of : / @ =")
        return key

    # What the store registries know better

    def _kind(self) -> str | None:
        return None

    def _schemes_of(self, name: str) -> tuple[str, ...]:
        return ()

    def _url_hint(self) -> str:
        return "give a name of list_registered()"

    def _hint(self, name: str) -> str | None:
        near = nearest(name, self.list_all_names())
        return f"did you mean {near!r}?" if near else None

    def _unknown(self, name: str) -> UnknownBackendError:
        registered = ", ".join(self.list_registered()) or "none"
        return UnknownBackendError(f"unknown {self.what} {name!r}. Registered: {registered}", hint=self._hint(name))

    def _ambiguous(self, name: str, claims: list[Entry]) -> AmbiguousBackendError:
        providers = ", ".join(claim.provider for claim in claims)
        choices = " or ".join(repr(f"{claim.distribution}:{name}") for claim in claims)
        removals = " or ".join(claim.distribution for claim in claims)
        return AmbiguousBackendError(
            f"several distributions provide the {self.what} {name!r}: {providers}",
            hint=f"name one as {choices}, register() your own factory as {name!r}, or pip uninstall {removals}",
        )
