"""Entry points of the generic backend ``praison_persist``: in PraisonAI, any of our stores by URL, without activation.

``db(database_backend="praison_persist", database_url="sqlite:///agents.db")``. Imports no backend and no PraisonAI.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from praison_persist.errors import ConfigurationError

from ..locate import Kind, open_store

__all__ = ["conversation", "knowledge", "state"]

_NAME = "praison_persist"


class GenericBackend:
    """Opens the backend that the URL's scheme, or the option ``backend_name``, names.

    Called with options, as our registry does, it returns the store itself. Called with nothing, as PraisonAI's registry
    does once, it returns `for_praisonai`, whose stores take PraisonAI's data classes.
    """

    def __init__(self, kind: Kind) -> None:
        self._kind: Kind = kind

    def __call__(self, **options: Any) -> Any:
        return self.open(**options) if options else self.for_praisonai

    def open(self, *, url: str | None = None, backend_name: str | None = None, **options: Any) -> Any:
        """The store.

        Args:
            url: chooses the backend by its scheme, and is passed on.
            backend_name: the backend's name, where the URL does not tell or there is none; not ``backend``, which
                PraisonAI's own factories take.
            options: the backend's.

        Raises:
            PersistError: unknown or missing backend, wrong URL or option.
        """
        if backend_name is not None and backend_name.casefold().rpartition(":")[2] == _NAME:
            raise ConfigurationError(
                f"{_NAME!r} is the generic backend, and cannot be what it opens",
                backend=_NAME,
                hint="name the backend that stores: backend_name='postgres', or leave it out and give a URL",
            )
        if url is None and backend_name is None:
            raise ConfigurationError(
                f"the backend {_NAME!r} needs a URL, or the option backend_name",
                backend=_NAME,
                hint="for example sqlite:///agents.db or postgresql://user:password@host/database",
            )
        return open_store(self._kind, url=url, backend=backend_name, options=options)

    @property
    def for_praisonai(self) -> Callable[..., Any]:
        """`open`, for PraisonAI."""

        def build(**options: Any) -> Any:
            from .foreign import adapt

            return adapt(self._kind, self.open(**options))

        return build

    def __repr__(self) -> str:
        return f"<generic {self._kind} backend>"


conversation = GenericBackend("conversation")
knowledge = GenericBackend("knowledge")
state = GenericBackend("state")
