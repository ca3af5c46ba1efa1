"""The asynchronous store's entry point, apart from `plugin` so that the blocking one loads no asyncio."""

from __future__ import annotations

from praison_persist import store_factory

from .async_store import AsyncClickHouseKnowledgeStore

__all__ = ["async_clickhouse"]

async_clickhouse = store_factory(AsyncClickHouseKnowledgeStore)
