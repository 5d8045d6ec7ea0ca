"""A backup that would hold far less than the one it takes the place of: told of, and the older one kept beside it.

A database that lost its rows must not take the last good backup with it. Compares what an archive says of itself
with counts, and judges neither; what an export does is ``exporting``'s affair.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sidecar.archive.zip_reading import ZipReader
from sidecar.database.connection import count_rows
from sidecar.errors.backups import BackupError
from sidecar.errors.paths import PathError, PathNotAllowed
from sidecar.progress import Progress
from sidecar.rescue.diagnosis import require_own_journals
from sidecar.results import COUNT_OF
from sidecar.stage.head import read_head
from sidecar.system.files import open_private, open_source
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.paths import Places

MAIN = (*COUNT_OF, "task_lists", "focus_sessions", "threads", "thread_messages")
"""Tables of which people would miss rows; logs, suggestions and patterns are cleared by the app itself."""

MANY = 10
"""Rows from which on a table counts: a few may well go on purpose."""

_NAME_BYTES = 200
"""Of the older backup's own name that are kept in its new one: file systems take 255."""

_NAMES_TRIED = 1000


@dataclass(frozen=True)
class Shrunk:
    """Tables of which fewer than half of the rows are left: name -> rows before, rows now."""

    tables: Mapping[str, tuple[int, int]]

    def __bool__(self) -> bool:
        return bool(self.tables)

    def __str__(self) -> str:
        counts = (
            f"{table.replace('_', ' ')}: {now:,} instead of {before:,}" for table, (before, now) in self.tables.items()
        )
        return f"far less than the one before ({'; '.join(counts)})"


def foresee(places: Places, file_path: str, progress: Progress) -> Shrunk:
    """What an export to ``file_path`` would hold less of than the backup that lies there now.

    Raises DatabaseError and its kin, Cancelled; a file that is no backup holds nothing that could be missed.
    """
    before, _ = _held(Path(file_path))
    if not before:
        return Shrunk({})
    require_own_journals(places.database, places.work_dir, progress)
    return compare_counts(before, count_rows(places.database, [table for table in MAIN if table in before], progress))


@dataclass
class Older:
    """The backup at a target before an export replaces it; ``kept`` is where it lies afterwards, if it was kept."""

    target: Path
    overwrite: bool
    kept: Path | None = None
    warnings: list[str] = field(default_factory=list)

    def give_way(self, rows: Mapping[str, int]) -> None:
        """Look at what takes its place, and keep it if that is far less. Raises PathError if it cannot be kept."""
        before, created_at = _held(self.target)
        shrunk = compare_counts(before, rows)
        if not shrunk:
            return
        if not self.overwrite:
            self.kept = _keep(self.target, created_at)
        what = f"the older one is kept as {self.kept}" if self.kept else "the older one was replaced, as you wished"
        self.warnings.append(f"This backup holds {shrunk}: {what}")


@contextmanager
def making_way(target: Path, overwrite: bool) -> Iterator[Older]:
    """The older backup at ``target``, if any; what was kept of it goes again if the block does not end well."""
    older = Older(target, overwrite)
    try:
        yield older
    except BaseException:
        if older.kept is not None:
            with suppress(OSError):
                older.kept.unlink()
        raise


def _held(path: Path) -> tuple[dict[str, int], str]:
    """Rows per main table of the backup at ``path``, as it says, and its time; nothing where there is no backup."""
    try:
        with open_source(str(path)) as file, file_errors(path):
            metadata, manifest = read_head(ZipReader(file))
    except (BackupError, PathError):
        return {}, ""
    if manifest is not None:
        return {name: manifest.tables[name].rows for name in MAIN if name in manifest.tables}, metadata.created_at
    return {table: getattr(metadata, count) for table, count in COUNT_OF.items()}, metadata.created_at


def compare_counts(before: Mapping[str, int], now: Mapping[str, int]) -> Shrunk:
    """Tables of ``before`` that had MANY rows or more, and have fewer than half of them ``now``."""
    return Shrunk(
        {
            table: (rows, now.get(table, 0))
            for table, rows in before.items()
            if rows >= MANY and 2 * now.get(table, 0) < rows
        }
    )


def free_name(target: Path) -> Path:
    """``target`` where nothing lies there, else a name beside it that says that the backup was salvaged.

    Raises PathNotAllowed where all such names are taken.
    """
    if not os.path.lexists(target):
        return target
    stem = os.fsencode(target.stem)[:_NAME_BYTES].decode("utf-8", "ignore")
    for number in range(_NAMES_TRIED):
        beside = target.with_name(f"{stem}-salvaged{f'-{number}' if number else ''}{target.suffix or '.kpbackup'}")
        if not os.path.lexists(beside):
            return beside
    raise PathNotAllowed(path=target, detail=f"{_NAMES_TRIED:,} salvaged backups lie beside it already")


def _keep(target: Path, created_at: str) -> Path:
    """Give the file a second name beside its own, which it keeps until it is replaced."""
    stem = os.fsencode(target.stem)[:_NAME_BYTES].decode("utf-8", "ignore")
    moment = re.sub(r"\D", "", created_at)[:14]
    with file_errors(target, Act.SAVE):
        for number in range(_NAMES_TRIED):
            beside = target.with_name(f"{stem}-of-{moment}{f'-{number}' if number else ''}{target.suffix}")
            with suppress(FileExistsError):
                _second_name(target, beside)
                return beside
    raise PathNotAllowed(path=target, detail=f"{_NAMES_TRIED:,} older backups of that name lie beside it already")


def _second_name(target: Path, beside: Path) -> None:
    try:
        os.link(target, beside)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links: the same bytes once more.
        copy = open_private(beside)
        try:
            with copy, target.open("rb") as source:
                shutil.copyfileobj(source, copy)
                copy.flush()
                os.fsync(copy.fileno())
        except BaseException:
            # Closed by now: Windows removes no file that is open.
            with suppress(OSError):
                beside.unlink()
            raise
