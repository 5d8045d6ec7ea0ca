"""What state the live database is in: sound, or a wreck that a restore may replace; anything else is an error.

A wreck is missing, empty, or damaged as SQLite itself finds. A database that is in use, may not be opened, or is
another program's is none: it is told of as ever, and nothing takes its place.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
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
    StrayJournal,
)
from sidecar.errors.paths import FileInUse, PathError
from sidecar.progress import Progress
from sidecar.rescue.journals import NO_LOG, misfit, played_in, recover, require_files_beside
from sidecar.rescue.owners import APP_MARKS
from sidecar.rescue.raw_copies import copy_database, states
from sidecar.system.files import resolved
from sidecar.system.names import is_device, require_name
from sidecar.system.os_errors import file_errors
from sidecar.system.paths import default_database
from sidecar.system.workfolder import require_space, work_folder

MISSING, EMPTY, DAMAGED = "missing", "empty", "damaged"
"""What can be the matter with a wreck."""

_MAGIC = b"SQLite format 3\0"
_ZIP = b"PK\x03\x04"

_TOO_LITTLE_LEFT = (
    "So little is left of this one that nothing tells it to be KiraPilot's: move it to another folder first."
)
"""Advice of a restore that replaces no file but one of the app's own: where there is none, it makes one."""

_CONFIG_FOLDER = "com.vietanhdev.kirapilot"
"""The app's folder for its window; an empty namesake of the database lies in it, which nobody reads."""

_FEW_WORDS = {MISSING: "there is no file", EMPTY: "it is empty"}

_COPY = "checked.db"

_PIECE = 1 << 20

_TRIES = 3
"""Copies made of a database with a journal that is written to meanwhile: then its program is at work."""


@dataclass(frozen=True)
class Wreck:
    """A live database that a restore has to replace: MISSING, EMPTY or DAMAGED, and ``error``, which says it all.

    ``beside`` are the files that SQLite would play in at the next opening, and has not yet; where they are ``stray``,
    the database is sound without them. They are not to be read with it where it is to be read ``alone``.
    """

    reason: str
    error: SidecarError
    beside: tuple[Path, ...] = ()
    alone: bool = False

    @property
    def stray(self) -> bool:
        """Whether it is what lies beside the database that is the matter."""
        return isinstance(self.error, StrayJournal)

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

    It is opened as the app would: what a killed app left half done is rolled back first, once that has gone well on a
    private copy. A copy of it is checked in full, so that the app is kept from writing for the time of the copy alone.
    Raises DatabaseError and its kin for one that is neither, PathNotAllowed, WorkFolderUnusable, DiskFull, Cancelled.
    """
    require_files_beside(database)
    if _is_gone(database):
        # A new one would get that name.
        require_name(database)
        return Wreck(MISSING, DatabaseNotFound(path=database))
    head, size = _head(database)
    is_namesake = database.parent.name == _CONFIG_FOLDER
    if size == 0 and not is_namesake:
        # SQLite is not asked: it would remove a journal that lies beside an empty file.
        return Wreck(EMPTY, _empty(database))
    found = _with_journals(database, work_dir, progress)
    if found is not None:
        return found
    return _judged(_Read(database, database), head, work_dir, progress, check or require_sound, size)


def require_own_journals(database: Path, work_dir: Path, progress: Progress) -> None:
    """Raise what a diagnosis says where a journal lies beside the database that would leave it no sound one.

    Before SQLite opens it: nothing is changed then. Costs next to nothing where no journal lies there. Raises
    StrayJournal, JournalInTheWay, DatabaseError and its kin, WorkFolderUnusable, DiskFull, Cancelled.
    """
    require_files_beside(database)
    if _is_empty(database):
        # SQLite would remove what lies beside an empty file.
        raise _empty(database)
    found = _with_journals(database, work_dir, progress)
    if found is not None:
        raise found.error


def stray_beside(database: Path, work_dir: Path, progress: Progress) -> StrayJournal | None:
    """What is said of a journal that would spoil a sound database; None where there is none, whatever else is wrong.

    Raises WorkFolderUnusable, DiskFull, PathError, Cancelled.
    """
    try:
        found = _with_journals(database, work_dir, progress)
    except DatabaseError:
        return None
    return found.error if found is not None and isinstance(found.error, StrayJournal) else None


@dataclass(frozen=True)
class _Read:
    """What is opened, the live database or a private copy; errors name the former."""

    named: Path
    path: Path


def _judged(
    read: _Read,
    head: bytes,
    work_dir: Path,
    progress: Progress,
    check: Callable[[Path, Path, int, Progress], None],
    size: int,
) -> Wreck | str:
    is_namesake = read.named.parent.name == _CONFIG_FOLDER
    try:
        encoding = _encoding(read, progress)
        check(read.path, work_dir, size, progress)
    except NotKiraPilot as error:
        damage = _damage_of(read, work_dir, size, progress)
        if damage is None and _holds_nothing(read) and not is_namesake:
            return Wreck(EMPTY, error)
        if damage is None or not _was_ours(read, head):
            raise
        return Wreck(DAMAGED, damage)
    except DatabaseError as error:
        if not _is_damage(error, head):
            raise
        if not _was_ours(read, head):
            if isinstance(error, DatabaseDamaged):
                error.advice = _TOO_LITTLE_LEFT
            raise
        if isinstance(error, NotADatabase):
            error.advice = IF_BROKEN
        return Wreck(DAMAGED, error)
    return encoding


def _with_journals(database: Path, work_dir: Path, progress: Progress) -> Wreck | None:
    """The wreck that the database is, or would be, once SQLite has played in what lies beside it.

    None where it may: nothing lies there, it is in use, or a private copy has come out sound, and as this database.
    Raises what is the matter with one that is no wreck either.
    """
    for _ in range(_TRIES):
        beside = played_in(database)
        if not beside:
            return None
        with suppress(FileInUse), work_folder(work_dir) as folder:
            with file_errors(database):
                before = states(resolved(database))
            try:
                found = _tried_out(database, beside, folder, progress)
            except (DatabaseError, PathError):
                # Of a journal that was done with while it was copied, too.
                if _states_now(database) == before:
                    raise
                continue
            if found is None or _states_now(database) == before:
                return found
    return None


def _states_now(database: Path) -> object:
    with file_errors(database):
        return states(resolved(database))


def _tried_out(database: Path, beside: tuple[Path, ...], folder: Path, progress: Progress) -> Wreck | None:
    copy = copy_database(resolved(database), folder, progress)
    recover(copy)
    found = _judged_copy(database, copy, folder, progress)
    unfit = misfit(database, copy)
    why = unfit if isinstance(found, str) else f"what SQLite makes of the two: {_few_words(found)}"
    if not why:
        return None
    alone = copy_database(resolved(database), folder, progress, "alone.db", alone=True)
    without = _judged_copy(database, alone, folder, progress)
    if isinstance(without, str):
        error = StrayJournal(path=" and ".join(map(str, beside)), detail=why)
        return Wreck(DAMAGED, error, beside, alone=True)
    if unfit == NO_LOG:
        found = without
    elif isinstance(found, str):
        # A copy of whole pages that was broken off, as VACUUM makes one: what the journal holds is what there was.
        return None
    if isinstance(found, DatabaseError):
        raise found
    return replace(found, beside=beside, alone=bool(unfit))


def _few_words(found: Wreck | DatabaseError) -> str:
    return found.detail if isinstance(found, Wreck) else found.detail or found.args[0]


def _judged_copy(database: Path, copy: Path, folder: Path, progress: Progress) -> Wreck | DatabaseError | str:
    """What a private copy is, as ``diagnose`` says it; an error that it raises is answered."""

    def check(path: Path, _folder: Path, _size: int, progress: Progress) -> None:
        finding = first_finding(path, progress)
        if finding is not None:
            raise DatabaseDamaged(path=database, detail=finding)

    head, size = _head(copy)
    if size == 0:
        return Wreck(EMPTY, _empty(database))
    try:
        return _judged(_Read(database, copy), head, folder, progress, check, size)
    except DatabaseError as error:
        return error


def _empty(database: Path) -> NotKiraPilot:
    error = NotKiraPilot(path=database, detail='table "tasks"')
    error.advice = IF_BROKEN
    return error


def _is_empty(database: Path) -> bool:
    """Told without opening it: who closes a file lets go of all locks on it (POSIX), and an import may hold one."""
    try:
        return not is_device(database) and database.is_file() and database.stat().st_size == 0
    except (OSError, ValueError):
        return False  # for the opening to tell of


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


def _encoding(read: _Read, progress: Progress) -> str:
    with database_errors(read.named), closing(open_for_reading(read.path)) as connection:
        live_schema(connection, read.named, progress)
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


def _damage_of(read: _Read, work_dir: Path, size: int, progress: Progress) -> DatabaseDamaged | None:
    """The damage of a database that lacks what the app's has: without any, it is another program's."""
    with work_folder(work_dir) as folder, file_errors(read.named):
        require_space(folder, size, "the snapshot of the database")
        copy = folder / _COPY
        with copy.open("xb") as file:
            for piece in _pieces(read.path):
                file.write(piece)
        finding = first_finding(copy, progress)
    return None if finding is None else DatabaseDamaged(path=read.named, detail=finding)


def _holds_nothing(read: _Read) -> bool:
    """Whether a sound database has nothing in it: the app would fill it at its next start, and so may a restore."""
    with database_errors(read.named), closing(open_for_reading(read.path)) as connection:
        count: int = connection.execute("SELECT count(*) FROM main.sqlite_master").fetchone()[0]
        return count == 0


def _is_damage(error: SidecarError, head: bytes) -> bool:
    """Whether an error says that the file is broken, rather than in use, closed to us, or another program's."""
    if isinstance(error, DatabaseReadOnly):
        # So SQLite calls a header that says it is of a later version of its format.
        return head.startswith(_MAGIC) and not {*head[18:20]} <= {1, 2}
    return isinstance(error, NotADatabase | DatabaseDamaged)


def _was_ours(read: _Read, head: bytes) -> bool:
    """Whether a broken file is the app's database, and no letter, photograph or backup that was named by mistake."""
    if read.named.name == default_database().name:
        return True
    if head.startswith(_ZIP):
        return False
    before = b""
    blank = True
    for piece in _pieces(read.path):
        blank = blank and not any(piece)
        if any(mark in before + piece for mark in APP_MARKS):
            return True
        before = piece[-max(map(len, APP_MARKS)) :]
    return blank


def _pieces(database: Path) -> Iterator[bytes]:
    with file_errors(database), database.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
