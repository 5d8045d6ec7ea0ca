"""A database for a backup's rows where the live one is broken: which generation it is of, and how it is made.

Its schema and migrations are those of the database that the backup was made from. An archive that does not say so is
given the first generation that has a place for all it says.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from sidecar.database.generations import GENERATIONS, MIGRATIONS, known_of, make_generation
from sidecar.database.introspection import Schema, quote, read_schema
from sidecar.stage.judged import Judged
from sidecar.system.names import sqlite_uri
from sidecar.system.workfolder import work_errors

_LISTS = "task_lists"


def rebuild(backup: Judged) -> Path:
    """A new database, without rows of the backup yet, in the job's own folder.

    Holds what the app's first start puts there, where the backup has nothing to take its place.
    Raises WorkFolderUnusable, DiskFull.
    """
    folder = backup.stage.path.parent
    path = folder / "rebuilt.db"
    with work_errors(folder.parent):
        make_generation(path, migrations_for(backup), _silent_tables(backup))
    return path


def migrations_for(backup: Judged) -> tuple[str, ...]:
    """The migrations of the database that a backup was made from, as far as the code knows them."""
    manifest = backup.contents.manifest
    known = known_of([str(version) for version in manifest.migrations]) if manifest is not None else ()
    if known and _has_place(_schema_of(backup, known), backup):
        return known
    for migrations in GENERATIONS.values():
        if len(migrations) > len(known) and _has_place(_schema_of(backup, migrations), backup):
            return migrations
    return known or MIGRATIONS


def _schema_of(backup: Judged, migrations: Iterable[str]) -> Schema:
    migrations = tuple(migrations)
    path = backup.stage.path.with_name(f"generation-{len(migrations)}.db")
    with work_errors(path.parent.parent):
        if not path.exists():
            make_generation(path, migrations, first_rows=())
        with closing(sqlite3.connect(path)) as connection:
            return read_schema(connection)


def _has_place(schema: Schema, backup: Judged) -> bool:
    """Whether there are a table and a column for all that the backup speaks of."""
    carried = [table for table in backup.stage.tables.values() if table.carried and table.rows]
    manifest = backup.contents.manifest
    said = manifest.tables if manifest is not None else {}
    return all(
        table.name in schema
        and table.spoken_of() & set(said[table.name].columns if table.name in said else table.columns)
        <= set(schema[table.name].columns)
        for table in carried
    )


def _silent_tables(backup: Judged) -> list[str]:
    """Tables for which the app's first rows are wanted: those that the backup says nothing of, or not enough."""
    tables = backup.stage.tables
    silent = [name for name in (_LISTS, "logging_config") if not tables[name].carried]
    if _LISTS in silent:
        return silent
    with closing(sqlite3.connect(sqlite_uri(backup.stage.path, "ro"), uri=True)) as stage:
        has_default = stage.execute(f"SELECT 1 FROM {quote(_LISTS)} WHERE is_default = 1 LIMIT 1").fetchone()
    return silent if has_default else [*silent, _LISTS]
