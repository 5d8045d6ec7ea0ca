"""The folder into which the one-file program unpacks itself: marked as in use while it is, swept once it is left over.

Its bootloader removes it at the end, unless that is killed: by a task manager, with the app, by a power cut. Some 20 MB
stay then, in the folder of temporary files, at each such end. Other programs' folders there have names of the same
sort: ours is the one that carries our mark (build.spec), which whoever runs from it holds locked.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sidecar.system.locks import Lock

MARK = "kirapilot-sidecar.lock"
"""The file in the folder that tells whose it is; build.spec has it carried."""

_NAMES = "_MEI*"
"""What PyInstaller's bootloader calls its folders."""

YOUNGEST_SECONDS = 3600
"""Age from which a folder may be a leftover: before, its program may be about to lock it. No start takes that long."""


def own_folder() -> Path | None:
    """The folder that this process was unpacked into; None from source, and where the program lies in a folder."""
    unpacked: str | None = getattr(sys, "_MEIPASS", None)
    if unpacked is None:
        return None
    folder = Path(unpacked)
    return folder if folder.match(_NAMES) and (folder / MARK).is_file() else None


@contextmanager
def kept() -> Iterator[None]:
    """Within, no other process takes this one's folder for a leftover; at the end, leftovers beside it are swept."""
    folder = own_folder()
    if folder is None:
        yield
        return
    lock = keep(folder)
    try:
        yield
    finally:
        sweep(folder)
        if lock is not None:
            lock.release()


def keep(folder: Path) -> Lock | None:
    """Mark ``folder`` as in use for as long as the answer is held and this process lives; None where that cannot be."""
    # Imported late: what is imported before the first answer decides the start-up time.
    from sidecar.system.locks import take

    return take(folder / MARK)


def sweep(folder: Path) -> None:
    """Remove what killed runs of this user left beside ``folder``. Raises nothing: what cannot go stays."""
    from sidecar.system.locks import take

    with suppress(OSError):
        for other in folder.parent.glob(_NAMES):
            if other != folder and _may_be_left(other) and (lock := take(other / MARK)) is not None:
                _remove(other, lock)


def _may_be_left(folder: Path) -> bool:
    """Whether it is one of ours, made by this user, and no longer new."""
    try:
        found, mark = folder.lstat(), (folder / MARK).lstat()
    except OSError:
        return False
    is_ours = stat.S_ISDIR(found.st_mode) and stat.S_ISREG(mark.st_mode)
    if sys.platform != "win32" and found.st_uid != os.geteuid():
        return False  # on Windows, each user has such a folder of their own
    return is_ours and time.time() - found.st_mtime > YOUNGEST_SECONDS


def _remove(folder: Path, lock: Lock) -> None:
    """Remove a leftover, its mark last: as long as anything of it stays, the next sweep finds it."""
    for entry in folder.iterdir():
        if entry.name == MARK:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            with suppress(OSError):
                entry.unlink()
    if [entry.name for entry in folder.iterdir()] == [MARK]:
        lock.let_go()
        with suppress(OSError):
            folder.rmdir()
    else:
        lock.release()
