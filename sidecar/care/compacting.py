"""Compact, step by step: what SQLite's VACUUM does, in two halves, with a proof in between.

A copy is made smaller first, aside, while KiraPilot may go on; it is proved to hold every value. Then SQLite writes its
pages into the file in one transaction with a journal, as the second half of a VACUUM does itself: whatever ends it, a
kill or a full disk, the next opening finds the file as it was. Therefore no safety copy is needed: no row changes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sidecar.care.answers import CompactResult
from sidecar.care.checking import examined, free_bytes, opened, size_of, telling_of_wrecks
from sidecar.database.connection import (
    database_errors,
    live_schema,
    open_for_placing,
    retrying,
    writing_only_below,
)
from sidecar.database.digest import Digest, take_digest
from sidecar.database.holders import others_with
from sidecar.database.integrity import look_into
from sidecar.errors.databases import CannotCompact, DatabaseBusy, DatabaseDamaged, DatabaseInUse
from sidecar.progress import Progress
from sidecar.rescue.diagnosis import require_own_journals
from sidecar.restore.applying import data_version
from sidecar.system.names import sqlite_uri
from sidecar.system.paths import Places
from sidecar.system.workfolder import new_file, require_space

PHASES = {"copy": 0.05, "pages": 0.35, "compact": 0.3, "apply": 0.3}

LEAST_SHARE = 10
"""Nothing is done unless one byte in so many would be gained, or it is asked for all the same."""

COPIES = 2
"""Files as large as the database at most that are made in the work folder: its copy, and the smaller one."""

STEP_PAGES = 256
"""Pages written between two looks at the cancel flag."""


def compact_database(places: Places, progress: Progress, force: bool = False) -> CompactResult:
    """Let the database's file hold its rows and nothing else, if nobody else has it open.

    :param force: even if little is gained.
    Raises DatabaseError and its kin, DatabaseInUse, CannotCompact, DatabaseDamaged, DiskFull, WorkFolderUnusable,
    Cancelled: the file is then what it was.
    """
    progress.plan(PHASES)
    with (
        telling_of_wrecks(places, progress),
        _alone_with(places.database),
        database_errors(places.database),
        closing(open_for_placing(places.database)) as live,
    ):
        require_own_journals(places.database, places.work_dir, progress)
        live_schema(live, places.database, progress)
        before = size_of(places.database)
        free = free_bytes(live, before)
        if not force and free * LEAST_SHARE < before:
            return CompactResult(path=str(places.database), compacted=False, before=before, after=before, free=free)
        _require_room(places, before)
        rows = _compact(live, places, progress)
    return CompactResult(
        path=str(places.database),
        compacted=True,
        before=before,
        after=size_of(places.database),
        free=free,
        tables=rows,
    )


def _compact(live: sqlite3.Connection, places: Places, progress: Progress) -> dict[str, int]:
    version = data_version(live)
    with examined(places, progress) as copy:
        if copy.faults.damage:
            raise DatabaseDamaged(path=places.database, detail=copy.faults.damage[0])
        if copy.faults.indexes:
            detail = f"its index {copy.faults.indexes[0]} lacks rows: repair it first"
            raise CannotCompact(path=places.database, detail=detail)
        progress.phase("compact", 3, "steps", "Making a smaller copy")
        # Made here, for its owner only: into an empty file SQLite writes as into a new one.
        smaller = new_file(copy.path.parent, "smaller.db")
        whole = _made_smaller(copy.path, smaller, places, progress)
        progress.phase("apply", size_of(smaller) >> 10, "KiB", "Putting it in the file's place")
        with _held_alone(live, places.database, version, progress):
            _place(smaller, live, progress)
            # From here on a cancel comes too late.
            if take_digest(live, Progress()) != whole:
                _place(copy.path, live, Progress())
                raise CannotCompact(path=places.database, detail="it did not read back as written")
    return whole.rows


def _made_smaller(copy: Path, smaller: Path, places: Places, progress: Progress) -> Digest:
    """Write what a copy holds into a smaller file; answers the digest of both. Raises CannotCompact."""
    with opened(copy, places.database) as connection, writing_only_below(places.work_dir):
        whole = take_digest(connection, progress)
        progress.advance(1)
        with progress.watching(connection):
            connection.execute("VACUUM INTO ?", (sqlite_uri(smaller, "rwc"),))
        progress.advance(1)
    with opened(smaller, places.database) as connection:
        same = take_digest(connection, progress) == whole
    faults = look_into(smaller, progress, whole=True)
    if not same or faults.damage or faults.indexes:
        raise CannotCompact(path=places.database, detail="the smaller copy is not the same")
    progress.advance(1)
    return whole


@contextmanager
def _held_alone(live: sqlite3.Connection, database: Path, version: int, progress: Progress) -> Iterator[None]:
    """Within, nobody else reads or writes the database. Raises DatabaseBusy if anyone has since the copy was made."""
    live.execute("PRAGMA main.locking_mode = EXCLUSIVE")
    retrying(live, "BEGIN EXCLUSIVE", progress)
    # So held, the lock outlives the transaction.
    live.execute("COMMIT")
    if data_version(live) != version:
        raise DatabaseBusy(path=database, detail="It was written to meanwhile.")
    yield


def _place(source: Path, live: sqlite3.Connection, progress: Progress) -> None:
    """Let all pages take the place of the file's, in one transaction."""

    def stepped(_status: int, remaining: int, _total: int) -> None:
        # After the last one all is committed.
        if remaining:
            progress.advance(STEP_PAGES * 4)

    with closing(sqlite3.connect(sqlite_uri(source, "ro"), uri=True)) as made:
        made.backup(live, pages=STEP_PAGES, progress=stepped)


@contextmanager
def _alone_with(database: Path) -> Iterator[None]:
    """Raise DatabaseInUse if another program has the file open, even if it does nothing with it just now."""
    if others := others_with(database):
        raise DatabaseInUse(path=database, detail=", ".join(others[:3]))
    yield


def _require_room(places: Places, size: int) -> None:
    """Raise DiskFull unless there is room for the copies, and for the journal beside the database."""
    beside = places.database.resolve().parent
    work = next(folder for folder in (places.work_dir, *places.work_dir.parents) if folder.exists())
    if work.stat().st_dev == beside.stat().st_dev:
        require_space(beside, (COPIES + 1) * size, "Compacting")
    else:
        require_space(work, COPIES * size, "Compacting")
        require_space(beside, size, "The journal")
