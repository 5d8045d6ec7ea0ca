"""The conflicts of a merge as text for people: the number, the row, and the fields that differ, mine before theirs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sidecar.screen.changes import LABEL_COLUMNS, REASONS
from sidecar.screen.comparison_text import field_lines
from sidecar.screen.text import cut, number, plural, printable

if TYPE_CHECKING:
    # Importing them would load their room for the sake of one command.
    from sidecar.merging.answers import Conflict, Conflicts

_NEWER = {"mine": "yours is newer", "theirs": "the backup's is newer", "tie": "both are of one moment"}
_STAYS = {"mine": "yours stays", "theirs": "the backup's takes its place", "both": "both stay"}


def conflict_lines(shown: Conflicts) -> list[str]:
    """Each conflict, and how many more there are."""
    if not shown.total:
        return ["No row of the backup differs from KiraPilot's of the same id."]
    lines = [f"{plural(shown.total, 'row')} differ: - is yours, + the backup's"]
    for conflict in shown.conflicts:
        lines += _conflict(conflict)
    last = shown.conflicts[-1].number if shown.conflicts else shown.total
    if last < shown.total:
        lines.append(f"... and {number(shown.total - last)} more: --from {last + 1}")
    # The token comes last: it is what is copied.
    return [*lines, "", "To choose for some of them: import --merge --conflict NUMBERS=KEEP --numbers-of", shown.token]


def chosen_lines(chosen: Sequence[Conflict]) -> list[str]:
    """The conflicts that were chosen one by one: which rows their numbers mean."""
    return [line for conflict in chosen for line in _conflict(conflict)] + [""] if chosen else []


def _conflict(conflict: Conflict) -> Iterator[str]:
    label = cut(printable(conflict.label or conflict.id or "(no name)"), LABEL_COLUMNS)
    where = f"{conflict.table}{f', {conflict.task_list}' if conflict.task_list else ''}"
    yield ""
    yield f"{conflict.number}. {label} ({printable(where)})"
    for column, values in conflict.fields.items():
        yield from field_lines(column, values.mine, values.theirs)
    told = [_NEWER[conflict.newer]] if conflict.newer else []
    told.append(_STAYS[conflict.stays])
    if conflict.reason:
        told.append(printable(REASONS.get(conflict.reason, conflict.reason)))
    yield f"      {'; '.join(told)}"
