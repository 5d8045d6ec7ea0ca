"""Export: database -> snapshot -> records -> archive beside the target -> proved -> renamed."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from sidecar import __version__
from sidecar.archive import limits
from sidecar.archive.archive_writing import ArchiveWriter
from sidecar.archive.forms import ExactCell
from sidecar.archive.manifest import Partial, Readable, TableManifest, Writer, section_entry
from sidecar.archive.part import Part
from sidecar.archive.reading_back import EarlyReader, read_back
from sidecar.archive.settings import DeviceSettings, read_settings
from sidecar.archive.zip_writing import Data
from sidecar.database.connection import database_errors, holds_database, is_database_file, require_file
from sidecar.database.introspection import (
    Schema,
    broken_references,
    plain_references,
    quote,
    read_schema,
    virtual_tables,
)
from sidecar.database.models import CONTRACT, MIGRATIONS
from sidecar.database.snapshot import take_snapshot
from sidecar.database.spelling import as_known
from sidecar.errors.databases import DatabaseDamaged, DatabaseError, StrayJournal
from sidecar.errors.jobs import VerificationFailed
from sidecar.errors.paths import SameFile, WriteProtected
from sidecar.export.beyond import too_large
from sidecar.export.describing import held_by_rows, migrations_of, require_bounds, settings_of, statements_of
from sidecar.export.gathering import Gatherer
from sidecar.export.partial import require_name, require_no_whole, take_part
from sidecar.export.shrinking import Older, free_name, making_way
from sidecar.export.vouching import blaming_damage, looking_into, vouch
from sidecar.progress import Progress
from sidecar.rescue.diagnosis import DAMAGED, Wreck, diagnose, require_own_journals
from sidecar.rescue.raw_copies import copy_database
from sidecar.rescue.reading_out import read_out
from sidecar.results import COUNT_OF, PARTIAL_VERSION, VERSION, BackupMetadata, ExportResult
from sidecar.system.files import open_private, resolve_target
from sidecar.system.names import shown, sqlite_uri
from sidecar.system.paths import Places
from sidecar.system.permissions import is_write_protected, owner_to_be
from sidecar.system.pipeline import Ahead
from sidecar.system.replacing import Saving, replacing
from sidecar.system.workfolder import folder_errors, require_space, work_errors, work_folder

PHASES = {"read": 0.05, "compress": 0.85, "verify": 0.1}

LARGE_BYTES = 512 << 20
"""Databases from this size on get ZIP64 headers: JSON is at most some six times as long as what it says."""


def export_data(
    places: Places,
    file_path: str,
    progress: Progress,
    settings: Mapping[str, object] | None = None,
    overwrite_shrunk: bool = False,
    force: bool = False,
    salvage: bool = False,
    part: Part | None = None,
) -> ExportResult:
    """Write a complete backup of the database to ``file_path``; a file already there is replaced at the very end.

    :param settings: the frontend's, as it gave them; secrets are left out.
    :param overwrite_shrunk: replace an older backup that holds far more, too; else it is kept beside the new one.
    :param force: replace even a file that is write-protected, which stays so; else raise WriteProtected.
    :param salvage: of a damaged database write what can be read, replacing nothing; else raise DatabaseDamaged.
    :param part: write these rows alone, and what they cannot be without; the frontend's settings if they are a type
        that is asked for. ``force`` then also replaces what is no backup of a part.
    Raises NothingSelected, NoSuchRows, SelectionTurnedRound, PathError, DatabaseError and their kin,
    WorkFolderUnusable, VerificationFailed, NotImportable, Cancelled: ``file_path`` is then what it was.
    """
    progress.plan(PHASES)
    frontend = read_settings(settings)
    try:
        return _export(places, file_path, progress, frontend, overwrite_shrunk, force, part)
    except StrayJournal:
        # All of it can be had, and not by reading what it would be with that file.
        raise
    except DatabaseError:
        found = diagnose(places.database, places.work_dir, progress.quietly()) if salvage else None
        if not isinstance(found, Wreck) or found.reason != DAMAGED:
            raise
    return _export_readable(places, file_path, progress, frontend, found, part)


def _export(
    places: Places,
    file_path: str,
    progress: Progress,
    frontend: DeviceSettings,
    overwrite_shrunk: bool,
    force: bool,
    part: Part | None,
) -> ExportResult:
    require_file(places.database)
    target = resolve_target(file_path)
    if is_database_file(target, places.database) or holds_database(target):
        raise SameFile(path=file_path)
    if not force and is_write_protected(target):
        raise WriteProtected(path=file_path)
    if part is not None:
        require_name(target)
        if not force:
            require_no_whole(target)
    with work_folder(places.work_dir) as folder:
        snapshot = folder / "snapshot.db"
        require_own_journals(places.database, places.work_dir, progress)
        require_space(folder, places.database.stat().st_size, "the snapshot of the database")
        progress.phase("read", 1, "snapshots", "Reading the database")
        take_snapshot(places.database, snapshot, progress)
        with database_errors(places.database):
            export = _make_export(snapshot, frontend, progress, part)
        with making_way(target, overwrite_shrunk) as older:
            return _write(export, places, target, frontend, older)


def _export_readable(
    places: Places,
    file_path: str,
    progress: Progress,
    frontend: DeviceSettings,
    wreck: Wreck,
    part: Part | None,
) -> ExportResult:
    """The same of what can be read of a damaged database. Raises what is the matter with it if that is nothing."""
    target = free_name(resolve_target(file_path))
    if part is not None:
        require_name(target)
    with work_folder(places.work_dir) as folder:
        require_space(folder, 2 * places.database.stat().st_size, "what can be read of the database")
        progress.phase("read", 1, "snapshots", "Reading what can be read of the database")
        found = read_out(copy_database(places.database, folder, progress, alone=wreck.alone), progress.quietly())
        if found is None or not found.rows:
            raise wreck.error
        salvaged = Readable(found.tables, found.all_tables)
        with database_errors(places.database):
            export = _make_export(found.path, frontend, progress, part, salvaged)
        result = _write(export, places, target, frontend, Older(target, overwrite=False))
    result.readable = found.tables
    moved = [f"{file_path} stays as it is: this backup is {target}"] if target != resolve_target(file_path) else []
    result.warnings = [str(salvaged), *moved, *result.warnings]
    return result


def _make_export(
    snapshot: Path, frontend: DeviceSettings, progress: Progress, part: Part | None, salvaged: Readable | None = None
) -> _Export:
    """All of a private copy of the database, or a part of it. Raises what choosing that raises."""
    spool = snapshot.parent / "exact"
    if part is None:
        return _Export(snapshot, snapshot, spool, progress, frontend.clean, salvaged)
    taken = take_part(snapshot, part, frontend.clean, progress)
    return _Export(taken.path, snapshot, spool, progress, taken.settings, salvaged, taken.told)


def _write(export: _Export, places: Places, target: Path, frontend: DeviceSettings, older: Older) -> ExportResult:
    """Write the archive beside its place, prove it, and let it take its name."""
    progress, snapshot = export.progress, export.snapshot
    saving = Saving(target, snapshot.parent, progress, owner_to_be(places.database))
    with replacing(saving) as file, database_errors(places.database):
        # No backup is smaller than a hundredth of its database: a disk that lacks even that is told of at once.
        require_space(target.parent, places.database.stat().st_size // 100, "the backup")
        with closing(Ahead(looking_into(export.whole, progress))) as looking, blaming_damage(looking, places.database):
            with EarlyReader(file.name) as early:
                metadata, archive = export.write(file, early)
            read_back(file, archive, early, progress)
            found = next(looking)
        if export.partial is not None and found.indexes:
            # What is meant is found by indexes, too: some of it may be missing.
            raise DatabaseDamaged(path=places.database, detail=f"index {found.indexes[0]} lacks rows")
        doubts = vouch(file, places.work_dir, places.database, found, export.tables, export.exact_cells, progress)
        older.give_way({name: table.rows for name, table in export.tables.items()})
    return ExportResult(
        **msgspec.structs.asdict(metadata),
        path=shown(str(target)),
        size=target.stat().st_size,
        tables={name: table.rows for name, table in export.tables.items()},
        warnings=[*older.warnings, *doubts, *export.warnings(), *frontend.warnings, *saving.remarks],
        older=str(older.kept) if older.kept else None,
        selected=export.partial.tables if export.partial else None,
    )


@dataclass
class _Export:
    """One archive being made from a snapshot: from ``whole`` itself, or from a ``partial`` copy of it."""

    snapshot: Path
    whole: Path
    spool: Path
    progress: Progress
    frontend: Mapping[str, object]
    salvaged: Readable | None = None
    partial: Partial | None = None
    tables: dict[str, TableManifest] = field(default_factory=dict)
    substituted: Counter[tuple[str, str]] = field(default_factory=Counter)
    dangling: dict[str, int] = field(default_factory=dict)
    exact_cells: int = 0
    virtual: dict[str, tuple[str, bool]] = field(default_factory=dict)

    @property
    def work_dir(self) -> Path:
        """The folder of all jobs: what is to be told of when the throw-away files cannot be used."""
        return self.spool.parent.parent

    def write(self, file: BinaryIO, early: EarlyReader) -> tuple[BackupMetadata, ArchiveWriter]:
        """Write all entries, and have the sections read back; answers the metadata and what was written."""
        with (
            work_errors(self.work_dir),
            closing(_open(self.snapshot)) as connection,
            _opened(self.spool) as spool,
            closing(Ahead(_dangling(self.snapshot))) as dangling,
        ):
            schema = as_known(read_schema(connection))
            require_bounds(schema)
            self.virtual = virtual_tables(connection)
            counts = {name: _count(connection, name) for name in schema if name != MIGRATIONS}
            self.progress.phase("compress", sum(counts.values()), "rows", "Writing the backup")
            metadata = _metadata(counts, VERSION if self.partial is None else PARTIAL_VERSION)
            large = self.snapshot.stat().st_size >= LARGE_BYTES
            archive = ArchiveWriter(file, metadata.created_at, large, metadata.version)
            archive.metadata(metadata)
            for name in (*CONTRACT, *sorted(counts.keys() - set(CONTRACT))):
                rows = self._rows(connection, schema, name, spool, counts.get(name, 0))
                early.put(archive.section(name, rows))
            self.dangling = next(dangling)
            for name, count in self.dangling.items():
                self.tables[name] = msgspec.structs.replace(self.tables[name], dangling=count)
            with folder_errors(self.work_dir):
                spool.seek(0)
            archive.finish(
                settings={**settings_of(connection, schema), **self.frontend},
                exact=(b"," + line.rstrip(b"\n") for line in spool) if self.exact_cells else None,
                tables=self.tables,
                migrations=migrations_of(connection, schema),
                writer=Writer("kirapilot-sidecar", __version__),
                encoding=connection.execute("PRAGMA main.encoding").fetchone()[0],
                salvaged=self.salvaged,
                schema=statements_of(connection, schema),
                partial=self.partial,
            )
        return metadata, archive

    def _rows(
        self, connection: sqlite3.Connection, schema: Schema, name: str, spool: BinaryIO, expected: int
    ) -> Iterator[Data]:
        """A table's records, ``expected`` of them. Raises VerificationFailed for any other number."""
        if name not in schema:
            return
        table = schema[name]

        def keep(cell: ExactCell) -> None:
            encoded = msgspec.json.encode(cell)
            if len(encoded) > limits.MAX_RECORD_BYTES:
                raise too_large(connection, table, cell.row, len(encoded), cell.column)
            with folder_errors(self.work_dir):
                spool.write(encoded + b"\n")
            self.exact_cells += 1

        rows = 0
        for batch in Gatherer(connection, table, keep, self.substituted).batches():
            rows += batch.rows
            if rows > expected:
                # Of a damaged table whose rowids are in no order, rows would come again and again, for ever.
                break
            yield batch.body
            self.progress.advance(batch.rows)
        if rows != expected:
            raise VerificationFailed(detail=f"{rows:,} of {expected:,} {table.name} were written")
        self.tables[table.name] = TableManifest(
            entry=section_entry(table.name),
            rows=rows,
            columns=dict(table.columns),
            key=list(table.key),
            not_null=[column for column in table.columns if column in table.not_null] or msgspec.UNSET,
            unique=held_by_rows(table) or msgspec.UNSET,
            references={key.column: (key.parent, key.parent_column) for key in plain_references(table, schema)}
            or msgspec.UNSET,
        )

    def warnings(self) -> list[str]:
        dangling = [
            f"{table} that refer to rows that do not exist ({count:,}): they are kept as they are"
            for table, count in sorted(self.dangling.items())
        ]
        return [*dangling, *map(_not_kept, self.virtual, self.virtual.values())] + [
            f"{table} without {column} ({count:,}): kept as they are; an older KiraPilot is shown a default instead"
            for (table, column), count in sorted(self.substituted.items())
        ]


def _not_kept(name: str, made: tuple[str, bool]) -> str:
    module, holds = made
    if holds:
        return (
            f"{name} is not in the backup: it is a virtual table ({module}), and what it holds of its own is not kept"
        )
    return f"{name} is not in the backup: it is a virtual table ({module}) without rows of its own"


def _open(snapshot: Path) -> sqlite3.Connection:
    return sqlite3.connect(sqlite_uri(snapshot, "ro"), uri=True)


@contextmanager
def _opened(spool: Path) -> Iterator[BinaryIO]:
    with folder_errors(spool.parent.parent):
        file = open_private(spool)
    with file:
        yield file


def _dangling(snapshot: Path) -> Generator[dict[str, int], None, None]:
    """References that lead nowhere, per table; for a thread of its own."""
    with closing(_open(snapshot)) as connection:
        yield broken_references(connection, as_known(read_schema(connection)), by_scan=True)


def _metadata(counts: dict[str, int], version: str) -> BackupMetadata:
    now = datetime.now(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
    metadata = BackupMetadata(version=version, created_at=now)
    for table, count in COUNT_OF.items():
        setattr(metadata, count, counts.get(table, 0))
    return metadata


def _count(connection: sqlite3.Connection, table: str) -> int:
    # By a scan, as the rows are read: an index may have another number of entries.
    count: int = connection.execute(f"SELECT count(*) FROM {quote(table)} NOT INDEXED").fetchone()[0]
    return count
