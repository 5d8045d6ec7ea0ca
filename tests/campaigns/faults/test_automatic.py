"""A run of automatic backups, or a pruning, that is killed or whose disk fails at any step.

Held against what must be there in each place, whatever ended it: the newest backups that the policy asks for, whole,
and what a person put there. The next run mends it: what lies there is what is known, and the newest is what the
database holds.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sidecar.automatic.catalogue import read_catalogue
from sidecar.automatic.health import backup_status
from sidecar.automatic.own_files import describe
from sidecar.automatic.policy import Place, Policy
from sidecar.automatic.policy_file import write_policy
from sidecar.automatic.retention import Keep
from sidecar.automatic.running import run_backup_if_due
from sidecar.errors.backups import BackupError
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.campaigns.faults.campaigns import FAILURES, KILLS, Fault, about, every_case, some_cases
from tests.campaigns.faults.shimmed import CaseServer, Outcome
from tests.conftest import DATA, EVERY_KIND, Cases
from tests.support.databases import execute

KILLED = "An automatic backup, or a pruning, killed at any step leaves in every place what the policy asks for"
FAILED = (
    "An automatic backup, or a pruning, whose disk fails at any step leaves in every place what the policy asks for"
)

DAILY = 2
THERE = 5
MINE = "mine.kpbackup"

JOBS = ["automatic", "prune"]

LONG = [*JOBS, "looked after"]
"""With checks and drills a run has more than a thousand steps."""


class Runs:
    """Runs over one device with two places, which is put back before each as it was."""

    def __init__(self, server: CaseServer, folder: Path, job: str) -> None:
        self._server, self._job = server, job
        self._device, self._before = folder / "device", folder / "before"
        self._database = self._device / "data" / "kirapilot.db"
        self._places = Places(self._database, self._device / "work")
        self._folders = [self._database.parent / "backups" / "automatic", self._device / "usb"]
        self._database.parent.mkdir(parents=True)
        shutil.copy(DATA / f"{EVERY_KIND}.db", self._database)
        self._live(THERE)
        for place in self._folders:
            (place / MINE).write_bytes(b"a person's own")
        shutil.copytree(self._device, self._before)
        self._known = {place: self._files(place) for place in self._folders}

    def _live(self, days: int) -> None:
        """Daily backups of which nothing has gone yet, for until now the policy kept more; then a change."""
        self._put_into_force(Keep(hours=0, daily=9, weekly=0, monthly=0))
        for day in range(days, 0, -1):
            moment = datetime.now(UTC) - timedelta(days=day)
            run_backup_if_due(self._places, "manual", Progress(), clock=lambda: moment)  # noqa: B023 - called at once
            execute(self._database, "UPDATE tasks SET title = title || '.'")
        self._put_into_force(Keep(hours=0, daily=DAILY, weekly=0, monthly=0))

    def _put_into_force(self, keep: Keep) -> None:
        write_policy(self._database, Policy(places=[Place(path=str(place), keep=keep) for place in self._folders]))

    def _files(self, place: Path) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in place.glob("kirapilot-*.kpbackup")}

    def run(self, at: int = 0, fault: Fault = Fault(0)) -> Outcome:  # noqa: B008 - frozen
        """One run from the beginning, of which nothing is asserted."""
        shutil.rmtree(self._device)
        shutil.copytree(self._before, self._device)
        return self._server.run(
            self._job, self._places, self._device, at=at, code=fault.code, mode=fault.mode, roots=[self._device]
        )

    def try_one(self, at: int, fault: Fault) -> Outcome:
        """A run that a fault meets; then one of the next day, that nothing meets."""
        outcome = self.run(at, fault)
        with about(outcome, at):
            for place in self._folders:
                self._check_place(place)
            assert not list(self._device.rglob("*broken*")), "nothing of ours is half written"
            self._check_next()
        return outcome

    def _check_place(self, place: Path) -> None:
        assert (place / MINE).read_bytes() == b"a person's own"
        before, there = self._known[place], self._files(place)
        new = sorted(name for name in there.keys() - before.keys() if _is_whole(place / name))
        asked_for = [*sorted(before), *new][-DAILY:]
        assert set(asked_for) <= there.keys()
        assert all(there[name] == before[name] for name in there.keys() & before.keys())

    def _check_next(self) -> None:
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        execute(self._database, "UPDATE tasks SET title = title || '!'")
        result = run_backup_if_due(self._places, "start", Progress(), clock=lambda: tomorrow)
        assert [place.outcome for place in result.places] == ["made", "copied"]
        catalogue = read_catalogue(self._database)
        for place in self._folders:
            entries = catalogue.places[str(place)].entries
            assert {entry.name for entry in entries} == self._files(place).keys()
            assert all(_is_whole(place / entry.name) for entry in entries)
        assert backup_status(self._places, tomorrow).state == "healthy"
        assert catalogue.pending == {}


def _is_whole(path: Path) -> bool:
    try:
        describe(path, datetime.now(UTC), "a test", Progress())
    except BackupError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("job", JOBS)
def test_a_run_killed_at_a_step_leaves_what_the_policy_asks_for(
    job: str, server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    runs = Runs(server, tmp_path, job)
    cases.record(KILLED, some_cases(runs.try_one, KILLS, runs.run().steps, 40))


@pytest.mark.slow
@pytest.mark.parametrize("job", JOBS)
def test_a_run_whose_disk_fails_at_a_step_leaves_what_the_policy_asks_for(
    job: str, server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    runs = Runs(server, tmp_path, job)
    cases.record(FAILED, some_cases(runs.try_one, FAILURES, runs.run().steps, 40))


@pytest.mark.exhaustive
@pytest.mark.parametrize("fault", KILLS, ids=str)
@pytest.mark.parametrize("job", LONG)
def test_a_run_killed_at_every_step(job: str, fault: Fault, server: CaseServer, tmp_path: Path, cases: Cases) -> None:
    cases.record(KILLED, every_case(Runs(server, tmp_path, job).try_one, [fault]))


@pytest.mark.exhaustive
@pytest.mark.parametrize("fault", FAILURES, ids=str)
@pytest.mark.parametrize("job", LONG)
def test_a_run_whose_disk_fails_at_every_step(
    job: str, fault: Fault, server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    cases.record(FAILED, every_case(Runs(server, tmp_path, job).try_one, [fault]))
