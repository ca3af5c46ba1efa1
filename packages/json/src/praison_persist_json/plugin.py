"""Entry point of this package; imported only when its store is asked for."""

from __future__ import annotations

from praison_persist import store_factory

from .store import JSONConversationStore

json = store_factory(JSONConversationStore)
