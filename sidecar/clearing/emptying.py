"""A backup of the live database as it would be without anybody's data: its own tables, as the first start leaves them.

Of its own schema, whatever the version of the app: so every table is spoken of, and an import leaves nothing in it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from sidecar.database.connection import database_errors, live_schema, open_for_reading
from sidecar.database.generations import FIRST_ROWS
from sidecar.database.introspection import Schema, folded, quote, readable
from sidecar.database.models import MIGRATIONS
from sidecar.export.exporting import export_data
from sidecar.progress import Progress
from sidecar.rescue.diagnosis import require_own_journals
from sidecar.system.paths import Places
from sidecar.system.workfolder import new_file, work_errors

SETTINGS_TABLE = "logging_config"
"""The table that the app's first start puts a row into and reads at every other; of lists, the default one stays."""

_Row = tuple[object, ...]


def make_emptied(places: Places, folder: Path, progress: Progress) -> Path:
    """Make the backup in ``folder``; answers its path. The live database is read only.

    Raises DatabaseError and its kin, WorkFolderUnusable, Cancelled, and what an export raises.
    """
    emptied, backup = new_file(folder, "emptied.db"), folder / "emptied.kpbackup"
    require_own_journals(places.database, places.work_dir, progress)
    with database_errors(places.database), closing(open_for_reading(places.database)) as live:
        live.text_factory = readable
        schema = live_schema(live, places.database, progress)
        statements = _statements(live, {folded(name) for name in schema})
        columns, records = _records(live) if MIGRATIONS in schema else ([], [])
        times = _times(live, schema)
        (encoding,) = live.execute("PRAGMA encoding").fetchone()
    # What the statements speak of may be the app's alone, such as a function of its own.
    with (
        database_errors(places.database),
        work_errors(folder),
        closing(sqlite3.connect(emptied, isolation_level=None)) as new,
    ):
        new.execute(f"PRAGMA encoding = {quote(encoding)}")
        new.execute("BEGIN")
        for statement in statements:
            new.execute(statement)
        if columns:
            names, marks = ", ".join(map(quote, columns)), ", ".join("?" * len(columns))
            new.executemany(f"INSERT INTO {MIGRATIONS} ({names}) VALUES ({marks})", records)
        if SETTINGS_TABLE in schema:
            _add_first_row(new, times)
        new.execute("COMMIT")
    export_data(Places(emptied, places.work_dir), str(backup), progress.quietly())
    return backup


def _statements(live: sqlite3.Connection, wanted: set[str]) -> list[str]:
    made = live.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY rowid")
    return [sql for name, sql in made if folded(name) in wanted]


def _records(live: sqlite3.Connection) -> tuple[list[str], list[_Row]]:
    """Which migrations have made the tables."""
    found = live.execute(f"SELECT * FROM main.{MIGRATIONS}")
    return [column[0] for column in found.description], found.fetchall()


def _times(live: sqlite3.Connection, schema: Schema) -> dict[str, object]:
    """When the first row was made and changed, which it keeps: a database that is empty already is left as it is."""
    columns = schema[SETTINGS_TABLE].columns if SETTINGS_TABLE in schema else ()
    names = [name for name in ("created_at", "updated_at") if name in columns]
    if not names:
        return {}
    found = live.execute(f"SELECT {', '.join(names)} FROM main.{SETTINGS_TABLE} LIMIT 1").fetchone()
    return dict(zip(names, found, strict=True)) if found else {}


def _add_first_row(new: sqlite3.Connection, times: Mapping[str, object]) -> None:
    """As the app's first start does. Where a newer one puts more into it, nobody here knows what: then it stays."""
    try:
        new.execute(FIRST_ROWS[SETTINGS_TABLE])
        for column, value in times.items():
            new.execute(f"UPDATE {SETTINGS_TABLE} SET {column} = ?", (value,))
    except (sqlite3.IntegrityError, sqlite3.OperationalError):
        new.execute(f"DROP TABLE {SETTINGS_TABLE}")
