"""The scrub: backups re-read, byte by byte, a share of them at each run, so that none rots unseen."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sidecar.automatic import own_files
from sidecar.automatic.answers import Checked, CheckResult
from sidecar.automatic.catalogue import Entry, locked, read_catalogue, write_catalogue
from sidecar.errors import FileNotFound, PathError
from sidecar.progress import Progress
from sidecar.system.paths import Places

PHASES = {"check": 1.0}

SHARE_BYTES = 256 << 20
"""Read by one run at most, unless all is asked for; but one backup always."""

ROTTEN = "it is no longer what was written"


def check_backups(places: Places, now: datetime, progress: Progress, *, all_of_them: bool = False) -> CheckResult:
    """Re-read automatic backups of all places, and remember which are whole.

    Raises BackupUnderWay, PathError where the catalogue cannot be written, Cancelled.
    """
    progress.plan(PHASES)
    with locked(places.database):
        catalogue = read_catalogue(places.database)
        waiting = sorted(
            ((Path(folder), entry) for folder, state in catalogue.places.items() for entry in state.entries),
            key=lambda found: found[1].proved or found[1].made,
        )
        progress.phase("check", len(waiting), "backups", "Checking the backups")
        checked: list[Checked] = []
        read = 0
        for folder, entry in waiting:
            if checked and not all_of_them and read + entry.size > SHARE_BYTES:
                break
            read += entry.size
            checked.append(_check(folder, entry, now, progress))
            write_catalogue(places.database, catalogue)
            progress.advance(1)
        return CheckResult(checked=checked, left=len(waiting) - len(checked))


def _check(folder: Path, entry: Entry, now: datetime, progress: Progress) -> Checked:
    path = folder / entry.name
    try:
        whole = own_files.hash_of(path, progress) == entry.sha256
    except FileNotFound as error:
        # Of a place that is there: somebody removed it, and the next run forgets it.
        return Checked(path=str(path), outcome="not_tried", detail=error.message)
    except PathError as error:
        return Checked(path=str(path), outcome="not_tried", detail=error.message)
    entry.rotten = "" if whole else ROTTEN
    entry.proved = now if whole else entry.proved
    return Checked(path=str(path), outcome="fine" if whole else "rotten", detail=entry.rotten)
