"""Opening: whatever was given as a backup -> a file that the reader of archives can judge.

An archive is that itself. One inside of a ZIP or a gzip file is unpacked, one that was unpacked into a folder is
packed, a database of KiraPilot's is exported, what the first releases saved as JSON is written anew: in the work
folder, and gone when the job ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sidecar.archive.zip_reading import ZipReader
from sidecar.database.connection import is_database_file
from sidecar.errors.backups import BackupError, DamagedBackup, LimitExceeded, NotABackup
from sidecar.errors.databases import BeyondFormat, DatabaseDamaged, NotADatabase, NotKiraPilot
from sidecar.errors.jobs import NotImportable
from sidecar.errors.paths import SameFile
from sidecar.progress import Progress
from sidecar.rescue.diagnosis import stray_beside
from sidecar.rescue.raw_copies import copy_database
from sidecar.sources.databases import require_sound
from sidecar.sources.first_json import write_archive
from sidecar.sources.folders import UNPACKED, files_of, pack
from sidecar.sources.recognising import DATABASE, GZIP, JSON, form_of, unfinished_download, wrong_file
from sidecar.sources.wrappings import gunzip, unwrap, wrapped_name
from sidecar.system.files import open_source
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.paths import Places
from sidecar.system.workfolder import work_folder

ARCHIVE = "archive"

Export = Callable[[Places, str, Progress], object]
"""Writes a backup of a database to a file, and proves it."""

LAYERS = 3
"""Most files around a backup."""


@dataclass(frozen=True)
class Opened:
    """Where the archive lies, what form the backup had (ARCHIVE, DATABASE or JSON), and what to say of it."""

    path: str
    form: str
    remarks: list[str]


@contextmanager
def opened(file_path: str, places: Places, export: Export, progress: Progress) -> Iterator[Opened]:
    """The archive that a file is, holds, or stands for; what was made for it is gone at the end.

    :param export: how a database is exported to a file.
    Raises PathError, NotABackup and SeveralBackups for a file that is known to be something else, SameFile for the
    live database, DamagedBackup, LimitExceeded, WorkFolderUnusable, DiskFull, Cancelled. What else is wrong is left
    to whoever reads the archive.
    """
    with ExitStack() as stack:
        yield _Opening(file_path, places, export, stack, progress).run()


class _Opening:
    """One file on its way to an archive."""

    def __init__(self, file_path: str, places: Places, export: Export, stack: ExitStack, progress: Progress) -> None:
        self._path = file_path
        self._name = Path(file_path).name
        self._places = places
        self._export = export
        self._stack = stack
        self._progress = progress
        self._remarks: list[str] = []

    def run(self) -> Opened:
        files = files_of(self._path)
        if files != [self._path]:
            self._remarks.append(UNPACKED)
            self._path = str(pack(files, self._folder(), self._progress))
            return self._as_it_is()
        for _ in range(LAYERS + 1):
            with open_source(self._path, self._progress) as file:
                found = self._look_at(file)
            if found is not None:
                return found
        raise LimitExceeded(detail=f"it is packed more than {LAYERS} times over")

    def _look_at(self, file: BinaryIO) -> Opened | None:
        """What is to be read; None once a wrapping was taken off."""
        with file_errors(Path(self._path), Act.UNPACK):
            form = form_of(file)
        if form == DATABASE:
            return self._database()
        if form == GZIP:
            self._path = str(gunzip(file, self._folder(), self._progress))
            self._name = self._name.removesuffix(".gz")
            return None
        try:
            with file_errors(Path(self._path), Act.UNPACK):
                archive = ZipReader(file)
        except NotABackup:
            return self._no_archive(file, form)
        except BackupError:
            if what := unfinished_download(self._name):
                raise DamagedBackup(detail=what) from None
            return self._as_it_is()
        return self._archive(archive)

    def _archive(self, archive: ZipReader) -> Opened | None:
        inner = wrapped_name(archive)
        if inner is None:
            return self._as_it_is()
        beside = len(archive.names) + len(archive.ignored) - 1
        if beside:
            self._remarks.append(f"The ZIP holds more than the backup {inner}: the rest is left out")
        self._path = str(unwrap(archive, inner, self._folder(), self._progress))
        self._name = inner.rpartition("/")[2]
        return None

    def _no_archive(self, file: BinaryIO, form: str) -> Opened:
        if form == JSON:
            return self._first_json(file)
        with file_errors(Path(self._path), Act.UNPACK):
            what = wrong_file(file, self._name)
        if what is not None:
            raise NotABackup(detail=what)
        return self._as_it_is()

    def _as_it_is(self) -> Opened:
        return Opened(self._path, ARCHIVE, self._remarks)

    def _first_json(self, file: BinaryIO) -> Opened:
        target = self._folder() / "first.kpbackup"
        self._remarks += write_archive(file, target, self._progress)
        return Opened(str(target), JSON, self._remarks)

    def _database(self) -> Opened:
        if is_database_file(Path(self._path), self._places.database):
            raise SameFile(path=self._path)
        stray = stray_beside(Path(self._path), self._places.work_dir, self._progress)
        if stray is not None:
            whose = f"{stray.path} lies beside it and does not belong to it ({stray.detail})"
            raise DamagedBackup(detail=f"{whose}. Without that file it is whole: move the file to another folder first")
        folder = self._folder()
        copy = copy_database(Path(self._path), folder, self._progress)
        require_sound(copy, self._progress)
        target = folder / "given.kpbackup"
        with _of_a_given_database():
            self._export(
                Places(copy, self._places.work_dir), str(target), self._progress.part("stage", "Reading the database")
            )
        return Opened(str(target), DATABASE, self._remarks)

    def _folder(self) -> Path:
        return self._stack.enter_context(work_folder(self._places.work_dir))


@contextmanager
def _of_a_given_database() -> Iterator[None]:
    """Say of what is wrong with a copy of a database that was given as a backup that the file given is at fault."""
    try:
        yield
    except NotKiraPilot as error:
        raise NotABackup(
            detail=f"it is a database of another program, without KiraPilot's {error.detail}: choose kirapilot.db"
        ) from error
    except NotADatabase as error:
        raise DamagedBackup(detail="it is a database that SQLite cannot read, or an encrypted one") from error
    except DatabaseDamaged as error:
        raise DamagedBackup(detail="it is a database, and parts of it are not as SQLite left them") from error
    except NotImportable as error:
        raise DamagedBackup(detail=f"it is a database that cannot be restored as it is ({error.detail})") from error
    except BeyondFormat as error:
        raise LimitExceeded(detail=error.detail) from error
