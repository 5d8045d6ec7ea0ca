"""A restore over a broken database: wreck set aside -> rebuilt database put into its place; all of it or nothing.

The rows are the ordinary import's affair: it works on the rebuilt database as on any.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sidecar.database.introspection import has_id, quote, readable
from sidecar.errors.backups import RowsRefused, WouldLoseData
from sidecar.errors.databases import CannotRebuild, CannotRemove, DatabaseBusy
from sidecar.errors.jobs import AccountingMismatch, WorkFolderUnusable
from sidecar.errors.paths import DiskFull, FileInUse, FolderNotFound, PathError
from sidecar.export.safety_copies import copy_errors
from sidecar.jobs.keeping_wrecks import keep_wreck
from sidecar.progress import Progress
from sidecar.rescue.copy_places import folder_of
from sidecar.rescue.diagnosis import DAMAGED, MISSING, Wreck, first_finding
from sidecar.rescue.journals import JOURNAL, recover
from sidecar.rescue.placing import Changed, put_in_place
from sidecar.rescue.raw_copies import copy_database
from sidecar.rescue.reading_out import read_out
from sidecar.rescue.rebuilding import Rebuilt, rebuild
from sidecar.rescue.wrecks import SetAside, file_state, pairs, same_bytes
from sidecar.results import Rescue, WreckTable
from sidecar.stage.judged import Judged
from sidecar.system.files import resolved
from sidecar.system.names import sqlite_uri
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.paths import Places
from sidecar.system.workfolder import require_space

READABLE_BYTES, READABLE_SECONDS = 256 << 20, 10.0
"""Largest wreck that is read for what is still in it, and for how long: a restore does not wait for more."""

TRIES = 3
"""Copies made of a wreck that somebody writes to all the while."""

DECLARED = (
    "The backup is of a KiraPilot that this program does not know: the new database has the tables and indexes that the"
    " backup tells of, and none of what KiraPilot may have besides to search them"
)

RESTART = "Restart KiraPilot: until then it does not see the new database, and what is done in it is lost"


class Unfit(Exception):
    """A schema that the code does not know does not take the backup: one that it knows may."""


@dataclass
class Rebuilding:
    """One restore over a broken database.

    :param believed: the new database may have a schema that the code does not know, as the broken one or the backup
        tells it.
    """

    wreck: Wreck
    places: Places
    backup: Judged
    progress: Progress
    believed: bool = True
    made: Rebuilt = field(init=False)
    readable: dict[str, WreckTable] | None = None
    aside: SetAside | None = None
    in_place: bool | None = None

    def __post_init__(self) -> None:
        copy = _copy(self.database, self.backup, self.wreck, self.progress) if self.wreck.reason == DAMAGED else None
        self.made = rebuild(self.backup, copy, self.progress, self.believed)
        if copy is not None and copy.stat().st_size <= READABLE_BYTES:
            self.readable = _count_readable(copy, self.backup, self.progress)

    @property
    def database(self) -> Path:
        """Where the live database lies, or ought to."""
        return self.places.database

    @property
    def path(self) -> Path:
        """The new database, in the job's own folder."""
        return self.made.path

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Say of what has no place in the new database that it is not for the user to make room.

        Raises Unfit where it is the broken database's own schema that does not take the backup.
        """
        try:
            yield
        except (WouldLoseData, RowsRefused, CannotRemove, AccountingMismatch, CannotRebuild) as error:
            if self.made.own:
                raise Unfit from error
            if isinstance(error, WouldLoseData):
                raise CannotRebuild(path=self.database, detail=error.detail) from error
            raise

    def state(self) -> str:
        """A number for the wreck that is another one when somebody wrote to it."""
        return file_state(self.database)

    def report(self) -> Rescue:
        """What the answer says of it."""
        return Rescue(
            reason=self.wreck.reason,
            detail=self.wreck.detail,
            migrations=list(self.made.migrations),
            in_place=self.in_place,
            readable=self.readable,
        )

    def warnings(self) -> list[str]:
        """The same in sentences, for the dialog."""
        if self.in_place is None:
            declared = [DECLARED] if self.made.declared else []
            return [self._foreseen(), *self._rest(), *self._more_to_be_had(), *declared]
        lines = [f"{self._state()}: a new one was made for the backup{self._kept('was')}", *self._rest()]
        lines += self._more_to_be_had()
        lines += [DECLARED] if self.made.declared else []
        return [*lines, *(() if self.in_place else (RESTART,)), *(self.aside.remarks if self.aside else ())]

    def _rest(self) -> list[str]:
        """That there is more to be brought back where the backup holds a part of the data alone."""
        part = self.backup.contents.part
        return [] if part is None else [f"The backup is partial ({part}): the new database holds nothing but that part"]

    def _more_to_be_had(self) -> list[str]:
        """How to get at rows of the broken file that the backup lacks, if any are found."""
        missed = sum(
            table.read - table.in_backup for table in (self.readable or {}).values() if table.in_backup is not None
        )
        if not missed:
            return []
        where = str(self.aside.path) if self.aside else "the broken file that is kept"
        rows = "1 row that the backup lacks" if missed == 1 else f"{missed:,} rows that the backup lacks"
        if self.wreck.stray:
            first = f"move away what lies beside {where} under its name"
            export = f"kirapilot-sidecar export --database {where} FILE"
            return [f"The database without it holds {rows}. To get at that: {first}, then {export}, then merge FILE"]
        return [
            f"The broken file seems to hold {rows}. To get at that: kirapilot-sidecar export --database {where}"
            " --salvage FILE, then merge FILE"
        ]

    def _foreseen(self) -> str:
        if self.wreck.stray:
            otherwise = f"a new database will be made for the backup{self._kept('will be')}"
            return f"{self.wreck.error.args[0]} Otherwise {otherwise}"
        return f"{self._state()}: a new one will be made for the backup{self._kept('will be')}"

    def _state(self) -> str:
        if self.wreck.stray:
            paths = self.wreck.error.path
            return f"{paths} lay beside KiraPilot's database and did not belong to it ({self.wreck.detail})"
        if self.wreck.reason == MISSING:
            return f"There was no database at {self.database}"
        return f"KiraPilot's database could not be read ({self.wreck.detail})"

    def _kept(self, verb: str) -> str:
        if self.wreck.reason == MISSING:
            return ""
        beside = self.aside is None or self.aside.path.parent == folder_of(self.database)
        what = "what was there" if self.wreck.stray else "the broken file"
        return f", and {what} {verb} kept as it is{', beside it' if beside else ''}"

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
        self.made.finish()
        finding = first_finding(self.path, progress)
        if finding is not None:
            raise CannotRebuild(path=self.database, detail=finding)
        with _home_of(self.database) as home:
            require_space(home, self.path.stat().st_size, "the new database")
            for _ in range(TRIES):
                aside = keep_wreck(self.places, progress)
                try:
                    self.in_place = put_in_place(self.path, self.database, aside, progress, bool(self.wreck.beside))
                except BaseException as error:
                    if _is_untouched(self.database, aside) or (isinstance(error, Changed) and not self.wreck.beside):
                        aside.remove()
                    if not isinstance(error, Changed):
                        raise
                else:
                    self.aside = aside
                    return
            raise DatabaseBusy(path=self.database, detail="It was written to while it was being replaced.")


def _copy(database: Path, backup: Judged, wreck: Wreck, progress: Progress) -> Path | None:
    """A private copy of a wreck, to look into; None where none can be had now: a restore does not depend on it.

    With what lies beside it, unless that is not its own.
    """
    folder = backup.stage.path.parent / "wreck"
    try:
        folder.mkdir(mode=0o700)
        copy = copy_database(database, folder, progress, alone=wreck.alone)
        recover(copy)
        return copy
    except (OSError, FileInUse, DiskFull, WorkFolderUnusable):
        return None


def _count_readable(copy: Path, backup: Judged, progress: Progress) -> dict[str, WreckTable] | None:
    """What can still be read of a wreck, within bounds of size and time; None where that cannot be found out now."""
    stage = backup.stage.path
    try:
        found = read_out(copy, progress, READABLE_SECONDS)
    except (OSError, DiskFull, WorkFolderUnusable):
        return None
    if found is None:
        return None
    known = backup.stage.tables
    return {
        name: WreckTable(
            read=table.read,
            in_backup=len(_ids(found.path, name) & _ids(stage, name))
            if name in known and has_id(known[name].columns)
            else None,
        )
        for name, table in found.tables.items()
        if table.read
    }


def _is_untouched(database: Path, aside: SetAside) -> bool:
    """Whether the wreck is still what was set aside: where a disk went on failing, its copy may be all there is."""
    if not aside.was_there:
        return True
    place = resolved(database)
    kept = {beside: path for path, beside in aside.files() if beside}
    if place.with_name(f"{place.name}{JOURNAL}").exists() and JOURNAL not in kept:
        return False
    try:
        if not all(same_bytes(place.with_name(f"{place.name}{beside}"), path) for beside, path in kept.items()):
            return False
        with place.open("rb") as wreck, aside.path.open("rb") as copy:
            return all(now == before for now, before in pairs(wreck.fileno(), copy.fileno()))
    except (OSError, PathError):
        return False


def _ids(database: Path, table: str) -> set[object]:
    with closing(sqlite3.connect(sqlite_uri(database, "ro"), uri=True)) as connection:
        connection.text_factory = readable
        try:
            return {value for (value,) in connection.execute(f"SELECT id FROM main.{quote(table)}")}
        except sqlite3.OperationalError:
            # The table of another generation, whose rows have no id.
            return set()


@contextmanager
def _home_of(database: Path) -> Iterator[Path]:
    """The database's own folder, made if need be; it goes again if nothing comes of it."""
    home = resolved(database).parent
    with copy_errors(folder_of(database)):
        made = make_home(home)
    try:
        yield home
    except BaseException:
        if made:
            with suppress(OSError):
                home.rmdir()
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
