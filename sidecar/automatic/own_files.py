"""Files of automatic backups: made, copied, re-read, removed. Nothing here decides which."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path

from sidecar.archive import manifest as names
from sidecar.archive.zip_reading import ZipReader
from sidecar.automatic.catalogue import NOT_AS_WRITTEN, Entry
from sidecar.errors.backups import DamagedBackup
from sidecar.errors.base import SidecarError
from sidecar.jobs.listing import hold_to_manifest
from sidecar.progress import Progress
from sidecar.stage.head import read_head
from sidecar.system.files import open_source, remove_file
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.replacing import Saving, replacing

PIECE_BYTES = 1 << 20

_WITHOUT_CONTENT = {names.METADATA, names.DATA, names.MANIFEST, names.SETTINGS}
"""Entries that say when the backup was made, or say once more what other entries say."""


def describe(path: Path, made: datetime, why: str, progress: Progress) -> Entry:
    """The entry of a backup that was just made: read anew from the disk, and held to its manifest.

    Its ``number`` and ``moment`` are the catalogue's to give. Raises PathError, BackupError, Cancelled.
    """
    with open_source(str(path)) as file, file_errors(path, Act.UNPACK):
        archive = ZipReader(file)
        _, manifest = read_head(archive)
        hold_to_manifest(archive, progress)
    if manifest is None:
        raise DamagedBackup(detail=f"it has no {names.MANIFEST}")
    content = hashlib.sha256()
    for name, entry in sorted(manifest.entries.items()):
        if name not in _WITHOUT_CONTENT:
            content.update(f"{name} {entry.sha256}\n".encode())
    return Entry(
        name=path.name,
        number=0,
        made=made,
        moment=made,
        size=path.stat().st_size,
        sha256=hash_of(path, progress),
        content=content.hexdigest(),
        rows={name: table.rows for name, table in manifest.tables.items()},
        dangling=sum(table.dangling for table in manifest.tables.values()),
        why=why,
        proved=made,
    )


def hash_of(path: Path, progress: Progress) -> str:
    """SHA-256 of a file, in lower-case hex. Raises PathError, Cancelled."""
    digest = hashlib.sha256()
    with open_source(str(path)) as file, file_errors(path):
        file.seek(0)
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
            progress.check()
    return digest.hexdigest()


def copy(source: Path, target: Path, sha256: str, progress: Progress) -> None:
    """Copy a backup, and re-read the copy. Raises PathError, DamagedBackup, Cancelled; there is no copy then.

    The ``path`` of a DamagedBackup tells which of the two is not what was written.
    """
    digest = hashlib.sha256()
    with open_source(str(source)) as file, file_errors(source), replacing(Saving(target)) as new:
        file.seek(0)
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
            new.write(piece)
            progress.check()
        if digest.hexdigest() != sha256:
            raise DamagedBackup(path=source, detail=NOT_AS_WRITTEN)
    try:
        if hash_of(target, progress) != sha256:
            raise DamagedBackup(path=target, detail="what was written is not what is read back")
    except SidecarError:
        with file_errors(target, Act.REMOVE):
            remove_file(target, progress)
        raise


def remove(path: Path, entry: Entry, progress: Progress) -> bool:
    """Remove a backup of ours; answers False, and leaves it alone, where the file is no longer the one we made.

    Raises PathError, Cancelled.
    """
    if path.is_symlink() or hash_of(path, progress) != entry.sha256:
        return False
    with file_errors(path, Act.REMOVE):
        remove_file(path, progress)
    return True


def names_in(folder: Path) -> set[str]:
    """The names that are taken in a folder; none of one that cannot be read: that shows when a file is made there."""
    try:
        return {path.name for path in folder.iterdir()}
    except (OSError, ValueError):
        return set()


def made_at(name: str) -> datetime:
    """When a backup was made, as its name says; what ``catalogue.new_name`` gave it."""
    numbers = [int(number) for number in re.findall(r"\d+", name)]
    return datetime(*numbers[:7], tzinfo=UTC)  # type: ignore[arg-type,misc]
