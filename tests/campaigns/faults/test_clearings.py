"""Clear All Data that is killed, or whose disk fails, at any step: all is there or all is cleared, and comes back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sidecar.jobs.listing import list_backups
from sidecar.jobs.undoing import undo_last_import
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.campaigns.faults.campaigns import FAILURES, KILLS, Fault, about, as_before, every_case, rows_of, some_cases
from tests.campaigns.faults.shimmed import CaseServer, Outcome
from tests.conftest import DATA, EVERY_KIND, Cases

KILLED = "Clear All Data killed at any step leaves every table all old or all cleared, and an undo brings it back"
FAILED = "Clear All Data whose disk fails at any step says so, and leaves every table as it was"


class Clearings:
    """Clearings of one database, which is the same before each."""

    def __init__(self, server: CaseServer, folder: Path) -> None:
        self._server = server
        self._places = Places(folder / "database" / "kirapilot.db", folder / "work")
        self._roots = [self._places.database.parent, self._places.work_dir]
        self._places.database.parent.mkdir()
        shutil.copy(DATA / f"{EVERY_KIND}.db", self._places.database)
        self._old = rows_of(self._places.database)
        self._pristine = Path(shutil.copytree(self._places.database.parent, folder / "pristine"))
        self.steps = self._run().steps
        self._cleared = rows_of(self._places.database)
        assert self._cleared != self._old

    def _run(self, at: int = 0, fault: Fault = Fault(0)) -> Outcome:  # noqa: B008 - frozen
        return self._server.run(
            "clear", self._places, Path(), at=at, code=fault.code, mode=fault.mode, roots=self._roots
        )

    def try_one(self, at: int, fault: Fault) -> Outcome:
        """A clearing that a fault meets; another that nothing meets; and an undo."""
        as_before(self._places, self._pristine)
        outcome = self._run(at, fault)
        with about(outcome, at):
            found = rows_of(self._places.database)
            assert found in (self._old, self._cleared)
            if not outcome.killed:
                assert (found == self._cleared) == (outcome.kind is None), "what is said is what happened"
            if found == self._cleared:
                assert all(copy.proved for copy in list_backups(self._places, Progress()).backups)
            else:
                assert self._run().kind is None, "the next one clears"
                assert rows_of(self._places.database) == self._cleared
            undo_last_import(self._places, Progress())
            assert rows_of(self._places.database) == self._old
        return outcome


@pytest.mark.slow
def test_a_clearing_killed_at_a_step_leaves_all_or_nothing_and_is_undone(
    server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    clearings = Clearings(server, tmp_path)
    cases.record(KILLED, some_cases(clearings.try_one, KILLS, clearings.steps, 30))


@pytest.mark.slow
def test_a_clearing_whose_disk_fails_at_a_step_says_so(server: CaseServer, tmp_path: Path, cases: Cases) -> None:
    clearings = Clearings(server, tmp_path)
    cases.record(FAILED, some_cases(clearings.try_one, FAILURES, clearings.steps, 30))


@pytest.mark.exhaustive
def test_a_clearing_killed_at_every_step(server: CaseServer, tmp_path: Path, cases: Cases) -> None:
    cases.record(KILLED, every_case(Clearings(server, tmp_path).try_one, KILLS))


@pytest.mark.exhaustive
def test_a_clearing_whose_disk_fails_at_every_step(server: CaseServer, tmp_path: Path, cases: Cases) -> None:
    cases.record(FAILED, every_case(Clearings(server, tmp_path).try_one, FAILURES))
