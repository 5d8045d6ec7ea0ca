"""What state the live database is in: sound, or a wreck that a restore may replace; anything else is an error.

A wreck is missing, empty, or damaged as SQLite itself finds. A database that is in use, may not be opened, or is
another program's is none: it is told of as ever, and nothing takes its place.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sidecar.database.connection import database_errors, live_schema, open_for_reading
from sidecar.database.integrity import look_into
from sidecar.database.snapshot import take_snapshot
from sidecar.errors.base import IF_BROKEN, SidecarError
from sidecar.errors.databases import (
    DatabaseDamaged,
    DatabaseError,
    DatabaseNotFound,
    DatabaseReadOnly,
    NotADatabase,
    NotKiraPilot,
)
from sidecar.progress import Progress
from sidecar.system.files import resolved
from sidecar.system.names import is_device, require_name
from sidecar.system.os_errors import file_errors
from sidecar.system.paths import default_database
from sidecar.system.workfolder import require_space, work_folder

MISSING, EMPTY, DAMAGED = "missing", "empty", "damaged"
"""What can be the matter with a wreck."""

_MAGIC = b"SQLite format 3\0"
_ZIP = b"PK\x03\x04"
_OWN = (b"m20240101_0000", b"seaql_migrations", b'CREATE TABLE "tasks"')
"""What stands in every database of the app, in several pages."""

_TOO_LITTLE_LEFT = (
    "So little is left of this one that nothing tells it to be KiraPilot's: move it to another folder first."
)
"""Advice of a restore that replaces no file but one of the app's own: where there is none, it makes one."""

_CONFIG_FOLDER = "com.vietanhdev.kirapilot"
"""The app's folder for its window; an empty namesake of the database lies in it, which nobody reads."""

_FEW_WORDS = {MISSING: "there is no file", EMPTY: "it is empty"}

_COPY = "checked.db"

_PIECE = 1 << 20


@dataclass(frozen=True)
class Wreck:
    """A live database that a restore has to replace: MISSING, EMPTY or DAMAGED, and ``error``, which says it all."""

    reason: str
    error: SidecarError

    @property
    def detail(self) -> str:
        """What is the matter, in a few words."""
        if self.reason in _FEW_WORDS:
            return _FEW_WORDS[self.reason]
        return self.error.detail or "it does not begin as a database does"


def diagnose(
    database: Path,
    work_dir: Path,
    progress: Progress,
    check: Callable[[Path, Path, int, Progress], None] | None = None,
) -> Wreck | str:
    """The wreck that the live database is; else, of a sound one, its text encoding.

    :param check: in the place of ``require_sound``.

    It is opened as the app would: what a killed app left half done is rolled back first. A copy of it is checked in
    full, so that the app is kept from writing for the time of the copy alone.
    Raises DatabaseError and its kin for one that is neither, PathNotAllowed, WorkFolderUnusable, DiskFull, Cancelled.
    """
    if _is_gone(database):
        # A new one would get that name.
        require_name(database)
        return Wreck(MISSING, DatabaseNotFound(path=database))
    head, size = _head(database)
    is_namesake = database.parent.name == _CONFIG_FOLDER
    if size == 0 and not is_namesake:
        # SQLite is not asked: it would remove a journal that lies beside an empty file.
        return Wreck(EMPTY, _empty(database))
    try:
        encoding = _encoding(database, progress)
        (check or require_sound)(database, work_dir, size, progress)
    except NotKiraPilot as error:
        damage = _damage_of(database, work_dir, size, progress)
        if damage is None and _holds_nothing(database) and not is_namesake:
            return Wreck(EMPTY, error)
        if damage is None or not _was_ours(database, head):
            raise
        return Wreck(DAMAGED, damage)
    except DatabaseError as error:
        if not _is_damage(error, head):
            raise
        if not _was_ours(database, head):
            if isinstance(error, DatabaseDamaged):
                error.advice = _TOO_LITTLE_LEFT
            raise
        if isinstance(error, NotADatabase):
            error.advice = IF_BROKEN
        return Wreck(DAMAGED, error)
    return encoding


def _empty(database: Path) -> NotKiraPilot:
    error = NotKiraPilot(path=database, detail='table "tasks"')
    error.advice = IF_BROKEN
    return error


def _is_gone(database: Path) -> bool:
    """Whether there is nothing at all, in a folder that is there or can be made."""
    if is_device(database):
        return False
    try:
        place = resolved(database)
        return not _is_there(place) and (place.parent.is_dir() or _can_be_made(place.parent))
    except (OSError, ValueError):
        # An impossible name, a closed folder, or a loop of links: for the opening to tell of.
        return False


def _is_there(place: Path) -> bool:
    """Raises OSError where nobody can tell."""
    try:
        place.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _can_be_made(folder: Path) -> bool:
    return not _is_there(folder) and folder.parent.is_dir()


def _head(database: Path) -> tuple[bytes, int]:
    """The first bytes of the file, and its size; nothing and 1 for what is no file, which the opening tells of."""
    try:
        if is_device(database) or not database.is_file():
            return b"", 1
        with database.open("rb") as file:
            return file.read(100), os.fstat(file.fileno()).st_size
    except (OSError, ValueError):
        return b"", 1


def _encoding(database: Path, progress: Progress) -> str:
    with database_errors(database), closing(open_for_reading(database)) as connection:
        live_schema(connection, database, progress)
        encoding: str = connection.execute("PRAGMA main.encoding").fetchone()[0]
        return encoding


def require_sound(database: Path, work_dir: Path, size: int, progress: Progress) -> None:
    """Raise DatabaseDamaged for anything that SQLite's full check finds."""
    with work_folder(work_dir) as folder:
        finding = first_finding(copied(database, folder, size, progress), progress)
    if finding is not None:
        raise DatabaseDamaged(path=database, detail=finding)


def copied(database: Path, folder: Path, size: int, progress: Progress) -> Path:
    """A copy of a database of ``size`` bytes to be checked, in a job's folder. Raises DatabaseError and its kin,
    DiskFull, WorkFolderUnusable, Cancelled.
    """
    require_space(folder, size, "the snapshot of the database")
    take_snapshot(database, folder / _COPY, progress)
    return folder / _COPY


def first_finding(database: Path, progress: Progress) -> str | None:
    """The first thing wrong with a private copy, None if there is none: an index that lacks rows counts as well, for
    an import finds rows by it. Raises Cancelled.
    """
    findings = look_into(database, progress)
    return next(iter([*findings.damage, *(f"index {index} lacks rows" for index in findings.indexes)]), None)


def _damage_of(database: Path, work_dir: Path, size: int, progress: Progress) -> DatabaseDamaged | None:
    """The damage of a database that lacks what the app's has: without any, it is another program's."""
    with work_folder(work_dir) as folder, file_errors(database):
        require_space(folder, size, "the snapshot of the database")
        copy = folder / _COPY
        with copy.open("xb") as file:
            for piece in _pieces(database):
                file.write(piece)
        finding = first_finding(copy, progress)
    return None if finding is None else DatabaseDamaged(path=database, detail=finding)


def _holds_nothing(database: Path) -> bool:
    """Whether a sound database has nothing in it: the app would fill it at its next start, and so may a restore."""
    with database_errors(database), closing(open_for_reading(database)) as connection:
        count: int = connection.execute("SELECT count(*) FROM main.sqlite_master").fetchone()[0]
        return count == 0


def _is_damage(error: SidecarError, head: bytes) -> bool:
    """Whether an error says that the file is broken, rather than in use, closed to us, or another program's."""
    if isinstance(error, DatabaseReadOnly):
        # So SQLite calls a header that says it is of a later version of its format.
        return head.startswith(_MAGIC) and not {*head[18:20]} <= {1, 2}
    return isinstance(error, NotADatabase | DatabaseDamaged)


def _was_ours(database: Path, head: bytes) -> bool:
    """Whether a broken file is the app's database, and no letter, photograph or backup that was named by mistake."""
    if database.name == default_database().name:
        return True
    if head.startswith(_ZIP):
        return False
    before = b""
    blank = True
    for piece in _pieces(database):
        blank = blank and not any(piece)
        if any(mark in before + piece for mark in _OWN):
            return True
        before = piece[-max(map(len, _OWN)) :]
    return blank


def _pieces(database: Path) -> Iterator[bytes]:
    with file_errors(database), database.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
