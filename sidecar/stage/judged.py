"""Judged: a backup that was staged and checked, as every job that reads one wants it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sidecar.archive.part import remark_on_part
from sidecar.archive.zip_names import listed
from sidecar.archive.zip_reading import ZipReader
from sidecar.database.introspection import ENCODINGS, UTF8
from sidecar.errors.backups import InvalidBackup
from sidecar.errors.base import SidecarError
from sidecar.progress import Progress
from sidecar.results import PROBLEMS_SHOWN
from sidecar.stage.checks import check
from sidecar.stage.head import read_head
from sidecar.stage.problems import ERROR, PARTIAL, Problems
from sidecar.stage.stage import Stage
from sidecar.stage.staging import Contents, stage_archive
from sidecar.stage.wanted import ALL, Wanted
from sidecar.system.files import open_source
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.workfolder import work_errors, work_folder

BROKEN = {"hash_mismatch", "count_mismatch", "missing_entry", "section_differs", "invalid_exact", "invalid_record"}
"""Kinds of errors that say that an archive is not what was written; the others are about what its rows ask."""

PHASES = {"stage": 0.85, "check": 0.15}


@dataclass
class Judged:
    """An archive that was staged and checked."""

    stage: Stage
    contents: Contents
    problems: Problems

    def require_whole(self) -> None:
        """Raise InvalidBackup if the archive is not what was written, whatever its rows may be."""
        broken = self.problems.of_kinds(BROKEN)
        if broken:
            raise InvalidBackup(detail=broken[0])

    def remark(self, sentences: Iterable[str]) -> None:
        """Say of the file what was ignored or made of it on the way here."""
        for sentence in sentences:
            self.problems.warning("ignored", sentence)

    def require_valid(self) -> None:
        """Raise InvalidBackup if anything was found that would lose or break a row."""
        errors = self.problems.count(ERROR)
        if errors:
            first = self.problems.lines(ERROR)[0]
            more = f" (and {errors - 1:,} more problems; validate the backup to see them)" if errors > 1 else ""
            raise InvalidBackup(detail=f"{first}{more}")


def remarks_on(archive: ZipReader) -> list[str]:
    """What of the file is no part of the backup, in sentences."""
    if not archive.ignored:
        return archive.remarks
    count = len(archive.ignored)
    beside = f"The ZIP holds {count:,} {'file' if count == 1 else 'files'} beside the backup, left out: "
    return [*archive.remarks, beside + listed(archive.ignored)]


def encoding_of(file_path: str) -> str:
    """Text encoding of the database that an archive was made of; UTF-8 where no manifest says so.

    What is wrong with the archive is left to whoever reads it.
    """
    try:
        with open_source(file_path) as file, file_errors(Path(file_path), Act.UNPACK):
            _, manifest = read_head(ZipReader(file))
    except SidecarError:
        return UTF8
    return manifest.encoding if manifest is not None and manifest.encoding in ENCODINGS else UTF8


@contextmanager
def judged(
    file_path: str,
    work_dir: Path,
    progress: Progress,
    encoding: str = UTF8,
    rows: bool = True,
    kept: int = PROBLEMS_SHOWN,
    wanted: Wanted = ALL,
) -> Iterator[Judged]:
    """A backup, staged and checked; the stage is gone at the end.

    :param encoding: text encoding of the database the stage will be attached to.
    :param rows: whether rows are held against each other, too; else only against what was written.
    :param kept: problems of each kind that are kept.
    :param wanted: rows that are staged at least; all are read, and held to what the manifest says of their bytes.
    Raises PathError and BackupError for a file that cannot be judged, WorkFolderUnusable, DiskFull, Cancelled.
    """
    with (
        open_source(file_path, progress) as file,
        _judged(file, Path(file_path), work_dir, progress, encoding, rows, kept, wanted) as backup,
    ):
        yield backup


@contextmanager
def judged_file(file: BinaryIO, work_dir: Path, progress: Progress) -> Iterator[Judged]:
    """The same for an archive that is open already, and may not have its name yet; raises OSError besides."""
    with _judged(file, None, work_dir, progress, UTF8) as backup:
        yield backup


@contextmanager
def _judged(
    file: BinaryIO,
    path: Path | None,
    work_dir: Path,
    progress: Progress,
    encoding: str,
    rows: bool = True,
    kept: int = PROBLEMS_SHOWN,
    wanted: Wanted = ALL,
) -> Iterator[Judged]:
    with work_folder(work_dir) as folder, work_errors(work_dir):
        with file_errors(path, Act.UNPACK) if path else nullcontext():
            archive = ZipReader(file)
        problems = Problems(kept)
        for remark in remarks_on(archive):
            problems.warning("ignored", remark)
        stage = Stage(folder, encoding)
        try:
            contents = stage_archive(archive, stage, folder, problems, progress, wanted)
            for remark in contents.manifest.remarks if contents.manifest else ():
                problems.warning("salvaged", remark)
            if contents.part is not None:
                problems.warning(PARTIAL, remark_on_part(contents.part))
            if rows:
                check(stage, contents.metadata, problems, progress)
            yield Judged(stage, contents, problems)
        finally:
            stage.close()
