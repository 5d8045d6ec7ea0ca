"""The catalogue: what automatic backups there are, in which places, and how each of them is.

One file beside the safety copies, written in one step. What it does not name is not ours: a file that a person put into
a place is neither counted nor removed, whatever its name. Of two databases in one folder each has its own.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
from filelock import FileLock, Timeout

from sidecar.automatic.answers import Drill, Failure, Hold
from sidecar.automatic.retention import Standing
from sidecar.database.connection import require_no_other
from sidecar.errors.databases import DatabaseNotFound, NoDatabaseFile
from sidecar.errors.jobs import BackupUnderWay
from sidecar.own_json import decoded, encoded, with_unknown
from sidecar.rescue.copy_places import folder_of, make_folder
from sidecar.rescue.journals import played_in
from sidecar.system.files import resolved
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.replacing import Saving, replacing

FILE = "automatic.json"
LOCK = "automatic.lock"

NOT_AS_WRITTEN = "it is no longer what was written"
"""What is wrong with a backup whose bytes are others by now, whoever changed them."""

_NAME = re.compile(r"kirapilot-(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{6})Z\.kpbackup", re.ASCII)
_FORMAT = "-%m-%dT%H-%M-%S-%fZ.kpbackup"
"""Behind the year, which not every system writes with four digits."""


Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Number = Annotated[int, msgspec.Meta(ge=1, lt=1_000_000_000)]
"""As it is typed on the command line."""
Name = Annotated[str, msgspec.Meta(pattern=f"^{_NAME.pattern}$")]
FilePath = Annotated[str, msgspec.Meta(pattern=rf"[/\\]{_NAME.pattern}$")]


class Entry(msgspec.Struct, kw_only=True):
    """One automatic backup in one place.

    ``number`` counts the backups, and is the same for its copies in other places; ``made`` is by the clock, ``moment``
    on the timeline of retention in this place. ``sha256`` is that of the whole file, ``content`` that of its sections,
    whenever they were written. ``why`` says what made it due; ``dangling`` counts references that led nowhere then.
    ``proved`` is when every byte was last re-read and found right, None if never; ``rotten`` says what is wrong with
    it, "" for nothing, and ``replaced_by`` then counts the first backup that was proved in its place after that was
    found, 0 for none yet.
    """

    name: Name
    number: Number
    made: Moment
    moment: Moment
    size: Count
    sha256: str
    content: str
    rows: dict[str, Count]
    why: str
    dangling: Count = 0
    app_version: str = ""
    proved: Moment | None = None
    rotten: str = ""
    replaced_by: Count = 0
    pinned: bool = False
    note: str = ""

    @property
    def is_proved(self) -> bool:
        """True while its last re-read found it whole."""
        return self.proved is not None and not self.rotten

    def standing(self) -> Standing:
        """As retention sees it."""
        return Standing(
            name=self.name,
            moment=self.moment,
            proved=self.is_proved,
            pinned=self.pinned,
            rotten=self.rotten != "",
        )

    def judge(self, *, whole: bool) -> bool:
        """Note that its bytes are those that were written, or that they are not; answers whether it is fine.

        What a drill found is not taken back: bytes that are as they were written did not come back all the same.
        """
        if not whole:
            self.rotten = self.rotten or NOT_AS_WRITTEN
        elif self.rotten == NOT_AS_WRITTEN:
            self.rotten, self.replaced_by = "", 0
        return not self.rotten


class PlaceState(msgspec.Struct, kw_only=True):
    """One place: its backups in the order in which they were made, and how it fared.

    ``current`` is when its newest backup was last found to hold what the database holds; ``failure`` is what went wrong
    the last time, None if nothing did.
    """

    entries: list[Entry] = msgspec.field(default_factory=list)
    current: Moment | None = None
    failure: Failure | None = None
    drill: Drill | None = None

    def enter(self, entry: Entry) -> None:
        """One more that is proved; from now on it stands for those that were found rotten before."""
        for known in self.entries:
            if known.rotten and not known.replaced_by:
                known.replaced_by = entry.number
        self.entries.append(entry)

    def forget_removed(self, folder: Path) -> None:
        """What somebody removed from a place that is there is no longer ours to tell of. Raises OSError."""
        if folder.is_dir():
            self.entries = [entry for entry in self.entries if (folder / entry.name).exists()]

    def newest_proved(self) -> Entry | None:
        """The newest backup that is whole."""
        return max((entry for entry in self.entries if entry.is_proved), key=lambda entry: entry.number, default=None)


class Catalogue(msgspec.Struct, kw_only=True):
    """All there is to remember: ``places`` by their absolute path, ``database`` by its name, "" in an older file.

    ``last`` is when all was last found to be backed up, by backup number ``newest``; ``fingerprint`` and ``commits``
    are the database's then, ``settings`` the hash of the frontend's. ``count`` is how many backups were made.
    ``pending`` holds the path of each file that is being made, and why: one whose maker was killed is known for ours
    by it.
    """

    version: int = 1
    database: str = ""
    places: dict[str, PlaceState] = msgspec.field(default_factory=dict)
    last: Moment | None = None
    newest: Count = 0
    fingerprint: str = ""
    commits: int | None = None
    settings: str = ""
    app_version: str = ""
    hold: Hold | None = None
    failure: Failure | None = None
    count: Count = 0
    pending: dict[FilePath, str] = msgspec.field(default_factory=dict)

    def names(self) -> set[str]:
        """The names that are taken, in any place: one that is given once more would be taken for a copy."""
        return {entry.name for state in self.places.values() for entry in state.entries}

    def place(self, folder: Path) -> PlaceState:
        """What is known of a place; a new one is remembered from now on."""
        return self.places.setdefault(str(folder), PlaceState())


class _Owner(msgspec.Struct):
    """Of a catalogue, whose it is."""

    database: str = ""


def path_of(database: Path) -> Path:
    """The file of the catalogue; that of a second database in the folder has a name of its own. Raises PathError."""
    folder = folder_of(database)
    with file_errors(database):
        database = resolved(database)
    own = folder / f"{Path(FILE).stem}-{hashlib.sha256(os.fsencode(database.name)).hexdigest()[:16]}.json"
    if os.path.lexists(own):
        return own
    first = folder / FILE
    try:
        name = decoded(first.read_bytes(), _Owner).database
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # None yet, or one that is told of by who reads it.
        return first
    if name in ("", database.name):
        return first
    # Names that differ in case are two databases, unless the disk says otherwise.
    with suppress(OSError, ValueError):
        return first if database.samefile(database.parent / name) else own
    return own


def neighbour(database: Path) -> str:
    """A sentence on another database in the folder, whose backups are not this one's; "" for none. Raises PathError."""
    if path_of(database) == folder_of(database) / FILE:
        return ""
    return (
        "Another database in this folder has automatic backups, too: each has its own, and its own safety copies; the"
        " policy is that of both."
    )


def names_of_neighbours(database: Path) -> set[str]:
    """The names of the automatic backups of other databases in the folder. Raises PathError."""
    own = path_of(database)
    found: set[str] = set()
    with file_errors(own):
        for path in own.parent.glob(f"{Path(FILE).stem}*.json"):
            # What was set aside, or cannot be read, names none.
            with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                found |= decoded(path.read_bytes(), Catalogue).names() if path != own else set()
    return found


def require_ours(database: Path, *, may_be_missing: bool = False) -> None:
    """Raise for a database that has no catalogue and surely is none of KiraPilot's: nothing is made beside it.

    Raises NotADatabase, NotKiraPilot, DatabaseNotFound, PathError.
    """
    if os.path.lexists(path_of(database)):
        return
    if played_in(database):
        # Not opened then, or SQLite would play that in: whose it is, the backup finds out.
        return
    try:
        require_no_other(database)
    except NoDatabaseFile:
        raise
    except DatabaseNotFound:
        if not may_be_missing:
            raise


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Within, no other process changes catalogue or places. Raises BackupUnderWay at once if one does, PathError.

    Before the first backup also what ``require_ours`` raises.
    """
    require_ours(database)
    folder = folder_of(database)
    make_folder(folder)
    lock = FileLock(folder / LOCK, preserve_lock_file=True)
    with file_errors(folder, Act.LOCK):
        try:
            lock.acquire(blocking=False)
        except Timeout as error:
            raise BackupUnderWay(path=folder) from error
    try:
        yield
    finally:
        lock.release()


def read_catalogue(database: Path) -> Catalogue:
    """What is remembered; of a file that cannot be read nothing, and it is set aside: its backups stay where they are.

    Raises PathError.
    """
    path = path_of(database)
    with file_errors(path):
        try:
            return decoded(path.read_bytes(), Catalogue)
        except (FileNotFoundError, NotADirectoryError):
            return Catalogue()
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            broken = True
        except OSError:
            # A folder of that name; Windows says of one only that it may not be opened.
            if not path.is_dir():
                raise
            broken = True
        if broken:
            moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
            path.rename(path.with_name(f"{path.stem}.broken-{moment}Z.json"))
    return Catalogue()


def set_aside(database: Path) -> str:
    """A sentence on a catalogue that could not be read, for as long as it lies there; "" for none. Raises PathError."""
    path = path_of(database)
    with file_errors(path):
        aside = max(path.parent.glob(f"{path.stem}.broken*"), default=None)
    if aside is None:
        return ""
    return (
        "What was known of earlier automatic backups could not be read. They are where they were, and never removed."
        f" Once you have looked, remove {aside}"
    )


def write_catalogue(database: Path, catalogue: Catalogue) -> None:
    """Remember all of it, in one step, and keep what a newer version has written besides.

    Raises PathError: what was remembered before is then still so.
    """
    path = path_of(database)
    with file_errors(path):
        catalogue.database = resolved(database).name
        try:
            there = decoded(path.read_bytes(), object)
        except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            there = None
    with replacing(Saving(path)) as file:
        file.write(encoded(with_unknown(catalogue, there, whole=(Failure, Drill, Hold)), indent=1))


def new_name(now: datetime, taken: set[str]) -> str:
    """A name with date and time, in UTC, that is not taken."""
    now = now.astimezone(UTC)
    while (name := f"kirapilot-{now.year:04}{now.strftime(_FORMAT)}") in taken:
        now = now.replace(microsecond=(now.microsecond + 1) % 1_000_000)
    return name
