"""PraisonAI over the stores of this project: activation, the generic backend, import paths, knowledge. Exports only."""

from praison_persist.lazy import lazy_exports

TYPE_CHECKING = False

if TYPE_CHECKING:
    from .activation import Activation, activate, deactivate
    from .embedding import OpenAIEmbedder
    from .knowledge import KnowledgeBridge

__all__ = ["Activation", "KnowledgeBridge", "OpenAIEmbedder", "activate", "deactivate"]

__getattr__ = lazy_exports(
    __name__,
    {
        "Activation": "activation",
        "KnowledgeBridge": "knowledge",
        "OpenAIEmbedder": "embedding",
        "activate": "activation",
        "deactivate": "activation",
    },
)
