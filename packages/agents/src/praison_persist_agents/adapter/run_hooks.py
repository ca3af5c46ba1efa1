"""The hooks of runs: one record for each turn, from its beginning to its end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from praison_persist.conversation import ConversationSession
from praison_persist.validation import check_limit

from ..outbox import Posted, both
from .base import AdapterBase
from .capture import watch_tools
from .records import run_record
from .runs import SessionRuns
from .turns import OpenTurn

__all__ = ["RunHooks"]


class RunHooks(AdapterBase):
    """See `PersistDb`."""

    def _run_start(
        self,
        session_id: str,
        run_id: str,
        input_content: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Posted:
        """A run (turn) begins: recorded, and remembered to fill in what the client drops of it."""
        watch_tools()
        details = dict(metadata or {})
        turn = self._turns.start(session_id, run_id, input_content, details.get("agent_name"))
        return self._record_run(_run_of(turn, metadata=details))

    on_run_start, aon_run_start = both(_run_start, "on_run_start")

    def _run_end(
        self,
        session_id: str,
        run_id: str,
        output_content: str | None = None,
        status: str = "completed",
        metrics: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Posted:
        """A run is over: what of its messages is missing is stored, and the record completed."""
        turn, messages = self._turns.end(session_id, run_id, output_content, status)
        stored = self._store(session_id, messages)
        ended = {
            "ended_at": time.time(),
            "status": status,
            "output_content": output_content,
            "metrics": dict(metrics or {}),
        }
        record = self._record_run(_run_of(turn, metadata=dict(metadata or {}), **ended))
        return Posted((*stored.futures, *record.futures))

    on_run_end, aon_run_end = both(_run_end, "on_run_end")

    def _get_runs(self, session_id: str, limit: int | None = None) -> Posted:
        """The runs of a session, newest first."""
        check_limit(limit)
        return self._read(session_id, lambda: [run_record(run) for run in self._runs.of(session_id)[:limit]])

    get_runs, aget_runs = both(_get_runs, "get_runs")

    def _record_run(self, record: dict[str, Any]) -> Posted:
        session_id = record["session_id"]
        seed = self._seed(session_id)

        value = (seed, record)
        future = self.outbox.post(session_id, lambda: self._put_runs([value]), value=value, together=self._put_runs)
        return Posted((future,))

    def _put_runs(self, waiting: list[tuple[ConversationSession, dict[str, Any]]]) -> None:
        """Records of one session."""
        if isinstance(self._runs, SessionRuns):
            self._writes.ensure_once(waiting[0][0])
        self._runs.put([record for _, record in waiting])


def _run_of(turn: OpenTurn, *, metadata: dict[str, Any], **fields: Any) -> dict[str, Any]:
    if turn.agent_name:
        metadata.setdefault("agent_name", turn.agent_name)
    return {
        "run_id": turn.run_id,
        "session_id": turn.session_id,
        "agent_name": metadata.get("agent_name") or "",
        "started_at": turn.started_at,
        "ended_at": None,
        "status": "running",
        "input_content": turn.question,
        "output_content": None,
        "metrics": {},
        "metadata": metadata,
        **fields,
    }
