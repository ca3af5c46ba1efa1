"""TLS for MySQL connections: modes as MySQL's own clients name them. Reads certificates, opens no connection."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from praison_persist.errors import ConfigurationError

__all__ = ["PARAMETERS", "TLS", "Mode"]

Mode = Literal["DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"]

_MODES: dict[str, Mode] = {
    "disabled": "DISABLED", "preferred": "PREFERRED", "required": "REQUIRED", "verify_ca": "VERIFY_CA",
    "verify_identity": "VERIFY_IDENTITY", "disable": "DISABLED", "prefer": "PREFERRED", "require": "REQUIRED",
    "verify_full": "VERIFY_IDENTITY",
}  # fmt: skip
_YES, _NO = ("true", "1", "yes"), ("false", "0", "no")

PARAMETERS = (
    "ssl_mode", "sslmode", "ssl_ca", "ssl_cert", "ssl_key", "ssl", "ssl_disabled", "ssl_verify_cert",
    "ssl_verify_identity", "sslaccept",
)  # fmt: skip
"""Parameters of a URL, in the spelling of MySQL's clients and of the drivers; ``-`` counts as ``_``."""


@dataclass(frozen=True, slots=True)
class TLS:
    """How a connection is encrypted.

    Attributes:
        mode: PREFERRED encrypts where the server can, REQUIRED or fails, VERIFY_CA also checks the certificate,
            VERIFY_IDENTITY the host's name in it too.
        ca, cert, key: files; without ``ca`` the system's authorities count.
    """

    mode: Mode = "PREFERRED"
    ca: str | None = None
    cert: str | None = None
    key: str | None = None

    @classmethod
    def of(cls, parameters: Mapping[str, str], default: Mode) -> TLS:
        """From parameters of a URL.

        Args:
            parameters: those of `PARAMETERS` that were given.
            default: the mode where none is said; a ``ssl_ca`` is to be checked.

        Raises:
            ConfigurationError: an unknown mode, or a value that is neither true nor false.
        """
        ca, mode = parameters.get("ssl_ca"), None
        wanted: list[Mode] = ["VERIFY_CA"] if ca else []
        for name, meaning in (("ssl_verify_cert", "VERIFY_CA"), ("ssl_verify_identity", "VERIFY_IDENTITY")):
            if name in parameters and _is_true(name, parameters[name]):
                wanted.append(meaning)  # type: ignore[arg-type]
        if "ssl" in parameters:
            wanted.append(_of_ssl(parameters["ssl"]))
        if "sslaccept" in parameters:  # of Prisma, in the URLs that PlanetScale shows
            wanted.append("VERIFY_IDENTITY" if parameters["sslaccept"] == "strict" else "REQUIRED")
        if "ssl_disabled" in parameters and _is_true("ssl_disabled", parameters["ssl_disabled"]):
            mode = "DISABLED"
        for name in ("ssl_mode", "sslmode"):
            if name in parameters:
                mode = _MODES.get(parameters[name].lower().replace("-", "_"))
                if mode is None:
                    raise ConfigurationError(
                        f"{name} must be DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY,"
                        f" got {parameters[name]!r}"
                    )
        order = list(_MODES.values())
        strictest = max(wanted, key=order.index) if wanted else default
        return cls(mode or strictest, ca, parameters.get("ssl_cert"), parameters.get("ssl_key"))

    @property
    def required(self) -> bool:
        """Whether a server without TLS is refused."""
        return self.mode not in ("DISABLED", "PREFERRED")

    def context(self) -> ssl.SSLContext | None:
        """What encrypts; None for nothing.

        Raises:
            ConfigurationError: a file cannot be read.
        """
        if self.mode == "DISABLED":
            return None
        try:
            made = ssl.create_default_context(cafile=self.ca)
            if self.cert:
                made.load_cert_chain(self.cert, self.key)
        except OSError as error:  # also ssl.SSLError
            raise ConfigurationError(
                f"the certificates cannot be read: {error}", hint="see ssl_ca, ssl_cert and ssl_key in the URL"
            ) from error
        made.verify_flags &= ~ssl.VERIFY_X509_STRICT  # the certificates that MySQL makes for itself fail it
        made.check_hostname = self.mode == "VERIFY_IDENTITY"
        made.verify_mode = ssl.CERT_REQUIRED if self.mode.startswith("VERIFY") else ssl.CERT_NONE
        return made


def _is_true(name: str, value: str) -> bool:
    if value.lower() not in _YES + _NO:
        raise ConfigurationError(f"{name} must be true or false, got {value!r}")
    return value.lower() in _YES


def _of_ssl(value: str) -> Mode:
    """``true``, ``false``, or the JSON of Node's drivers."""
    if value.startswith("{"):
        try:
            return "VERIFY_IDENTITY" if json.loads(value).get("rejectUnauthorized", True) else "REQUIRED"
        except ValueError:
            raise ConfigurationError("ssl is neither true, false nor JSON") from None
    return "REQUIRED" if _is_true("ssl", value) else "DISABLED"
