"""A database for a backup's rows where the live one is broken: which generation it is of, and how it is made.

Its schema and migrations are those of the broken database, where these can be vouched for; else of the database that
the backup was made from. An archive that does not say so is given the first generation that has a place for all that
it says.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from sidecar.database.generations import GENERATIONS, MIGRATIONS, add_first_rows, known_of, make_generation
from sidecar.database.introspection import Schema, folded, quote, read_schema, virtual_tables
from sidecar.progress import Progress
from sidecar.rescue.own_schema import OwnSchema, make_declared_schema, make_own_schema
from sidecar.stage.judged import Judged
from sidecar.system.names import sqlite_uri
from sidecar.system.workfolder import work_errors

_LISTS = "task_lists"

_FULL_TEXT = {"fts3", "fts4", "fts5"}
"""Modules of virtual tables that can be told to make their index anew."""


@dataclass(frozen=True)
class Rebuilt:
    """A new database without rows of the backup yet, at ``path``, of these ``migrations``.

    ``own`` where its schema is what the broken one, or the backup, says; ``declared`` where it was the backup, which
    tells tables and indexes alone; ``later`` are statements for when the rows are in it.
    """

    path: Path
    migrations: tuple[str, ...]
    own: bool = False
    declared: bool = False
    later: tuple[str, ...] = ()

    def finish(self) -> None:
        """Make what is made once the rows are there, and fill indexes of texts. Raises WorkFolderUnusable, DiskFull."""
        if not self.later:
            return
        with work_errors(self.path.parent.parent), closing(sqlite3.connect(self.path)) as made, made:
            for statement in self.later:
                made.execute(statement)
            for name, (module, _) in virtual_tables(made).items():
                if module.lower() in _FULL_TEXT:
                    _fill(made, name)


def rebuild(backup: Judged, wreck: Path | None, progress: Progress, believed: bool = True) -> Rebuilt:
    """A new database in the job's own folder.

    Holds what the app's first start puts there, where the backup has nothing to take its place.

    :param wreck: a private copy of the broken database, whose schema is taken if it can be vouched for, and has a place
        for all that the backup says; else that of the backup's generation is.
    :param believed: take the word of the broken database or the backup for a schema that the code does not know.
    Raises WorkFolderUnusable, DiskFull, Cancelled.
    """
    folder = backup.stage.path.parent
    with work_errors(folder.parent):
        if believed and (rebuilt := _rebuild_unknown(backup, wreck, progress)) is not None:
            return rebuilt
        path = folder / "rebuilt.db"
        migrations = migrations_for(backup)
        make_generation(path, migrations, _silent_tables(backup), encoding=backup.stage.encoding)
    return Rebuilt(path, migrations)


def _rebuild_unknown(backup: Judged, wreck: Path | None, progress: Progress) -> Rebuilt | None:
    """By the broken database's own word, else by the backup's; None if neither can be vouched for."""
    own = make_own_schema(wreck, progress, backup.stage.encoding) if wreck is not None else None
    rebuilt = _with_migrations(own, backup)
    manifest = backup.contents.manifest
    if rebuilt is not None or manifest is None or manifest.schema is msgspec.UNSET:
        return rebuilt
    path = backup.stage.path.with_name("declared.db")
    rebuilt = _with_migrations(make_declared_schema(manifest.schema, path, progress, backup.stage.encoding), backup)
    return rebuilt and replace(rebuilt, declared=True)


def _with_migrations(own: OwnSchema | None, backup: Judged) -> Rebuilt | None:
    """A schema with the app's record of its migrations, and its first rows, if it has a place for all of a backup."""
    migrations = _migrations_of(own, backup) if own is not None else ()
    if own is None or not migrations or not _has_place(own.schema, backup):
        return None
    try:
        add_first_rows(own.path, _silent_tables(backup))
    except (sqlite3.IntegrityError, sqlite3.OperationalError) as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_ERROR):
            raise
        # A newer KiraPilot's first start puts in more than this program knows of, or something else.
        return None
    return Rebuilt(own.path, migrations, own=True, later=own.later)


def _migrations_of(own: OwnSchema, backup: Judged) -> tuple[str, ...]:
    """The migrations of a broken database, which are the backup's if they cannot be read and its tables are the same;
    none if nobody can tell, or if the two disagree.
    """
    manifest = backup.contents.manifest
    said = tuple(sorted(str(version) for version in manifest.migrations)) if manifest is not None else ()
    theirs = {folded(name): _folded(table.columns) for name, table in own.schema.items()}
    alike = manifest is not None and all(
        theirs.get(folded(name)) == _folded(table.columns) for name, table in manifest.tables.items()
    )
    if own.migrations is None:
        if not alike or not said:
            return ()
        own.record(said)
        return said
    return own.migrations if alike or said != own.migrations else ()


def _folded(columns: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(folded(name), declared) for name, declared in columns.items()]


def _fill(made: sqlite3.Connection, name: str) -> None:
    """Let an index of texts look at the rows that it is about; one that has none in view has nothing to look at."""
    try:
        made.execute(f"INSERT INTO {quote(name)} ({quote(name)}) VALUES ('rebuild')")
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_ERROR:
            raise


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
    if _LISTS in silent or (tables[_LISTS].rows and "is_default" not in tables[_LISTS].spoken_of()):
        return silent  # a newer KiraPilot may have another word for which list is the default one
    with closing(sqlite3.connect(sqlite_uri(backup.stage.path, "ro"), uri=True)) as stage:
        has_default = stage.execute(f"SELECT 1 FROM {quote(_LISTS)} WHERE is_default = 1 LIMIT 1").fetchone()
    return silent if has_default else [*silent, _LISTS]
