"""Keywords that a framework hands on unchecked; here each must have a name that is known. Pure, no framework."""

from __future__ import annotations

from typing import Any

from .plugins import nearest

__all__ = ["named"]


def named(keywords: dict[str, Any], **defaults: Any) -> dict[str, Any]:
    """The keywords, or their defaults.

    Raises:
        TypeError: an unknown one; the nearest is named.
    """
    for name in keywords:
        if name not in defaults:
            near = nearest(name, defaults)
            meant = f"did you mean {near!r}?" if near else f"there are {', '.join(defaults) or 'none'}"
            raise TypeError(f"unexpected keyword {name!r}: {meant}")
    return {**defaults, **keywords}
