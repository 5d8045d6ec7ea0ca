"""Tables that an import fills from nothing, made beforehand in a throw-away database of their own, "built".

With the same columns and indexes as in the live database, they are copied there as they are: SQLite moves
whole records, index by index in its order, in a fifth of the time that row by row takes. And the app is locked
out only for that.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sidecar.difference import Difference
from sidecar.progress import Progress
from sidecar.schema import quote
from sidecar.stage import ROW, SHAPE
from sidecar.workfolder import attach, new_file, work_errors

WORTH_ROWS = 1000
"""Fewer rows than these are moved one by one in no time."""

FILLING_KIB, SORTING_KIB = 49152, 16384
"""Page cache while rows are stored, whose keys come in any order, and while indexes are made: as much again is sorted
in memory then, and more of it would make them no sooner."""


def build(connection: sqlite3.Connection, difference: Difference, progress: Progress) -> None:
    """Make the tables that ``difference`` fills from nothing, and attach them to the live database as "built".

    Raises sqlite3.Error (a row that the table refuses among them), DiskFull, WorkFolderUnusable, Cancelled.
    """
    names = [name for name in difference.incoming() if _is_worth_it(connection, difference, name)]
    if not names:
        return
    stage = difference.stage.path
    path = new_file(stage.parent, "built.db")
    (encoding,) = connection.execute("PRAGMA main.encoding").fetchone()
    with work_errors(stage.parent.parent), closing(_open(path)) as built:
        built.execute(f'PRAGMA encoding = "{encoding}"')
        built.execute("PRAGMA journal_mode = OFF")
        built.execute("PRAGMA synchronous = OFF")
        built.execute("PRAGMA cache_size = -49152")
        built.execute("ATTACH DATABASE ? AS stage", (stage.absolute().as_uri(),))
        with progress.watching(built):
            built.execute("BEGIN")
            for name in names:
                _build(connection, built, difference, name)
            built.execute("COMMIT")
    attach(connection, "built", path)
    difference.built = frozenset(names)


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path.absolute().as_uri(), uri=True, isolation_level=None)


def _is_worth_it(connection: sqlite3.Connection, difference: Difference, name: str) -> bool:
    """Whether a table is large, filled from nothing, and nothing more than a table."""
    staged = difference.stage.tables[name]
    if staged.rows < WORTH_ROWS or not difference.fills(name) or not difference.live[name].has_rowid:
        return False
    beyond = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM main.sqlite_master WHERE tbl_name = :name AND type = 'trigger')"
        " OR EXISTS (SELECT 1 FROM pragma_table_xinfo(:name, 'main') WHERE hidden != 0)"
        " OR EXISTS (SELECT 1 FROM main.sqlite_master WHERE tbl_name = :name AND sql LIKE '%AUTOINCREMENT%')",
        {"name": name},
    ).fetchone()[0]
    return not beyond


def _build(connection: sqlite3.Connection, built: sqlite3.Connection, difference: Difference, name: str) -> None:
    made = "SELECT sql FROM main.sqlite_master WHERE tbl_name = ? AND type = ? AND sql IS NOT NULL"
    built.execute(connection.execute(made, (name, "table")).fetchone()[0])
    built.execute(f"PRAGMA main.cache_size = -{FILLING_KIB}")
    for shape, number in difference.stage.tables[name].shapes.items():
        columns = ", ".join(map(quote, difference.columns(name, shape)))
        if columns:
            built.execute(
                f"INSERT INTO main.{quote(name)} ({columns}) SELECT {columns} FROM stage.{quote(name)}"
                f" WHERE {quote(SHAPE)} = ? ORDER BY {quote(ROW)}",
                (number,),
            )
    # Sorted once, when all rows are there.
    built.execute(f"PRAGMA main.cache_size = -{SORTING_KIB}")
    built.execute("PRAGMA shrink_memory")
    for (index,) in connection.execute(made, (name, "index")).fetchall():
        built.execute(index)
