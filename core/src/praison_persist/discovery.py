"""Entry points of the installed distributions: one scan per process; a value stays a string until `load`.

Knows distributions and entry-point files, not registries or stores. A broken plugin is an error of its own name only.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import re
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import BackendNotInstalledError, IncompatiblePluginError
from .factories import check_api

__all__ = ["BackendInfo", "Catalogue", "Entry", "catalogue", "load", "normalize", "refresh"]

_TARGET = re.compile(r"(?P<module>\w+(?:\.\w+)*)\s*:\s*(?P<attribute>\w+(?:\.\w+)*)\s*(?:\[.*\])?")
_REQUIREMENT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """What is known about a backend without importing it.

    Attributes:
        name: canonical name.
        kind: ``"conversation"``, ``"knowledge"``, ``"state"``, or None in a registry of something else.
        aliases, schemes: other names, and the URL schemes that lead to it.
        distribution, version: what provides it; None when registered at run time, or when several claim it.
        entry_point: ``"module:attribute"`` as written in its metadata, or None.
        origin: ``"registered"`` or ``"entry point"``.
        problem: why `resolve` would fail, as far as is known without importing; None when nothing is known.
    """

    name: str
    kind: str | None
    aliases: tuple[str, ...]
    schemes: tuple[str, ...]
    distribution: str | None
    version: str | None
    entry_point: str | None
    origin: str
    problem: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of one distribution's ``entry_points.txt``; ``name`` is case-folded."""

    name: str
    value: str
    distribution: str
    version: str
    problem: str | None = None

    @property
    def provider(self) -> str:
        """Distribution and version, for messages."""
        return f"{self.distribution} {self.version}"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What all distributions declare in one group, by name; several entries under a name are rivals."""

    backends: Mapping[str, tuple[Entry, ...]]
    aliases: Mapping[str, tuple[Entry, ...]]
    schemes: Mapping[str, tuple[Entry, ...]]


@dataclass(frozen=True, slots=True)
class _Distribution:
    name: str
    version: str
    entry_points: str


_lock = threading.Lock()
_scanned: tuple[_Distribution, ...] | None = None
_catalogues: dict[str, Catalogue] = {}


def catalogue(group: str) -> Catalogue:
    """The entry points of ``group``, ``group.aliases`` and ``group.schemes``; the first call of a process scans."""
    global _scanned
    known = _catalogues.get(group)
    if known is not None:
        return known
    with _lock:
        if _scanned is None:
            _scanned = tuple(_scan())
        built = Catalogue(
            backends=_by_name(_scanned, group, _target_problem),
            aliases=_by_name(_scanned, f"{group}.aliases", _data_problem),
            schemes=_by_name(_scanned, f"{group}.schemes", _data_problem),
        )
        return _catalogues.setdefault(group, built)


def refresh() -> None:
    """Forget the scan, so that the next look-up sees what was installed since."""
    global _scanned
    with _lock:
        _scanned = None
        _catalogues.clear()
        importlib.invalidate_caches()


def normalize(distribution: str) -> str:
    """A distribution's name as package indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def load(entry: Entry) -> Callable[..., Any]:
    """Import what an entry points to.

    Raises:
        BackendNotInstalledError: malformed, or its import failed; chained, with the command that repairs it.
        IncompatiblePluginError: written for another API version.
    """
    match = _TARGET.fullmatch(entry.value)
    if entry.problem or match is None:
        raise _failed(entry, entry.problem or "malformed", f"report it to the authors of {entry.distribution}")
    try:
        target: Any = importlib.import_module(match["module"])
    except (BackendNotInstalledError, IncompatiblePluginError):
        raise
    except ImportError as exc:
        raise _import_failed(entry, match["module"], exc) from exc
    except Exception as exc:
        raise _failed(
            entry,
            f"importing {match['module']} raised {type(exc).__name__}: {exc}",
            f"upgrade it: pip install --upgrade {entry.distribution}",
        ) from exc
    for part in match["attribute"].split("."):
        try:
            target = getattr(target, part)
        except AttributeError as exc:
            raise _failed(entry, f"{entry.value!r} does not exist", _reinstall(entry)) from exc
    if not callable(target):
        raise _failed(entry, f"{entry.value!r} is not callable", f"report it to the authors of {entry.distribution}")
    requires_api = getattr(target, "requires_api", None)
    if isinstance(requires_api, str):
        check_api(requires_api, distribution=entry.distribution, version=entry.version, backend=entry.name)
    return target


def _scan() -> Iterator[_Distribution]:
    """Every distribution that has entry points, once: the first on ``sys.path`` hides others of its name.

    That is how imports work too, and it makes one of a development install that is seen through its finder and
    through its source directory.
    """
    seen: set[str] = set()
    for distribution in importlib.metadata.distributions():
        try:
            entry_points = distribution.read_text("entry_points.txt")
            if not entry_points:
                continue
            header = _header(distribution)
        except (OSError, UnicodeDecodeError) as exc:
            warnings.warn(f"cannot read the metadata of {distribution!r}: {exc}", ImportWarning, stacklevel=4)
            continue
        # pip ignores what has no name (the leftover of an interrupted uninstall), and so do we.
        name = header.get("name")
        if name and normalize(name) not in seen:
            seen.add(normalize(name))
            yield _Distribution(name, header.get("version", "unknown"), entry_points)


def _header(distribution: importlib.metadata.Distribution) -> dict[str, str]:
    """Name and version; ten times as fast as parsing the whole file as an e-mail message."""
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    header: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.lower() in ("name", "version"):
            header[key.lower()] = value.strip()
        if not line or len(header) == 2:
            break
    return header


def _by_name(
    distributions: tuple[_Distribution, ...], group: str, find_problem: Callable[[str, str], str | None]
) -> dict[str, tuple[Entry, ...]]:
    found: dict[str, list[Entry]] = {}
    for distribution in distributions:
        if group not in distribution.entry_points:
            continue
        own: dict[str, Entry] = {}
        for name, value in _lines(distribution.entry_points, group):
            key = name.casefold()
            problem = find_problem(name, value)
            if key in own and own[key].value != value:
                problem = f"it is declared twice, as {own[key].value!r} and as {value!r}"
            own[key] = Entry(key, value, distribution.name, distribution.version, problem)
        for key, entry in own.items():
            found.setdefault(key, []).append(entry)
    return {key: tuple(entries) for key, entries in found.items()}


def _lines(text: str, group: str) -> Iterator[tuple[str, str]]:
    """Names and values of one section. Not importlib's parser: one bad line there hides every distribution."""
    section = None
    for line in map(str.strip, text.splitlines()):
        if not line or line[0] in "#;":
            continue
        if line[0] == "[" and line[-1] == "]":
            section = line[1:-1].strip()
        elif section == group:
            name, _, value = line.partition("=")
            yield name.strip(), value.strip()


def _name_problem(name: str) -> str | None:
    return None if re.fullmatch(r"[^\s:/@=]+", name) else f"{name!r} is not a valid name"


def _target_problem(name: str, value: str) -> str | None:
    if not _TARGET.fullmatch(value):
        return f"its entry point is {value!r}, which is not of the form 'module:attribute'"
    return _name_problem(name)


def _data_problem(name: str, value: str) -> str | None:
    return _name_problem(name) or (None if value else f"{name!r} has no value")


def _failed(entry: Entry, what: str, hint: str) -> BackendNotInstalledError:
    return BackendNotInstalledError(f"{entry.provider} cannot be used: {what}", backend=entry.name, hint=hint)


def _reinstall(entry: Entry) -> str:
    return f'pip install --force-reinstall "{entry.distribution}=={entry.version}"'


def _import_failed(entry: Entry, module: str, exc: ImportError) -> BackendNotInstalledError | IncompatiblePluginError:
    missing = exc.name or ""
    if missing.partition(".")[0] == "praison_persist":
        return IncompatiblePluginError(
            f"{entry.provider} needs another version of praison-persist: {exc}",
            backend=entry.name,
            hint=f"pip install --upgrade praison-persist {entry.distribution}",
        )
    absent = _absent_requirements(entry.distribution)
    if absent:
        command = f"pip install {' '.join(absent)}"
    elif missing and not _is_own(missing, module) and isinstance(exc, ModuleNotFoundError):
        command = f"pip install {missing.partition('.')[0]}"
    else:
        command = _reinstall(entry)
    what = f"module {missing!r} is missing" if isinstance(exc, ModuleNotFoundError) and missing else str(exc)
    return _failed(entry, f"importing {module} failed: {what}", command)


def _requirements(distribution: str) -> list[str]:
    for candidate in importlib.metadata.distributions():
        if normalize(_header(candidate).get("name", "")) == normalize(distribution):
            return candidate.requires or []
    return []


def _is_own(missing: str, module: str) -> bool:
    return missing.partition(".")[0] == module.partition(".")[0]


def _absent_requirements(distribution: str) -> list[str]:
    """The declared requirements (quoted for a shell) of which no version is installed."""
    absent: list[str] = []
    for requirement in _requirements(distribution):
        specifier, _, marker = requirement.partition(";")
        name = _REQUIREMENT_NAME.match(specifier)
        if name is None or marker:  # an extra or another platform's: not what this import needs, as far as we can tell
            continue
        try:
            importlib.metadata.version(name[0])
        except importlib.metadata.PackageNotFoundError:
            absent.append(f'"{specifier.replace(" ", "")}"')
    return absent
