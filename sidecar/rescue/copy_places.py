"""Where safety copies and wrecks lie: beside the database, in ``backups``; or, if that takes none, in the work folder.

Nothing is replaced without a safety copy, so a place that cannot hold one would end every import: a folder that became
read-only, a network drive that takes no files, a full disk. Owns the two folders and what is wrong with them.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from sidecar.errors.paths import PathNotAllowed, PlaceUnreachable
from sidecar.system import permissions
from sidecar.system.files import resolved
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.paths import Places

FOLDER = "backups"


def folder_of(database: Path) -> Path:
    """The folder of a database's safety copies, whether or not it exists; links to the database lead to one folder."""
    with file_errors(database, Act.STAT):
        return resolved(database).parent / FOLDER


def second_folder_of(places: Places) -> Path:
    """The second place, in the work folder: one for each database, since many may share that."""
    with file_errors(places.database, Act.STAT):
        named = hashlib.sha256(os.fsencode(resolved(places.database))).hexdigest()[:16]
    return places.work_dir / f"{FOLDER}-{named}"


def make_folder(folder: Path) -> bool:
    """Make a folder for copies, for its owner alone, unless it is there; answers whether it was made.

    Raises PathError, PlaceUnreachable among them.
    """
    with file_errors(folder, Act.SAVE):
        try:
            permissions.make_folder(folder)
        except OSError as error:
            if not folder.is_dir():
                require_plugged(folder)
                if not isinstance(error, FileExistsError):
                    raise
                detail = f"{folder} is a file, and a folder of that name is needed: move it away"
                raise PathNotAllowed(path=folder, detail=detail) from None
            return False
    return True


def require_plugged(folder: Path) -> None:
    """Raise PlaceUnreachable for a folder that is a link to what is not there: its disk was taken out."""
    if os.path.lexists(folder) and not folder.exists():
        leads = f"it leads to {folder.readlink()}, which is not there" if folder.is_symlink() else "it is not there now"
        raise PlaceUnreachable(path=folder, detail=leads)
