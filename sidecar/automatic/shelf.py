"""The shelf: all backups as a person sees them, listed, found by number, noted and pinned. Changes no backup."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sidecar.archive.manifest import part_of
from sidecar.archive.zip_reading import ZipReader
from sidecar.automatic.answers import Noted
from sidecar.automatic.catalogue import Catalogue, Entry, locked, names_of_neighbours, read_catalogue, write_catalogue
from sidecar.automatic.policy_file import distinct, folder_of, is_one, read_policy
from sidecar.errors.backups import BackupError
from sidecar.errors.jobs import NoSuchBackup
from sidecar.errors.paths import PathError
from sidecar.export.safety_copies import all_copies
from sidecar.jobs.listing import list_backups
from sidecar.progress import Progress
from sidecar.results import AutomaticBackup, BackupList, ManualBackup
from sidecar.stage.head import read_head
from sidecar.system.files import open_source, same_file
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.paths import Places

SUFFIX = ".kpbackup"


def list_all(places: Places, progress: Progress) -> BackupList:
    """The safety copies, each proved, and from the catalogue the automatic ones; of what else lies there, the files.

    Raises PathError for a folder of ours that cannot be read, Cancelled.
    """
    found = list_backups(places, progress)
    catalogue = read_catalogue(places.database)
    found.automatic = sorted(_automatic(catalogue), key=lambda one: (-one.number, one.place))
    found.manual = sorted(_manual(places, catalogue), key=lambda one: one.changed, reverse=True)
    return found


def find_backup(places: Places, number: int) -> Path:
    """The file of an automatic backup: one that is there and whole, if any of its copies is. Raises NoSuchBackup."""
    copies = [one for one in _automatic(read_catalogue(places.database)) if one.number == number]
    if not copies:
        raise NoSuchBackup(detail=str(number))
    return Path(max(copies, key=lambda one: (one.present, not one.rotten)).path)


def entry_of(places: Places, path: Path) -> AutomaticBackup | None:
    """The automatic backup that a file is; None for any other. Raises PathError."""
    entries = _automatic(read_catalogue(places.database))
    return next((one for one in entries if one.present and same_file(Path(one.path), path)), None)


def all_files(places: Places) -> list[Path]:
    """The file of every backup there is: safety copies, automatic ones once each, and those that lie beside them.

    Raises PathError for a folder of ours that cannot be read.
    """
    catalogue = read_catalogue(places.database)
    present = [one for one in _automatic(catalogue) if one.present]
    # Of the copies of a backup in several places the last in this order is read: one that is not known to have rotted.
    numbered = {one.number: Path(one.path) for one in sorted(present, key=lambda one: not one.rotten)}
    return [*all_copies(places), *numbered.values(), *(Path(one.path) for one in _manual(places, catalogue))]


def note_backup(places: Places, number: int, note: str | None, pinned: bool | None) -> Noted:
    """Note or pin a backup in all its places; None leaves what is there.

    Raises NoSuchBackup, BackupUnderWay, PathError.
    """
    with locked(places.database):
        catalogue = read_catalogue(places.database)
        entries = [entry for state in catalogue.places.values() for entry in state.entries if entry.number == number]
        if not entries:
            raise NoSuchBackup(detail=str(number))
        for entry in entries:
            entry.note = entry.note if note is None else note
            entry.pinned = entry.pinned if pinned is None else pinned
        write_catalogue(places.database, catalogue)
        return Noted(number=number, note=entries[0].note, pinned=entries[0].pinned, places=len(entries))


def _automatic(catalogue: Catalogue) -> Iterator[AutomaticBackup]:
    """Each entry in each place, but for those that somebody removed from a place that is there."""
    for text, state in catalogue.places.items():
        is_there = Path(text).is_dir()
        for entry in state.entries:
            if not is_there or Path(text, entry.name).is_file():
                yield _told(Path(text), entry, present=is_there)


def _told(place: Path, entry: Entry, *, present: bool) -> AutomaticBackup:
    return AutomaticBackup(
        number=entry.number,
        path=str(place / entry.name),
        place=str(place),
        present=present,
        made=entry.made,
        why=entry.why,
        app_version=entry.app_version,
        rows=entry.rows,
        size=entry.size,
        proved=entry.proved,
        rotten=entry.rotten,
        pinned=entry.pinned,
        note=entry.note,
    )


def _manual(places: Places, catalogue: Catalogue) -> Iterator[ManualBackup]:
    """Backups that lie in a place and are not in the catalogue; a place that cannot be read has none to tell of.

    The places are those that the catalogue knows, and those of the policy: a new catalogue knows none yet.
    """
    policy = read_policy(places.database).policy
    further = [folder_of(place, places.database) for place in policy.places]
    pending = {Path(path).name for path in catalogue.pending} | names_of_neighbours(places.database)
    for folder in distinct([*map(Path, catalogue.places), *further]):
        states = [state for text, state in catalogue.places.items() if is_one(Path(text), folder)]
        ours = pending.union(entry.name for state in states for entry in state.entries)
        for path in _files(folder):
            if path.suffix == SUFFIX and path.name not in ours:
                yield from _file(path)


def _files(place: Path) -> list[Path]:
    try:
        return list(place.iterdir())
    except (OSError, ValueError):
        # Unplugged, not ours to read, or a name that no folder can have: its health tells of that.
        return []


def _file(path: Path) -> Iterator[ManualBackup]:
    try:
        found = path.stat()
    except OSError:
        # Gone meanwhile, or a link that leads nowhere: nothing that could be restored.
        return
    if not stat.S_ISREG(found.st_mode):
        return
    changed = datetime.fromtimestamp(found.st_mtime, UTC)
    yield ManualBackup(path=str(path), place=str(path.parent), size=found.st_size, changed=changed, partial=_part(path))


def _part(path: Path) -> str | None:
    """Which part of the data a file holds; None for all of it, and for one that cannot be read: nobody asked."""
    try:
        with open_source(str(path)) as file, file_errors(path, Act.UNPACK):
            return part_of(*read_head(ZipReader(file)))
    except (BackupError, PathError):
        return None
