"""A small OpenAI-compatible server on loopback: chat completions (plain, streamed, with tools), embeddings, failures.

For tests and trials of real agent clients; it records what the client sent, and has no model behind it.
``python scripts/model_server.py [--port N]`` runs it until Ctrl-C.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import math
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DIMENSION = 64
"""Length of the vectors that ``/v1/embeddings`` returns."""


@dataclass(frozen=True)
class Call:
    """A tool call that the model asks for."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    id: str | None = None


@dataclass(frozen=True)
class Reply:
    """What the model answers: text, tool calls, or both.

    Attributes:
        delay: seconds before the answer, and between the chunks of a stream.
    """

    text: str = ""
    calls: tuple[Call, ...] = ()
    delay: float = 0.0


Answer = Callable[[dict[str, Any]], Reply]


def echo(request: dict[str, Any]) -> Reply:
    """The default model. It answers a tool's result with ``got: <result>``; a user text ``CALL name {json}`` with that
    call, several being separated by ``;``; and any other text with ``echo: <text>``.
    """
    last = request["messages"][-1]
    text = text_of(last)
    if last["role"] == "tool":
        return Reply(f"got: {text}")
    if "CALL " in text and request.get("tools"):
        calls: list[Call] = []
        for part in text.partition("CALL ")[2].split(";"):
            name, _, arguments = part.strip().removeprefix("CALL ").partition(" ")
            calls.append(Call(name, json.loads(arguments or "{}")))
        return Reply(calls=tuple(calls))
    return Reply(f"echo: {text}")


def text_of(message: dict[str, Any]) -> str:
    """The text of a message, also when its content is a list of parts or None."""
    content = message.get("content")
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return content or ""


class _Server(ThreadingHTTPServer):
    """One that says nothing when a client hangs up, as killed agents do."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class ModelServer:
    """The server, in a thread of this process.

    Attributes:
        requests: bodies of the chat requests, oldest first.
        answer: makes the reply to a request; `echo` unless replaced.
    """

    def __init__(self, answer: Answer = echo, port: int = 0) -> None:
        self.requests: list[dict[str, Any]] = []
        self.answer = answer
        self._failures: deque[tuple[int, str]] = deque()
        self._number = 0
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", port), self._handler())
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, name="model-server", daemon=True)

    @property
    def url(self) -> str:
        """Base URL, as ``OPENAI_BASE_URL`` wants it."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What the model saw last."""
        return self.requests[-1]["messages"]

    def fail(self, times: int = 1, *, status: int = 500, message: str = "the model is out of order") -> None:
        """Answer the next requests with an error."""
        self._failures.extend([(status, message)] * times)

    def start(self) -> ModelServer:
        """Serve; returns itself."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving and free the port."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> ModelServer:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def _take(self, body: dict[str, Any]) -> tuple[int, tuple[int, str] | None]:
        with self._lock:
            self.requests.append(body)
            self._number += 1
            return self._number, self._failures.popleft() if self._failures else None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
                """Quiet."""

            def do_GET(self) -> None:
                self._json(200, {"object": "list", "data": [{"id": "gpt-4o-mini", "object": "model"}]})

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
                if self.path.endswith("/embeddings"):
                    self._json(200, _embeddings(body))
                    return
                if not self.path.endswith("/chat/completions"):
                    self._json(404, {"error": {"message": f"no such route: {self.path}"}})
                    return
                number, failure = server._take(body)
                if failure is not None:
                    self._json(failure[0], {"error": {"message": failure[1], "type": "server_error"}})
                    return
                reply = server.answer(body)
                time.sleep(reply.delay)
                if body.get("stream"):
                    self._stream(_chunks(reply, body, number), reply.delay)
                else:
                    self._json(200, _completion(reply, body, number))

            def _json(self, status: int, body: dict[str, Any]) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                # PraisonAI 1.7.0 keeps one asynchronous client for every event loop that it makes: a connection that
                # is older than 5 s when the next loop asks, as on a loaded machine, is an error there.
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(data)

            def _stream(self, chunks: Iterator[dict[str, Any]], delay: float) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                for chunk in chunks:
                    self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
                    self.wfile.flush()
                    time.sleep(delay)
                self.wfile.write(b"data: [DONE]\n\n")
                self.close_connection = True

        return Handler


def _calls(reply: Reply, number: int) -> list[dict[str, Any]]:
    return [
        {
            "id": call.id or f"call_{number}_{index}",
            "type": "function",
            "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
        }
        for index, call in enumerate(reply.calls)
    ]


def _head(body: dict[str, Any], number: int, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{number}", "object": kind, "created": 1_700_000_000, "model": body.get("model", "model")}


_USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}


def _completion(reply: Reply, body: dict[str, Any], number: int) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or (None if reply.calls else "")}
    if reply.calls:
        message["tool_calls"] = _calls(reply, number)
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if reply.calls else "stop"}
    return {**_head(body, number, "chat.completion"), "choices": [choice], "usage": _USAGE}


def _chunks(reply: Reply, body: dict[str, Any], number: int) -> Iterator[dict[str, Any]]:
    head = _head(body, number, "chat.completion.chunk")

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    yield chunk({"role": "assistant", "content": ""})
    for start in range(0, len(reply.text), 8):
        yield chunk({"content": reply.text[start : start + 8]})
    for index, call in enumerate(_calls(reply, number)):
        arguments = call["function"]["arguments"]
        opening = {"index": index, **call, "function": {"name": call["function"]["name"], "arguments": ""}}
        yield chunk({"tool_calls": [opening]})
        yield chunk({"tool_calls": [{"index": index, "function": {"arguments": arguments}}]})
    yield chunk({}, "tool_calls" if reply.calls else "stop")
    if (body.get("stream_options") or {}).get("include_usage"):  # OpenAI sends a chunk without choices only then
        yield {**head, "choices": [], "usage": _USAGE}


def embed(text: str) -> list[float]:
    """A unit vector of `DIMENSION` numbers that counts the words of a text: texts with common words are near."""
    vector = [0.0] * DIMENSION
    for word in text.casefold().split() or [""]:
        digest = hashlib.sha256(word.strip(".,;:!?'\"").encode()).digest()
        vector[digest[0] % DIMENSION] += 1.0 if digest[1] % 2 else -1.0
        vector[digest[2] % DIMENSION] += 0.5
    length = math.sqrt(sum(number * number for number in vector)) or 1.0
    return [number / length for number in vector]


def _embeddings(body: dict[str, Any]) -> dict[str, Any]:
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    data = [{"object": "embedding", "index": index, "embedding": embed(text)} for index, text in enumerate(texts)]
    return {
        "object": "list",
        "data": data,
        "model": body.get("model"),
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    }


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--port", type=int, default=0)
    with ModelServer(port=parser.parse_args().port) as server:
        print(f"OPENAI_BASE_URL={server.url}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
