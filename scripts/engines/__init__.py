"""Real database engines for the tests, on loopback and free ports: found or fetched, started and stopped.

Knows nothing of the packages under test. Run as ``python scripts/engines list|start|run``.
"""

from .catalog import ENGINES, create
from .engine import Engine, EngineError, UnavailableError

__all__ = ["ENGINES", "Engine", "EngineError", "UnavailableError", "create"]
