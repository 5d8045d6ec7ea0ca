"""What was found in the live database, and what became of it, as text for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sidecar.screen.changes import LABEL_COLUMNS
from sidecar.screen.text import cut, plural, printable, size

if TYPE_CHECKING:
    # Importing them would load their room for the sake of one command.
    from sidecar.care.answers import CompactResult, DatabaseCheck, Finding, Repair, RepairResult

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
    lines += ["", whole] if lines else [whole]
    if any(finding.remedy == "repair" for finding in check.findings):
        return [*lines, f"{_STATES[check.state]} What repair would mend, repair --dry-run shows."]
    return [*lines, _STATES[check.state]]


def repair_lines(result: RepairResult) -> list[str]:
    """Each repair, what it leaves, and where all of it was before."""
    lines = list(_repairs(result))
    lines += [f"warning: {printable(warning)}" for warning in result.warnings]
    notes = {finding.code for finding in result.remaining if finding.severity == "note"}
    left = sum(number for code, number in result.remaining_counts.items() if code not in notes)
    if left:
        lines.append(f"{plural(left, 'finding')} of another kind: check tells of it, and of what mends it.")
    if not result.repairs:
        lines.append("There is nothing to repair.")
    elif result.dry_run:
        lines.append("Nothing was changed. A repair keeps all that is there in a safety copy first.")
    else:
        kept = printable(result.safety_copy or "")
        lines.append(f"Repaired: {printable(result.path)}. What was there is kept in {kept}: undo brings it back.")
    return lines


def compact_lines(result: CompactResult) -> list[str]:
    """What was gained, or that nothing was to be."""
    whole = printable(result.path)
    if not result.compacted:
        return [
            f"{whole} is left as it is: {size(result.free)} of {size(result.before)} could be gained.",
            "--force compacts it all the same.",
        ]
    rows = plural(sum(result.tables.values()), "row")
    return [
        f"{whole}: {size(result.before)} before, {size(result.after)} now.",
        f"{rows} compared before and after: every value is the same.",
    ]


def _repairs(result: RepairResult) -> Iterator[str]:
    for code, count in result.counts.items():
        shown = [repair for repair in result.repairs if repair.code == code][:_SHOWN]
        yield from (f"{repair.action}: {_labelled(repair)}" for repair in shown)
        yield from _more(count - len(shown))


def _findings(check: DatabaseCheck) -> Iterator[str]:
    for code, count in check.counts.items():
        shown = [finding for finding in check.findings if finding.code == code][:_SHOWN]
        for number, finding in enumerate(shown):
            again = finding.code == "damaged" and number > 0
            # Of further damage, only what is damaged.
            said = printable(finding.detail or "") if again else _labelled(finding)
            yield f"{_HEADS[finding.severity]}: {said}"
        yield from _more(count - len(shown))


def _more(count: int) -> Iterator[str]:
    if count > 0:
        yield f"  ... and {count:,} more of the same"


def _labelled(said: Finding | Repair) -> str:
    label = f" ({cut(printable(said.label), LABEL_COLUMNS)})" if said.label else ""
    return f"{printable(said.message)}{label}"
