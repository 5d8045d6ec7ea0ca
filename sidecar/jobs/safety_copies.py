"""Safety copies: a backup of the present data, made before an import changes any of it, and kept for a while.

They lie beside the database, in ``backups``, and are written and proved as any export is. Owns their folder,
their names and their removal; which may go is for ``retention``, what an import does with one for ``importing`` and
``undoing``.
"""

from __future__ import annotations

import re
import stat
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sidecar.errors import (
    BeyondFormat,
    DatabaseDamaged,
    NotImportable,
    PathError,
    ReadFailed,
    SafetyCopyFailed,
    VerificationFailed,
    WorkFolderUnusable,
)
from sidecar.jobs.exporting import export_data
from sidecar.jobs.retention import outdated
from sidecar.jobs.vouching import INDEX_DAMAGED
from sidecar.progress import Progress
from sidecar.rescue.wrecks import list_wrecks
from sidecar.system.files import resolved, same_file
from sidecar.system.flushing import NOT_FLUSHED
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.paths import Places

FOLDER = "backups"

KEPT = 10
"""Safety copies that stay at the least; an import that makes one removes what ``retention`` lets go of beyond."""

_FORMAT = "%Y%m%dT%H%M%S.%f"
_NAME = re.compile(r"before-import-(\d{8}T\d{6}\.\d{6})Z\.kpbackup", re.ASCII)
_LAST_YEAR = 9000
"""A file of a later year is none of ours: the name after it could not be written."""


def folder_of(database: Path) -> Path:
    """The folder of a database's safety copies, whether or not it exists; links to the database lead to one folder."""
    with file_errors(database, Act.STAT):
        return resolved(database).parent / FOLDER


def list_copies(folder: Path) -> list[Path]:
    """The safety copies in ``folder``, the newest first: ordinary files whose name is one of ours.

    Raises PathError for a folder that cannot be read; one that does not exist has none.
    """
    with file_errors(folder, Act.LIST):
        try:
            found = [(moment, path) for path in folder.iterdir() if (moment := moment_of(path)) and _is_file(path)]
        except FileNotFoundError:
            return []
    return [path for _, path in sorted(found, reverse=True)]


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

    ``path`` is None until there is one; ``seconds`` is how long it took to make.

    :param settings: the frontend's, as it gave them.
    :param new_progress: called when the first copy is begun.
    """

    def __init__(
        self, places: Places, settings: Mapping[str, object] | None, new_progress: Callable[[], Progress]
    ) -> None:
        self.path: Path | None = None
        self.seconds = 0.0
        self._folder = folder_of(places.database)
        self._places = places
        self._settings = settings
        self._new_progress = new_progress
        self._progress: Progress | None = None
        self._made_folder = False

    def make(self) -> None:
        """Write and prove a copy of the database as it is now; it takes the place of an earlier one.

        Raises SafetyCopyFailed, DatabaseError and its kin, Cancelled: then there is none.
        """
        self.discard()
        begun = time.monotonic()
        progress = self._progress = self._progress or self._new_progress()
        with copy_errors(self._folder):
            try:
                self._made_folder = make_folder(self._folder)
                self.path = self._folder / f"before-import-{new_moment(self._folder).strftime(_FORMAT)}Z.kpbackup"
                made = export_data(self._places, str(self.path), progress, self._settings)
                if INDEX_DAMAGED in made.warnings:
                    # A backup would do. An import finds rows by the index, and would not see some of them.
                    raise DatabaseDamaged(path=self._places.database, detail="an index lacks rows")
                if NOT_FLUSHED in made.warnings:
                    # A backup would do; what an import relies on has to outlast a power cut.
                    raise ReadFailed(path=self.path, detail="its folder could not be flushed")
            except BaseException:
                self.discard()
                raise
        self.seconds = time.monotonic() - begun

    def discard(self) -> None:
        """Remove the copy, if there is one: what it would bring back has not changed."""
        with suppress(OSError):
            if self.path is not None:
                self.path.unlink(missing_ok=True)
            if self._made_folder:
                self._folder.rmdir()
        self.path, self._made_folder = None, False

    def settle(self, source: str) -> None:
        """Now that the import has happened: remove the copies that are outdated, never this one or ``source``.

        This one was proved just now, so the last proved copy never goes. A copy that cannot be removed stays.
        """
        if self.path is None:
            return
        for old in _beyond(self.path.parent, (self.path, Path(source))):
            with suppress(OSError):
                old.unlink()


def _beyond(folder: Path, spared: Collection[Path]) -> list[Path]:
    try:
        copies = [(moment, path) for path in list_copies(folder) if (moment := moment_of(path))]
    except PathError:
        # The import has happened: a folder that cannot be read any more is told of by the next one.
        return []
    # By what they are, not by their names: the backup may have been named by a link.
    return [path for path in outdated(copies, KEPT) if not any(same_file(path, other) for other in spared)]


def new_moment(folder: Path) -> datetime:
    """A moment for what is kept now, later than those of all there is, even if the clock was put back."""
    moments = [moment for path in list_copies(folder)[:1] if (moment := moment_of(path))]
    moments += [wreck.moment for wreck in list_wrecks(folder)[:1]]
    now = datetime.now(UTC)
    newest = max(moments, default=now)
    return max(now, newest + timedelta(microseconds=1)) if moments else now


def make_folder(folder: Path) -> bool:
    """Make the folder, for its owner alone, unless it is there; answers whether it was made."""
    with file_errors(folder, Act.SAVE):
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            if not folder.is_dir():
                detail = "something else of that name is in its place, move it away"
                raise SafetyCopyFailed(path=folder, detail=detail) from None
            return False
    return True


@contextmanager
def copy_errors(folder: Path) -> Iterator[None]:
    """Say of whatever kept a copy from being made that it was the copy."""
    try:
        yield
    except (PathError, VerificationFailed, NotImportable, WorkFolderUnusable, BeyondFormat) as error:
        raise SafetyCopyFailed(path=folder, detail=error.message.rstrip(".")) from error


def _is_file(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)
