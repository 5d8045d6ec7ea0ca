"""Where a page is written: never over anything but a page, and over one only if that is meant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sidecar.database.connection import is_database_file
from sidecar.errors.paths import NotAPage, PageExists, SameFile
from sidecar.progress import Progress
from sidecar.system.files import resolve_target
from sidecar.system.os_errors import file_errors
from sidecar.system.paths import Places
from sidecar.system.permissions import owner_to_be
from sidecar.system.replacing import Saving, replacing
from sidecar.system.workfolder import work_folder

GENERATOR = "kirapilot-sidecar"

MARK = f'<!DOCTYPE html>\n<html lang="en" data-made-by="{GENERATOR}">'
"""How every page begins: by this it is known, and nothing else is ever replaced by one."""


@dataclass(frozen=True)
class Target:
    """A place for a page that was looked at; ``given`` is how it was named."""

    path: Path
    given: str
    force: bool

    def write(self, pieces: Iterable[str], places: Places, progress: Progress) -> int:
        """Write the page; it is there whole, or not at all. Answers its size in bytes.

        What a place cannot promise of a file (no flush, no rename) is not told: a page can be made again.
        Raises PageExists, NotAPage, DiskFull and the other PathErrors, WorkFolderUnusable, Cancelled.
        """
        with work_folder(places.work_dir) as folder:
            saving = Saving(self.path, folder, progress, owner_to_be(places.database))
            with replacing(saving) as file:
                size = 0
                for piece in pieces:
                    size += file.write(piece.encode("utf-8", "replace"))
                # Somebody may have put a file there meanwhile.
                self.require_free()
        return size

    def require_free(self) -> None:
        """Raise NotAPage for a file that is none of ours, PageExists for a page that is not to be replaced."""
        with file_errors(self.path):
            if not self.path.exists():
                return
            with self.path.open("rb") as file:
                begins = file.read(len(MARK))
        # What a dialog has made to keep the name is empty.
        if begins not in (b"", MARK.encode()):
            raise NotAPage(path=self.given)
        if not self.force:
            raise PageExists(path=self.given)


def find_target(file_path: str, places: Places, force: bool) -> Target:
    """The place that is meant, if a page can go there.

    Raises FolderNotFound, IsAFolder, PathNotAllowed and the other PathErrors; SameFile, NotAPage, PageExists.
    """
    path = resolve_target(file_path)
    if is_database_file(path, places.database):
        raise SameFile(path=file_path)
    target = Target(path, file_path, force)
    target.require_free()
    return target
