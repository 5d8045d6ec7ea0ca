"""A part of the data to export: snapshot -> a private database that holds what was chosen, and what that needs.

The rows are copied, by SQL, into a database with the tables and indexes of the snapshot: what follows is the export
of a database like any other. Owns what is asked of the name of such a backup, and of what it may replace.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from sidecar.archive.manifest import Partial, part_of
from sidecar.archive.part import Part
from sidecar.archive.zip_reading import ZipReader
from sidecar.database.introspection import Schema, quote, read_schema, readable
from sidecar.database.models import MIGRATIONS
from sidecar.database.spelling import as_known
from sidecar.errors.backups import BackupError, NothingSelected
from sidecar.errors.paths import NameOfWhole, PathError, ReplacesWhole
from sidecar.progress import Progress
from sidecar.rescue.reading_out import make_alike
from sidecar.results import SelectedTable
from sidecar.selection.closure import PARENT, TASKS, UNTIED, choose
from sidecar.selection.criteria import chosen_of
from sidecar.selection.pool import Pool, pool_of_database
from sidecar.selection.request import Selection
from sidecar.stage.head import read_head
from sidecar.system.files import open_source
from sidecar.system.names import sqlite_uri
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.workfolder import attach, new_file, work_errors

MARK = "partial"
"""What the name of a backup of a part of the data says, in letters of either case."""

_HALVES = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True)
class Taken:
    """The database at ``path`` that holds a part of another one, the frontend's settings that belong to the part, and
    what is said of it."""

    path: Path
    settings: Mapping[str, object]
    told: Partial


def default_name(today: date) -> str:
    """The name of a backup of a part of the data, for whoever gives none."""
    return f"kirapilot-backup-{today.isoformat()}-{MARK}.kpbackup"


def require_name(target: Path) -> None:
    """Raise NameOfWhole unless the name says that it is a part: in two years nobody remembers."""
    if MARK not in target.name.casefold():
        raise NameOfWhole(path=target, detail=f"{target.stem}-{MARK}{target.suffix}")


def require_no_whole(target: Path) -> None:
    """Raise ReplacesWhole where anything but a backup of a part would be replaced."""
    if target.exists() and not is_partial(target):
        raise ReplacesWhole(path=target)


def is_partial(path: Path) -> bool:
    """Whether a backup of a part of the data lies there."""
    try:
        with open_source(str(path)) as file, file_errors(path, Act.UNPACK):
            return part_of(*read_head(ZipReader(file))) is not None
    except (BackupError, PathError):
        return False


def take_part(database: Path, part: Part, settings: Mapping[str, object], progress: Progress) -> Taken:
    """A new database, beside ``database`` in a job's folder, of the rows that are meant and what they need.

    :param settings: the frontend's: a part has them if they are asked for as a type of data.
    Raises NothingSelected, also for a part without any criterion, NoSuchRows, SelectionTurnedRound,
    WorkFolderUnusable, DiskFull, Cancelled, sqlite3.Error.
    """
    if not str(part):
        raise NothingSelected()
    made = new_file(database.parent, "part.db")
    with work_errors(database.parent.parent):
        with closing(sqlite3.connect(sqlite_uri(database, "ro"), uri=True)) as source:
            source.text_factory = readable
            schema = as_known(read_schema(source))
            with closing(sqlite3.connect(made, isolation_level=None)) as alike:
                make_alike(source, alike)
        with closing(sqlite3.connect(sqlite_uri(made), uri=True, isolation_level=None)) as connection:
            # What the database holds goes into the part, whether or not it keeps to the CHECKs of its table.
            for pragma in ("main.synchronous = OFF", "main.journal_mode = OFF", "ignore_check_constraints = ON"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("ATTACH DATABASE ? AS pool", (sqlite_uri(database, "ro"),))
            attach(connection, "plan", new_file(made.parent, "chosen.db"))
            with progress.watching(connection):
                connection.execute("BEGIN")
                pool = pool_of_database(connection, schema, "pool")
                selection = msgspec.convert(msgspec.to_builtins(part), Selection)
                selected = choose(connection, pool, {}, selection, progress)
                _copy(connection, pool, schema, selected, progress)
                connection.execute("COMMIT")
    kept = settings if part.has_settings else {}
    if not selected and not kept:
        raise NothingSelected()
    told = Part(**{field: _as_text(value) for field, value in msgspec.structs.asdict(part).items()})
    return Taken(made, kept, Partial(criteria=told, tables=selected))


def _as_text(value: Any) -> Any:
    """Words and names that were asked for, as a manifest can tell them: half a character is none."""
    if isinstance(value, list):
        return [_as_text(one) for one in value]
    return _HALVES.sub("\ufffd", value) if isinstance(value, str) else value


def _copy(
    connection: sqlite3.Connection,
    pool: Pool,
    schema: Schema,
    selected: dict[str, SelectedTable],
    progress: Progress,
) -> None:
    """The rows that are chosen, in their order, and the record of the migrations, which tells of what schema it is."""
    for name in selected:
        progress.check()
        table = pool.tables[name]
        columns = list(schema[name].columns)
        values = {column: f"s.{quote(column)}" for column in columns}
        if name == TASKS and selected[name].untied:
            values[PARENT] = f"CASE WHEN s.{table.row} IN (SELECT row FROM {UNTIED}) THEN NULL ELSE s.{PARENT} END"
        connection.execute(
            f"INSERT INTO main.{quote(name)} ({', '.join(map(quote, columns))})"
            f" SELECT {', '.join(values.values())} FROM {chosen_of(name)} o"
            f" JOIN {table.source} s ON s.{table.row} = o.row ORDER BY o.row"
        )
    if MIGRATIONS in schema:
        columns_of = ", ".join(map(quote, schema[MIGRATIONS].columns))
        connection.execute(f"INSERT INTO main.{MIGRATIONS} ({columns_of}) SELECT {columns_of} FROM pool.{MIGRATIONS}")
