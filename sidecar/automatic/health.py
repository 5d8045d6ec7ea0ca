"""Health: how the backups are, before it hurts. Reads catalogue and policy alone, for it is asked often."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sidecar.automatic.answers import BackupStatus, PlaceHealth
from sidecar.automatic.catalogue import Catalogue, PlaceState, neighbour, read_catalogue, set_aside
from sidecar.automatic.policy import Policy
from sidecar.automatic.policy_file import distinct_places, read_policy
from sidecar.automatic.schedule import next_due, stale_after
from sidecar.system.paths import Places

HEALTHY, STALE, FAILING, HELD, NEVER = "healthy", "stale", "failing", "held", "never"

EXIT_CODES = {HEALTHY: 0, STALE: 90, FAILING: 91, HELD: 92, NEVER: 93}
"""State -> exit code of ``status``."""


def backup_status(places: Places, now: datetime) -> BackupStatus:
    """How the automatic backups of a database are at ``now``. Raises PathError for a file that cannot be read."""
    policy_file = read_policy(places.database)
    policy, catalogue = policy_file.policy, read_catalogue(places.database)
    folders = distinct_places(policy, places.database)
    found = [_place(folder, catalogue.places.get(str(folder), PlaceState()), policy, now) for folder in folders]
    return BackupStatus(
        state=_worst(catalogue, found),
        enabled=policy.enabled,
        places=found,
        last=catalogue.last,
        next_due=next_due(policy, catalogue.last),
        failure=catalogue.failure,
        hold=catalogue.hold,
        warnings=[*filter(None, (policy_file.remark, set_aside(places.database), neighbour(places.database)))],
    )


def _place(folder: Path, state: PlaceState, policy: Policy, now: datetime) -> PlaceHealth:
    newest = state.newest_proved()
    health = PlaceHealth(
        path=str(folder),
        state=NEVER,
        present=folder.is_dir(),
        kept=sum(1 for entry in state.entries if not entry.rotten),
        rotten=sum(1 for entry in state.entries if entry.rotten),
        failure=state.failure,
        drill=state.drill,
    )
    if newest is not None:
        age = max(now - max(newest.made, state.current or newest.made), timedelta())
        health.newest, health.made, health.rows, health.size = newest.name, newest.made, newest.rows, newest.size
        health.age_hours = round(age / timedelta(hours=1), 1)
        health.state = STALE if age >= stale_after(policy) else HEALTHY
    if _is_failing(state):
        health.state = FAILING
    return health


def _is_failing(state: PlaceState) -> bool:
    """The last run failed here, nothing is whole, a drill brought something else back, or one rotted.

    An old one that rotted is told of for as long as it lies there; once a newer one was proved after that was found,
    it says nothing more about what would be restored today.
    """
    if state.failure is not None or (state.entries and state.newest_proved() is None):
        return True
    is_rotten = state.drill is not None and state.drill.outcome == "rotten"
    return is_rotten or any(entry.rotten and not entry.replaced_by for entry in state.entries)


def _worst(catalogue: Catalogue, found: list[PlaceHealth]) -> str:
    states = {place.state for place in found}
    if catalogue.hold is not None:
        return HELD
    if catalogue.failure is not None or FAILING in states:
        return FAILING
    if states == {NEVER}:
        return NEVER
    return STALE if states & {STALE, NEVER} else HEALTHY
