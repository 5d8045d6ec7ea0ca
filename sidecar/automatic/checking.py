"""The scrub: backups re-read, byte by byte, a share of them at each run, so that none rots unseen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from sidecar.automatic import own_files
from sidecar.automatic.answers import Checked, CheckResult
from sidecar.automatic.catalogue import Catalogue, Entry, locked, read_catalogue, write_catalogue
from sidecar.errors.paths import PathError
from sidecar.progress import Progress
from sidecar.system.paths import Places

PHASES = {"check": 1.0}

SHARE_BYTES = 256 << 20
"""Read by one check at most, unless all is asked for; but one backup always."""

SHARE_OF_A_RUN = 64 << 20
"""Read besides by the run of a timer at most; but one backup always."""

OVERDUE = timedelta(days=7)
"""What was not looked at for so long is re-read by the run of a timer."""


def check_backups(places: Places, now: datetime, progress: Progress, *, all_of_them: bool = False) -> CheckResult:
    """Re-read automatic backups of all places, and remember which are whole.

    Raises BackupUnderWay, PathError where the catalogue cannot be written, Cancelled.
    """
    progress.plan(PHASES)
    with locked(places.database):
        catalogue = read_catalogue(places.database)
        for folder, state in catalogue.places.items():
            state.forget_removed(Path(folder))
        waiting = _longest_unread_first(catalogue)
        progress.phase("check", len(waiting), "backups", "Checking the backups")
        most = None if all_of_them else SHARE_BYTES
        checked = _check_some(waiting, now, progress, lambda: write_catalogue(places.database, catalogue), most)
        return CheckResult(checked=checked, left=len(waiting) - len(checked))


def check_overdue(
    catalogue: Catalogue, now: datetime, progress: Progress, remember: Callable[[], None]
) -> list[Checked]:
    """Re-read a share of the backups that are there, were whole, and were not looked at for a week.

    :param remember: called after each. Raises what it raises, Cancelled.
    """
    waiting = [
        (folder, entry)
        for folder, entry in _longest_unread_first(catalogue)
        # By a clock that was put back, a look of the future is none.
        if not entry.rotten and abs(now - (entry.proved or entry.made)) >= OVERDUE and folder.is_dir()
    ]
    return _check_some(waiting, now, progress, remember, SHARE_OF_A_RUN)


def _longest_unread_first(catalogue: Catalogue) -> list[tuple[Path, Entry]]:
    """Every backup; those known to be rotten last, for there is nothing more to find out about them."""
    return sorted(
        ((Path(folder), entry) for folder, state in catalogue.places.items() for entry in state.entries),
        key=lambda found: (found[1].rotten != "", found[1].proved or found[1].made),
    )


def _check_some(
    waiting: list[tuple[Path, Entry]], now: datetime, progress: Progress, remember: Callable[[], None], most: int | None
) -> list[Checked]:
    checked: list[Checked] = []
    read = 0
    for folder, entry in waiting:
        if read and most is not None and read + entry.size > most:
            break
        found = _check(folder, entry, now, progress)
        read += entry.size if found.outcome != "not_tried" else 0
        checked.append(found)
        remember()
        progress.advance(1)
    return checked


def _check(folder: Path, entry: Entry, now: datetime, progress: Progress) -> Checked:
    path = folder / entry.name
    try:
        whole = own_files.hash_of(path, progress) == entry.sha256
    except PathError as error:
        return Checked(path=str(path), outcome="not_tried", detail=error.message)
    is_fine = entry.judge(whole=whole)
    entry.proved = now if is_fine else entry.proved
    return Checked(path=str(path), outcome="fine" if is_fine else "rotten", detail=entry.rotten)
