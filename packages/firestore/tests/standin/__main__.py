"""A stand-in for Firestore: its gRPC protocol, as the vendor's client speaks it, over a SQLite file.

Knows what state stores need (BatchGetDocuments, Commit of whole documents, RunQuery over ranges of names) and refuses
the rest. To run the same tests against another server, set PRAISON_PERSIST_TEST_FIRESTORE_URL.
"""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from documents import Documents, RefusedError
from google.cloud.firestore_v1 import types

_HIGHEST = "\U0010ffff\U0010ffff"


class Service:
    """The methods, over one set of documents."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def batch_get(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """The documents of these names."""
        for name in request.documents:
            found = self._documents.get(name)
            answer = _message("BatchGetDocumentsResponse")(**({"found": found} if found else {"missing": name}))
            answer.read_time.GetCurrentTime()
            yield answer

    def commit(self, request: Any, context: grpc.ServicerContext) -> Any:
        """All of the writes, or none."""
        if request.transaction:
            raise RefusedError(grpc.StatusCode.UNIMPLEMENTED, "the stand-in has no transactions")
        answer = _message("CommitResponse")()
        for stamp in self._documents.commit(request.writes):
            result = answer.write_results.add()
            if stamp is not None:
                result.update_time.CopyFrom(stamp)
        answer.commit_time.GetCurrentTime()
        return answer

    def run_query(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """The documents of one collection in a range of names."""
        query = request.structured_query
        root = f"{request.parent}/{query.from_[0].collection_id}/"
        low, high, strictly = root, root + _HIGHEST, False
        for bound in _bounds(query):
            name = bound.value.reference_value
            match bound.Operator.Name(bound.op):
                case "GREATER_THAN" | "GREATER_THAN_OR_EQUAL" as op:
                    low, strictly = name, op == "GREATER_THAN"
                case "LESS_THAN":
                    high = name
                case op:
                    raise RefusedError(grpc.StatusCode.UNIMPLEMENTED, f"the stand-in does not know {op}")
        chosen = [field.field_path for field in query.select.fields]
        found = 0
        for document in self._documents.between(low, high, strictly=strictly, limit=query.limit.value or 10**9):
            if "/" in document.name[len(root) :]:
                continue
            for name in list(document.fields) if chosen else ():
                if name not in chosen:
                    del document.fields[name]
            found += 1
            yield _message("RunQueryResponse")(document=document)
        if not found:
            answer = _message("RunQueryResponse")()
            answer.read_time.GetCurrentTime()
            yield answer


def _bounds(query: Any) -> list[Any]:
    kind = query.where.WhichOneof("filter_type")
    filters = query.where.composite_filter.filters if kind == "composite_filter" else [query.where] if kind else []
    bounds = [one.field_filter for one in filters]
    if any(bound.field.field_path != "__name__" for bound in bounds):
        raise RefusedError(grpc.StatusCode.UNIMPLEMENTED, "the stand-in compares names only")
    return bounds


def _message(name: str) -> Any:
    wrapper: Any = getattr(types, name)
    return wrapper.pb(wrapper()).__class__


def _handlers(service: Service) -> grpc.GenericRpcHandler:
    def streaming(call: Callable[..., Any], request: str, answer: str) -> grpc.RpcMethodHandler:
        def handle(message: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            try:
                yield from call(message, context)
            except RefusedError as error:
                context.abort(error.code, str(error))

        return grpc.unary_stream_rpc_method_handler(
            handle, _message(request).FromString, _message(answer).SerializeToString
        )

    def single(call: Callable[..., Any], request: str, answer: str) -> grpc.RpcMethodHandler:
        def handle(message: Any, context: grpc.ServicerContext) -> Any:
            try:
                return call(message, context)
            except RefusedError as error:
                context.abort(error.code, str(error))

        return grpc.unary_unary_rpc_method_handler(
            handle, _message(request).FromString, _message(answer).SerializeToString
        )

    return grpc.method_handlers_generic_handler(
        "google.firestore.v1.Firestore",
        {
            "BatchGetDocuments": streaming(service.batch_get, "BatchGetDocumentsRequest", "BatchGetDocumentsResponse"),
            "Commit": single(service.commit, "CommitRequest", "CommitResponse"),
            "RunQuery": streaming(service.run_query, "RunQueryRequest", "RunQueryResponse"),
        },
    )


def main() -> None:
    """Serve until the signal to end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", required=True, metavar="FILE")
    given = parser.parse_args()
    options = [("grpc.max_receive_message_length", 11_000_000), ("grpc.so_reuseport", 0)]
    server = grpc.server(ThreadPoolExecutor(40), options=options)
    server.add_generic_rpc_handlers((_handlers(Service(Documents(given.database))),))
    server.add_insecure_port(f"127.0.0.1:{given.port}")
    server.start()
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    over.wait()
    server.stop(0)


if __name__ == "__main__":
    main()
