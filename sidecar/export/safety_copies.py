"""Safety copies: a backup of the present data, made before an import changes any of it, and kept for a while.

They lie where ``copy_places`` says, and are written and proved as any export is; of a database that holds more than a
backup can they are copies of its file, which are listed with the wrecks. Owns their names and their removal;
which may go is for ``retention``, what an import does with one for ``importing`` and ``undoing``.
"""

from __future__ import annotations

import re
import sqlite3
import stat
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from sidecar.database.snapshot import take_snapshot
from sidecar.errors.base import SidecarError
from sidecar.errors.databases import BeyondFormat, DatabaseDamaged
from sidecar.errors.jobs import NotImportable, SafetyCopyFailed, VerificationFailed, WorkFolderUnusable
from sidecar.errors.paths import PathError, PlaceUnreachable, ReadFailed
from sidecar.export.early_copy import EarlyCopy, pays
from sidecar.export.exporting import export_data
from sidecar.export.retention import outdated
from sidecar.export.vouching import INDEX_DAMAGED
from sidecar.progress import Progress
from sidecar.rescue.copy_places import folder_of, make_folder, require_plugged, second_folder_of
from sidecar.rescue.owners import WORD, own, word_of
from sidecar.rescue.wrecks import copy_proved, list_wrecks
from sidecar.system.files import same_file
from sidecar.system.flushing import NOT_FLUSHED
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.paths import Places
from sidecar.system.workfolder import require_space, work_folder

KEPT = 10
"""Safety copies that stay at the least; an import that makes one removes what ``retention`` lets go of beyond."""

_FORMAT = "%Y%m%dT%H%M%S.%f"
_NAME = re.compile(rf"before-import-(\d{{8}}T\d{{6}}\.\d{{6}})Z{WORD}\.kpbackup", re.ASCII)
_LAST_YEAR = 9000
"""A file of a later year is none of ours: the name after it could not be written."""


def list_copies(folder: Path) -> list[Path]:
    """The safety copies in ``folder``, of whatever database, the newest first: ordinary files with a name of ours.

    Raises PathError for a folder that cannot be read; one that does not exist has none.
    """
    with file_errors(folder, Act.LIST):
        try:
            found = [(moment, path) for path in folder.iterdir() if (moment := moment_of(path)) and _is_file(path)]
        except FileNotFoundError:
            require_plugged(folder)
            return []
    return [path for _, path in sorted(found, reverse=True)]


def all_copies(places: Places, everyones: bool = False) -> list[Path]:
    """The safety copies of a database, beside it and in the work folder, the newest first.

    :param everyones: those of other databases in its folder, too.
    Raises PathError for a folder beside the database whose disk is not there, or, unless something is kept in the
    second place, that cannot be read.
    """
    second: list[Path] = []
    elsewhere = False
    with suppress(PathError):  # a work folder that cannot be used is for the job that needs it to tell of
        folder = second_folder_of(places)
        second = list_copies(folder)
        elsewhere = bool(second or list_wrecks(folder))
    try:
        first = list_copies(folder_of(places.database))
        if not everyones:
            first = own(places.database, [(path, path) for path in first])
    except PathError as error:
        if isinstance(error, PlaceUnreachable) or not elsewhere:
            raise
        first = []
    return sorted((*first, *second), key=lambda path: path.name, reverse=True)


def moment_of(path: Path) -> datetime | None:
    """When a safety copy was made, as its name says; None for the name of any other file."""
    named = _NAME.fullmatch(path.name)
    if named is None:
        return None
    try:
        moment = datetime.fromisoformat(named[1]).replace(tzinfo=UTC)
    except ValueError:
        return None
    return moment if moment.year < _LAST_YEAR else None


class SafetyCopy:
    """The copy one import makes before it changes anything, made anew as often as the app writes meanwhile.

    ``path`` is None until there is one; ``seconds`` is how long it took to make. To be entered by who calls ``begin``.

    :param settings: the frontend's, as it gave them.
    :param new_progress: called when the first copy is begun.
    :param index_may_lack: whether an index that lacks rows is no hindrance, since it is about to be built anew.
    """

    def __init__(
        self,
        places: Places,
        settings: Mapping[str, object] | None,
        new_progress: Callable[[], Progress],
        index_may_lack: bool = False,
    ) -> None:
        self._index_may_lack = index_may_lack
        self.path: Path | None = None
        self.seconds = 0.0
        self._places = places
        self._settings = settings
        self._new_progress = new_progress
        self._progress: Progress | None = None
        self._made_folder: Path | None = None
        self._early: EarlyCopy | None = None
        self.warnings: list[str] = []

    @cached_property
    def _folder(self) -> Path:
        """Asked for once there is a copy to make: of a database with an impossible name is told before."""
        return folder_of(self._places.database)

    def __enter__(self) -> SafetyCopy:
        return self

    def __exit__(self, *_raised: object) -> None:
        """What was begun early and never taken goes."""
        if self._early is not None:
            self.discard()

    def begin(self) -> bool:
        """Let another process make a copy from now on, if that is worth it; ``make`` takes it if it is still of use.

        What keeps it from being begun keeps ``make`` from making one, which then tells of it.
        """
        if pays(self._places.database):
            with suppress(OSError, SidecarError, sqlite3.Error):
                self._early = EarlyCopy(self._places, self._new_path(self._folder), self._settings)
        return self._early is not None

    def proves_sound(self, progress: Progress, wait: bool) -> bool:
        """Whether the copy that was begun was made of a sound database, which nobody has written to since.

        :param wait: until it is made, or cannot be. Raises Cancelled.
        """
        early = self._early
        if early is None:
            return False
        while wait and early.is_under_way():
            progress.check()
        # Of a database that is damaged no copy is made, but for one whose index lacks rows, which is said.
        return early.is_made() and early.is_of_now() and INDEX_DAMAGED not in early.warnings

    def make(self) -> None:
        """Write and prove a copy of the database as it is now; it takes the place of an earlier one.

        Where the folder beside the database cannot take it, it lies in the work folder, and ``warnings`` say so.
        Raises SafetyCopyFailed, DatabaseError and its kin, Cancelled: then there is none.
        """
        begun = time.monotonic()
        progress = self._progress = self._progress or self._new_progress()
        if self._take_early(progress):
            self.seconds = time.monotonic() - begun
            return
        self.discard()
        with copy_errors(self._folder):
            try:
                self._make_in(self._folder, progress)
            except (PathError, VerificationFailed) as error:
                # A disk that was taken out comes back, and would have been the place.
                require_plugged(self._folder)
                try:
                    self._make_in(second_folder_of(self._places), progress)
                except (PathError, VerificationFailed):
                    raise error from None
                self.warnings += [
                    f"The safety copy lies in the work folder ({self.path}): beside the database it could not be kept."
                    f" {error.message}"
                ]
        self.seconds = time.monotonic() - begun

    def _take_early(self, progress: Progress) -> bool:
        """Take the copy that was begun early, if there is one that is as good as one made now."""
        early = self._early
        if early is None or not early.wait(progress) or not early.is_of_now():
            return False
        try:
            self._judge(early.path, early.warnings)
        except SidecarError:
            # Said by the copy that is made now.
            return False
        self._early = None
        early.end()
        return True

    def _make_in(self, folder: Path, progress: Progress) -> None:
        try:
            path = self.path = self._new_path(folder)
            try:
                self._judge(path, export_data(self._places, str(path), progress, self._settings).warnings)
            except (BeyondFormat, NotImportable) as error:
                self._keep_whole(path.with_suffix(".db"), error, progress)
        except BaseException:
            self.discard()
            raise

    def _keep_whole(self, path: Path, error: BeyondFormat | NotImportable, progress: Progress) -> None:
        """Keep the database itself, as of one moment, where no backup can hold it."""
        database, self.path = self._places.database, path
        with work_folder(self._places.work_dir) as folder:
            snapshot = folder / "whole.db"
            require_space(folder, database.stat().st_size, "the snapshot of the database")
            take_snapshot(database, snapshot, progress)
            require_space(path.parent, snapshot.stat().st_size, "the copy of the database")
            self._judge(path, copy_proved(snapshot, path, progress))
        self.warnings = [
            f"The safety copy is a copy of the database file ({path}), which is never removed: it holds what a backup"
            f" cannot ({error.detail})"
        ]

    def _new_path(self, folder: Path) -> Path:
        """Where a copy made now would lie, in a folder that is there. Raises PathError, OSError."""
        if make_folder(folder):
            self._made_folder = folder
        moment = new_moment(self._folder, second_folder_of(self._places))
        self.path = folder / f"before-import-{moment.strftime(_FORMAT)}Z{word_of(self._places.database)}.kpbackup"
        return self.path

    def _judge(self, path: Path, warnings: Collection[str]) -> None:
        """Raise what keeps an import from relying on a copy that was made with these warnings."""
        if INDEX_DAMAGED in warnings and not self._index_may_lack:
            # A backup would do. An import finds rows by the index, and would not see some of them.
            raise DatabaseDamaged(path=self._places.database, detail="an index lacks rows")
        if NOT_FLUSHED in warnings:
            # A backup would do; what an import relies on has to outlast a power cut.
            raise ReadFailed(path=path, detail="its folder could not be flushed")

    def discard(self) -> None:
        """Remove the copy, if there is one, or one is under way: what it would bring back has not changed."""
        if self._early is not None:
            self._early.end()
            self._early = None
        with suppress(OSError):
            if self.path is not None:
                self.path.unlink(missing_ok=True)
            if self._made_folder is not None:
                self._made_folder.rmdir()
        self.path, self._made_folder, self.warnings = None, None, []

    def settle(self, source: str) -> None:
        """Now that the import has happened: remove the copies that are outdated, never this one or ``source``.

        This one was proved just now, so the last proved copy never goes. A copy that cannot be removed stays.
        """
        if self.path is None:
            return
        for old in _beyond(self._places, (self.path, Path(source))):
            with suppress(OSError):
                old.unlink()


def _beyond(places: Places, spared: Collection[Path]) -> list[Path]:
    try:
        copies = [(moment, path) for path in all_copies(places) if (moment := moment_of(path))]
    except PathError:
        # The import has happened: a folder that cannot be read any more is told of by the next one.
        return []
    # By what they are, not by their names: the backup may have been named by a link.
    return [path for path in outdated(copies, KEPT) if not any(same_file(path, other) for other in spared)]


def new_moment(*folders: Path) -> datetime:
    """A moment for what is kept now, later than those of all there is, even if the clock was put back."""
    moments: list[datetime] = []
    for folder in folders:
        with suppress(PathError):  # one that cannot be read holds nothing that would come first
            moments += [moment for path in list_copies(folder)[:1] if (moment := moment_of(path))]
            moments += [wreck.moment for wreck in list_wrecks(folder)[:1]]
    now = datetime.now(UTC)
    newest = max(moments, default=now)
    return max(now, newest + timedelta(microseconds=1)) if moments else now


@contextmanager
def copy_errors(folder: Path) -> Iterator[None]:
    """Say of whatever kept a copy from being made that it was the copy."""
    try:
        yield
    except (PathError, VerificationFailed, NotImportable, WorkFolderUnusable) as error:
        raise SafetyCopyFailed(path=folder, detail=error.message.rstrip(".")) from error


def _is_file(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)
