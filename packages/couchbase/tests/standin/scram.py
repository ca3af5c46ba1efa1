"""Checking a password as Couchbase's data service does: SCRAM (RFC 5802) and PLAIN."""

from __future__ import annotations

import hashlib
import hmac
import os
from base64 import b64decode, b64encode
from dataclasses import dataclass

__all__ = ["MECHANISMS", "Account", "Challenge", "plain"]

MECHANISMS = {"SCRAM-SHA512": "sha512", "SCRAM-SHA256": "sha256", "SCRAM-SHA1": "sha1"}
_ROUNDS = 4096


@dataclass
class Account:
    """The user who is let in; the password may change."""

    user: str
    password: str


def plain(message: bytes, account: Account) -> bool:
    """Whether a message of PLAIN names the user with the password."""
    return hmac.compare_digest(message, f"\0{account.user}\0{account.password}".encode())


class Challenge:
    """One exchange of SCRAM.

    Args:
        mechanism: a key of `MECHANISMS`.
        message: the client's first.
    """

    def __init__(self, mechanism: str, message: bytes) -> None:
        self._hash = MECHANISMS[mechanism]
        self._bare = message.decode().split(",", 2)[2]
        fields = dict(part.split("=", 1) for part in self._bare.split(","))
        self._user = fields["n"]
        self._salt = os.urandom(16)
        self._nonce = fields["r"] + b64encode(os.urandom(12)).decode()

    @property
    def first(self) -> str:
        """The server's first message."""
        return f"r={self._nonce},s={b64encode(self._salt).decode()},i={_ROUNDS}"

    def final(self, message: bytes, account: Account) -> str | None:
        """The server's final message; None where the client does not know the password."""
        without, _, proof = message.decode().rpartition(",p=")
        whole = f"{self._bare},{self.first},{without}".encode()
        salted = hashlib.pbkdf2_hmac(self._hash, account.password.encode(), self._salt, _ROUNDS)
        key = self._mac(salted, b"Client Key")
        signature = self._mac(hashlib.new(self._hash, key).digest(), whole)
        expected = bytes(one ^ other for one, other in zip(key, signature, strict=True))
        if self._user != account.user or not hmac.compare_digest(expected, b64decode(proof)):
            return None
        return "v=" + b64encode(self._mac(self._mac(salted, b"Server Key"), whole)).decode()

    def _mac(self, key: bytes, text: bytes) -> bytes:
        return hmac.new(key, text, self._hash).digest()
