"""The conformance suite of state stores."""

from .suite import StateConformance

__all__ = ["StateConformance"]
