"""A restore over a broken database: wreck set aside -> rebuilt database put into its place; all of it or nothing.

The rows are the ordinary import's affair: it works on the rebuilt database as on any.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sidecar.errors import CannotRebuild, DatabaseBusy, FolderNotFound, WouldLoseData
from sidecar.jobs.safety_copies import copy_errors, new_moment
from sidecar.progress import Progress
from sidecar.rescue.copy_places import folder_of, make_folder
from sidecar.rescue.diagnosis import MISSING, Wreck, first_finding
from sidecar.rescue.placing import Changed, put_in_place
from sidecar.rescue.rebuilding import migrations_for, rebuild
from sidecar.rescue.wrecks import SetAside, file_state, set_aside
from sidecar.results import Rescue
from sidecar.stage.judged import Judged
from sidecar.system.files import resolved
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.workfolder import require_space

TRIES = 3
"""Copies made of a wreck that somebody writes to all the while."""

RESTART = "Restart KiraPilot: until then it does not see the new database, and what is done in it is lost"


@dataclass
class Rebuilding:
    """One restore over a broken database. ``path`` is the rebuilt one, in the job's own folder."""

    wreck: Wreck
    database: Path
    backup: Judged
    path: Path = field(init=False)
    aside: SetAside | None = None
    in_place: bool | None = None

    def __post_init__(self) -> None:
        self.path = rebuild(self.backup)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Say of what has no place in the new database that it is not for the user to make room."""
        try:
            yield
        except WouldLoseData as error:
            raise CannotRebuild(path=self.database, detail=error.detail) from error

    def state(self) -> str:
        """A number for the wreck that is another one when somebody wrote to it."""
        return file_state(self.database)

    def report(self) -> Rescue:
        """What the answer says of it."""
        return Rescue(
            reason=self.wreck.reason,
            detail=self.wreck.detail,
            migrations=list(migrations_for(self.backup)),
            in_place=self.in_place,
        )

    def warnings(self) -> list[str]:
        """The same in sentences, for the dialog."""
        if self.in_place is None:
            return [f"{self._state()}: a new one will be made for the backup{self._kept('will be')}"]
        lines = [f"{self._state()}: a new one was made for the backup{self._kept('was')}"]
        return [*lines, *(() if self.in_place else (RESTART,)), *(self.aside.remarks if self.aside else ())]

    def _state(self) -> str:
        if self.wreck.reason == MISSING:
            return f"There was no database at {self.database}"
        return f"KiraPilot's database could not be read ({self.wreck.detail})"

    def _kept(self, verb: str) -> str:
        return "" if self.wreck.reason == MISSING else f", and the broken file {verb} kept as it is, beside it"

    @property
    def kept(self) -> str | None:
        """Path of the wreck that was set aside, None if there was none."""
        return str(self.aside.path) if self.aside is not None and self.aside.was_there else None

    def carry_out(self, connection: sqlite3.Connection, progress: Progress) -> None:
        """Set the wreck aside, and let the rebuilt database, filled by ``connection``, take its place.

        Raises SafetyCopyFailed, DatabaseError and its kin, PathError, Cancelled: the wreck is then in its place, and
        nothing beside it.
        """
        connection.execute("PRAGMA shrink_memory")
        finding = first_finding(self.path, progress)
        if finding is not None:
            raise CannotRebuild(path=self.database, detail=finding)
        with _folders(self.database) as folder:
            require_space(folder, self.path.stat().st_size, "the new database")
            for _ in range(TRIES):
                with copy_errors(folder):
                    aside = set_aside(self.database, folder, new_moment(folder), progress)
                try:
                    self.in_place = put_in_place(self.path, self.database, aside, progress)
                except BaseException as error:
                    aside.remove()
                    if not isinstance(error, Changed):
                        raise
                else:
                    self.aside = aside
                    return
            raise DatabaseBusy(path=self.database, detail="It was written to while it was being replaced.")


@contextmanager
def _folders(database: Path) -> Iterator[Path]:
    """The folder of what is kept, made if need be, and the database's own; they go again if nothing comes of it."""
    folder = folder_of(database)
    home = resolved(database).parent
    made: list[Path] = []
    try:
        with copy_errors(folder):
            if make_home(home):
                made.append(home)
            if make_folder(folder):
                made.insert(0, folder)
        yield folder
    except BaseException:
        for empty in made:
            with suppress(OSError):
                empty.rmdir()
        raise


def make_home(home: Path) -> bool:
    """Make the database's own folder unless it is there; answers whether it was made. Raises PathError."""
    with file_errors(home, Act.SAVE):
        if home.is_dir():
            return False
        if not home.parent.is_dir():
            raise FolderNotFound(path=home)
        home.mkdir(mode=0o700)
    return True
