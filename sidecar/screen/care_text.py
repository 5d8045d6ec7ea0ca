"""What was found in the live database, and what became of it, as text for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sidecar.screen.changes import LABEL_COLUMNS
from sidecar.screen.text import cut, plural, printable, size

if TYPE_CHECKING:
    # Importing them would load their room for the sake of one command.
    from sidecar.care.answers import DatabaseCheck, Finding

_SHOWN = 5
"""Findings of one code that are shown; --json has a hundred."""

_HEADS = {"damage": "damage", "fault": "found", "note": "note"}

_STATES = {
    "healthy": "The database is healthy.",
    "findings": "Something was found that is not as it should be.",
    "damaged": "The database is not one that KiraPilot can work with: restore a backup.",
}


def check_lines(check: DatabaseCheck) -> list[str]:
    """What was found, each with what it means, and the state last: that is what should not scroll away."""
    lines = list(_findings(check))
    rows = sum(check.tables.values())
    whole = f"{printable(check.path)}: {size(check.size)}"
    if check.tables:
        whole = f"{whole}, {plural(rows, 'row')} in {plural(len(check.tables), 'table')}"
    if check.free:
        whole = f"{whole}, {size(check.free)} of it free"
    return [*lines, *([""] if lines else []), whole, _STATES[check.state]]


def _findings(check: DatabaseCheck) -> Iterator[str]:
    for code, count in check.counts.items():
        shown = [finding for finding in check.findings if finding.code == code][:_SHOWN]
        for number, finding in enumerate(shown):
            yield f"{_HEADS[finding.severity]}: {_said(finding, number)}"
        if count > len(shown):
            yield f"  ... and {count - len(shown):,} more of the same"


def _said(finding: Finding, number: int) -> str:
    """The whole sentence; of further damage, only what is damaged."""
    if finding.code == "damaged" and number:
        return printable(finding.detail or "")
    label = f" ({cut(printable(finding.label), LABEL_COLUMNS)})" if finding.label else ""
    return f"{printable(finding.message)}{label}"
