"""Repair, step by step: tried on a private copy, then a safety copy, and then done in one transaction.

What the try has shown is what is done to the live database, row by row, or nothing is.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass

from sidecar.care.answers import RepairResult
from sidecar.care.checking import examined, opened, telling_of_wrecks
from sidecar.care.findings import Found
from sidecar.care.mending import REPAIRS, Mending
from sidecar.care.rows import look_at_rows
from sidecar.database.connection import database_errors, live_schema, open_for_import, retrying
from sidecar.database.integrity import look_into
from sidecar.errors.databases import CannotRepair, DatabaseBusy, DatabaseDamaged
from sidecar.errors.jobs import AccountingMismatch, ChangedSincePreview
from sidecar.export.safety_copies import SafetyCopy
from sidecar.own_json import encoded
from sidecar.progress import Progress
from sidecar.rescue.diagnosis import require_own_journals
from sidecar.restore.applying import data_version
from sidecar.system.paths import Places

PHASES = {"copy": 0.05, "pages": 0.3, "rows": 0.25, "keep": 0.3, "apply": 0.1}

TRIES = 3
"""How often all is begun anew because the app wrote in between."""


@dataclass(frozen=True)
class _Tried:
    """What a repair did to a private copy, and what it left."""

    mending: Mending
    indexes: list[str]
    left: Found


def repair_database(
    places: Places,
    progress: Progress,
    dry_run: bool,
    preview_token: str | None = None,
    only: Collection[str] = (),
) -> RepairResult:
    """Mend what a repair mends, in one transaction, once all that is there has been put into a safety copy.

    :param dry_run: only tell what would be done.
    :param preview_token: of what was agreed to: that is done, or nothing.
    :param only: codes of findings; else all that a repair mends. Indexes that lack rows are built anew in any case.
    Raises DatabaseError and its kin, DatabaseDamaged for what only a restore mends; CannotRepair, SafetyCopyFailed,
    ChangedSincePreview, WorkFolderUnusable, DiskFull, Cancelled: the database is then what it was.
    """
    progress.plan(PHASES)
    codes = frozenset(only or REPAIRS)
    with (
        telling_of_wrecks(places, progress),
        database_errors(places.database),
        closing(open_for_import(places.database)) as connection,
    ):
        require_own_journals(places.database, places.work_dir, progress)
        for _ in range(TRIES):
            version = _version(connection, places, progress)
            tried = _try_out(places, progress, codes)
            token = _token(places, codes, tried.mending)
            if preview_token not in (None, token):
                raise ChangedSincePreview(detail="something else is to be repaired by now")
            if dry_run or not tried.mending.counts:
                return _answer(places, tried, token, dry_run, None)
            copy = SafetyCopy(
                places, None, lambda: progress.part("keep", "Saving the present data"), index_may_lack=True
            )
            copy.make()
            try:
                done = _apply(connection, places, tried, version, codes, progress)
            except BaseException:
                if not connection.in_transaction:
                    copy.discard()
                raise
            if done:
                copy.settle(str(copy.path))
                return _answer(places, tried, token, dry_run, copy)
            copy.discard()
    raise DatabaseBusy(path=places.database, detail="It was written to each time before it could be repaired.")


def _version(connection: sqlite3.Connection, places: Places, progress: Progress) -> int:
    live_schema(connection, places.database, progress)
    return data_version(connection)


def _try_out(places: Places, progress: Progress, codes: Collection[str]) -> _Tried:
    """Repair a private copy, and look at what comes of it. Raises DatabaseDamaged, CannotRepair."""
    database = places.database
    with examined(places, progress) as copy:
        if copy.faults.damage:
            raise DatabaseDamaged(path=database, detail=copy.faults.damage[0])
        with opened(copy.path, database) as connection:
            schema = live_schema(connection, database, progress)
            mending, left = Mending(connection, schema, codes), Found()
            _mend(mending, copy.faults.indexes, progress, places)
            look_at_rows(connection, schema, left, progress)
        faults = look_into(copy.path, progress, whole=True)
    if faults.damage or faults.indexes:
        raise CannotRepair(path=database, detail="what came of it on a copy was not sound")
    return _Tried(mending, copy.faults.indexes, left)


def _apply(
    connection: sqlite3.Connection,
    places: Places,
    tried: _Tried,
    version: int,
    codes: Collection[str],
    progress: Progress,
) -> bool:
    """Do what was tried; answers False if the app wrote since, and nothing was changed."""
    progress.phase("apply", 1, "repairs", "Repairing the database")
    schema = live_schema(connection, places.database, progress)
    retrying(connection, "BEGIN IMMEDIATE", progress)
    try:
        if data_version(connection) != version:
            connection.execute("ROLLBACK")
            return False
        mending = Mending(connection, schema, codes)
        _mend(mending, tried.indexes, progress, places)
        if (mending.digest, mending.counts) != (tried.mending.digest, tried.mending.counts):
            raise CannotRepair(path=places.database, detail="it came out otherwise than on a copy")
        # From here on a cancel comes too late: the commit decides.
        retrying(connection, "COMMIT", Progress())
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return True


def _mend(mending: Mending, indexes: list[str], progress: Progress, places: Places) -> None:
    try:
        mending.carry_out(indexes, progress)
    except (AccountingMismatch, sqlite3.IntegrityError) as error:
        # Two rows of one key, a rule of the database, or a trigger of it: nobody here can tell which is right.
        detail = error.detail if isinstance(error, AccountingMismatch) else str(error)
        raise CannotRepair(path=places.database, detail=detail) from error


def _token(places: Places, codes: Collection[str], mending: Mending) -> str:
    asked = encoded([str(places.database), sorted(codes)])
    return f"{hashlib.sha256(asked).hexdigest()[:32]}-{mending.digest}"


def _answer(places: Places, tried: _Tried, token: str, dry_run: bool, copy: SafetyCopy | None) -> RepairResult:
    return RepairResult(
        path=str(places.database),
        dry_run=dry_run,
        repairs=tried.mending.repairs,
        counts=dict(tried.mending.counts),
        remaining=tried.left.findings,
        remaining_counts=dict(tried.left.counts),
        safety_copy=str(copy.path) if copy and copy.path else None,
        token=token,
        warnings=copy.warnings if copy else [],
    )
