"""The knowledge provider ``praison_persist`` of PraisonAI's agents: a `KnowledgeBridge` from an agent's configuration.

``Agent(knowledge={"sources": […], "vector_store": {"provider": "praison_persist", "config": {"url": …}}})``, once
`activation.activate` has registered it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from praison_persist.errors import ConfigurationError
from praison_persist.plugins import nearest

from ..locate import open_store
from .embedding import OpenAIEmbedder
from .knowledge import KnowledgeBridge

__all__ = ["PROVIDER", "bridge_from_config"]

PROVIDER = "praison_persist"

_OURS = ("url", "backend", "options", "collection_name", "distance", "scope", "store", "embedder")
_CLIENTS = ("path", "host", "port", "client")
"""What PraisonAI puts beside them for its own Chroma."""


def bridge_from_config(config: Mapping[str, Any] | None = None, **_client: Any) -> KnowledgeBridge:
    """The bridge that an agent's configuration describes.

    ``vector_store.config`` holds ``url`` or ``backend`` (and ``options``, the backend's), or ``store``, a knowledge
    store; ``collection_name``, ``distance``, ``scope``; and ``embedder``, a callable. Without one, ``embedder`` beside
    ``vector_store`` says ``{"provider": "openai", "config": {"model", "base_url", "api_key", "embedding_dims"}}``, all
    of it optional.

    Raises:
        ConfigurationError: an unknown key, no store, or an embedder of another provider.
    """
    given = dict((config or {}).get("vector_store", {}).get("config") or {})
    for key in given:
        if key not in (*_OURS, *_CLIENTS):
            near = nearest(key, _OURS)
            hint = f"did you mean {near!r}?" if near else f"there are {', '.join(_OURS)}"
            raise ConfigurationError(f"the knowledge provider {PROVIDER!r} has no setting {key!r}", hint=hint)
    store = given.get("store") or _open(given)
    options = {name: given[name] for name in ("distance", "scope") if given.get(name) is not None}
    if given.get("collection_name"):
        options["collection"] = given["collection_name"]
    return KnowledgeBridge(store, given.get("embedder") or _embedder((config or {}).get("embedder") or {}), **options)


def _open(given: Mapping[str, Any]) -> Any:
    if not given.get("url") and not given.get("backend"):
        raise ConfigurationError(
            f"the knowledge provider {PROVIDER!r} needs a store",
            hint='set "url" in vector_store.config, for example qdrant://localhost:6333, or "backend"',
        )
    return open_store(
        "knowledge", url=given.get("url"), backend=given.get("backend"), options=dict(given.get("options") or {})
    )


def _embedder(settings: Mapping[str, Any]) -> OpenAIEmbedder:
    provider = settings.get("provider") or "openai"
    if provider != "openai":
        raise ConfigurationError(
            f"the knowledge provider {PROVIDER!r} has no embedder {provider!r}",
            hint='use an OpenAI-compatible server, or set a callable as "embedder" in vector_store.config',
        )
    chosen = dict(settings.get("config") or {})
    options: dict[str, Any] = {
        "url": chosen.get("base_url") or chosen.get("openai_base_url"),
        "api_key": chosen.get("api_key"),
        "dimensions": chosen.get("embedding_dims") or chosen.get("dimensions"),
    }
    if chosen.get("model"):
        options["model"] = chosen["model"]
    return OpenAIEmbedder(**options)
