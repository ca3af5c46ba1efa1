"""PraisonAI's import paths over our code, for programs that follow its documents where it is not installed.

A finder behind all others: an installed PraisonAI is always found first. Agents themselves are not imitated.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from praison_persist.errors import PersistError

from ..registries import get_default_registry
from .shim_names import CLASSES, MODULES

__all__ = ["install", "installed", "remove"]


class _Finder(MetaPathFinder, Loader):
    """Finds the modules below the roots that it has been given."""

    def __init__(self) -> None:
        self.roots: frozenset[str] = frozenset()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A spec for a module of `MODULES`."""
        if fullname not in MODULES or fullname.partition(".")[0] not in self.roots:
            return None
        return ModuleSpec(fullname, self, origin="praison-persist-agents", is_package=True)

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its names, each resolved when it is asked for."""
        name = module.__name__
        homes, classes = MODULES[name], CLASSES.get(name, {})
        module.__doc__ = f"{name} over praison-persist; see praison_persist_agents.activate."
        module.__dict__["__all__"] = sorted({*homes, *classes})
        module.__dict__["__getattr__"] = _resolver(name, homes, classes)


def _resolver(module: str, homes: Mapping[str, str], classes: Mapping[str, tuple[str, str]]) -> Any:
    def resolve(name: str) -> Any:
        if name in homes:
            return getattr(import_module(homes[name]), name)
        if name in classes:
            return _class_of(*classes[name])
        if module == "praisonaiagents" and name[:1].isupper():
            raise ImportError(
                f"{name} is PraisonAI's own, and PraisonAI is not installed. Hint: pip install praisonaiagents",
                name=module,
            )
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return resolve


def _class_of(kind: str, backend: str) -> Any:
    """The class behind an installed backend.

    Raises:
        ImportError: it is not installed; says what to install.
    """
    try:
        factory = get_default_registry(kind).resolve(backend)
    except PersistError as error:
        raise ImportError(str(error)) from error
    return getattr(factory, "store_class", factory)


_finder = _Finder()


def installed(root: str) -> bool:
    """Whether a package other than ours would be imported under this name; imports nothing."""
    loaded = sys.modules.get(root)
    if loaded is not None:
        return getattr(loaded.__spec__, "loader", None) is not _finder
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        if finder is not _finder and find is not None and find(root, None) is not None:
            return True
    return False


def install(roots: Iterable[str]) -> tuple[str, ...]:
    """Offer every module below these roots (``"praisonai"``, ``"praisonaiagents"``); their names."""
    _finder.roots = frozenset(roots)
    if _finder not in sys.meta_path:
        sys.meta_path.append(_finder)
    return tuple(name for name in MODULES if name.partition(".")[0] in _finder.roots)


def remove() -> None:
    """Take the modules back, those that were imported as well."""
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
    for name in MODULES:
        module = sys.modules.get(name)
        if module is not None and getattr(module.__spec__, "loader", None) is _finder:
            del sys.modules[name]
    _finder.roots = frozenset()
