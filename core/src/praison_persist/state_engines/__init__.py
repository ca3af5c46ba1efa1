"""State stores over an engine that is no SQL database: each contract method written once, as an operation without I/O.

`commands` is for engines that speak Redis commands, `records` for those that keep one document or object per key,
`versioned` for those of them whose conditions compare versions only.
A backend supplies an `Engine` (or `AsyncEngine`) that performs single requests.
"""

from typing import TYPE_CHECKING

from ..lazy import lazy_exports

if TYPE_CHECKING:
    from .async_stores import AsyncEngine as AsyncEngine
    from .async_stores import AsyncEngineStateStore as AsyncEngineStateStore
    from .commands import Command as Command
    from .commands import CommandStates as CommandStates
    from .commands import Pipeline as Pipeline
    from .commands import Refusal as Refusal
    from .commands import Scan as Scan
    from .commands import match_prefix as match_prefix
    from .records import RecordStates as RecordStates
    from .requests import Condition as Condition
    from .requests import Erase as Erase
    from .requests import Load as Load
    from .requests import Names as Names
    from .requests import Page as Page
    from .requests import Record as Record
    from .requests import Save as Save
    from .requests import SaveAll as SaveAll
    from .requests import SaveMany as SaveMany
    from .stores import Engine as Engine
    from .stores import EngineStateStore as EngineStateStore
    from .versioned import VersionedStates as VersionedStates

__all__ = [
    "AsyncEngine",
    "AsyncEngineStateStore",
    "Command",
    "CommandStates",
    "Condition",
    "Engine",
    "EngineStateStore",
    "Erase",
    "Load",
    "Names",
    "Page",
    "Pipeline",
    "Record",
    "RecordStates",
    "Refusal",
    "Save",
    "SaveAll",
    "SaveMany",
    "Scan",
    "VersionedStates",
    "match_prefix",
]

# A blocking store needs no asyncio, and a Redis store no records.
__getattr__ = lazy_exports(
    __name__,
    {
        "AsyncEngine": "async_stores",
        "AsyncEngineStateStore": "async_stores",
        "Command": "commands",
        "CommandStates": "commands",
        "Condition": "requests",
        "Engine": "stores",
        "EngineStateStore": "stores",
        "Erase": "requests",
        "Load": "requests",
        "Names": "requests",
        "Page": "requests",
        "Pipeline": "commands",
        "Record": "requests",
        "RecordStates": "records",
        "Refusal": "commands",
        "Save": "requests",
        "SaveAll": "requests",
        "SaveMany": "requests",
        "Scan": "commands",
        "VersionedStates": "versioned",
        "match_prefix": "commands",
    },
)
