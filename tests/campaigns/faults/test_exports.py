"""An export that is killed, or whose disk fails, at any step: the target is the old file or a proved new one."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from sidecar.errors.base import StartAgain
from sidecar.errors.databases import DatabaseReadOnly
from sidecar.errors.jobs import WorkFolderUnusable
from sidecar.errors.paths import DiskFull
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.campaigns.faults.campaigns import (
    FAILURES,
    KILLS,
    ODD_FAILURES,
    Fault,
    about,
    every_case,
    is_cleaning_up,
    kinds_of,
    some_cases,
)
from tests.campaigns.faults.shimmed import FAIL_ON, CaseServer, Outcome, Step
from tests.conftest import DATA, EVERY_KIND, REAL, Cases
from tests.support import databases

OLD = b"an older backup"

KILLED = "An export killed at any step leaves the old backup or a proved new one"
ODD = "An export whose place answers oddly at any step is done, or says why, and the older backup stays"
FAILED = "An export whose disk fails at any step says so, and leaves the old backup"


class Exports:
    """Exports of one database onto an older backup, one after the other."""

    def __init__(self, server: CaseServer, name: str, folder: Path) -> None:
        self._server = server
        self._target = folder / "target" / "a.kpbackup"
        self._target.parent.mkdir()
        self._target.write_bytes(OLD)
        (folder / "database").mkdir()
        self._places = Places(databases.copy_of(DATA / f"{name}.db", folder / "database"), folder / "work")
        self._database = self._places.database.read_bytes()
        self._roots = [self._target.parent, self._places.database.parent, self._places.work_dir]

    def run(self, at: int = 0, fault: Fault = Fault(0)) -> Outcome:  # noqa: B008 - frozen
        """One export, of which nothing is asserted."""
        return self._server.run(
            "export", self._places, self._target, at=at, code=fault.code, mode=fault.mode, roots=self._roots
        )

    def try_one(self, at: int, fault: Fault) -> Outcome:
        """An export that a fault meets; then another one, that nothing meets."""
        outcome = self.run(at, fault)
        with about(outcome, at):
            hit = outcome.steps[at - 1] if at <= len(outcome.steps) else None
            self._check_target(outcome)
            assert self._places.database.read_bytes() == self._database
            if hit is not None and not fault.kills:
                self._check_error(outcome, hit, fault)
            self._check_next()
        return outcome

    def _check_target(self, outcome: Outcome) -> None:
        if self._target.read_bytes() == OLD:
            assert outcome.killed or outcome.kind is not None
            return
        result = validate_comprehensive(self._places, str(self._target), Progress())
        assert result.errors == []
        # Once the target is replaced, nothing that fails makes it a failure: the flush of its folder is a warning.
        assert outcome.kind is None

    def _check_error(self, outcome: Outcome, hit: Step, fault: Fault) -> None:
        cleaning = is_cleaning_up(hit)
        if fault.mode != FAIL_ON or fault.code == errno.ENOSPC:
            assert cleaning or self._left_behind() == []
        if outcome.kind is None:
            # Done, or done by the next best way and told so: the target has been read and found whole.
            return
        assert outcome.message is not None
        assert "There is no file" not in outcome.message
        if outcome.path is None:
            assert outcome.kind == StartAgain.kind
            return
        work = {DiskFull.kind if fault.code in (errno.ENOSPC, errno.EDQUOT) else WorkFolderUnusable.kind}
        # Why it could not open or write a file, SQLite does not always tell.
        work |= {WorkFolderUnusable.kind, StartAgain.kind}
        where = {
            str(self._target): kinds_of(fault.code, self._target),
            str(self._places.work_dir): work,
            str(self._places.database): {DatabaseReadOnly.kind, *kinds_of(fault.code, self._places.database)},
        }
        assert outcome.kind in where[outcome.path]

    def _left_behind(self) -> list[str]:
        work = self._places.work_dir
        beside = [path.name for path in self._target.parent.iterdir() if path != self._target]
        return beside + ([path.name for path in work.iterdir()] if work.exists() else [])

    def _check_next(self) -> None:
        assert self.run().kind is None
        assert self._left_behind() == [], "the next export sweeps"
        self._target.write_bytes(OLD)


def test_an_export_killed_at_a_step_leaves_the_old_backup_or_a_proved_new_one(
    server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    exports = Exports(server, EVERY_KIND, tmp_path)
    cases.record(KILLED, some_cases(exports.try_one, KILLS, exports.run().steps, 40))


@pytest.mark.slow
def test_an_export_whose_disk_fails_at_a_step_says_so_and_leaves_the_old_backup(
    server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    exports = Exports(server, EVERY_KIND, tmp_path)
    cases.record(FAILED, some_cases(exports.try_one, FAILURES, exports.run().steps, 40))


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", REAL)
def test_an_export_killed_at_every_step(name: str, server: CaseServer, tmp_path: Path, cases: Cases) -> None:
    cases.record(KILLED, every_case(Exports(server, name, tmp_path).try_one, KILLS))


@pytest.mark.slow
def test_an_export_whose_place_answers_oddly_at_a_step_is_done_or_says_why(
    server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    exports = Exports(server, EVERY_KIND, tmp_path)
    cases.record(ODD, some_cases(exports.try_one, ODD_FAILURES, exports.run().steps, 40))


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", REAL)
def test_an_export_whose_place_answers_oddly_at_every_step(
    name: str, server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    cases.record(ODD, every_case(Exports(server, name, tmp_path).try_one, ODD_FAILURES))


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", REAL)
def test_an_export_whose_disk_fails_at_every_step(name: str, server: CaseServer, tmp_path: Path, cases: Cases) -> None:
    cases.record(FAILED, every_case(Exports(server, name, tmp_path).try_one, FAILURES))


def test_a_new_backup_is_on_the_disk_before_it_takes_the_old_ones_place(server: CaseServer, tmp_path: Path) -> None:
    """For a power cut: the file is flushed, then renamed, then its folder is flushed; nothing else in between."""
    steps = Exports(server, EVERY_KIND, tmp_path).run().steps
    calls = [step.call for step in steps]
    rename = calls.index("rename")
    temporary, target = steps[rename].path, steps[rename].other
    assert target == str(tmp_path / "target" / "a.kpbackup")
    touching = [step.call for step in steps[:rename] if step.path == temporary]
    assert touching[0] == "create"
    assert touching[-1] == "fsync"
    assert steps[rename + 1] == Step("fsync", str(tmp_path / "target"))
    assert [step for step in steps if target in (step.path, step.other)] == [steps[rename]]
    assert "mmap" not in calls, "what is written through memory would not be seen here"
