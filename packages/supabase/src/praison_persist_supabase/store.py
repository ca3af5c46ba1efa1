"""Conversations in a Supabase project: the contract on database functions, called through the Data API. No SQL here."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from praison_persist.conversation import (
    ConversationMessage,
    ConversationSession,
    ConversationStore,
    message_conflict,
    same_body,
    session_exists,
    session_not_found,
)
from praison_persist.errors import ConfigurationError
from praison_persist.lifecycle import Lifecycle
from praison_persist.retry import RetryPolicy
from praison_persist.sql import POSTGRES
from praison_persist.sql.rows import message_from_row, message_params, session_from_row, session_params
from praison_persist.sql.tables import DEFAULT_PREFIX
from praison_persist.validation import (
    check_batch_size,
    check_bool,
    check_id,
    check_identifier,
    check_limit,
    check_list,
    check_number,
    check_offset,
    check_optional_id,
    check_positive,
)

from .client import Caller
from .errors import Translator
from .schema import function, schema_sql

__all__ = ["SupabaseConversationStore"]

_PAGE = 500


class SupabaseConversationStore(ConversationStore):
    """Conversations in a Supabase project, over its Data API.

    The API changes no schema: the project's owner runs what `schema_sql` returns, once. Until then every call is a
    `MigrationError` that says how.

    Args:
        url: ``https://<project>.supabase.co``; by default ``SUPABASE_URL`` of the environment.
        key: the service_role or secret key; by default ``SUPABASE_KEY`` of the environment.
        table_prefix: start of the names of tables and functions.
        auto_create_tables: must be False; the API cannot.
        schema: of the tables and functions; the API must expose it.
        timeout: seconds to wait for the answer to a request.
        connect_timeout: seconds to wait for a new connection.
        max_retries, retry_delay: see `praison_persist.retry.RetryPolicy`.

    Raises:
        ConfigurationError, InvalidInputError: wrong or missing options.
    """

    backend = "supabase"

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        table_prefix: str = DEFAULT_PREFIX,
        auto_create_tables: bool = False,
        schema: str = "public",
        timeout: float = 30.0,
        connect_timeout: float = 10.0,
        max_retries: int = 3,
        retry_delay: float = 2.0,
    ) -> None:
        self._lifecycle = Lifecycle(self.backend)
        with self._lifecycle("create"):
            url = url or os.environ.get("SUPABASE_URL")
            key = key or os.environ.get("SUPABASE_KEY")
            self._place = _host(url)
            if not key or not isinstance(key, str) or not key.isprintable() or not key.isascii() or " " in key:
                raise ConfigurationError(
                    "no key, or one with characters that keys do not have",
                    hint="pass key=, or set SUPABASE_KEY: the service_role or secret key of the project",
                )
            self.table_prefix = check_identifier(table_prefix, "table_prefix", empty=True, longest=40)
            check_identifier(schema, "schema")
            if check_bool(auto_create_tables, "auto_create_tables"):
                raise ConfigurationError(
                    "auto_create_tables=True is not possible: Supabase's Data API changes no schema",
                    hint=f"run once in the project's SQL editor what this prints: {_script(table_prefix, schema)}",
                )
            self._call = Caller(
                str(url),
                key,
                schema=schema,
                timeout=check_positive(timeout, "timeout"),
                connect_timeout=check_positive(connect_timeout, "connect_timeout"),
                retry=RetryPolicy(max_retries=max_retries, retry_delay=retry_delay),
                translate=Translator(self._place, key, _script(table_prefix, schema), timeout),
            )

    @staticmethod
    def schema_sql(*, table_prefix: str = DEFAULT_PREFIX, schema: str = "public", role: str = "service_role") -> str:
        """The SQL that the project's owner runs once, and again after an upgrade that asks for it.

        It creates the tables (or migrates PraisonAI's) and the functions that the store calls, and takes every right on
        them from Supabase's public roles.

        Args:
            table_prefix, schema: as given to the store.
            role: the database role of the key; with a role of your own, its JWT is the key.

        Raises:
            InvalidInputError: a name that is not a plain identifier.
        """
        return schema_sql(table_prefix, schema, role)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._place!r})"

    def setup(self) -> None:
        """See that tables and functions are there and may be used; creates nothing.

        Raises:
            MigrationError: they are not; the hint says what to run.
        """
        with self._lifecycle("setup"):
            self._run("get_session", p_session_id="")

    def create_session(self, session: ConversationSession) -> ConversationSession:
        with self._lifecycle("create_session"):
            row = session_params(POSTGRES, session)
            if not self._run("create_session", idempotent=False, p_session=row):
                raise session_exists(session.session_id)
            return session

    def get_session(self, session_id: str) -> ConversationSession | None:
        with self._lifecycle("get_session"):
            row = self._run("get_session", p_session_id=check_id(session_id, "session_id"))
            return None if row is None else session_from_row(row)

    def update_session(self, session: ConversationSession) -> ConversationSession:
        with self._lifecycle("update_session"):
            return self._replace("update_session", session)

    def upsert_session(self, session: ConversationSession) -> ConversationSession:
        with self._lifecycle("upsert_session"):
            return self._replace("upsert_session", session)

    def delete_session(self, session_id: str) -> bool:
        with self._lifecycle("delete_session"):
            return self._run("delete_session", p_session_id=check_id(session_id, "session_id"))

    def list_sessions(
        self,
        user_id: str | None = None,
        agent_id: str | None = None,
        limit: int | None = 100,
        offset: int = 0,
    ) -> list[ConversationSession]:
        with self._lifecycle("list_sessions"):
            rows = self._run(
                "list_sessions",
                p_user_id=check_optional_id(user_id, "user_id"),
                p_agent_id=check_optional_id(agent_id, "agent_id"),
                p_limit=_bounded(check_limit(limit)),
                p_offset=_bounded(check_offset(offset)),
            )
            return [session_from_row(row) for row in rows]

    def add_message(self, session_id: str, message: ConversationMessage) -> ConversationMessage:
        with self._lifecycle("add_message"):
            return self._append(session_id, [message])[0]

    def add_messages(self, session_id: str, messages: Sequence[ConversationMessage]) -> list[ConversationMessage]:
        with self._lifecycle("add_messages"):
            return self._append(session_id, check_list(messages, "messages"))

    def get_messages(
        self,
        session_id: str,
        limit: int | None = None,
        before: float | None = None,
        after: float | None = None,
    ) -> list[ConversationMessage]:
        with self._lifecycle("get_messages"):
            rows = self._run(
                "get_messages",
                p_session_id=check_id(session_id, "session_id"),
                p_limit=_bounded(check_limit(limit)),
                p_before=None if before is None else float(check_number(before, "before")),
                p_after=None if after is None else float(check_number(after, "after")),
            )
            return [message_from_row(row) for row in rows]

    def iter_messages(self, session_id: str, *, batch_size: int = _PAGE) -> Iterator[ConversationMessage]:
        position = 0
        while True:
            with self._lifecycle("iter_messages"):
                page = self._run(
                    "page_messages",
                    p_session_id=check_id(session_id, "session_id"),
                    p_after_seq=position,
                    p_limit=check_batch_size(batch_size),
                )
            yield from (message_from_row(row) for _, row in page)
            if len(page) < batch_size:
                return
            position = page[-1][0]

    def delete_messages(self, session_id: str, message_ids: Sequence[str] | None = None) -> int:
        with self._lifecycle("delete_messages"):
            key = check_id(session_id, "session_id")
            if message_ids is not None:
                message_ids = [check_id(id_, "message id") for id_ in check_list(message_ids, "message_ids")]
            return self._run("delete_messages", p_session_id=key, p_ids=message_ids)

    def close(self) -> None:
        if self._lifecycle.close():
            self._call.close()

    def _run(self, name: str, *, idempotent: bool = True, **arguments: Any) -> Any:
        return self._call(function(self.table_prefix, name), arguments, idempotent=idempotent)

    def _replace(self, name: str, session: ConversationSession) -> ConversationSession:
        *fields, _ = session_params(POSTGRES, session)
        now = time.time()
        if not self._run(name, p_session=[*fields, now]):
            raise session_not_found(session.session_id)
        session.updated_at = now
        return session

    def _append(self, session_id: str, batch: list[ConversationMessage]) -> list[ConversationMessage]:
        key = check_id(session_id, "session_id")
        distinct: dict[str, ConversationMessage] = {}
        rows: dict[str, tuple[Any, ...]] = {}
        for message in batch:
            row = message_params(POSTGRES, key, message)
            if not same_body(distinct.setdefault(message.id, message), message):
                raise message_conflict(message.id)
            rows.setdefault(message.id, row)
        same: set[str] = set()
        while True:
            taken = self._run("add_messages", p_session_id=key, p_messages=list(rows.values()), p_same=sorted(same))
            if taken is None:
                raise session_not_found(key)
            if not taken:
                break
            for stored in map(message_from_row, taken):
                if not same_body(stored, distinct[stored.id]):
                    raise message_conflict(stored.id)
                same.add(stored.id)
        for message in batch:
            message.session_id = key
        return batch


def _host(url: Any) -> str:
    """The host of a project's URL.

    Raises:
        ConfigurationError: no URL, or one that cannot be a project's.
    """
    hint = "pass url=, or set SUPABASE_URL: https://<project>.supabase.co"
    if not url:
        raise ConfigurationError("no URL of a Supabase project", hint=hint)
    try:
        parts = urlsplit(url)
        port = parts.port
    except (ValueError, AttributeError, TypeError):
        raise ConfigurationError("the URL of the Supabase project is broken", hint=hint) from None
    if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc or parts.query:
        raise ConfigurationError("this is not the URL of a Supabase project", hint=hint)
    return parts.hostname if port is None else f"{parts.hostname}:{port}"


def _script(prefix: str, schema: str) -> str:
    """A command that prints the SQL."""
    options = [f"table_prefix='{prefix}'"] if prefix != DEFAULT_PREFIX else []
    options += [f"schema='{schema}'"] if schema != "public" else []
    call = f"SupabaseConversationStore.schema_sql({', '.join(options)})"
    return f'python -c "from praison_persist_supabase import SupabaseConversationStore; print({call})"'


def _bounded(number: int | None) -> int | None:
    return None if number is None else min(number, 2**62)
