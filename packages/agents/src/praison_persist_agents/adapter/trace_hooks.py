"""The hooks of traces and their spans, which go to the state store."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from praison_persist.validation import check_id, check_limit

from ..outbox import Posted, both
from .base import NO_SESSION, AdapterBase
from .records import trace_record

__all__ = ["TraceHooks"]

logger = logging.getLogger(__name__)


class TraceHooks(AdapterBase):
    """See `PersistDb`."""

    def _trace_start(
        self,
        trace_id: str,
        session_id: str | None = None,
        run_id: str | None = None,
        agent_name: str | None = None,
        user_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Posted:
        """A trace begins.

        Raises:
            ConfigurationError: (all hooks of traces) there is no state store to keep it.
        """
        record = {
            "trace_id": check_id(trace_id, "trace_id"),
            "session_id": session_id,
            "run_id": run_id,
            "agent_name": agent_name,
            "user_id": user_id,
            "started_at": time.time(),
            "ended_at": None,
            "status": "running",
            "metadata": dict(metadata or {}),
        }
        return self._trace(lambda: self._traces.put(record))

    on_trace_start, aon_trace_start = both(_trace_start, "on_trace_start")

    def _trace_end(self, trace_id: str, status: str = "ok", metadata: Mapping[str, Any] | None = None) -> Posted:
        """A trace is over."""
        ended_at = time.time()

        def put() -> None:
            record = self._traces.find(trace_id) or {"trace_id": trace_id, "started_at": ended_at}
            merged = {**(record.get("metadata") or {}), **(metadata or {})}
            self._traces.put({**record, "ended_at": ended_at, "status": status, "metadata": merged})

        return self._trace(put)

    on_trace_end, aon_trace_end = both(_trace_end, "on_trace_end")

    def _span_start(
        self,
        span_id: str,
        trace_id: str,
        name: str,
        parent_span_id: str | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> Posted:
        """A part of a trace begins."""
        record = {
            "span_id": check_id(span_id, "span_id"),
            "trace_id": check_id(trace_id, "trace_id"),
            "name": name,
            "started_at": time.time(),
            "ended_at": None,
            "parent_span_id": parent_span_id,
            "status": "running",
            "attributes": dict(attributes or {}),
            "events": [],
        }
        return self._trace(lambda: self._traces.put_span(record))

    on_span_start, aon_span_start = both(_span_start, "on_span_start")

    def _span_end(self, span_id: str, status: str = "ok", attributes: Mapping[str, Any] | None = None) -> Posted:
        """A part of a trace is over; one that never began is only logged."""
        ended_at = time.time()

        def put() -> None:
            record = self._traces.find_span(span_id)
            if record is None:
                logger.warning("span %r ends, but never began", span_id)
                return
            merged = {**record["attributes"], **(attributes or {})}
            self._traces.put_span({**record, "ended_at": ended_at, "status": status, "attributes": merged})

        return self._trace(put)

    on_span_end, aon_span_end = both(_span_end, "on_span_end")

    def _get_traces(
        self, session_id: str | None = None, user_id: str | None = None, limit: int | None = None
    ) -> Posted:
        """Traces with their spans, newest first, of any session and user unless named."""
        check_limit(limit)
        self._traces.require()
        return self._read(
            NO_SESSION, lambda: [trace_record(*found) for found in self._traces.of(session_id, user_id)[:limit]]
        )

    get_traces, aget_traces = both(_get_traces, "get_traces")

    def _trace(self, function: Callable[[], None]) -> Posted:
        self._traces.require()
        return Posted((self.outbox.post(NO_SESSION, function),))
