"""The conformance suite of conversation stores."""

from .suite import ConversationConformance

__all__ = ["ConversationConformance"]
