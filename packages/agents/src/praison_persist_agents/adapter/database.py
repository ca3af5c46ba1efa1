"""`PersistDb`: the adapter that an agent is given. Its hooks prepare; the outbox writes, in order, in its threads.

Every hook exists twice, ``on_…`` blocking and ``aon_…`` as a coroutine, on the one object: the client calls both kinds
in one turn. It imports no client and knows no agent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..outbox import Posted, both
from . import transfer
from .base import NO_SESSION
from .message_hooks import MessageHooks
from .run_hooks import RunHooks
from .trace_hooks import TraceHooks

__all__ = ["SCHEMA_VERSION", "PersistDb"]

SCHEMA_VERSION = "1.0"
"""Of the client's adapter protocol, which this adapter implements."""


class PersistDb(MessageHooks, RunHooks, TraceHooks):
    """A database adapter for PraisonAI agents, made by `db`. Satisfies its ``DbAdapter`` and ``ToolTurnDbAdapterProtocol``.

    A hook returns when its message is stored, or, while the database is away, when it waits in the queue (`status`).
    Errors that another attempt cannot mend are raised, typed. Safe for threads, for several agents and sessions, inside
    running event loops and after a fork; what waited before a fork stays the parent's.

    Args:
        conversation: a conversation store, sync or async. It is closed by `close` only if ``owned``.
        state: a state store, or None: then sessions keep their newest runs themselves, and traces are refused.
        knowledge: opens the knowledge store when it is first asked for; None without one.
        database_url: for display, without secrets.
        owned: stores that `close` closes.
        settings: see `AdapterSettings`.
    """  # noqa: E501

    # -- whole sessions ------------------------------------------------------------------------------------------------

    def _export_session(self, session_id: str) -> Posted:
        """The session with its messages and runs as JSON values: every field, ids and times included.

        Raises:
            NotFoundError: no such session.
        """
        return self._read(session_id, lambda: transfer.export_session(self._writes.store, self._runs, session_id))

    export_session, aexport_session = both(_export_session, "export_session")

    def _import_session(self, data: Mapping[str, Any], *, if_exists: transfer.IfExists = "merge") -> Posted:
        """Store an exported session, all or nothing; its id.

        Args:
            data: as `export_session` or PraisonAI's exports.
            if_exists: ``"merge"`` adds the messages that a stored session lacks, so that a second import changes
                nothing; ``"error"`` refuses.

        Raises:
            InvalidInputError: not such a document.
            AlreadyExistsError: the session exists, with ``if_exists="error"``.
            ConflictError: the stored session has other messages under these ids.
        """
        document = transfer.read_document(data, if_exists)
        return self._read(
            document[0].session_id,
            lambda: transfer.import_session(self._writes, self._runs, document, if_exists),
        )

    import_session, aimport_session = both(_import_session, "import_session")

    # -- schema --------------------------------------------------------------------------------------------------------

    def get_schema_version(self) -> str:
        """The version of the client's adapter protocol that is implemented; tables carry a version of their own."""
        return SCHEMA_VERSION

    def _migrate_schema(self, from_version: str, to_version: str) -> Posted:
        """Create or migrate the tables of the stores; False for a protocol version other than `get_schema_version`."""
        if to_version != SCHEMA_VERSION:
            return Posted(result=lambda _: False)
        return self._read(NO_SESSION, self._set_up)

    migrate_schema, amigrate_schema = both(_migrate_schema, "migrate_schema")

    def _check_schema_compatibility(self) -> Posted:
        """Whether the tables can be used, and a sentence about it; an outage is an answer, not an error."""
        posted = self._read(NO_SESSION, lambda: self._writes.store.list_sessions(limit=1))
        return Posted(
            posted.futures,
            is_read=True,
            result=lambda _: (True, f"schema {SCHEMA_VERSION} is in use"),
            otherwise=lambda error: (False, str(error)),
        )

    check_schema_compatibility, acheck_schema_compatibility = both(
        _check_schema_compatibility, "check_schema_compatibility"
    )
