"""Which stores a command works on: options, then the environment. Opens them; knows no command."""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import typer

from praison_persist import CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES
from praison_persist.aio import sync_view
from praison_persist.conversation import AsyncConversationStore
from praison_persist.errors import ConfigurationError, PersistError
from praison_persist.factories import StoreFactory
from praison_persist.knowledge import AsyncKnowledgeStore
from praison_persist.state import AsyncStateStore
from praison_persist.urls import parse, redact, scheme_of
from praison_persist_agents.locate import open_store

from .failures import USAGE, Failure

__all__ = [
    "BACKEND",
    "CONVERSATION_URL",
    "KIND",
    "KINDS",
    "KNOWLEDGE_URL",
    "OPTION",
    "REGISTRIES",
    "STATE_URL",
    "Kind",
    "Target",
    "chosen",
    "kind_of",
    "named",
    "one",
]

Kind = Literal["conversation", "knowledge", "state"]
KINDS: tuple[Kind, Kind, Kind] = ("conversation", "knowledge", "state")
REGISTRIES = {"conversation": CONVERSATION_STORES, "knowledge": KNOWLEDGE_STORES, "state": STATE_STORES}

CONVERSATION_URL = Annotated[
    str | None,
    typer.Option("--conversation-url", metavar="URL", help="Conversations. Default: $PRAISONAI_CONVERSATION_URL."),
]
KNOWLEDGE_URL = Annotated[
    str | None,
    typer.Option("--knowledge-url", metavar="URL", help="Knowledge. Default: $PRAISONAI_KNOWLEDGE_URL."),
]
STATE_URL = Annotated[
    str | None, typer.Option("--state-url", metavar="URL", help="State. Default: $PRAISONAI_STATE_URL.")
]
KIND = Annotated[str | None, typer.Option("--kind", metavar="KIND", help="conversation, knowledge or state.")]
BACKEND = Annotated[
    str | None, typer.Option("--backend", metavar="NAME", help="Backend, where the URL does not tell it.")
]
OPTION = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="KEY=VALUE", help="An option of the store; may be repeated."),
]


@dataclass(frozen=True, slots=True, repr=False)
class Target:
    """A store that was named, not opened yet."""

    kind: Kind
    url: str | None
    backend: str | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What to call it in front of people; without secrets."""
        return redact(self.url) if self.url else str(self.backend)

    @property
    def flag(self) -> str:
        """The options that name it again, for hints; without secrets."""
        return f"--{self.kind}-url {redact(self.url)}" if self.url else f"--kind {self.kind} --backend {self.backend}"

    @contextmanager
    def open(self, *, create: bool = False, **wanted: Any) -> Generator[Any]:
        """The store, seen as a blocking one, closed at the end.

        Args:
            create: make files and tables that are missing; otherwise that is a failure, and nothing is changed.
            wanted: options to set where the backend has them and the user did not.
        """
        if not create:
            self._require_file()
            wanted["auto_create_tables"] = False
        store = open_store(self.kind, url=self.url, backend=self.backend, options=self._options(wanted))
        if isinstance(store, (AsyncConversationStore, AsyncKnowledgeStore, AsyncStateStore)):
            store = sync_view(cast(Any, store))
        with store:
            yield store

    def _options(self, wanted: dict[str, Any]) -> dict[str, Any]:
        factory = self._factory()
        known = factory.options if isinstance(factory, StoreFactory) else {}
        given = {
            name: _typed(text, str(known[name].annotation) if name in known else "str")
            for name, text in self.options.items()
        }
        return {name: value for name, value in wanted.items() if name in known} | given

    def _factory(self) -> Any:
        """The factory, if the registry finds it by what was named; who opens the store says why not."""
        registry = REGISTRIES[self.kind]
        try:
            name = self.backend or _by_scheme(self.kind, self.url or "")
            factory = registry.resolve(name) if name else None
        except PersistError:
            return None
        return getattr(factory, "__self__", factory)

    def _require_file(self) -> None:
        """Fail where a file or directory is missing that the backend would make."""
        path = self.options.get("path")
        scheme = self.backend or ""
        if self.url:
            scheme = scheme_of(self.url).partition("+")[0]
            if scheme == "sqlite":
                path = parse(self.url).database
            elif scheme == "json":
                path = self.url.partition("://")[2]
        local = scheme == "json" or "sqlite" in scheme
        if local and path not in (None, "", ":memory:") and not Path(str(path)).expanduser().exists():
            raise Failure(
                f"{self.label}: there is no such {'directory' if scheme == 'json' else 'file'}",
                hint="check the path: sqlite:///relative.db, sqlite:////absolute/path.db, json:///absolute/directory",
                kind="NotFoundError",
                backend=scheme,
            )


def chosen(
    conversation_url: str | None = None,
    knowledge_url: str | None = None,
    state_url: str | None = None,
    kind: str | None = None,
    backend: str | None = None,
    option: Sequence[str] | None = None,
) -> list[Target]:
    """The stores that the options name, else those that the environment does; [] for none.

    Raises:
        Failure: the options contradict each other.
    """
    wanted = kind_of(kind)
    given: dict[Kind, str | None] = dict(zip(KINDS, (conversation_url, knowledge_url, state_url), strict=True))
    urls: dict[Kind, str] = {k: url for k, url in given.items() if url}
    if not urls and backend is None:
        urls = {k: url for k in KINDS if (url := _environment(k))}
    if wanted is not None:
        urls = {k: url for k, url in urls.items() if k == wanted}
    if backend is not None and not urls:
        if wanted is None:
            raise Failure("--backend without a URL does not tell the kind", hint="add --kind", code=USAGE)
        return [Target(wanted, None, backend, _pairs(option))]
    if len(urls) > 1 and (backend is not None or option):
        raise Failure(
            "--backend and --option belong to one store, and several are named", hint="add --kind", code=USAGE
        )
    return [Target(k, url, backend, _pairs(option)) for k, url in urls.items()]


def one(targets: Sequence[Target], *kinds: Kind) -> Target:
    """The one store that a command works on.

    Raises:
        Failure: none, several, or one of a kind that the command does not know.
    """
    suitable = [target for target in targets if target.kind in kinds]
    if len(suitable) == 1:
        return suitable[0]
    flags = " or ".join(f"--{kind}-url" for kind in kinds)
    names = " or ".join(f"PRAISONAI_{kind.upper()}_URL" for kind in kinds)
    if not suitable:
        raise Failure("no store is named", hint=f"give {flags}, or set {names}", code=USAGE)
    raise Failure(
        f"several stores are named: {', '.join(target.kind for target in suitable)}",
        hint=f"give {flags}, or add --kind",
        code=USAGE,
    )


def named(kind: str | None, sides: Sequence[tuple[str, str, str | None, Sequence[str] | None]]) -> list[Target]:
    """The stores that positional arguments name, all of one kind.

    Args:
        kind: or None, to find out what the backends have in common.
        sides: of each store what to call it, its URL or backend name, its backend, its options.

    Raises:
        Failure: they have no kind in common, or several.
    """
    wanted = kind_of(kind)
    places: list[tuple[str | None, str | None, dict[str, str]]] = []
    shared: list[Kind] = list(KINDS)
    for _, place, backend, option in sides:
        url, name = (place, backend) if _is_url(place) else (None, backend or place)
        places.append((url, name, _pairs(option)))
        shared = [k for k in shared if _serves(k, url, name)]
    if wanted is None and len(shared) != 1:
        labels = " and ".join(f"{side} {redact(place) if _is_url(place) else place}" for side, place, *_ in sides)
        if not shared:
            raise Failure(
                f"{labels} have no kind of store in common that is installed",
                hint="praison-persist backends lists what is installed; --kind tells which one is missing",
                code=USAGE,
            )
        raise Failure(f"{labels} can hold {' and '.join(shared)} stores", hint=f"add --kind {shared[0]}", code=USAGE)
    return [Target(wanted or shared[0], *place) for place in places]


def kind_of(text: str | None) -> Kind | None:
    """The kind that ``--kind`` names.

    Raises:
        Failure: there is no such kind.
    """
    if text is not None and text not in KINDS:
        raise Failure(f"--kind {text}: there is no such kind", hint=f"use {', '.join(KINDS)}", code=USAGE)
    return cast("Kind | None", text)


def _environment(kind: str) -> str | None:
    names = (f"PRAISONAI_{kind.upper()}_URL", f"PRAISON_{kind.upper()}_URL")
    return next((value for name in names if (value := os.environ.get(name))), None)


def _pairs(option: Sequence[str] | None) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in option or ():
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise Failure("an option of a store is written KEY=VALUE", hint="--option table_prefix=app_", code=USAGE)
        pairs[name] = value
    return pairs


def _typed(text: str, annotation: str) -> Any:
    """The value of an option: JSON where the backend takes something other than text."""
    if "str" in annotation:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _is_url(place: str) -> bool:
    try:
        return bool(scheme_of(place))
    except ConfigurationError:
        return False


def _by_scheme(kind: str, url: str) -> str | None:
    scheme = scheme_of(url).partition("+")[0]
    registry = REGISTRIES[kind]
    return next((n for n in registry.list_registered() if scheme in registry.describe(n).schemes), None)


def _serves(kind: str, url: str | None, name: str | None) -> bool:
    if name is not None:
        return REGISTRIES[kind].has(name)
    if scheme_of(url) in ("http", "https"):
        return kind == "knowledge"
    return _by_scheme(kind, url or "") is not None
