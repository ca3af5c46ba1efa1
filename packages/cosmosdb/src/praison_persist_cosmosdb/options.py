"""Options of the constructor, checked: how Cosmos DB is talked to, and what new containers are like. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from praison_persist.errors import ConfigurationError

__all__ = ["Fields", "NewContainer", "Remote", "check_prefix"]

_INDEXES = ("quantizedFlat", "diskANN", "flat")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
_TAKEN = frozenset(
    {"id", "partition", "doc_id", "content_hash", "created_at", "metadata", "facts", "write", "score", "ttl"}
)


@dataclass(frozen=True)
class Remote:
    """Settings of connections.

    Attributes:
        timeout: seconds for an operation's request with its repetitions.
        connect_timeout: seconds for a connection.
        max_retries: repetitions of a request that failed or was throttled.
        retry_delay: seconds, the longest first pause before one.
    """

    timeout: float
    connect_timeout: float
    max_retries: int
    retry_delay: float


@dataclass(frozen=True)
class Fields:
    """The names of an item's fields with the text and with the embedding."""

    text: str
    embedding: str

    @classmethod
    def of(cls, text: str, embedding: str) -> Fields:
        """From the constructor's arguments.

        Raises:
            ConfigurationError: one is no name, or that of another field.
        """
        for what, name in (("text_field", text), ("embedding_field", embedding)):
            if not isinstance(name, str) or not _FIELD.fullmatch(name) or name in _TAKEN or name[:3] in ("min", "max"):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise ConfigurationError(
                    f"{what} {name!r} is no name, or that of another field",
                    hint="a letter, then at most 62 letters, digits and underscores",
                )
        if text == embedding:
            raise ConfigurationError("text_field and embedding_field are one field")
        return cls(text, embedding)


@dataclass(frozen=True)
class NewContainer:
    """What new containers are like, in Cosmos DB's own words.

    Attributes:
        vector_index: ``quantizedFlat``, ``diskANN`` or ``flat``.
        options: of the vector index.
        throughput: RU/s, fixed; None for what the account gives.
        max_throughput: RU/s up to which it scales by itself.
    """

    vector_index: str
    options: dict[str, int]
    throughput: int | None
    max_throughput: int | None

    @classmethod
    def of(
        cls,
        vector_index: str,
        quantization_byte_size: int | None,
        indexing_search_list_size: int | None,
        throughput: int | None,
        max_throughput: int | None,
    ) -> NewContainer:
        """From the constructor's arguments.

        Raises:
            ConfigurationError: an unknown index, or an option that is out of range or not of this index.
        """
        if vector_index not in _INDEXES:
            raise ConfigurationError(
                f"vector_index {vector_index!r} is not known", hint=f"choose one of {', '.join(_INDEXES)}"
            )
        options: dict[str, int] = {}
        if quantization_byte_size is not None:
            if vector_index == "flat":
                raise ConfigurationError("quantization_byte_size is not for vector_index='flat', which has no codes")
            options["quantizationByteSize"] = _checked(quantization_byte_size, "quantization_byte_size", 1, 512)
        if indexing_search_list_size is not None:
            if vector_index != "diskANN":
                raise ConfigurationError("indexing_search_list_size is for vector_index='diskANN'")
            options["indexingSearchListSize"] = _checked(
                indexing_search_list_size, "indexing_search_list_size", 10, 500
            )
        if throughput is not None and max_throughput is not None:
            raise ConfigurationError("throughput and max_throughput do not go together", hint="fixed, or scaling")
        if throughput is not None:
            _checked(throughput, "throughput", 400, 1_000_000)
        if max_throughput is not None:
            _checked(max_throughput, "max_throughput", 1000, 1_000_000)
        return cls(vector_index, options, throughput, max_throughput)


def check_prefix(collection: Any) -> str:
    """What the names of a store's containers start with.

    Raises:
        ConfigurationError: no name of a container can start so.
    """
    if not isinstance(collection, str) or not 0 < len(collection) <= 128 or set(collection) & set("/\\#?\t\r\n"):
        raise ConfigurationError(f"collection {collection!r} is no name of a container in Cosmos DB")
    return collection


def _checked(value: Any, what: str, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ConfigurationError(f"{what} must be {least} to {most:,}, got {value!r}")
    return value
