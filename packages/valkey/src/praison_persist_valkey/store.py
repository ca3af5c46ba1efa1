"""The state store: its options, and which engine runs the commands."""

from __future__ import annotations

from praison_persist.errors import ConfigurationError, PersistError
from praison_persist.retry import RetryPolicy
from praison_persist.state_engines import CommandStates, EngineStateStore

from .settings import Settings

__all__ = ["ValkeyStateStore"]


class ValkeyStateStore(EngineStateStore):
    """Values and hashes in Valkey.

    Args:
        url: ``valkey://user:password@host:6379/0``, ``valkeys://`` for TLS, ``valkey+cluster://host1:7000,host2:7001``
            (``redis`` in place of ``valkey`` means the same); replaces the next five options. Without any of them,
            ``VALKEY_URL``.
        host, port, db, username, password: the server, where no URL is given.
        prefix: what the name of every key starts with; a store sees only keys below its prefix.
        ssl: use TLS, as ``valkeys://`` does.
        ssl_ca_certs, ssl_certfile, ssl_keyfile: paths of PEM files: the authorities to trust instead of the system's,
            the client's certificate and its key.
        timeout: seconds to wait for an answer, reconnecting included.
        connect_timeout: seconds to wait for the first connection.
        max_retries, retry_delay: see `praison_persist.retry.RetryPolicy`.

    Raises:
        ConfigurationError, InvalidInputError: wrong URL or options.
    """

    backend = "valkey"

    def __init__(
        self,
        url: str | None = None,
        *,
        host: str = "localhost",
        port: int = 6379,
        db: int = 0,
        username: str | None = None,
        password: str | None = None,
        prefix: str = "praison:",
        ssl: bool = False,
        ssl_ca_certs: str | None = None,
        ssl_certfile: str | None = None,
        ssl_keyfile: str | None = None,
        timeout: float = 5.0,
        connect_timeout: float = 2.0,
        max_retries: int = 3,
        retry_delay: float = 0.1,
    ) -> None:
        try:
            if not isinstance(prefix, str) or "\x00" in prefix or "\x1f" in prefix:
                raise ConfigurationError("prefix must be text without NUL and U+001F")
            self._settings = Settings.of(
                url,
                host=host,
                port=port,
                db=db,
                username=username,
                password=password,
                ssl=ssl,
                tls={"ssl_ca_certs": ssl_ca_certs, "ssl_certfile": ssl_certfile, "ssl_keyfile": ssl_keyfile},
                timeout=timeout,
                connect_timeout=connect_timeout,
            )
            retry = RetryPolicy(max_retries=max_retries, retry_delay=retry_delay, deadline=self._settings.timeout)
            from .engine import valkey_engine  # a wrong option needs no client

            states = CommandStates(prefix, mget=not self._settings.cluster)
            super().__init__(valkey_engine(self._settings), states, backend=self.backend, retry=retry)
        except PersistError as error:
            error.backend = self.backend
            raise

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._settings.place!r})"
