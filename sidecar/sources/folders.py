"""A backup that was unpacked: a folder with its entries as files, packed again in the work folder.

macOS unpacks what it calls safe as soon as it is downloaded, Windows asks whether to extract all. Looked at are the
files of the folder itself, or of the only folder in it; links, and whatever is no ordinary file, are passed over.
"""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from sidecar.archive import limits
from sidecar.archive.manifest import DATA, MANIFEST, METADATA
from sidecar.archive.zip_reading import PIECE_BYTES
from sidecar.errors.backups import LimitExceeded
from sidecar.errors.paths import IsAFolder
from sidecar.progress import Progress
from sidecar.system.files import open_source
from sidecar.system.names import usable
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.workfolder import folder_errors, require_space

_DEPTH = 3
"""Folders that lie in each other: programs that unpack make one of the backup's name, and people another."""

_LOOKED_AT = 5_000
"""Names of a folder that are looked at: a whole disk may be given."""

UNPACKED = "This is a backup that was unpacked into a folder: its files are read as the backup"


def files_of(file_path: str) -> list[str]:
    """The files that what was given consists of: itself, or those of an unpacked backup.

    A window lets people choose files alone: of an unpacked backup, one that every backup has stands for all of it.
    Raises IsAFolder for a folder that is none, LimitExceeded, PathError.
    """
    folder = Path(file_path)
    if folder.name.lower() in (METADATA, DATA, MANIFEST):
        return _beside(folder) or [file_path]
    if not file_path or not _is_folder(folder):
        return [file_path]
    with file_errors(folder, Act.UNPACK):
        for _ in range(_DEPTH):
            files, folders = _held(folder)
            if {METADATA, DATA} & {path.name.lower() for path in files}:
                return [str(path) for path in files]
            if files or len(folders) != 1:
                break
            folder = folders[0]
    raise IsAFolder(path=file_path)


def _beside(given: Path) -> list[str]:
    """The files of the backup that a file is one of; none where it is not."""
    try:
        files, _ = _held(given.parent)
    except (OSError, ValueError, IsAFolder):
        return []
    is_whole = {METADATA, DATA} <= {path.name.lower() for path in files} and given in files
    return [str(path) for path in files] if is_whole else []


def pack(files: Sequence[str], folder: Path, progress: Progress) -> Path:
    """Make an archive of the files of an unpacked backup. Raises PathError, DiskFull, WorkFolderUnusable, Cancelled."""
    target = folder / "unpacked.kpbackup"
    with folder_errors(folder.parent), zipfile.ZipFile(target, "x", zipfile.ZIP_STORED) as archive:
        for file_path in files:
            with open_source(file_path, progress) as file:
                require_space(folder, file.tell(), "reading the backup")
                file.seek(0)
                with archive.open(zipfile.ZipInfo(Path(file_path).name), "w", force_zip64=True) as entry:
                    while piece := _read(file_path, file):
                        progress.check()
                        entry.write(piece)
    return target


def _read(file_path: str, file: BinaryIO) -> bytes:
    with file_errors(Path(file_path), Act.UNPACK):
        return file.read(PIECE_BYTES)


def _is_folder(path: Path) -> bool:
    try:
        return usable(path).is_dir()
    except (OSError, ValueError):
        # What it is instead is for whoever opens it to say.
        return False


def _is_entry(name: str) -> bool:
    """Whether a file may be of a backup: those of systems begin with a point, and what is no text names nothing."""
    return name.lower().endswith(".json") and not name.startswith(".") and name.isprintable()


def _held(folder: Path) -> tuple[list[Path], list[Path]]:
    """The JSON files of a folder, by name, and the folders in it, but for those of a system's own."""
    files: list[Path] = []
    folders: list[Path] = []
    with os.scandir(usable(folder)) as entries:
        for number, entry in enumerate(entries):
            if number >= _LOOKED_AT:
                raise IsAFolder(path=folder)
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISREG(mode) and _is_entry(entry.name):
                files.append(folder / entry.name)
            elif stat.S_ISDIR(mode) and not entry.name.startswith((".", "__", "@")):
                folders.append(folder / entry.name)
    if len(files) > limits.MAX_ENTRIES:
        raise LimitExceeded(detail=f"it has more than {limits.MAX_ENTRIES:,} files")
    return sorted(files), folders
