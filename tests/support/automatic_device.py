"""What the tests of automatic backups share: a device with a clock that a test turns, and how one goes bad."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sidecar.automatic.answers import RunResult
from sidecar.automatic.policy import Place, Policy, Trigger
from sidecar.automatic.policy_file import write_policy
from sidecar.automatic.retention import Keep
from sidecar.automatic.running import run_backup_if_due
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.support.databases import execute

MORNING = datetime(2026, 11, 27, 9, tzinfo=UTC)
DAY = timedelta(days=1)


class Device:
    """A database, a policy, and a clock that a test turns."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.now = MORNING

    @property
    def folder(self) -> Path:
        return self.places.database.parent / "backups" / "automatic"

    def policy(self, *folders: Path, keep: Keep | None = None) -> None:
        keep = keep or Keep()
        write_policy(self.places.database, Policy(places=[Place(path=str(folder), keep=keep) for folder in folders]))

    def run(self, trigger: Trigger = "timer", after: timedelta = DAY) -> RunResult:
        self.now += after
        return run_backup_if_due(self.places, trigger, Progress(), clock=lambda: self.now)

    def write(self, sql: str = "UPDATE tasks SET title = title || '.'") -> None:
        execute(self.places.database, sql)


def backups(folder: Path) -> list[str]:
    """The names of a place's backups."""
    return sorted(path.name for path in folder.glob("*.kpbackup"))


def grow(device: Device) -> None:
    """Forty more tasks: what is gone of them is a shrunk database."""
    device.write(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)"
        " INSERT INTO tasks (id, title, priority, status, time_estimate, actual_time, created_at, updated_at)"
        " SELECT 'grown-' || i, 'Grown ' || i, 1, 'pending', 0, 0, '2026-01-01 00:00:00', '2026-01-01 00:00:00' FROM n"
    )


def throw(error: Exception) -> None:
    """What a lambda cannot say."""
    raise error


def spoil(path: Path) -> None:
    """Turn one bit over; a second time, turn it back."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
