"""Wrecks set aside: the database file and what SQLite kept beside it, byte for byte, under names of their own.

They lie among the safety copies, are flushed to the disk before anything takes their place, and are never removed.
``wreck-<moment>.db``, with a word in it where ``owners`` has one, comes last of its set, so where it is, the rest of it
is. An empty ``wreck-<moment>.none`` says that an import found no database at all. ``before-import-<moment>.db`` is no
wreck: a sound database that no backup can hold is kept in the same way, as one file.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from sidecar.errors.jobs import VerificationFailed
from sidecar.errors.paths import PermissionDenied
from sidecar.progress import Progress
from sidecar.rescue.owners import WORD, word_of
from sidecar.system.files import resolved
from sidecar.system.os_errors import file_errors
from sidecar.system.replacing import Saving, replacing
from sidecar.system.workfolder import require_space

COMPANIONS = ("-journal", "-wal")
"""What SQLite keeps beside a database and cannot make again."""

UNCERTAIN = (
    "The copy of the broken database is complete and in place, but its disk could not be told to keep it at once: wait"
    " a minute before you switch the computer off or unplug the disk"
)

_FORMAT = "%Y%m%dT%H%M%S.%f"
_MOMENT = rf"(\d{{8}}T\d{{6}}\.\d{{6}})Z{WORD}"
_NAME = re.compile(rf"wreck-{_MOMENT}\.(?:db|none)", re.ASCII)
_WHOLE = re.compile(rf"before-import-{_MOMENT}\.db", re.ASCII)
_PIECE = 1 << 20


@dataclass(frozen=True)
class SetAside:
    """One wreck set aside: ``path`` is its database file, or the mark that there was none; ``remarks`` say what the
    place could not promise, ``made_folder`` that its folder was made for it."""

    path: Path
    moment: datetime
    remarks: tuple[str, ...] = ()
    made_folder: bool = False

    @property
    def was_there(self) -> bool:
        """Whether there was a database file."""
        return self.path.suffix == ".db"

    @property
    def is_sound(self) -> bool:
        """Whether it is no wreck, but a database that was kept because no backup can hold it."""
        return _WHOLE.fullmatch(self.path.name) is not None

    def files(self) -> Iterator[tuple[Path, str]]:
        """Each file of the set with what its name adds to the database's, the database file first."""
        if self.was_there:
            yield self.path, ""
        for companion in COMPANIONS:
            path = self.path.with_name(f"{self.path.name}{companion}")
            if path.exists():
                yield path, companion

    def remove(self) -> None:
        """Take the set away again, its database file first: the import that made it did not happen.

        What cannot be removed stays: it is what is in its place, so an undo passes it over.
        """
        companions = [path for path, companion in self.files() if companion]
        for path in (self.path, *companions):
            with suppress(OSError):
                path.unlink(missing_ok=True)
        if self.made_folder:
            with suppress(OSError):
                self.path.parent.rmdir()


def list_wrecks(folder: Path) -> list[SetAside]:
    """The wrecks in a folder, the newest first. Raises PathError for one that cannot be read."""
    with file_errors(folder):
        # A file in the folder's place is told of by whoever has to write there.
        paths = list(folder.iterdir()) if folder.is_dir() else []
    found = [SetAside(path, moment) for path in paths if (moment := _moment_of(path))]
    return sorted(found, key=lambda wreck: wreck.moment, reverse=True)


def set_aside(database: Path, folder: Path, moment: datetime, progress: Progress) -> SetAside:
    """Copy a wreck into ``folder``, which is there, and have it flushed to the disk.

    ``progress`` counts bytes. Raises PathError, DiskFull, VerificationFailed, Cancelled: then there is no such wreck.
    """
    database = resolved(database)
    there = database.exists()
    mark = folder / f"wreck-{moment.strftime(_FORMAT)}Z{word_of(database)}.{'db' if there else 'none'}"
    wreck = SetAside(mark, moment)
    found = [(_beside(database, companion), companion) for companion in COMPANIONS]
    sources = [(source, companion) for source, companion in found if source.is_file()]
    with file_errors(database):
        size = sum(source.stat().st_size for source, _ in (*sources, *([(database, "")] if there else [])))
    require_space(folder, size, "the copy of the broken database")
    progress.phase("copy", max(size, 1), "bytes", "Setting the broken database aside")
    remarks: list[str] = []
    try:
        for source, companion in sources:
            _copy(source, mark.with_name(f"{mark.name}{companion}"), remarks, progress)
        _copy(database if there else None, mark, remarks, progress)
    except BaseException:
        wreck.remove()
        raise
    return SetAside(mark, moment, tuple(dict.fromkeys(remarks)))


def pairs(one: int, other: int) -> Iterator[tuple[bytes, bytes]]:
    """Two files side by side, by their descriptors: pieces of the same place, the last ones empty."""
    position = 0
    while True:
        pair = _read(one, position), _read(other, position)
        yield pair
        if not any(pair):
            return
        position += _PIECE


def file_state(database: Path) -> str:
    """A number for a database's file that is another one when it was written to, or is another file; 0 for none."""
    try:
        found = resolved(database).stat()
    except OSError:
        return "0"
    said = f"{found.st_ino} {found.st_size} {found.st_mtime_ns}"
    return str(int.from_bytes(hashlib.sha256(said.encode()).digest()[:8], "big"))


def same_bytes(first: Path, second: Path) -> bool:
    """Whether two files hold the same. Raises PathError."""
    with file_errors(first), first.open("rb") as one, second.open("rb") as other:
        return all(left == right for left, right in pairs(one.fileno(), other.fileno()))


def _read(descriptor: int, position: int) -> bytes:
    """A whole piece, or what is left of the file."""
    os.lseek(descriptor, position, os.SEEK_SET)
    read = b""
    while len(read) < _PIECE and (more := os.read(descriptor, _PIECE - len(read))):
        read += more
    return read


def _copy(source: Path | None, target: Path, remarks: list[str], progress: Progress) -> None:
    """A copy that is flushed, and read back. Without a source it is empty."""
    if copy_proved(source, target, progress):
        remarks.append(UNCERTAIN)


def copy_proved(source: Path | None, target: Path, progress: Progress) -> list[str]:
    """A new file that holds what ``source`` does, or nothing; flushed, and read back.

    Answers what its place could not promise. Raises PathError, DiskFull, VerificationFailed, Cancelled.
    """
    if os.path.lexists(target):
        raise PermissionDenied(path=target, detail="a file of that name is there already")
    saving = Saving(target, progress=progress)
    with replacing(saving) as file:
        if source is not None:
            _fill(file, source, progress)
    return saving.remarks


def _fill(file: BinaryIO, source: Path, progress: Progress) -> None:
    with file_errors(source), source.open("rb") as read:
        while piece := read.read(_PIECE):
            file.write(piece)
            progress.advance(len(piece))
        file.flush()
        if not all(left == right for left, right in pairs(read.fileno(), file.fileno())):
            raise VerificationFailed(detail=f"{source.name} was written to, or its copy does not read back")


def _beside(database: Path, companion: str) -> Path:
    return database.with_name(f"{database.name}{companion}")


def _moment_of(path: Path) -> datetime | None:
    named = _NAME.fullmatch(path.name) or _WHOLE.fullmatch(path.name)
    if named is None or not stat.S_ISREG(path.lstat().st_mode):
        return None
    try:
        return datetime.fromisoformat(named[1]).replace(tzinfo=UTC)
    except ValueError:
        return None
