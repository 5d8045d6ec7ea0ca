"""Two years of automatic backups on a clock that a test turns, with all that goes wrong in two years.

Held against the rules said once more, over every backup that was ever made: at no moment are fewer there than the
policy asks for, none goes that it does not let go of, and whatever ended a run, the next one mends it.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sidecar.automatic import own_files, pruning, running
from sidecar.automatic.catalogue import Catalogue, read_catalogue
from sidecar.automatic.policy import Place, Policy
from sidecar.automatic.policy_file import write_policy
from sidecar.automatic.retention import MOST_AT_ONCE, Keep
from sidecar.automatic.running import run_backup_if_due
from sidecar.errors.base import SidecarError
from sidecar.errors.paths import DiskFull
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.conftest import Cases

FIRST = datetime(2026, 1, 1, 9, tzinfo=UTC)
KEEP = Keep(hours=48, daily=7, weekly=5, monthly=12, most=60)

STEPS = (
    (running, "export_data"),
    (running, "write_catalogue"),
    (own_files, "describe"),
    (own_files, "copy"),
    (own_files, "remove"),
)
"""What a run does to the disk, each of which may be its last step."""


class Killed(BaseException):
    """The end of a process."""


class Years:
    """One database, its places, and everything that was ever seen in them."""

    def __init__(self, places: Places, further: Path, chance: random.Random) -> None:
        self.places = places
        self.chance = chance
        self.folders = [places.database.parent / "backups" / "automatic", further]
        self.clock = FIRST
        self.ever: dict[Path, dict[str, datetime]] = {folder: {} for folder in self.folders}
        self.rotted: dict[Path, bytes] = {}
        self.tried = 0
        write_policy(places.database, Policy(places=[Place(path=str(folder), keep=KEEP) for folder in self.folders]))

    def day(self) -> None:
        """The app is opened, used, and asks; some days end badly."""
        self.clock += timedelta(hours=self.chance.choice([23, 24, 24, 25, 30]))
        if self.chance.random() < 0.02:
            self.clock += timedelta(days=self.chance.choice([-800, -30, -1, 40, 900]))
        if self.chance.random() < 0.9:
            self._use()
        if self.chance.random() < 0.02:
            self._rot()
        before = {folder: self._there(folder) for folder in self.folders}
        rotten = {path for path, data in self.rotted.items() if path.exists() and path.read_bytes() == data}
        with self._trouble() as trouble:
            try:
                run_backup_if_due(self.places, "timer", Progress(), clock=lambda: self.clock)
            except (Killed, SidecarError):
                assert trouble, "a run failed for no reason"
        self._look(before)
        assert all(path.exists() for path in rotten), "what rotted is a person's to remove"
        self.tried += 1

    def _use(self) -> None:
        with closing(sqlite3.connect(self.places.database)) as connection:
            connection.execute("UPDATE tasks SET title = ?", (str(self.chance.random()),))
            connection.commit()

    def _rot(self) -> None:
        """A bit of one backup of one place is another one by tomorrow."""
        paths = sorted(path for folder in self.folders for path in folder.glob("*.kpbackup"))
        if paths:
            path = self.chance.choice(paths)
            data = bytearray(path.read_bytes())
            data[self.chance.randrange(len(data))] ^= 1 << self.chance.randrange(8)
            path.write_bytes(data)
            self.rotted[path] = bytes(data)

    @contextmanager
    def _trouble(self) -> Iterator[bool]:
        """One day in four ends at one step of its run: the process dies before it or after it, or the disk is full."""
        if self.chance.random() >= 0.25:
            yield False
            return
        module, name = self.chance.choice(STEPS)
        at, when = self.chance.randrange(4), self.chance.choice(["before", "after", "full"])
        with pytest.MonkeyPatch.context() as patch:
            failing = _failing(getattr(module, name), at, when)
            for place in {module, pruning if name == "write_catalogue" else module}:
                patch.setattr(place, name, failing)
            yield True

    def _there(self, folder: Path) -> set[str]:
        return {path.name for path in folder.glob("*.kpbackup")}

    def _look(self, before: dict[Path, set[str]]) -> None:
        catalogue = read_catalogue(self.places.database)
        for folder in self.folders:
            self._remember(folder, catalogue)
            there = self._there(folder)
            gone = before[folder] - there
            wanted = _wanted(self.ever[folder])
            assert len(gone) <= MOST_AT_ONCE
            assert not gone & wanted
            assert wanted <= there

    def _remember(self, folder: Path, catalogue: Catalogue) -> None:
        entries = catalogue.place(folder).entries
        whole = {entry.name: entry.moment for entry in entries if not entry.rotten}
        if rotten := {entry.name for entry in entries if entry.rotten and entry.name in self.ever[folder]}:
            # What stood aside for one that has rotted went rightly; what is there now is what there is to choose from.
            assert {folder / name for name in rotten} <= self.rotted.keys(), "what is called rotten is"
            self.ever[folder] = {name: moment for name, moment in self.ever[folder].items() if name in whole}
        for name, moment in whole.items():
            if self.ever[folder].get(name) != moment:
                # Another one of that name, made when the clock said the same once more: it comes after all others.
                self.ever[folder].pop(name, None)
                self.ever[folder][name] = moment


def _failing(step: Callable[..., Any], at: int, when: str) -> Callable[..., Any]:
    calls = iter(range(1_000_000))

    def failing(*args: Any, **named: Any) -> Any:
        if next(calls) != at:
            return step(*args, **named)
        if when == "full":
            raise DiskFull(path="the disk")
        if when == "after":
            step(*args, **named)
        raise Killed

    return failing


def _wanted(ever: dict[str, datetime]) -> set[str]:
    """Names that the policy asks for of all that were ever made: the last of each of so many days, weeks, months."""
    ordered = sorted(ever.items(), key=lambda item: item[1])
    wanted = {name for name, moment in ordered if ordered[-1][1] - moment < timedelta(hours=KEEP.hours)}
    for count, form in ((KEEP.daily, "%Y-%j"), (KEEP.weekly, "%G-%V"), (KEEP.monthly, "%Y-%m")):
        last = {moment.strftime(form): name for name, moment in ordered}
        wanted |= set(list(last.values())[-count:])
    return wanted


def _live(years: Years, days: int) -> None:
    for _ in range(days):
        years.day()
    years.clock += timedelta(days=1)
    years._use()
    assert run_backup_if_due(years.places, "timer", Progress(), clock=lambda: years.clock).outcome == "made"
    catalogue = read_catalogue(years.places.database)
    for folder in years.folders:
        names = {entry.name for entry in catalogue.place(folder).entries}
        assert names == years._there(folder), "what lies there is what is known"
        assert years.rotted.keys() >= {folder / entry.name for entry in catalogue.place(folder).entries if entry.rotten}


PROMISE = "A day of automatic backups leaves what the policy asks for in every place, whatever ended the run"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_two_months_of_days_leave_what_the_policy_asks_for(
    seed: int, places: Places, tmp_path: Path, cases: Cases
) -> None:
    years = Years(places, tmp_path / "usb", random.Random(seed))
    _live(years, 60)
    cases.record(PROMISE, years.tried)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(3, 8))
def test_two_years_of_days_leave_what_the_policy_asks_for(
    seed: int, places: Places, tmp_path: Path, cases: Cases
) -> None:
    years = Years(places, tmp_path / "usb", random.Random(seed))
    _live(years, 730)
    cases.record(PROMISE, years.tried)
