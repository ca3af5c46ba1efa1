"""The conformance suite of knowledge stores."""

from .suite import KnowledgeConformance

__all__ = ["KnowledgeConformance"]
