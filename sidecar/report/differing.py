"""The page about a difference: two states of the data side by side, row by row and field by field, list by list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from sidecar.comparison.answers import Change, ComparedSide, Difference
from sidecar.comparison.difference import MOST, compare_backups
from sidecar.comparison.sides import NOW
from sidecar.progress import Progress
from sidecar.report import wording
from sidecar.report.answers import DifferencePage
from sidecar.report.drawing import pieces
from sidecar.report.target import find_target
from sidecar.report.values import Told, side_by_side
from sidecar.system.paths import Places

COUNT = 1_000
"""Rows of a page where nothing else is asked for."""

ROOM = 4_000_000
"""Most characters of values on one page."""


def write_difference(
    places: Places,
    left: str,
    right: str,
    target: str,
    progress: Progress,
    force: bool = False,
    start: int = 0,
    count: int = COUNT,
) -> DifferencePage:
    """Write a page about how two states of the data differ; neither is changed.

    :param left: a backup's path, its number in the list, a safety copy's name, or "now" for the database.
    :param start: the first row that is shown, counted from 0, table by table; at most ``count`` are shown.
    :param force: whether a page that is there is replaced.
    Raises PageExists, NotAPage and the other PathErrors for the target, and whatever a comparison raises.
    """
    page = find_target(target, places, force)
    difference = compare_backups(places, left, right, progress, start, count)
    rows = list(_fitting(difference.changes))
    cut = list(_cut(difference, len(rows)))
    size = page.write(
        pieces(
            "difference.html",
            difference=difference,
            names=(_name(difference.left), _name(difference.right)),
            tables={
                name: each for name, each in difference.tables.items() if each.added or each.removed or each.changed
            },
            uncompared=list(_uncompared(difference)),
            groups=_by_list(rows),
            cut=cut,
        ),
        places,
        progress,
    )
    return DifferencePage(
        path=str(page.path),
        size=size,
        cut=cut,
        identical=difference.identical,
        total=difference.total,
        shown=len(rows),
    )


@dataclass(frozen=True)
class Row:
    """One row that differs, and its fields with both their values."""

    change: Change
    fields: list[tuple[str, Told, Told]]


def _fitting(changes: list[Change]) -> Iterator[Row]:
    """The first rows, as many as there is room for."""
    room = ROOM
    for change in changes:
        fields = [(column, *side_by_side(values.left, values.right)) for column, values in change.fields.items()]
        room -= sum(one.size + other.size for _, one, other in fields)
        if room < 0:
            return
        yield Row(change, fields)


def _by_list(rows: list[Row]) -> list[tuple[str | None, list[Row]]]:
    """The rows of each list together, in the order of the lists' names; last what belongs to none."""

    def key(row: Row) -> tuple[bool, str]:
        return row.change.task_list is None, row.change.task_list or ""

    return [(name or None, list(group)) for (_, name), group in groupby(sorted(rows, key=key), key)]


def _name(side: ComparedSide) -> str:
    """What a side is called in a heading: a file by its name alone, the folder stands below."""
    return "the data as it is now" if side.name == NOW else Path(side.path).name


def _uncompared(difference: Difference) -> Iterator[tuple[str, str]]:
    """Tables, and why they or parts of them were not held against each other."""
    for name, each in difference.tables.items():
        if each.only:
            rows = wording.plural(each.left + each.right, "row")
            yield (
                wording.table(name),
                f"only {'the first' if each.only == 'left' else 'the second'} side has it, with {rows}",
            )
        elif each.columns:
            yield (
                wording.table(name),
                f"one side lacks {', '.join(wording.text(column, 80) for column in each.columns)}",
            )


def _cut(difference: Difference, shown: int) -> Iterator[str]:
    if shown < difference.total:
        first = f"{difference.start + 1:,} to {difference.start + shown:,}" if shown else "none"
        yield f"Of {wording.plural(difference.total, 'row')} that differ this page shows {first}; {MOST:,} is the most."
