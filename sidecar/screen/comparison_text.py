"""How two states of the data differ, and where a task was found, as text for people."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from sidecar.screen.changes import LABEL_COLUMNS, warnings
from sidecar.screen.text import cut, number, plural, printable, relative, table, when

if TYPE_CHECKING:
    # Importing them would load their room for the sake of one command.
    from sidecar.comparison.answers import Change, Difference, Found, Searched, Version
    from sidecar.merging.answers import Value

_SIGNS = {"added": "+", "removed": "-", "changed": "~"}
_COLUMNS = ("left", "right", "added", "removed", "changed", "same")


def difference_lines(difference: Difference) -> list[str]:
    """Rows that differ, field by field, and the counts last: they are what should not scroll away."""
    left, right = difference.left, difference.right
    lines = [
        f"- {printable(left.name)}: {plural(left.rows, 'row')}, {when(left.created_at)}",
        f"+ {printable(right.name)}: {plural(right.rows, 'row')}, {when(right.created_at)}",
    ]
    lines += _changes(difference.changes)
    shown = difference.start + len(difference.changes)
    if difference.total > shown:
        lines.append(f"... and {number(difference.total - shown)} more: --start {shown}")
    lines += _uncompared(difference)
    differing = {name: each for name, each in difference.tables.items() if each.added or each.removed or each.changed}
    rows = [[name, *(number(getattr(each, column)) for column in _COLUMNS)] for name, each in differing.items()]
    lines += warnings(difference.warnings)
    if rows:
        lines += ["", *table(["", *_COLUMNS], rows, "lrrrrrr")]
    else:
        lines.append("Both sides hold the same." if difference.identical else "What both sides speak of is the same.")
    return lines


def _uncompared(difference: Difference) -> Iterator[str]:
    for name, each in difference.tables.items():
        if each.only:
            rows = plural(each.left + each.right, "row")
            yield f"{printable(name)}: only the {each.only} side speaks of it, with {rows}"
        elif each.columns:
            columns = printable(", ".join(each.columns))
            yield f"{printable(name)}: not compared, since one side lacks them: {columns}"


def _changes(changes: list[Change]) -> Iterator[str]:
    before = None
    for change in changes:
        head = f"{change.table}{f', {change.task_list}' if change.task_list else ''}"
        if head != before:
            before = head
            yield ""
            yield printable(head)
        label = cut(printable(change.label or change.id or "(no name)"), LABEL_COLUMNS)
        yield f"  {_SIGNS[change.change]} {label}"
        for column, values in change.fields.items():
            yield from field_lines(column, values.left, values.right)


def field_lines(column: str, one: Value, other: Value) -> Iterator[str]:
    """The two values of a field that differs: in one line, where there is room for it."""
    yield from _field(printable(column), _shown(one), _shown(other))


def _field(column: str, one: str, other: str) -> Iterator[str]:
    room = max(20, shutil.get_terminal_size().columns - 8)
    short = f"{column}: {one} -> {other}"
    if len(short) <= room:
        yield f"      {short}"
    else:
        yield f"      {column}:"
        yield f"      - {cut(one, room)}"
        yield f"      + {cut(other, room)}"


def _shown(value: Value) -> str:
    if value is None:
        return "(nothing)"
    return printable(value) if isinstance(value, str) else str(value)


def found_lines(searched: Searched) -> list[str]:
    """Each task, or other row, that was found, and its versions from the oldest on."""
    lines: list[str] = []
    for found in (*searched.tasks, *searched.others):
        lines += _found(found)
    if searched.more:
        lines.append(f"... and {plural(searched.more, 'more row')}: name a longer text")
    if not searched.tasks and not searched.others:
        lines.append(
            f"Nothing with {printable(searched.query)} in {plural(searched.backups, 'backup')} or the database."
        )
    return [*lines, *warnings(searched.warnings)]


def _found(found: Found) -> Iterator[str]:
    now = datetime.now().astimezone()
    of = "" if found.table == "tasks" else f"{printable(found.table)}: "
    yield f"{of}{cut(printable(found.title), LABEL_COLUMNS)} ({printable(found.id)})"
    for place, version in enumerate(found.versions):
        back = "back as it was: " if place and not version.fields else ""
        yield f"  {_span(version, now)}: {back}{_state(version)}"
    if found.vanished is not None:
        yield f"  gone since {relative(found.vanished, now)}; to bring it back:"
        yield f"    {_bringing_back(found)}"
    yield "  in the database now" if found.in_database else "  not in the database now"


def _bringing_back(found: Found) -> str:
    """What to type for the row as it stood last, and what it cannot be without."""
    words = ["kirapilot-sidecar", "import", "--merge", "--id", found.id, found.versions[-1].last_backup]
    if sys.platform == "win32":
        from subprocess import list2cmdline as joined
    else:
        from shlex import join as joined
    return printable(joined(words))


def _span(version: Version, now: datetime) -> str:
    since, until = relative(version.since, now), relative(version.until, now)
    return f"{since} to {until}, {plural(version.backups, 'backup')}" if since != until else since


def _state(version: Version) -> str:
    told = [
        f'"{cut(printable(version.title), LABEL_COLUMNS)}"',
        *([printable(version.task_list)] if version.task_list else []),
    ]
    if version.status is not None:
        told.append(_shown(version.status))
    changed = f"; changed: {', '.join(map(printable, version.fields))}" if version.fields else ""
    return f"{', '.join(told)}{changed}"
