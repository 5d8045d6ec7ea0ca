"""Raw copies of a database: its file, and what SQLite keeps beside it, as they lie there, before SQLite is asked.

The files are only ever read: what a crash left to be rolled back is rolled back in the copy.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from sidecar.errors.paths import FileInUse
from sidecar.progress import Progress
from sidecar.rescue.wrecks import COMPANIONS
from sidecar.system.os_errors import file_errors
from sidecar.system.workfolder import folder_errors, new_file, require_space

_PIECE_BYTES = 1 << 20


def copy_database(source: Path, folder: Path, progress: Progress, name: str = "given.db", alone: bool = False) -> Path:
    """Copy a database and its companions, as of one moment, to ``name`` in a job's folder.

    :param alone: without what lies beside it.
    Raises FileInUse if one of them changed meanwhile, PathError, DiskFull, WorkFolderUnusable, Cancelled.
    """
    copy = folder / name
    with file_errors(source):
        before = states(source, alone)
    require_space(folder, sum(size for _, size, _ in before), "a copy of the database")
    for ending, _, _ in before:
        _copy(source.with_name(source.name + ending), copy.with_name(copy.name + ending), progress)
    with file_errors(source):
        if states(source, alone) != before:
            raise FileInUse(path=source, detail="It was written to while it was read.")
    return copy


def states(source: Path, alone: bool = False) -> list[tuple[str, int, int]]:
    """Ending, size and time of the last change of the database's file, and of each that lies beside it.

    Raises OSError.
    """
    found = []
    for ending in ("", *(() if alone else COMPANIONS)):
        path = source.with_name(source.name + ending)
        if not ending or path.is_file():
            state = path.stat()
            found.append((ending, state.st_size, state.st_mtime_ns))
    return found


def _copy(source: Path, target: Path, progress: Progress) -> None:
    new_file(target.parent, target.name)
    with folder_errors(target.parent.parent), target.open("wb") as copy:
        for piece in _pieces(source):
            progress.check()
            copy.write(piece)


def _pieces(source: Path) -> Iterator[bytes]:
    with file_errors(source):
        file = source.open("rb")
    with file:
        while True:
            with file_errors(source):
                piece = os.read(file.fileno(), _PIECE_BYTES)
            if not piece:
                return
            yield piece
