"""What a person keeps with a backup: a note, and a pin that no retention moves."""

from __future__ import annotations

from sidecar.automatic.answers import Noted
from sidecar.automatic.catalogue import locked, read_catalogue, write_catalogue
from sidecar.errors import NoSuchBackup
from sidecar.system.paths import Places


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
