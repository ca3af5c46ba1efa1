"""Function calls after PostgREST's documentation: role, schema, the function by its arguments' names, errors.

https://docs.postgrest.org/en/stable/references/api/functions.html and …/references/errors.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

CONNECTIONS = 10
ACQUIRE_SECONDS = 10.0
SCHEMAS = ("public",)
ROLES = {"anon": "NOLOGIN", "authenticated": "NOLOGIN", "service_role": "NOLOGIN BYPASSRLS"}

_STATUS = {
    "23503": 409, "23505": 409, "25006": 405, "21000": 400, "22023": 400, "42883": 404, "42P01": 404, "42P17": 500,
    "57P01": 503, "P0001": 400,
}  # fmt: skip
_STATUS_OF_CLASS = {
    "08": 503, "09": 500, "0L": 403, "0P": 403, "25": 500, "28": 403, "2D": 500, "38": 500, "39": 500, "3B": 500,
    "40": 500, "53": 503, "54": 500, "55": 500, "57": 500, "58": 500, "F0": 500, "HV": 500, "P0": 500, "XX": 500,
}  # fmt: skip

_FUNCTIONS = """
    SELECT p.oid::regprocedure::text, COALESCE(p.proargnames, '{}'), p.pronargdefaults, p.proretset,
        p.prorettype = 'void'::regtype, ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) AS t)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = %s AND p.proname = %s
"""


@dataclass(frozen=True)
class Answer:
    """A response: a JSON value, or the text of one from the database."""

    status: int
    body: Any = None
    raw: str | None = None
    code: str = ""

    def text(self) -> str:
        return self.raw if self.raw is not None else json.dumps(self.body)


def refusal(status: int, code: str, message: str, details: Any = None, hint: str | None = None) -> Answer:
    """An error body as PostgREST writes it."""
    return Answer(status, {"code": code, "details": details, "hint": hint, "message": message}, code=code)


class RefusedError(Exception):
    """An answer that ends the request."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Api:
    """One project: a database, and the secret that signs its keys."""

    def __init__(self, database: str, secret: str) -> None:
        self._database = database
        self._secret = secret.encode()
        self._slots: queue.LifoQueue[psycopg.Connection[Any] | None] = queue.LifoQueue()
        for _ in range(CONNECTIONS):
            self._slots.put(None)
        with psycopg.connect(database, autocommit=True) as connection:
            for role, options in ROLES.items():
                try:
                    connection.execute(f"CREATE ROLE {role} {options}")  # type: ignore[arg-type]
                except psycopg.errors.UniqueViolation:  # created in the same moment
                    continue
                except psycopg.errors.DuplicateObject:
                    continue
            connection.execute("GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role")
            # As in every Supabase project: what its owner creates in public is open to all, unless they close it.
            for kind in ("TABLES", "FUNCTIONS", "SEQUENCES"):
                connection.execute(
                    f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON {kind}"  # type: ignore[arg-type]
                    " TO anon, authenticated, service_role"
                )

    def is_key(self, key: str) -> bool:
        """The gateway's check: a key of this project, expired or not."""
        try:
            self._claims(key)
        except RefusedError:
            return False
        return True

    def call(self, token: str, profile: str | None, name: str, arguments: dict[str, Any]) -> Answer:
        """The answer to ``POST /rpc/name``."""
        schema = profile or SCHEMAS[0]
        try:
            claims = self._claims(token)
            if claims.get("exp", time.time() + 1) < time.time():
                return refusal(401, "PGRST303", "JWT expired")
            if schema not in SCHEMAS:
                hint = f"Only the following schemas are exposed: {', '.join(SCHEMAS)}"
                return refusal(406, "PGRST106", f"Invalid schema: {schema}", hint=hint)
            with self._connection() as connection:
                return self._run(connection, str(claims.get("role", "anon")), claims, schema, name, arguments)
        except RefusedError as error:
            return error.answer
        except psycopg.Error as error:
            return _database_error(error, "anon" if claims.get("role") in (None, "anon") else "known")

    def _run(
        self,
        connection: psycopg.Connection[Any],
        role: str,
        claims: dict[str, Any],
        schema: str,
        name: str,
        arguments: dict[str, Any],
    ) -> Answer:
        types, is_set, is_void = self._choose(connection, schema, name, arguments)
        call = sql.SQL("{}({})").format(
            sql.Identifier(schema, name),
            sql.SQL(", ").join(
                sql.SQL("{} => {}::{}").format(sql.Identifier(key), sql.Placeholder(key), sql.SQL(types[key]))  # type: ignore[arg-type]
                for key in arguments
            ),
        )
        values = {
            key: json.dumps(value) if value is not None and types[key] in ("json", "jsonb") else value
            for key, value in arguments.items()
        }
        with connection.transaction():
            connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
            connection.execute(
                "SELECT set_config('search_path', %s, true), set_config('request.jwt.claims', %s, true)",
                (schema, json.dumps(claims)),
            )
            if is_set:
                query = sql.SQL("SELECT COALESCE(json_agg(r), '[]')::text FROM {} AS r").format(call)
            elif is_void:
                query = sql.SQL("SELECT {}").format(call)
            else:
                query = sql.SQL("SELECT COALESCE(to_json({}), 'null')::text").format(call)
            row = connection.execute(query, values).fetchone()
        return Answer(204) if is_void else Answer(200, raw=row[0] if row else "null")

    def _choose(
        self, connection: psycopg.Connection[Any], schema: str, name: str, arguments: dict[str, Any]
    ) -> tuple[dict[str, str], bool, bool]:
        """The one function whose arguments have these names; PostgREST reads it from its schema cache."""
        fitting: list[tuple[dict[str, str], bool, bool]] = []
        for _, names, defaults, is_set, is_void, types in connection.execute(_FUNCTIONS, (schema, name)).fetchall():
            needed = names[: len(types) - defaults]
            if set(needed) <= set(arguments) <= set(names):
                fitting.append((dict(zip(names, types, strict=True)), is_set, is_void))
        if len(fitting) == 1:
            return fitting[0]
        called = f"{schema}.{name}({', '.join(arguments)})" if arguments else f"{schema}.{name}"
        if fitting:
            message = f"Could not choose the best candidate function between: {called}"
            raise RefusedError(refusal(300, "PGRST203", message))
        kind = f"with parameters {', '.join(arguments)}" if arguments else "without parameters"
        raise RefusedError(
            refusal(
                404,
                "PGRST202",
                f"Could not find the function {called} in the schema cache",
                f"Searched for the function {schema}.{name} {kind} or with a single unnamed json/jsonb parameter,"
                " but no matches were found in the schema cache.",
            )
        )

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        """A pooled connection; one that died is replaced after the request that it failed, as by PostgREST's pool."""
        try:
            connection = self._slots.get(timeout=ACQUIRE_SECONDS)
        except queue.Empty:
            message = "Timed out acquiring connection from connection pool."
            raise RefusedError(refusal(504, "PGRST003", message)) from None
        try:
            if connection is None:
                try:
                    connection = psycopg.connect(self._database, autocommit=True, connect_timeout=5)
                except psycopg.OperationalError as error:
                    message = "Database connection error. Retrying the connection."
                    raise RefusedError(refusal(503, "PGRST001", message, str(error))) from None
            yield connection
        finally:
            self._slots.put(None if connection is None or connection.closed else connection)

    def _claims(self, token: str) -> dict[str, Any]:
        invalid = RefusedError(refusal(401, "PGRST301", "JWSError JWSInvalidSignature"))
        try:
            head, body, signature = token.split(".")
            expected = hmac.digest(self._secret, f"{head}.{body}".encode(), hashlib.sha256)
            if not hmac.compare_digest(_decode(signature), expected):
                raise invalid
            claims: Any = json.loads(_decode(body))
        except ValueError:
            raise invalid from None
        return claims


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _database_error(error: psycopg.Error, who: str) -> Answer:
    code, diagnostic = error.sqlstate, error.diag
    if code is None:  # the connection was lost
        return refusal(503, "PGRST001", "Database client error. Retrying the connection.", str(error).strip())
    status = _STATUS.get(code) or _STATUS_OF_CLASS.get(code[:2], 400)
    if code == "42501":
        status = 401 if who == "anon" else 403
    message = diagnostic.message_primary or str(error)
    return refusal(status, code, message, diagnostic.message_detail, diagnostic.message_hint)
