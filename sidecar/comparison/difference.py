"""The difference between two backups, or a backup and the database: what is on one side only, and what changed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sidecar.comparison.answers import Change, Difference, TableDifference
from sidecar.comparison.rows import Pair, compare, page, pairs
from sidecar.comparison.sides import Side, find_side, staged_side
from sidecar.database.introspection import readable
from sidecar.errors.jobs import SameSides
from sidecar.progress import Progress
from sidecar.stage.problems import WARNING
from sidecar.system.names import sqlite_uri
from sidecar.system.paths import Places
from sidecar.system.workfolder import THROW_AWAY, attach, new_file, work_errors, work_folder

PHASES = {"left": 0.42, "right": 0.42, "compare": 0.16}

COUNT = 100
"""Rows of a page where nothing else is asked for."""

MOST = 10_000
"""Most rows of a page: what one answer may hold."""


def compare_backups(
    places: Places, left: str, right: str, progress: Progress, start: int = 0, count: int = COUNT
) -> Difference:
    """How two states of the data differ; neither is changed.

    :param left: a backup's path, its number in the list, a safety copy's name, or "now" for the database.
    :param start: the first row told of, counted from 0, table by table; at most ``count`` are told.
    Raises SameSides, PathError, BackupError, DatabaseError, NoSuchBackup, WorkFolderUnusable, DiskFull, Cancelled.
    """
    progress.plan(PHASES)
    paths = find_side(left, places), find_side(right, places)
    if _are_the_same(*paths):
        raise SameSides(path=paths[1])
    with (
        staged_side(left, paths[0], places, progress.part("left", "Reading the one")) as one,
        staged_side(right, paths[1], places, progress.part("right", "Reading the other")) as other,
        work_folder(places.work_dir) as folder,
        work_errors(places.work_dir),
        closing(_side_by_side(one, other, new_file(folder, "differing.db"))) as connection,
        progress.watching(connection),
    ):
        return _compared(connection, one, other, progress, start, count)


def _are_the_same(left: Path, right: Path) -> bool:
    try:
        return left.samefile(right)
    except OSError:
        # What cannot be looked at is told of when it is opened.
        return left == right


def _side_by_side(one: Side, other: Side, path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(sqlite_uri(path), uri=True, isolation_level=None)
    connection.text_factory = readable
    for pragma, value in THROW_AWAY.items():
        connection.execute(f"PRAGMA {pragma} = {value}")
    attach(connection, "left", one.backup.stage.path)
    attach(connection, "right", other.backup.stage.path)
    return connection


def _compared(
    connection: sqlite3.Connection, one: Side, other: Side, progress: Progress, start: int, count: int
) -> Difference:
    both = pairs(one.backup.stage, other.backup.stage)
    progress.phase("compare", len(both), "tables", "Comparing")
    tables: dict[str, TableDifference] = {}
    connection.execute("BEGIN")
    for name, pair in both.items():
        tables[name] = compare(connection, pair) if isinstance(pair, Pair) else _one_sided(pair, name, one, other)
        progress.advance(1)
    differing = {name: each.added + each.removed + each.changed for name, each in tables.items()}
    return Difference(
        left=one.told,
        right=other.told,
        identical=not any(differing.values()) and not any(each.only or each.columns for each in tables.values()),
        tables=tables,
        changes=_page(connection, both, differing, start, min(count, MOST)),
        start=start,
        total=sum(differing.values()),
        warnings=[f"{side.told.name}: {line}" for side in (one, other) for line in side.backup.problems.lines(WARNING)],
    )


def _one_sided(only: str, name: str, one: Side, other: Side) -> TableDifference:
    rows = (one if only == "left" else other).backup.stage.tables[name].rows
    return TableDifference(left=rows if only == "left" else 0, right=rows if only == "right" else 0, only=only)


def _page(
    connection: sqlite3.Connection, both: dict[str, Pair | str], differing: dict[str, int], start: int, count: int
) -> list[Change]:
    changes: list[Change] = []
    for name, pair in both.items():
        if isinstance(pair, Pair) and start < differing[name] and len(changes) < count:
            changes.extend(page(connection, pair, start, count - len(changes)))
        start = max(0, start - differing[name])
    return changes
