"""Which version may follow which: pure, on the rules of PEP 440."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.version import InvalidVersion, Version


def problem(text: str, earlier: Iterable[Version]) -> str:
    """Why the version is no legal successor; empty when it is.

    It must be written in its normal form, be a final, post or pre-release, and be newer than all earlier ones. Its
    release part is that of the newest one, or the next patch, minor or major version: a skipped number is a slip.

    Args:
        text: the version that is to be released.
        earlier: what was tagged or published before; the first release is free to start anywhere.
    """
    try:
        version = Version(text)
    except InvalidVersion:
        return f"{text!r} is not a version (PEP 440)"
    if str(version) != text:
        return f"{text!r} is not in its normal form, which is {version}"
    if version.is_devrelease or version.local:
        return f"{text} is a development or local version, which is not for an index"
    known = sorted(earlier)
    if not known:
        return ""
    newest = known[-1]
    if version in known:
        return f"{text} was released before"
    if version < newest:
        return f"{text} is older than {newest}, which was released before"
    allowed = _next_releases(newest)
    if _release(version) not in allowed:
        wanted = ", ".join(".".join(map(str, release)) for release in allowed)
        return f"{text} skips numbers: after {newest} come {wanted}"
    return ""


def _release(version: Version) -> tuple[int, int, int]:
    return version.major, version.minor, version.micro


def _next_releases(newest: Version) -> list[tuple[int, int, int]]:
    """Its own (a final after its pre-releases, a post-release), and the three steps from it."""
    major, minor, patch = _release(newest)
    return [(major, minor, patch), (major, minor, patch + 1), (major, minor + 1, 0), (major + 1, 0, 0)]
