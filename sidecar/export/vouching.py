"""Vouching: a new archive is judged by the code that will judge it at import, before it takes the place of anything.

Two questions. Is the database sound, so that what was read of it is what was in it? SQLite's own check tells, on the
snapshot, while the archive is being written. And will a reader take the archive? Its head is read by the reader in
any case. Its rows are staged and checked where that takes no time, and where anything is out of the ordinary: an
index that is damaged, values that only exact.json can say, a schema that KiraPilot's own is not. Elsewhere they need
no second look: each is of the type that the format has for its column, and what the checks of a stage refuse (a key
twice, a NULL, a reference that leads nowhere and was not counted) is what a sound database refuses.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sidecar.archive.manifest import TableManifest
from sidecar.archive.zip_reading import ZipReader
from sidecar.database.integrity import Findings, look_into
from sidecar.database.models import KNOWN, MIGRATIONS
from sidecar.errors.backups import BackupError
from sidecar.errors.databases import DatabaseDamaged
from sidecar.errors.jobs import NotImportable, VerificationFailed
from sidecar.progress import Progress
from sidecar.stage.head import read_head
from sidecar.stage.judged import judged_file

FEW_ROWS, ODD_ROWS = 2_000, 20_000
"""Up to so many rows an archive is staged and checked in any case; up to so many where it is out of the ordinary."""

INDEX_DAMAGED = (
    "An index of KiraPilot's database is damaged. All rows could be read and are in the backup, but the database itself"
    " should be mended (REINDEX)"
)


def looking_into(snapshot: Path, progress: Progress) -> Generator[Findings, None, None]:
    """What is wrong with the snapshot; for a thread of its own, beside the writing."""
    yield look_into(snapshot, progress.beside())


@contextmanager
def blaming_damage(looking: Iterator[Findings], database: Path) -> Iterator[None]:
    """Blame a backup that is not what it should be on the database where that is damaged, and not on the disk."""
    try:
        yield
    except VerificationFailed as error:
        found = next(looking, Findings())
        if found.damage or found.indexes:
            detail = next(iter([*found.damage, *(f"index {index} lacks rows" for index in found.indexes)]))
            raise DatabaseDamaged(path=database, detail=detail) from error
        raise


def vouch(
    file: BinaryIO,
    work_dir: Path,
    database: Path,
    findings: Findings,
    tables: Mapping[str, TableManifest],
    exact_cells: int,
    progress: Progress,
) -> list[str]:
    """Let a reader judge the archive in ``file``; answers what is to be said of the database.

    Raises DatabaseDamaged where the database is not what it should be, NotImportable where a reader would refuse
    what is no damage, Cancelled.
    """
    if findings.damage:
        raise DatabaseDamaged(path=database, detail=findings.damage[0])
    try:
        file.seek(0)
        archive = ZipReader(file)
        read_head(archive)
        if _needs_judging(findings, tables, exact_cells):
            with judged_file(file, work_dir, progress.quietly()) as backup:
                backup.require_valid()
    except BackupError as error:
        if findings.indexes:
            detail = f"index {findings.indexes[0]} lacks rows, and {error.message.rstrip('.')}"
            raise DatabaseDamaged(path=database, detail=detail) from error
        raise NotImportable(detail=error.message.rstrip(".")) from error
    return [INDEX_DAMAGED] if findings.indexes else []


def _needs_judging(findings: Findings, tables: Mapping[str, TableManifest], exact_cells: int) -> bool:
    rows = sum(table.rows for table in tables.values())
    odd = exact_cells or any(
        name not in KNOWN or not table.columns.keys() <= KNOWN[name].keys()
        for name, table in tables.items()
        if name != MIGRATIONS
    )
    return bool(findings.indexes) or rows <= (ODD_ROWS if odd else FEW_ROWS)
