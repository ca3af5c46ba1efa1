"""Version of the distribution and of the plugin API; read by the build and by the handshake."""

__version__ = "0.1.0"

API_VERSION = (1, 0)
"""Version of the plugin API as (major, minor): major breaks plugins, minor only adds."""
