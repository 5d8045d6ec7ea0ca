"""A repair, or a compacting, that is killed or whose disk fails at any step: all old or all new, and the next works."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from pathlib import Path

import pytest

from sidecar.jobs.listing import list_backups
from sidecar.jobs.undoing import undo_last_import
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.behaviour.test_compact import with_room
from tests.behaviour.test_vouching import NEW_TASKS, behind_indexes
from tests.campaigns.faults.campaigns import FAILURES, KILLS, Fault, about, as_before, every_case, some_cases
from tests.campaigns.faults.shimmed import CaseServer, Outcome
from tests.conftest import DATA, EVERY_KIND, Cases
from tests.support.databases import Contents, contents, execute, query

REPAIRED = "A repair killed, or whose disk fails, at any step mends all or nothing; an undo brings all of it back"
COMPACTED = "A compacting killed, or whose disk fails, at any step leaves a sound file with every value"


class _Campaign(ABC):
    """One job on one database, which is the same before each case."""

    job: str

    def __init__(self, server: CaseServer, folder: Path) -> None:
        self._server = server
        self._places = Places(folder / "database" / "kirapilot.db", folder / "work")
        self._roots = [self._places.database.parent, self._places.work_dir]
        self._places.database.parent.mkdir()
        shutil.copy(DATA / f"{EVERY_KIND}.db", self._places.database)
        self.prepare(self._places.database)
        self._old = contents(self._places.database)
        self._pristine = Path(shutil.copytree(self._places.database.parent, folder / "pristine"))
        self.steps = self._run().steps
        self._new = contents(self._places.database)

    @abstractmethod
    def prepare(self, database: Path) -> None:
        """Make of the database what the job has something to do with."""

    def _run(self, at: int = 0, fault: Fault = Fault(0)) -> Outcome:  # noqa: B008 - frozen
        return self._server.run(
            self.job, self._places, Path(), at=at, code=fault.code, mode=fault.mode, roots=self._roots
        )

    def _found(self) -> Contents:
        """Every row, as the app finds them: by a connection that rolls back what was begun."""
        return contents(self._places.database)

    def _is_sound(self) -> bool:
        return query(self._places.database, "PRAGMA integrity_check") == [("ok",)]


class Repairs(_Campaign):
    job = "repair"

    def prepare(self, database: Path) -> None:
        """An index that lacks rows, and rows to remove, to move, to untie and to fill."""
        behind_indexes(database, "tasks", NEW_TASKS)
        execute(
            database,
            "UPDATE time_sessions SET task_id = 'gone' WHERE rowid IN (1, 2)",
            "UPDATE threads SET assignment_task_id = 'gone'",
            "UPDATE task_lists SET is_default = 0",
        )

    def try_one(self, at: int, fault: Fault) -> Outcome:
        """A repair that a fault meets; another that nothing meets; and an undo."""
        as_before(self._places, self._pristine)
        outcome = self._run(at, fault)
        with about(outcome, at):
            found = self._found()
            assert found in (self._old, self._new)
            assert self._is_sound() == (found == self._new)
            if not outcome.killed:
                assert (found == self._new) == (outcome.kind is None), "what is said is what happened"
            if found == self._new:
                assert all(copy.proved for copy in list_backups(self._places, Progress()).backups)
            else:
                assert self._run().kind is None, "the next one repairs"
                assert self._found() == self._new
            undo_last_import(self._places, Progress())
            assert self._found() == self._old
        return outcome


class Compactings(_Campaign):
    job = "compact"

    def prepare(self, database: Path) -> None:
        with_room(database)

    def try_one(self, at: int, fault: Fault) -> Outcome:
        """A compacting that a fault meets, and another that nothing meets, unless there is nothing left to do."""
        as_before(self._places, self._pristine)
        size = self._places.database.stat().st_size
        outcome = self._run(at, fault)
        with about(outcome, at):
            assert self._found() == self._old
            assert self._is_sound()
            smaller = self._places.database.stat().st_size < size
            if not outcome.killed and outcome.kind is None:
                assert smaller, "what is said is what happened"
            assert self._run().kind is None
            assert self._places.database.stat().st_size < size
            assert self._found() == self._old
            assert self._is_sound()
        return outcome


@pytest.mark.slow
def test_a_repair_that_a_fault_meets_mends_all_or_nothing_and_is_undone(
    server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    repairs = Repairs(server, tmp_path)
    cases.record(REPAIRED, some_cases(repairs.try_one, [*KILLS, *FAILURES], repairs.steps, 20))


@pytest.mark.slow
def test_a_compacting_that_a_fault_meets_loses_nothing(server: CaseServer, tmp_path: Path, cases: Cases) -> None:
    compactings = Compactings(server, tmp_path)
    cases.record(COMPACTED, some_cases(compactings.try_one, [*KILLS, *FAILURES], compactings.steps, 20))


@pytest.mark.exhaustive
@pytest.mark.parametrize(("campaign", "promise"), [(Repairs, REPAIRED), (Compactings, COMPACTED)])
@pytest.mark.parametrize("faults", [KILLS, FAILURES], ids=["killed", "failing"])
def test_care_that_a_fault_meets_at_every_step(
    campaign: type[Repairs | Compactings],
    promise: str,
    faults: list[Fault],
    server: CaseServer,
    tmp_path: Path,
    cases: Cases,
) -> None:
    cases.record(promise, every_case(campaign(server, tmp_path).try_one, faults))
