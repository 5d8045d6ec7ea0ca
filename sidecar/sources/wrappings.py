"""A backup inside of another file: a ZIP that holds one, a file packed with gzip; unpacked into the work folder.

"Download all" of a drive, mail programs and careful people wrap a backup once more. Only a file that is no
backup itself is looked into.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from sidecar.archive.manifest import DATA, METADATA
from sidecar.archive.zip_names import listed
from sidecar.archive.zip_reading import PIECE_BYTES, ZipReader
from sidecar.errors.backups import DamagedBackup, SeveralBackups
from sidecar.progress import Progress
from sidecar.rescue.wrecks import COMPANIONS
from sidecar.system.workfolder import folder_errors, new_file, require_space

_BACKUP = re.compile(r".*\.kpbackup(\.gz)?", re.IGNORECASE | re.DOTALL)
_LIKELY = re.compile(
    r".*\.(zip|db|sqlite3?|gz)|(.*/)?kirapilot-backup[^/]*\.json|.*\.kpbackup(\.gz)?", re.IGNORECASE | re.DOTALL
)
_ROOM_BYTES = 64 << 20
"""Free space that unpacking a file of unknown length leaves."""


def wrapped_name(archive: ZipReader) -> str | None:
    """The entry that is a backup inside of a ZIP that is none; None where there is none. Raises SeveralBackups."""
    if {METADATA, DATA} & set(archive.names):
        return None
    for kind in (_BACKUP, _LIKELY):
        found = [name for name in archive.names if kind.fullmatch(name)]
        if len(found) > 1:
            raise SeveralBackups(detail=f"{len(found):,} backups: {listed(found)}")
        if found:
            return found[0]
    return None


def unwrap(archive: ZipReader, name: str, folder: Path, progress: Progress) -> Path:
    """Unpack the entry, and what SQLite keeps beside a database, into the folder.

    Raises DamagedBackup, DiskFull, WorkFolderUnusable, Cancelled.
    """
    inner = folder / "inner"
    for ending in ("", *COMPANIONS):
        if name + ending in archive.names:
            require_space(folder, archive.info(name + ending).file_size, "unpacking the backup")
            _write(folder, inner.name + ending, archive.pieces(name + ending), progress)
    return inner


def gunzip(file: BinaryIO, folder: Path, progress: Progress) -> Path:
    """Unpack a file that was packed with gzip into the folder. Raises as ``unwrap`` does."""
    file.seek(0)
    _write(folder, "inner", _gunzipped(file, folder), progress)
    return folder / "inner"


def _gunzipped(file: BinaryIO, folder: Path) -> Iterator[bytes]:
    try:
        with gzip.GzipFile(fileobj=file) as packed:
            while piece := packed.read(PIECE_BYTES):
                # Nothing says how long it will be: each piece needs its room, and leaves some.
                require_space(folder, _ROOM_BYTES, "unpacking the backup")
                yield piece
    except EOFError as error:
        raise DamagedBackup(detail="the gzip file is cut short") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DamagedBackup(detail="the gzip file does not unpack") from error


def _write(folder: Path, name: str, pieces: Iterable[bytes], progress: Progress) -> None:
    path = new_file(folder, name)
    with folder_errors(folder.parent), path.open("wb") as file:
        for piece in pieces:
            progress.check()
            file.write(piece)
