"""From a URL or a backend name to a store, through the registries. Opens no connection and imports no other backend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from praison_persist import CONVERSATION_STORES, KNOWLEDGE_STORES, STATE_STORES, create_conversation_store
from praison_persist.errors import ConfigurationError, UnknownBackendError
from praison_persist.urls import redact, scheme_of

__all__ = ["open_store"]

Kind = Literal["conversation", "knowledge", "state"]

_REGISTRIES = {"conversation": CONVERSATION_STORES, "knowledge": KNOWLEDGE_STORES, "state": STATE_STORES}
_ARGUMENTS = {"conversation": "database", "knowledge": "knowledge", "state": "state"}
_HOSTED: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "conversation": (("supabase", (".supabase.co", ".supabase.com")), ("turso", (".turso.io",))),
    "knowledge": (
        ("qdrant", (".qdrant.io", ".qdrant.tech")),
        ("weaviate", (".weaviate.cloud", ".weaviate.network")),
        ("upstash_vector", ("-vector.upstash.io",)),
    ),
    "state": (("upstash", (".upstash.io",)),),
}
"""Services that speak HTTP, by the end of the host name; elsewhere in an ``https://`` URL nothing names its backend."""

_HTTP_NAMES = {"knowledge": ("chroma", "milvus", "qdrant", "weaviate")}
"""Backends that are recognised by the first label of the host: ``http://qdrant:6333``, as container names are."""


def open_store(
    kind: Kind, *, url: str | None = None, backend: str | None = None, options: Mapping[str, Any] | None = None
) -> Any:
    """A store of this kind; it connects at its first call.

    Args:
        kind: ``"conversation"``, ``"knowledge"`` or ``"state"``.
        url: passed to the backend as it is. Without a backend its scheme chooses one; for ``http(s)://`` the host of a
            known service, the first label of the host (``http://qdrant:6333``), or port 6333 (Qdrant).
        backend: name or alias; goes before the URL's scheme.
        options: the backend's options; for conversations also ``mode``, ``"sync"`` or ``"async"``.

    Raises:
        ConfigurationError: no such kind, neither URL nor backend, a wrong URL, or one that only another kind serves.
        UnknownBackendError: no backend for the name or scheme; says what to install.
        BackendNotInstalledError: its package or driver is missing; says what to install.
        OptionError: an unknown option.
    """
    if kind not in _REGISTRIES:
        raise ConfigurationError(f"the kind of a store is 'conversation', 'knowledge' or 'state', not {kind!r}")
    settings = dict(options or {})
    mode = settings.pop("mode", None) if kind == "conversation" else None
    registry = _REGISTRIES[kind]
    if backend is None:
        if url is None:
            hint = f"give {_ARGUMENTS[kind]}_url= or {_ARGUMENTS[kind]}_backend="
            raise ConfigurationError(f"neither a URL nor a backend for the {kind} store", hint=hint)
        if scheme_of(url) not in ("http", "https"):
            store = _by_scheme(kind, url, settings)
            return store if mode is None else create_conversation_store(store.backend, url, mode, **settings)
        backend = _by_host(kind, url)
    if mode is not None:
        return create_conversation_store(backend, url, mode, **settings)
    return registry.create(backend, url=url, **settings)


def _by_scheme(kind: Kind, url: str, options: dict[str, Any]) -> Any:
    try:
        return _REGISTRIES[kind].create_from_url(url, **options)
    except UnknownBackendError as error:
        from praison_persist.first_party import SCHEMES

        scheme = scheme_of(url).partition("+")[0]
        others = [other for other in _REGISTRIES if other != kind and _serves(other, scheme)]
        if scheme in SCHEMES[kind] or not others:
            raise  # the registry says what to install, and which schemes there are
        arguments = " or ".join(f"{_ARGUMENTS[other]}_url=" for other in others)
        raise ConfigurationError(
            f"{redact(url)} cannot hold a {kind} store: {scheme}:// is for {' and '.join(others)} stores",
            hint=f"pass it as {arguments}, and the URL of another database as {_ARGUMENTS[kind]}_url=",
        ) from error


def _serves(kind: str, scheme: str) -> bool:
    """Whether a backend of this kind is known for the scheme, installed or not."""
    from praison_persist.first_party import SCHEMES

    registry = _REGISTRIES[kind]
    return scheme in SCHEMES[kind] or any(
        scheme in registry.describe(name).schemes for name in registry.list_registered()
    )


def _by_host(kind: Kind, url: str) -> str:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    for name, endings in _HOSTED[kind]:
        if host.endswith(endings):
            return name
    label = host.partition(".")[0]
    if label in _HTTP_NAMES.get(kind, ()):
        return label
    if kind == "knowledge" and port == 6333:
        return "qdrant"
    raise UnknownBackendError(
        f"{redact(url)} does not tell which {kind} backend it belongs to",
        hint=f"name it as well: {_ARGUMENTS[kind]}_backend=",
    )
