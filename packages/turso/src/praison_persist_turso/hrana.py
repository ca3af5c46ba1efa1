"""Hrana 3, the protocol of libSQL servers, as JSON over HTTP: statements, and transactions as streams with a baton.

Blocking, on the standard library. Knows no store and no retry; raises `AnswerError` for what the server refuses, and
lets errors of the socket through. https://github.com/tursodatabase/libsql/blob/main/docs/HRANA_3_SPEC.md
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from praison_persist.sql import SQLITE, Result

from .errors import AnswerError
from .location import Endpoint

__all__ = ["Connection"]

_END = ("COMMIT", "ROLLBACK")


class Connection:
    """A kept HTTP connection, and the stream of the open transaction.

    BEGIN is sent with the first statement of the transaction, which it saves a round trip.

    Args:
        endpoint: the server.
        timeout: seconds to wait for a connection, and for each answer.

    Raises:
        OSError: it cannot be reached.
    """

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        self._endpoint = endpoint
        self._timeout = timeout
        self._home = self._dial(endpoint)
        self._line = self._home
        self._path = endpoint.path
        self._baton: str | None = None
        self._begin: str | None = None
        self.in_transaction = False
        """Whether the server holds a transaction for this connection, or should."""

    @property
    def fileno(self) -> int | None:
        """The socket's descriptor; None where the next request opens one."""
        return None if self._home.sock is None else self._home.sock.fileno()

    def execute(self, sql: str, params: Sequence[Any]) -> Result:
        """Run one statement.

        Raises:
            AnswerError: the server refused it.
            OSError, http.client.HTTPException: there is no telling whether it was executed.
        """
        if sql == SQLITE.begin:
            self._begin = sql
            return Result((), 0)
        statement = _statement(sql, params)
        if self._begin is not None:
            return self._first(self._begin, statement)
        lost = self.in_transaction and self._baton is None
        if sql in _END:
            self.in_transaction = False
        if lost and sql == "ROLLBACK":
            return Result((), 0)
        if lost:  # on a new stream it would take effect alone
            raise AnswerError("the server has closed the transaction", "STREAM_CLOSED")
        requests: list[dict[str, Any]] = [{"type": "execute", "stmt": statement}]
        if not self.in_transaction:
            requests.append({"type": "close"})
        return _result(self._send(requests)[0]["result"])

    def close(self) -> None:
        """Close the connection; never fails."""
        for line in (self._home, self._line):
            with suppress(OSError):
                line.close()

    def _first(self, begin: str, statement: dict[str, Any]) -> Result:
        """The first statement of a transaction, which is executed only where the transaction was begun."""
        if statement["sql"] in _END:
            self._begin = None
            return Result((), 0)
        steps = [
            {"stmt": {"sql": begin, "want_rows": False}},
            {"stmt": statement, "condition": {"type": "ok", "step": 0}},
        ]
        batch = self._send([{"type": "batch", "batch": {"steps": steps}}])[0]["result"]
        failed, refused = batch["step_errors"]
        if failed is not None:
            if self._baton is not None:
                self._send([{"type": "close"}])
            raise _error(failed)
        self._begin, self.in_transaction = None, True
        if refused is not None:
            raise _error(refused)
        return _result(batch["step_results"][1])

    def _send(self, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The responses to the requests on the current stream, or on a new one; the first error is raised."""
        body = json.dumps({"baton": self._baton, "requests": requests}, allow_nan=False, separators=(",", ":"))
        headers = {"Content-Type": "application/json"}
        if self._endpoint.token:
            headers["Authorization"] = f"Bearer {self._endpoint.token}"
        self._baton = None  # whatever happens now, it must not be used twice
        try:
            self._line.request("POST", f"{self._path}/v3/pipeline", body.encode(), headers)
            response = self._line.getresponse()
            text = response.read()
        except BaseException:
            self.close()
            raise
        if response.status != 200:
            self._leave_stream()
            raise _refusal(response.status, text)
        answer = _parse(text)
        self._baton = answer.get("baton")
        if self._baton is None:
            self._leave_stream()
        elif answer.get("base_url"):
            self._move(answer["base_url"])
        for result in answer["results"]:
            if result["type"] == "error":
                raise _error(result["error"])
        return [result["response"] for result in answer["results"]]

    def _move(self, base_url: str) -> None:
        """Follow the stream to the server that holds it, which must be as well protected as the first."""
        target = Endpoint.of(base_url, self._endpoint.token)
        if self._endpoint.tls and not target.tls:
            raise AnswerError(f"the server names an unprotected address, {target.origin}, for its transactions")
        self._path = target.path
        if target.origin != self._endpoint.origin:
            self._line = self._dial(target)

    def _leave_stream(self) -> None:
        if self._line is not self._home:
            self._line.close()
        self._line, self._path = self._home, self._endpoint.path

    def _dial(self, endpoint: Endpoint) -> http.client.HTTPConnection:
        if endpoint.tls:
            line: http.client.HTTPConnection = http.client.HTTPSConnection(
                endpoint.host, endpoint.port, timeout=self._timeout, context=ssl.create_default_context()
            )
        else:
            line = http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=self._timeout)
        line.connect()
        return line


def _statement(sql: str, params: Sequence[Any]) -> dict[str, Any]:
    """The statement; fractions are bound as a quotient of integers.

    The server reads the digits of a JSON number inexactly: the last bit of a time in seconds would be lost. Text is
    no way out, since SQLite reads it inexactly too. A float is an integer over a power of two, and dividing by that is
    exact.
    """
    args: list[dict[str, Any]] = []
    marks: list[str] = []
    for value in params:
        over, under = value.as_integer_ratio() if isinstance(value, float) else (0, 1)
        if 1 < under < 2**63:
            args += [{"type": "integer", "value": str(over)}, {"type": "integer", "value": str(under)}]
            marks.append("(? * 1.0 / ?)")
        else:
            args.append(_encode(value))
            marks.append("?")
    if len(args) > len(marks):
        sql = "".join(map("".join, zip(sql.split("?"), [*marks, ""], strict=True)))
    return {"sql": sql, "args": args, "want_rows": True}


def _encode(value: Any) -> dict[str, Any]:
    if value is None:
        return {"type": "null"}
    if isinstance(value, str):
        return {"type": "text", "value": value}
    if isinstance(value, int):
        return {"type": "integer", "value": str(int(value))}
    return {"type": "float", "value": value}


def _decode(value: dict[str, Any]) -> Any:
    kind = value["type"]
    if kind == "null":
        return None
    if kind == "integer":
        return int(value["value"])
    if kind == "float":
        return float(value["value"])
    if kind == "blob":
        return base64.b64decode(value["base64"] + "=" * (-len(value["base64"]) % 4))
    return value["value"]


def _result(result: dict[str, Any]) -> Result:
    return Result([tuple(map(_decode, row)) for row in result["rows"]], result["affected_row_count"])


def _parse(text: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or "results" not in answer:
        raise AnswerError("the answer is not Hrana", status=404)
    return answer


def _error(error: dict[str, Any]) -> AnswerError:
    return AnswerError(str(error.get("message")), error.get("code") or "")


def _refusal(status: int, text: bytes) -> AnswerError:
    """The error for an answer that is none of Hrana's: JSON of the server, or anything from what lies between."""
    words, code = text[:300].decode(errors="replace").strip(), ""
    with suppress(ValueError, AttributeError):
        error = json.loads(text)
        words, code = str(error.get("message") or error.get("error") or words), error.get("code") or ""
    if "baton" in words:  # the server was restarted, or another one answered
        code = code or "STREAM_UNKNOWN"
    return AnswerError(words or http.client.responses.get(status, "no reason given"), code, status)
