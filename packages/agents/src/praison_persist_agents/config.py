"""`PersistenceConfig`: which stores to use, from the environment, a mapping or a YAML file. Connects to nothing."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast

from praison_persist.errors import ConfigurationError, PersistError
from praison_persist.plugins import nearest
from praison_persist.urls import redact

from .dispatch import KINDS
from .locate import Kind, open_store
from .registries import get_default_registry

__all__ = ["PersistenceConfig"]

logger = logging.getLogger(__name__)

_PREFIXES = ("PRAISONAI_", "PRAISON_")
_SHARED_URLS = {
    ("conversation", "postgres"): "POSTGRES_URL",
    ("conversation", "async_postgres"): "POSTGRES_URL",
    ("knowledge", "pgvector"): "POSTGRES_URL",
    ("state", "postgres"): "POSTGRES_URL",
    ("knowledge", "qdrant"): "QDRANT_URL",
    ("knowledge", "redis"): "REDIS_URL",
    ("state", "redis"): "REDIS_URL",
    ("state", "async_redis"): "REDIS_URL",
}
"""Variables that other programs use as well: they count only for a store that was named and that they fit."""


@dataclass(frozen=True, slots=True, repr=False)
class PersistenceConfig:
    """Which stores to use, and how. Field names are PraisonAI's.

    Attributes:
        conversation_store, knowledge_store, state_store: backend name or alias; None chooses by the URL's scheme.
        conversation_url, knowledge_url, state_url: passed to the backend. Without a store and a URL there is no store
            of that kind.
        conversation_options, knowledge_options, state_options: the backend's options; an unknown one is an error. In
            ``conversation_options``, ``mode`` chooses the ``"sync"`` or ``"async"`` form of a backend that has both.
        session_id, user_id: defaults for the orchestrator's `on_agent_start`.
        auto_create_tables: False passes ``auto_create_tables=False`` on to the conversation store.
        lazy_init: False connects and creates tables when an orchestrator is built from this, not at the first call.

    Raises:
        ConfigurationError: a field of the wrong type.
    """

    conversation_store: str | None = None
    conversation_url: str | None = None
    conversation_options: Mapping[str, Any] = field(default_factory=dict)
    knowledge_store: str | None = None
    knowledge_url: str | None = None
    knowledge_options: Mapping[str, Any] = field(default_factory=dict)
    state_store: str | None = None
    state_url: str | None = None
    state_options: Mapping[str, Any] = field(default_factory=dict)
    session_id: str | None = None
    user_id: str | None = None
    auto_create_tables: bool = True
    lazy_init: bool = True

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name.endswith("_options"):
                if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
                    raise ConfigurationError(f"{each.name} must be a mapping from names, not {type(value).__name__}")
                object.__setattr__(self, each.name, dict(value))
            elif each.type == "bool":
                if not isinstance(value, bool):
                    raise ConfigurationError(f"{each.name} must be true or false, not {type(value).__name__}")
            elif value is not None and (not isinstance(value, str) or not value):
                what = "empty" if value == "" else type(value).__name__
                raise ConfigurationError(f"{each.name} must be text or None, not {what}")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> PersistenceConfig:
        """What the environment says.

        ``PRAISONAI_{CONVERSATION,KNOWLEDGE,STATE}_{STORE,URL}``, ``PRAISONAI_SESSION_ID`` and ``PRAISONAI_USER_ID``,
        each also with the prefix ``PRAISON_``; empty counts as not set. For a store that was named without a URL,
        ``POSTGRES_URL``, ``QDRANT_URL`` and ``REDIS_URL`` are used if they fit its backend.

        Args:
            environ: instead of `os.environ`.

        Raises:
            ConfigurationError: both spellings of a variable are set, to different values.
        """
        environment = os.environ if environ is None else environ
        found: dict[str, Any] = {}
        for kind in KINDS:
            store = found[f"{kind}_store"] = _variable(environment, f"{kind}_store")
            url = _variable(environment, f"{kind}_url")
            shared = _SHARED_URLS.get((kind, _canonical(kind, store))) if store and not url else None
            found[f"{kind}_url"] = environment.get(shared) or None if shared else url
        return cls(**found, session_id=_variable(environment, "session_id"), user_id=_variable(environment, "user_id"))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PersistenceConfig:
        """From a mapping with the names of the fields.

        Raises:
            ConfigurationError: an unknown name (the nearest one is given), or a value of the wrong type.
        """
        if not isinstance(cast(Any, data), Mapping):
            raise ConfigurationError(f"a configuration must be a mapping, not {type(data).__name__}")
        names = [each.name for each in fields(cls)]
        for key in data:
            if key not in names:
                near = nearest(str(key), names)
                hint = f"did you mean {near!r}?" if near else f"there are {', '.join(names)}"
                raise ConfigurationError(f"a configuration has no {key!r}", hint=hint)
        return cls(**data)

    @classmethod
    def from_yaml(cls, path: str | os.PathLike[str]) -> PersistenceConfig:
        """From a YAML file: the fields at its top level, or under the key ``persistence`` beside other settings.

        Raises:
            ConfigurationError: PyYAML is missing, the file cannot be read, is no YAML, or holds wrong settings.
        """
        try:
            import yaml
        except ImportError as exc:
            raise ConfigurationError(
                "a YAML configuration needs PyYAML", hint='pip install "praison-persist-agents[yaml]"'
            ) from exc
        try:
            data = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as exc:
            raise ConfigurationError(f"the configuration {os.fspath(path)!r} cannot be read: {exc}") from exc
        except yaml.YAMLError as exc:
            mark = getattr(exc, "problem_mark", None)  # the message itself quotes the file, which may hold a password
            where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
            raise ConfigurationError(f"the configuration {os.fspath(path)!r} is not YAML{where}") from None
        if data is None:
            return cls()
        if isinstance(data, Mapping) and "persistence" in data:
            data = data["persistence"] or {}
        return cls.from_dict(data)

    def to_dict(self) -> dict[str, Any]:
        """All fields in declared order, secrets included; `from_dict` takes it back."""
        return {
            each.name: dict(value) if isinstance(value := getattr(self, each.name), Mapping) else value
            for each in fields(self)
        }

    def wants(self, kind: Kind) -> bool:
        """Whether a store of this kind is configured."""
        return bool(getattr(self, f"{kind}_store") or getattr(self, f"{kind}_url"))

    def open(self, kind: Kind) -> Any:
        """A new store of this kind, or None when none is configured; connects at its first call.

        Raises:
            PersistError: unknown or missing backend (with the command that installs it), wrong URL or option.
        """
        if not self.wants(kind):
            if getattr(self, f"{kind}_options"):
                raise ConfigurationError(
                    f"{kind}_options are given, but no {kind} store", hint=f"set {kind}_store or {kind}_url"
                )
            return None
        options = dict(getattr(self, f"{kind}_options"))
        if kind == "conversation" and not self.auto_create_tables:
            options.setdefault("auto_create_tables", False)
        return open_store(
            kind, url=getattr(self, f"{kind}_url"), backend=getattr(self, f"{kind}_store"), options=options
        )

    def problems(self) -> tuple[str, ...]:
        """What is wrong with the configuration, each with the next step; opens no connection.

        Imports the plugins that it names.
        """
        found: list[str] = []
        for kind in KINDS:
            try:
                self.open(kind)
            except PersistError as error:
                found.append(f"{kind} store: {error}")
        return tuple(found)

    def validate(self) -> bool:
        """Whether there are no `problems`; each is logged as an error."""
        problems = self.problems()
        for problem in problems:
            logger.error(problem)
        return not problems

    def __repr__(self) -> str:
        shown: list[str] = []
        for each in fields(self):
            value = getattr(self, each.name)
            if value in (each.default, {}):
                continue
            if each.name.endswith("_url"):
                shown.append(f"{each.name}={redact(value)!r}")
            elif each.name.endswith("_options"):
                shown.append(f"{each.name}=<{', '.join(value)}>")  # values may be secrets
            else:
                shown.append(f"{each.name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


def _variable(environ: Mapping[str, str], name: str) -> str | None:
    first, second = (prefix + name.upper() for prefix in _PREFIXES)
    values = [value for value in (environ.get(first), environ.get(second)) if value]
    if len(set(values)) > 1:
        raise ConfigurationError(f"{first} and {second} are set to different values", hint="unset one of them")
    return values[0] if values else None


def _canonical(kind: Kind, name: str) -> str:
    """The name that an alias stands for; an unknown one as it is, for `problems` to report."""
    try:
        return get_default_registry(kind).describe(name).name
    except ConfigurationError:
        return name.lower()
