"""The options that the stores of this package share, in one constructor."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from praison_persist.errors import ConfigurationError, PersistError
from praison_persist.retry import RetryPolicy

from .settings import Settings

__all__ = ["RedisStore"]


class RedisStore:
    """What `RedisStateStore` and `AsyncRedisStateStore` are given.

    Args:
        url: ``redis://user:password@host:6379/0``, ``rediss://`` for TLS, ``unix:///path``,
            ``redis+sentinel://host1:26379,host2:26379/mymaster/0``, ``redis+cluster://host1:7000,host2:7001``;
            replaces the next five options. Without any of them, ``REDIS_URL``.
        host, port, db, username, password: the server, where no URL is given.
        prefix: what the name of every key starts with; a store sees only keys below its prefix.
        sentinel_password: for the Sentinels, where they want one.
        ssl: use TLS, as ``rediss://`` does.
        ssl_ca_certs, ssl_ca_path, ssl_certfile, ssl_keyfile, ssl_cert_reqs, ssl_check_hostname: as in redis-py.
        protocol: 3 or 2 (RESP3, RESP2).
        pool_size: most calls at a time; more wait up to ``timeout``.
        timeout: seconds to wait for an answer (``socket_timeout`` is PraisonAI's name for it).
        connect_timeout: seconds to wait for a connection.
        max_retries, retry_delay: see `praison_persist.retry.RetryPolicy`.
        decode_responses, max_connections: accepted for PraisonAI's sake. Text is always decoded;
            ``max_connections`` is its name for ``pool_size``.

    Raises:
        ConfigurationError, InvalidInputError: wrong URL or options.
    """

    backend: str

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
        sentinel_password: str | None = None,
        ssl: bool = False,
        ssl_ca_certs: str | None = None,
        ssl_ca_path: str | None = None,
        ssl_certfile: str | None = None,
        ssl_keyfile: str | None = None,
        ssl_cert_reqs: str | None = None,
        ssl_check_hostname: bool | None = None,
        protocol: int = 3,
        pool_size: int = 10,
        timeout: float = 5.0,
        connect_timeout: float = 5.0,
        max_retries: int = 3,
        retry_delay: float = 0.1,
        socket_timeout: float | None = None,
        max_connections: int | None = None,
        decode_responses: bool = True,
    ) -> None:
        del decode_responses
        tls: dict[str, Any] = {
            "ssl_ca_certs": ssl_ca_certs,
            "ssl_ca_path": ssl_ca_path,
            "ssl_certfile": ssl_certfile,
            "ssl_keyfile": ssl_keyfile,
            "ssl_cert_reqs": ssl_cert_reqs,
            "ssl_check_hostname": ssl_check_hostname,
        }
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
                sentinel_password=sentinel_password,
                ssl=ssl,
                tls=tls,
                protocol=protocol,
                pool_size=pool_size if max_connections is None else max_connections,
                timeout=timeout if socket_timeout is None else socket_timeout,
                connect_timeout=connect_timeout,
            )
            retry = RetryPolicy(max_retries=max_retries, retry_delay=retry_delay, deadline=self._settings.timeout)
            self._assemble(self._settings, prefix, retry)
        except PersistError as error:
            error.backend = self.backend
            raise

    @abstractmethod
    def _assemble(self, settings: Settings, prefix: str, retry: RetryPolicy) -> None:
        """Build the store; opens nothing."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._settings.place!r})"
