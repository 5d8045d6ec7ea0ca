"""Pruning: what retention lets go of is removed from its place. The one file here that removes a backup for good.

Nothing goes while the hold is on, nothing that is not in the catalogue, nothing that is no longer what was written (it
is noted as rotten, and stays), and nothing from a place in which nothing newer is proved.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sidecar.automatic import own_files
from sidecar.automatic.answers import PruneResult, Verdict
from sidecar.automatic.catalogue import Catalogue, PlaceState, locked, read_catalogue, write_catalogue
from sidecar.automatic.policy_file import distinct_places, read_policy
from sidecar.automatic.retention import MOST_AT_ONCE, Keep, going, judge
from sidecar.errors.base import Cancelled, SidecarError
from sidecar.progress import Progress
from sidecar.system.paths import Places

HELD = "held until somebody has looked"
LOST = "the policy could not be read: held until one is set"


def prune_backups(places: Places, progress: Progress, *, dry_run: bool) -> PruneResult:
    """All that the policy lets go of in all places, removed now, or with ``dry_run`` only told.

    Raises BackupUnderWay, PathError where the catalogue cannot be written, Cancelled.
    """
    with locked(places.database):
        policy_file, catalogue = read_policy(places.database), read_catalogue(places.database)
        hold = HELD if catalogue.hold else LOST if policy_file.is_lost else ""
        result = PruneResult(verdicts=[], removed=[], held=catalogue.hold.detail if catalogue.hold else "")
        result.warnings = [policy_file.remark] if policy_file.remark else []
        for folder, place in distinct_places(policy_file.policy, places.database).items():
            state = catalogue.place(folder)
            state.forget_removed(folder)
            result.verdicts += _verdicts(folder, state, place.keep, hold)
            if not dry_run and not hold:
                remember = _remembering(places, catalogue)
                result.removed += prune_place(folder, state, place.keep, progress, remember, most=len(state.entries))
    return result


def prune_place(
    folder: Path,
    state: PlaceState,
    keep: Keep,
    progress: Progress,
    remember: Callable[[], None],
    most: int = MOST_AT_ONCE,
) -> list[str]:
    """Remove what retention lets go of in one place, ``most`` at most; answers the paths that are gone.

    :param remember: called after each, when ``state`` no longer holds it, or holds it as rotten.
    """
    names = going([entry.standing() for entry in state.entries], keep, most)
    removed = []
    for entry in [entry for entry in state.entries if entry.name in names]:
        path = folder / entry.name
        try:
            gone = own_files.remove(path, entry, progress)
        except Cancelled:
            raise
        except SidecarError:
            # What cannot be removed today is tried again by the next run.
            continue
        if gone:
            removed.append(str(path))
            state.entries.remove(entry)
        else:
            entry.judge(whole=False)
        remember()
    return removed


def _verdicts(folder: Path, state: PlaceState, keep: Keep, hold: str) -> list[Verdict]:
    return [
        Verdict(
            path=str(folder / verdict.name),
            stays=verdict.stays or hold != "",
            reason=hold if hold and not verdict.stays else verdict.reason,
        )
        for verdict in judge([entry.standing() for entry in state.entries], keep)
    ]


def _remembering(places: Places, catalogue: Catalogue) -> Callable[[], None]:
    return lambda: write_catalogue(places.database, catalogue)
