"""The capability matrix: what the conformance suites measured, with the reason behind every "no". Claims nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from workspace import KINDS, Package

from .conformance import suites as suites_of

WORDS = {
    "never": "the engine cannot",
    "notyet": "a known fault",
    "notimpl": "not written",
    "not applicable": "nothing to test",
    "failed": "failed",
    "skipped": "not run",
}


def capability_page(packages: Iterable[Package]) -> str:
    """Markdown of all backends."""
    lines = [
        "---\nhide: [toc]\n---",  # room for the tables
        "# Capability matrix",
        "",
        "Every row is a conformance class that ran; the data is written by\n`scripts/conformance_reports`.",
        "*yes* means that every clause of the contract passed. Anything else is listed with its reason.",
    ]
    found = list(packages)
    for kind in KINDS:
        rows = [(package, suite) for package in found for suite in suites_of(package.family) if suite["kind"] == kind]
        measured = {suite["backend"].casefold() for _, suite in rows}
        lines += [
            "",
            f"## {kind.capitalize()}",
            "",
            "| backend | suite | conforms | passed | reasons |",
            "|---|---|---|---|---|",
        ]
        for package, suite in rows:
            link = f"[{suite['backend']}](backends/{package.family}.md#conformance)"
            verdict = "yes" if not _noes(suite) else "**no**" if _kind_of(suite, "failed") else "except"
            why = "<br>".join(reasons(suite, brief=True)) or "none"
            lines.append(f"| {link} | {suite['class']} | {verdict} | {suite['summary'].get('passed', 0)} | {why} |")
        for package in found:
            for name in package.backends(kind):
                if name.casefold() not in measured:
                    lines.append(
                        f"| [{name}](backends/{package.family}.md) | | **not measured** | | no report is committed |"
                    )
    return "\n".join(lines) + "\n"


def package_section(package: Package) -> str:
    """Markdown of one package."""
    suites = suites_of(package.family)
    if not suites:
        return "No report is committed yet: `scripts/conformance_reports` writes it.\n"
    lines = ["| backend | kind | suite | passed | not applicable | deviations |", "|---|---|---|---|---|---|"]
    for suite in suites:
        deviations = sum(
            count for outcome, count in suite["summary"].items() if outcome not in ("passed", "not applicable")
        )
        lines.append(
            f"| `{suite['backend']}` | {suite['kind']} | {suite['class']} | {suite['summary'].get('passed', 0)} "
            f"| {suite['summary'].get('not applicable', 0)} | {deviations} |"
        )
    lines.append("")
    for suite in suites:
        lines += [f"- {suite['class']}: {reason}" for reason in reasons(suite)]
    return "\n".join(lines) + "\n"


def reasons(suite: dict[str, Any], *, brief: bool = False) -> list[str]:
    """One sentence for each outcome and reason, with the clauses that it concerns, in words, which wrap on a phone.

    Args:
        suite: a summary.
        brief: leave out the clauses of what has nothing to test.
    """
    sentences: list[str] = []
    for entry in suite["exceptions"]:
        sentence = f"{WORDS[entry['outcome']]}: {entry['reason']}"
        if not brief or entry["outcome"] != "not applicable":
            sentence += f" ({'; '.join(name.removeprefix('test_').replace('_', ' ') for name in entry['tests'])})"
        sentences.append(sentence.replace("|", "\\|"))
    return sentences


def _noes(suite: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry for entry in suite["exceptions"] if entry["outcome"] != "not applicable"]


def _kind_of(suite: dict[str, Any], outcome: str) -> bool:
    return any(entry["outcome"] == outcome for entry in suite["exceptions"])
