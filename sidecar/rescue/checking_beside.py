"""The full check of a large live database, beside the reading of a backup.

The check is SQLite's alone and keeps Python from nothing, so an import that has a backup to read need not wait for it.
What it found is asked once the backup is read, before anything else is done with the two.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from threading import Event

from sidecar.errors.base import SidecarError
from sidecar.progress import Progress
from sidecar.rescue.diagnosis import copied, first_finding, require_sound
from sidecar.system.pipeline import Ahead
from sidecar.system.workfolder import free_space, work_folder

LEAST_BYTES = 4 << 20
"""Databases from this size on: a smaller one is checked in some milliseconds."""

_ROOM = 4
"""Times its size: a disk with less free has no room for the copy that is checked beside the rows that are read."""


class Unsound(Exception):
    """The database is not sound: what it is, and what a backup may do to it, has to be found out first."""


class CheckBeside:
    """A check that is under way from ``require_sound`` on, and over at the end of ``stack``.

    :param at_once: check there and then, whatever the size.
    """

    def __init__(self, stack: ExitStack, at_once: bool = False) -> None:
        self._stack = stack
        self._at_once = at_once
        self._findings: Ahead[str | None] | None = None

    def require_sound(self, database: Path, work_dir: Path, size: int, progress: Progress) -> None:
        """Begin to find out what ``diagnosis.require_sound`` does; a small database is checked here and now."""
        if self._at_once or size < LEAST_BYTES:
            require_sound(database, work_dir, size, progress)
            return
        folder = self._stack.enter_context(work_folder(work_dir))
        free = free_space(folder)
        if free is not None and free < _ROOM * size:
            require_sound(database, work_dir, size, progress)
            return
        snapshot = copied(database, folder, size, progress)
        ended = Event()
        self._findings = self._stack.enter_context(closing(Ahead(_look(snapshot, progress.beside(ended.is_set)))))
        self._stack.callback(ended.set)

    @contextmanager
    def settled(self) -> Iterator[None]:
        """Raise Unsound at the end of the block, whatever else is the matter then, if the check found anything."""
        try:
            yield
        except SidecarError:
            self._settle()
            raise
        self._settle()

    def _settle(self) -> None:
        if self._findings is not None and next(self._findings) is not None:
            raise Unsound


def _look(snapshot: Path, progress: Progress) -> Generator[str | None, None, None]:
    finding = first_finding(snapshot, progress)
    with suppress(OSError):  # the folder goes later in any case; the room is wanted now
        snapshot.unlink()
    yield finding
