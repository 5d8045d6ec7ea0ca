"""The full check of a large live database, beside the reading of a backup.

The check is SQLite's alone and keeps Python from nothing, so an import that has a backup to read need not wait for it.
What it found is asked once the backup is read, before anything else is done with the two. Where a safety copy is being
made meanwhile the database is checked for that, and not a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import Protocol

from sidecar.errors.base import SidecarError
from sidecar.errors.databases import DatabaseDamaged
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


class Copy(Protocol):
    """A copy of the database, that is not taken of one that is unsound."""

    def begin(self) -> bool:
        """Let it be made from now on; answers whether it is."""

    def proves_sound(self, progress: Progress, wait: bool) -> bool:
        """Whether it was made of a sound database, which is the same still. Raises Cancelled.

        :param wait: until it is made, or cannot be.
        """


class CheckBeside:
    """A check that is under way from ``require_sound`` on, and over at the end of ``stack``.

    :param at_once: check there and then, whatever the size.
    :param copy: which may be worth making meanwhile, and then is the check.
    """

    def __init__(self, stack: ExitStack, at_once: bool = False, copy: Copy | None = None) -> None:
        self._stack = stack
        self._at_once = at_once
        self._copy = copy
        self._unsound: Callable[[bool], bool] = lambda _: False
        """Asked whether anything was found; whether to wait for the copy."""

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
        if (copy := self._copy) is not None and copy.begin():

            def unsound(wait: bool) -> bool:
                return not copy.proves_sound(progress, wait) and not _is_sound(database, work_dir, size, progress)

            self._unsound = unsound
            return
        snapshot = copied(database, folder, size, progress)
        ended = Event()
        findings = self._stack.enter_context(closing(Ahead(_look(snapshot, progress.beside(ended.is_set)))))
        self._stack.callback(ended.set)
        self._unsound = lambda _: next(findings) is not None

    @contextmanager
    def settled(self) -> Iterator[None]:
        """Raise Unsound at the end of the block, whatever else is the matter then, if the check found anything."""
        try:
            yield
        except SidecarError:
            if self._unsound(False):
                raise Unsound from None
            raise
        if self._unsound(True):
            raise Unsound


def _is_sound(database: Path, work_dir: Path, size: int, progress: Progress) -> bool:
    try:
        require_sound(database, work_dir, size, progress)
    except DatabaseDamaged:
        return False
    return True


def _look(snapshot: Path, progress: Progress) -> Generator[str | None, None, None]:
    finding = first_finding(snapshot, progress)
    with suppress(OSError):  # the folder goes later in any case; the room is wanted now
        snapshot.unlink()
    yield finding
