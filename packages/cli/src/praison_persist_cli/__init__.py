"""The command line of praison-persist."""

from .__about__ import __version__

__all__ = ["__version__"]
