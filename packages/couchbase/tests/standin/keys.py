"""The data service: Couchbase's binary protocol, for the operations that clients need to open a bucket and use keys."""

from __future__ import annotations

import json
import socketserver
import struct
import time
from typing import Any, NamedTuple

import scram
from cluster import Cluster
from faults import BrokenConnectionError, Faults, reset
from refusal import KeyRefusedError

__all__ = ["KeyServer"]

_REQUEST, _FLEXIBLE, _RESPONSE = 0x80, 0x08, 0x81
_HEAD = struct.Struct(">BBHBBHIIQ")
_HELLO, _SASL_LIST, _SASL_AUTH, _SASL_STEP = 0x1F, 0x20, 0x21, 0x22
_ERROR_MAP, _SELECT_BUCKET, _CONFIG, _NOOP, _COLLECTION_ID = 0xFE, 0x89, 0xB5, 0x0A, 0xBB
_GET, _SET, _ADD, _REPLACE, _DELETE = 0x00, 0x01, 0x02, 0x03, 0x04
_NAMES = {_GET: "get", _SET: "set", _ADD: "add", _REPLACE: "replace", _DELETE: "delete"}
_AUTH_ERROR, _AUTH_CONTINUE, _NO_ACCESS, _UNKNOWN_COMMAND = 0x20, 0x21, 0x24, 0x81
_JSON = 0x01
_COLLECTIONS = 0x12
# Without delay, extended attributes and errors, SELECT_BUCKET, JSON, alternative requests, durability, collections.
_FEATURES = {0x03, 0x06, 0x07, 0x08, 0x0B, 0x10, 0x11, _COLLECTIONS}
_PERSISTED = (2, 3)  # levels of durability


class _Request(NamedTuple):
    code: int
    opaque: int
    cas: int
    extras: bytes
    key: bytes
    value: bytes
    frames: bytes


class _Answer(NamedTuple):
    status: int = 0
    value: bytes = b""
    extras: bytes = b""
    cas: int = 0
    kind: int = 0


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    server: KeyServer

    def setup(self) -> None:
        super().setup()
        self._with_collections = self._let_in = self._selected = False
        self._challenge: scram.Challenge | None = None

    def handle(self) -> None:
        try:
            while request := self._read():
                fault = self.server.faults.meet(_NAMES[request.code]) if request.code in _NAMES else {}
                answer = _Answer(fault["status"]) if "status" in fault else self._answered(request)
                if fault.get("lose"):
                    return
                data = _encoded(request, answer)
                if fault.get("half"):
                    self.wfile.write(data[: len(data) // 2])
                    reset(self.connection)
                    return
                self.wfile.write(data)
        except (OSError, BrokenConnectionError):
            return

    def _answered(self, request: _Request) -> _Answer:
        try:
            with self.server.cluster.lock:
                return self._session(request) or self._document(request)
        except KeyRefusedError as exc:
            return _Answer(exc.status)

    def _session(self, request: _Request) -> _Answer | None:
        """The answer to what concerns the connection; None for other requests."""
        server = self.server
        if request.code == _HELLO:
            wanted = struct.unpack(f">{len(request.value) // 2}H", request.value)
            granted = [one for one in wanted if one in _FEATURES]
            self._with_collections = _COLLECTIONS in granted
            return _Answer(value=struct.pack(f">{len(granted)}H", *granted))
        if request.code == _SASL_LIST:
            return _Answer(value=" ".join([*scram.MECHANISMS, "PLAIN"]).encode())
        if request.code == _SASL_AUTH:
            return self._authenticate(request)
        if request.code == _SASL_STEP and self._challenge is not None:
            final = self._challenge.final(request.value, server.account)
            self._let_in = final is not None
            return _Answer(_AUTH_ERROR) if final is None else _Answer(value=final.encode())
        if request.code == _ERROR_MAP:
            return _Answer(value=b'{"version":1,"revision":1,"errors":{}}', kind=_JSON)
        if not self._let_in:
            return _Answer(_NO_ACCESS)
        if request.code == _SELECT_BUCKET:
            self._selected = request.key.decode() == server.cluster.bucket
            return _Answer(0 if self._selected else _NO_ACCESS)
        if request.code == _CONFIG:
            return _Answer(value=json.dumps(server.config(self._selected)).encode(), kind=_JSON)
        if request.code == _NOOP:
            return _Answer()
        if not self._selected:
            return _Answer(_NO_ACCESS)
        if request.code == _COLLECTION_ID:
            scope, _, name = (request.value or request.key).decode().partition(".")
            number = server.cluster.collection_id(scope, name)
            return _Answer(extras=struct.pack(">QI", server.cluster.manifest, number))
        return None

    def _authenticate(self, request: _Request) -> _Answer:
        mechanism = request.key.decode()
        if mechanism == "PLAIN":
            self._let_in = scram.plain(request.value, self.server.account)
            return _Answer(0 if self._let_in else _AUTH_ERROR)
        self._challenge = scram.Challenge(mechanism, request.value)
        return _Answer(_AUTH_CONTINUE, self._challenge.first.encode())

    def _document(self, request: _Request) -> _Answer:
        cluster = self.server.cluster
        number, key = _addressed(request.key) if self._with_collections else (0, request.key)
        if request.code == _GET:
            found = cluster.get(number, key.decode())
            return _Answer(value=found.value, extras=struct.pack(">I", found.flags), cas=found.cas)
        persist = _durability(request.frames) in _PERSISTED
        if request.code == _DELETE:
            return _Answer(cas=cluster.remove(number, key.decode(), request.cas, persist=persist))
        if request.code in (_SET, _ADD, _REPLACE):
            (flags,) = struct.unpack(">I", request.extras[:4])
            how = _NAMES[request.code]
            cas = cluster.store(number, key.decode(), request.value, flags, request.cas, how=how, persist=persist)
            return _Answer(cas=cas)
        return _Answer(_UNKNOWN_COMMAND)

    def _read(self) -> _Request | None:
        head = self.rfile.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return None
        magic, code, key_length, extras_length, _, _, length, opaque, cas = _HEAD.unpack(head)
        frames_length = 0
        if magic == _FLEXIBLE:
            frames_length, key_length = key_length >> 8, key_length & 0xFF
        elif magic != _REQUEST:
            return None
        body = self.rfile.read(length)
        frames, body = body[:frames_length], body[frames_length:]
        extras, body = body[:extras_length], body[extras_length:]
        return _Request(code, opaque, cas, extras, body[:key_length], body[key_length:], frames)


class KeyServer(socketserver.ThreadingTCPServer):
    """The data service of the node; ``http``: the port of its other services."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port: int, cluster: Cluster, faults: Faults, account: scram.Account, http: int) -> None:
        super().__init__(("127.0.0.1", port), _Connection)
        self.cluster, self.faults, self.account = cluster, faults, account
        self._ports = {"mgmt": http, "kv": port, "n1ql": http}
        self._epoch = time.time_ns()

    def config(self, of_bucket: bool) -> dict[str, Any]:
        """The map of the cluster: of all of it, or of the bucket."""
        told: dict[str, Any] = {
            "rev": 1,
            "revEpoch": self._epoch,  # of a node that was restarted: its ports are other ones
            "nodesExt": [{"services": self._ports, "thisNode": True, "hostname": "127.0.0.1"}],
            "clusterCapabilitiesVer": [1, 0],
            "clusterCapabilities": {"n1ql": ["enhancedPreparedStatements"]},
        }
        if of_bucket:
            place = f"127.0.0.1:{self._ports['kv']}"
            told |= {
                "name": self.cluster.bucket,
                "nodeLocator": "vbucket",
                "uuid": "0" * 32,
                "bucketCapabilities": ["collections", "durableWrite", "xattr", "cbhello", "nodesExt"],
                "nodes": [{"hostname": f"127.0.0.1:{self._ports['mgmt']}", "ports": {"direct": self._ports["kv"]}}],
                "vBucketServerMap": {
                    "hashAlgorithm": "CRC",
                    "numReplicas": 0,
                    "serverList": [place],
                    "vBucketMap": [[0]] * 64,
                },
            }
        return told


def _encoded(request: _Request, answer: _Answer) -> bytes:
    length = len(answer.extras) + len(answer.value)
    sizes = 0, len(answer.extras)
    head = _HEAD.pack(_RESPONSE, request.code, *sizes, answer.kind, answer.status, length, request.opaque, answer.cas)
    return head + answer.extras + answer.value


def _addressed(key: bytes) -> tuple[int, bytes]:
    """Collection and key: the number stands before it, in LEB128."""
    number = shift = place = 0
    while True:
        byte = key[place]
        number |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if not byte & 0x80:
            return number, key[place:]


def _durability(frames: bytes) -> int:
    """The level of durability that a request asks for; 0 for none."""
    place = 0
    while place < len(frames):
        kind, length = frames[place] >> 4, frames[place] & 0x0F
        if kind == 1:
            return frames[place + 1]
        place += 1 + length
    return 0
