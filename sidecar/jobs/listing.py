"""Listing: the safety copies, the newest first, each with the word whether every byte of it is what was written.

A copy is held against its own manifest. That needs no stage: an archive that an export has written and read back is
whole as long as its bytes are.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from sidecar.archive import manifest as names
from sidecar.archive.manifest import part_of
from sidecar.archive.zip_reading import ZipReader
from sidecar.errors.backups import BackupError, DamagedBackup
from sidecar.errors.paths import PathError
from sidecar.export.safety_copies import all_copies, moment_of
from sidecar.jobs.keeping_wrecks import all_wrecks
from sidecar.progress import Progress
from sidecar.rescue.copy_places import folder_of
from sidecar.rescue.wrecks import SetAside
from sidecar.results import BackupList, BackupMetadata, SafetyCopyState, WreckState
from sidecar.stage.head import read_head
from sidecar.system.files import open_source
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.paths import Places

PHASES = {"prove": 1.0}


def list_backups(places: Places, progress: Progress) -> BackupList:
    """The safety copies of the database, the newest first, each proved or with the reason why not; and the wrecks.

    Raises PathError for a folder that cannot be read, Cancelled.
    """
    progress.plan(PHASES)
    folder = folder_of(places.database)
    copies = all_copies(places)
    progress.phase("prove", len(copies), "backups", "Checking the safety copies")
    found = []
    for path in copies:
        found.append(_state(path, progress))
        progress.advance(1)
    wrecks = [_set_aside(wreck) for wreck in all_wrecks(places) if wreck.was_there]
    others = [str(path) for path in copies_of_others(places)]
    return BackupList(folder=str(folder), backups=found, wrecks=wrecks, others=others)


def copies_of_others(places: Places) -> list[Path]:
    """Safety copies and wrecks beside the database that are not its own, the newest first. Raises PathError."""
    own = {*all_copies(places), *(wreck.path for wreck in all_wrecks(places))}
    copies = {path: moment for path in all_copies(places, everyones=True) if (moment := moment_of(path))}
    copies |= {wreck.path: wreck.moment for wreck in all_wrecks(places, everyones=True) if wreck.was_there}
    return sorted(copies.keys() - own, key=copies.__getitem__, reverse=True)


def _set_aside(wreck: SetAside) -> WreckState:
    with file_errors(wreck.path):
        size = wreck.path.stat().st_size
    made = wreck.moment.isoformat().replace("+00:00", "Z")
    return WreckState(path=str(wreck.path), size=size, created_at=made, sound=wreck.is_sound)


def _state(path: Path, progress: Progress) -> SafetyCopyState:
    moment = moment_of(path)
    metadata = BackupMetadata(created_at=moment.isoformat().replace("+00:00", "Z") if moment else "")
    size, reason, part = 0, None, None
    try:
        with open_source(str(path), progress) as file, file_errors(path, Act.UNPACK):
            size = path.stat().st_size
            archive = ZipReader(file)
            # What it says of itself is worth showing even if it does not prove.
            metadata, manifest = read_head(archive)
            part = part_of(metadata, manifest)
            hold_to_manifest(archive, progress)
    except (BackupError, PathError) as error:
        reason = error.message
    return SafetyCopyState(
        **msgspec.structs.asdict(metadata),
        path=str(path),
        size=size,
        proved=reason is None,
        reason=reason,
        partial=part,
    )


def hold_to_manifest(archive: ZipReader, progress: Progress) -> None:
    """Hold every entry against the manifest. Raises BackupError, Cancelled; OSError of a disk that fails."""
    _, manifest = read_head(archive)
    if manifest is None:
        raise DamagedBackup(detail=f"it has no {names.MANIFEST}")
    for name in {*archive.names, *manifest.entries} - {names.MANIFEST}:
        if name not in archive.names or name not in manifest.entries:
            raise DamagedBackup(detail=f"{name} is missing, or unknown to {names.MANIFEST}")
        digest = hashlib.sha256()
        for piece in archive.pieces(name):
            digest.update(piece)
            progress.advance(0)
        if (archive.info(name).file_size, digest.hexdigest()) != msgspec.structs.astuple(manifest.entries[name]):
            raise DamagedBackup(detail=f"{name} is not what {names.MANIFEST} says")
