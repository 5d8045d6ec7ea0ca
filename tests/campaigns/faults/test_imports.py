"""An import, or an undo, that is killed, or whose disk fails, at any step: the database is all old or all new."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from sidecar.errors.base import StartAgain
from sidecar.errors.databases import DatabaseBusy, DatabaseReadOnly
from sidecar.errors.jobs import SafetyCopyFailed, WorkFolderUnusable
from sidecar.errors.paths import DiskFull, ReadFailed
from sidecar.export.safety_copies import moment_of
from sidecar.jobs.listing import list_backups
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.campaigns.faults.campaigns import (
    FAILURES,
    KILLS,
    ODD_FAILURES,
    Fault,
    about,
    as_before,
    every_case,
    is_cleaning_up,
    is_done_without,
    kinds_of,
    rows_of,
    some_cases,
)
from tests.campaigns.faults.shimmed import FAIL_ON, CaseServer, Outcome, Step
from tests.conftest import DATA, EVERY_KIND, FIRST, SECOND, THIRD, Cases
from tests.support import databases

PAIRS = [(FIRST, FIRST), (FIRST, SECOND), (SECOND, THIRD), (THIRD, EVERY_KIND), (EVERY_KIND, THIRD)]
"""(backup, database): every generation of both; an older KiraPilot has no place for all of a newer one's."""

KILLED = "An import killed at any step leaves every table all old or all new"
FAILED = "An import whose disk fails at any step says so, and leaves every table as it was"
KILLED_UNDO = "An undo killed at any step leaves every table all old or all new, and can be asked for again"
ODD = "An import or undo whose system answers oddly at any step is done, or says why, and changes no row without a word"
FAILED_UNDO = "An undo whose disk fails at any step says so, and can be asked for again"

TRIGGERS = (
    "CREATE TRIGGER forbidding BEFORE DELETE ON tasks BEGIN SELECT raise(ABORT, 'never'); END",
    "CREATE TRIGGER skipping BEFORE INSERT ON tasks BEGIN SELECT raise(IGNORE); END",
    "CREATE TRIGGER noting AFTER UPDATE ON tasks BEGIN DELETE FROM threads; END",
)
"""An undo sets them aside, and makes them again: they are there whatever becomes of it. An undo without any has no
step that one with them has not."""


class Imports:
    """Imports of one backup into one database, or undos of that import; the database is the same before each.

    :param job: "import", "merge", "part" or "undo".
    :param triggers: made before the undo.
    """

    def __init__(
        self,
        server: CaseServer,
        pair: tuple[str, str],
        folder: Path,
        job: str = "import",
        spilling: bool = False,
        triggers: Sequence[str] = (),
    ) -> None:
        self._server, self._job, self._spilling = server, "import" if job == "undo" else job, spilling
        backup, database = pair
        self._backup = Path(shutil.copy(DATA / f"{backup}.kpbackup", folder / "a.kpbackup"))
        self._places = Places(folder / "database" / "kirapilot.db", folder / "work")
        self._places.database.parent.mkdir()
        self._roots = [self._places.database.parent, self._places.work_dir]
        shutil.copy(DATA / f"{database}.db", self._places.database)
        if backup == database:
            databases.execute(self._places.database, "UPDATE tasks SET title = 'changed'", "DELETE FROM time_sessions")
        self._copies = 0
        self._old = rows_of(self._places.database)
        if job == "undo":
            undone = self._old
            assert self._run().kind is None
            databases.execute(self._places.database, *triggers)
            self._job, self._copies, self._old = job, 1, rows_of(self._places.database)
        self._triggers = triggers
        self._pristine = Path(shutil.copytree(self._places.database.parent, folder / "pristine"))
        self.steps = self._run().steps
        self._new = rows_of(self._places.database)
        assert self._new != self._old
        assert job != "undo" or self._new == undone

    def _run(self, at: int = 0, fault: Fault = Fault(0)) -> Outcome:  # noqa: B008 - frozen
        return self._server.run(
            self._job, self._places, self._backup, at=at, code=fault.code, mode=fault.mode, roots=self._roots,
            spilling=self._spilling,
        )  # fmt: skip

    def try_one(self, at: int, fault: Fault) -> Outcome:
        """An import that a fault meets; then another one, that nothing meets."""
        as_before(self._places, self._pristine)
        outcome = self._run(at, fault)
        with about(outcome, at):
            # Read by a plain connection, which rolls back what a disk that failed had kept from being rolled back.
            found = rows_of(self._places.database)
            assert found in (self._old, self._new)
            self._check_triggers()
            self._check_copies(fault, changed=found == self._new)
            if not outcome.killed:
                assert (found == self._new) == (outcome.kind is None), "what is said is what happened"
            if at <= len(outcome.steps) and not fault.kills:
                self._check_error(outcome, outcome.steps[at - 1], fault)
            self._check_next()
        return outcome

    def _check_triggers(self) -> None:
        there = "SELECT sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid"
        assert databases.query(self._places.database, there) == [(sql,) for sql in self._triggers]

    def _check_copies(self, fault: Fault, changed: bool) -> None:
        """A file under a safety copy's name is a whole one: it was renamed when it was proved."""
        copies = list_backups(self._places, Progress()).backups
        assert all(copy.proved for copy in copies)
        # One that an import which did not happen has left does no harm; it could not be removed.
        made = len(copies) - self._copies
        assert made == 1 if changed else 0 <= made <= (fault.kills or fault.mode == FAIL_ON)

    def _check_error(self, outcome: Outcome, hit: Step, fault: Fault) -> None:
        cleaning = is_cleaning_up(hit)
        if fault.mode != FAIL_ON or fault.code == errno.ENOSPC:
            # A journal that is not hot, after a flush that failed, stays for SQLite's next transaction to remove.
            journal = [f"{self._places.database.name}-journal"] if hit.call == "fdatasync" else []
            assert cleaning or self._left_behind(outcome.kind is None) in ([], journal)
        if outcome.kind is None:
            # Nothing is lost: the rows are the new ones, and the safety copy proves, in its first place or its second.
            # SQLite does without the flush of the database's folder; a full disk lets go of files.
            spared = hit.call == "unlink" and fault == Fault(FAIL_ON, errno.ENOSPC)
            of_the_copy = hit.path.startswith((str(self._places.database.parent / "backups"), str(self._roots[1])))
            folder = Step("fdatasync", str(self._roots[0]))
            assert cleaning or spared or of_the_copy or is_done_without(hit) or hit == folder
            return
        is_full = fault.code == errno.ENOSPC
        if outcome.kind == SafetyCopyFailed.kind:
            self._check_copy_error(outcome, hit, fault)
        elif outcome.path == str(self._places.work_dir):
            open_again = hit.call == "open" and outcome.kind == WorkFolderUnusable.kind
            assert outcome.kind == (DiskFull.kind if is_full else WorkFolderUnusable.kind) or open_again
        else:
            assert outcome.path == str(self._places.database)
            assert outcome.message is not None
            assert outcome.message.startswith("Nothing was changed")
            # SQLite tells a full disk from others when it writes; why it could not open or flush a file it does not.
            said = {"create": DatabaseReadOnly, "open": DatabaseReadOnly, "pwrite": DiskFull if is_full else ReadFailed}
            exactly = said.get(hit.call, ReadFailed).kind
            if hit.call == "fsync" and fault.mode == FAIL_ON:
                # A folder that could not be flushed is for a warning: what is told of is the step after it.
                exactly = DatabaseReadOnly.kind
            # What meets it is what comes after the copy's own files were cleared away.
            later = cleaning and outcome.kind in (DatabaseReadOnly.kind, ReadFailed.kind)
            assert (
                later
                or outcome.kind == exactly
                or (fault.mode == FAIL_ON and outcome.kind == DiskFull.kind and is_full)
            )
        if fault.mode != FAIL_ON and outcome.kind != SafetyCopyFailed.kind:
            assert hit.path.startswith(str(outcome.path)) or hit.call == "open"

    def _check_copy_error(self, outcome: Outcome, hit: Step, fault: Fault) -> None:
        folder = self._places.database.parent / "backups"
        assert outcome.path == str(folder)
        assert outcome.message is not None
        assert outcome.message.startswith("Nothing was changed and the backup is fine: No safety copy ")
        # It needs the work folder, too, for its snapshot.
        assert fault.mode == FAIL_ON or hit.path.startswith((str(folder), str(self._places.work_dir)))

    def _left_behind(self, copies_may_be: bool) -> list[str]:
        """Whatever lies about that did not before; new safety copies do not, if they may be there."""
        folder = self._places.database.parent
        usual = {path.relative_to(self._pristine) for path in self._pristine.rglob("*")}
        found = [path for path in folder.rglob("*") if path.relative_to(folder) not in usual]
        if copies_may_be:
            found = [path for path in found if path != folder / "backups" and moment_of(path) is None]
        work = self._places.work_dir
        second = set(work.glob("backups-*")) if copies_may_be else set()
        lying = [path for path in work.rglob("*") if not second & {path, path.parent}]
        return [path.name for path in (*found, *lying)]

    def _check_next(self) -> None:
        # An import that changes nothing looks at no folder of safety copies, so it would sweep none.
        shutil.copy(self._pristine / self._places.database.name, self._places.database)
        assert self._run().kind is None
        assert rows_of(self._places.database) == self._new
        self._check_triggers()
        assert self._left_behind(copies_may_be=True) == [], "the next import sweeps"


class OddImports(Imports):
    """The same where the system answers as it seldom does: each is done, done with a warning, or told in a sentence."""

    def _check_error(self, outcome: Outcome, hit: Step, fault: Fault) -> None:
        if fault.mode != FAIL_ON:
            # Something is still there only where removing it is what was refused, or a journal that is not hot.
            journal = [f"{self._places.database.name}-journal"]
            assert is_cleaning_up(hit) or self._left_behind(outcome.kind is None) in ([], journal)
        if outcome.kind is None:
            return
        assert outcome.message is not None
        assert "There is no file" not in outcome.message
        if outcome.kind == SafetyCopyFailed.kind:
            self._check_copy_error(outcome, hit, fault)
            return
        if outcome.kind == StartAgain.kind:
            # No file can be opened any more, or no memory be had: of no file in particular.
            return
        assert outcome.path is not None
        database, work = self._places.database, self._places.work_dir
        assert outcome.path != str(database) or outcome.message.startswith("Nothing was changed")
        refused = {DatabaseReadOnly.kind, DatabaseBusy.kind, ReadFailed.kind, DiskFull.kind}
        where = {
            # Why it could not lock, open or write a file, SQLite does not always tell.
            str(database): refused | kinds_of(fault.code, database),
            str(work): {DiskFull.kind, WorkFolderUnusable.kind, StartAgain.kind},
            str(self._backup): kinds_of(fault.code, self._backup),
        }
        assert outcome.kind in where[outcome.path]


@pytest.mark.slow
@pytest.mark.parametrize("job", ["import", "undo"])
def test_an_import_or_undo_whose_system_answers_oddly_at_a_step_is_done_or_says_why(
    job: str, server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    imports = OddImports(server, (THIRD, EVERY_KIND), tmp_path, job)
    cases.record(ODD, some_cases(imports.try_one, ODD_FAILURES, imports.steps, 40))


@pytest.mark.exhaustive
@pytest.mark.parametrize("job", ["import", "merge", "undo"])
def test_an_import_or_undo_whose_system_answers_oddly_at_every_step(
    job: str, server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    cases.record(ODD, every_case(OddImports(server, (THIRD, EVERY_KIND), tmp_path, job).try_one, ODD_FAILURES))


@pytest.mark.slow
def test_an_import_killed_at_a_step_leaves_every_table_all_old_or_all_new(
    server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    imports = Imports(server, (THIRD, EVERY_KIND), tmp_path)
    cases.record(KILLED, some_cases(imports.try_one, KILLS, imports.steps, 40))


@pytest.mark.slow
def test_an_import_that_outgrows_its_memory_is_as_whole_when_it_is_killed(
    server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    """Then rows reach the database's file long before the commit."""
    imports = Imports(server, (THIRD, EVERY_KIND), tmp_path, spilling=True)
    written = [at for at, step in enumerate(imports.steps) if step.path.endswith("kirapilot.db")]
    journal = [at for at, step in enumerate(imports.steps) if step.path.endswith("-journal") and step.call == "pwrite"]
    assert any(at < journal[-1] for at in written if imports.steps[at].call == "pwrite")
    cases.record(KILLED, some_cases(imports.try_one, KILLS, imports.steps, 30))


@pytest.mark.slow
def test_an_import_whose_disk_fails_at_a_step_says_so_and_leaves_every_table_as_it_was(
    server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    imports = Imports(server, (THIRD, EVERY_KIND), tmp_path)
    cases.record(FAILED, some_cases(imports.try_one, FAILURES, imports.steps, 40))


@pytest.mark.slow
def test_an_undo_killed_at_a_step_leaves_every_table_all_old_or_all_new(
    server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    undos = Imports(server, (THIRD, EVERY_KIND), tmp_path, "undo", triggers=TRIGGERS)
    cases.record(KILLED_UNDO, some_cases(undos.try_one, KILLS, undos.steps, 40))


@pytest.mark.slow
def test_an_undo_whose_disk_fails_at_a_step_says_so_and_leaves_every_table_as_it_was(
    server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    undos = Imports(server, (THIRD, EVERY_KIND), tmp_path, "undo", triggers=TRIGGERS)
    cases.record(FAILED_UNDO, some_cases(undos.try_one, FAILURES, undos.steps, 40))


PAST = pytest.mark.parametrize("triggers", [(), TRIGGERS], ids=["alone", "past triggers"])


@pytest.mark.exhaustive
@PAST
def test_an_undo_killed_at_every_step(
    triggers: Sequence[str], server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    undos = Imports(server, (THIRD, EVERY_KIND), tmp_path, "undo", triggers=triggers)
    cases.record(KILLED_UNDO, every_case(undos.try_one, KILLS))


@pytest.mark.exhaustive
@PAST
def test_an_undo_whose_disk_fails_at_every_step(
    triggers: Sequence[str], server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    undos = Imports(server, (THIRD, EVERY_KIND), tmp_path, "undo", triggers=triggers)
    cases.record(FAILED_UNDO, every_case(undos.try_one, FAILURES))


@pytest.mark.exhaustive
@pytest.mark.parametrize("pair", PAIRS, ids="-into-".join)
def test_an_import_killed_at_every_step(
    pair: tuple[str, str], server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    cases.record(KILLED, every_case(Imports(server, pair, tmp_path).try_one, KILLS))


@pytest.mark.exhaustive
def test_a_merge_killed_at_every_step(server: CaseServer, tmp_path: Path, cases: Cases) -> None:
    cases.record(KILLED, every_case(Imports(server, (THIRD, EVERY_KIND), tmp_path, "merge").try_one, KILLS))


@pytest.mark.exhaustive
def test_an_import_that_outgrows_its_memory_killed_at_every_step(
    server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    imports = Imports(server, (THIRD, EVERY_KIND), tmp_path, spilling=True)
    cases.record(KILLED, every_case(imports.try_one, KILLS))


@pytest.mark.exhaustive
@pytest.mark.parametrize("pair", [(FIRST, SECOND), (SECOND, THIRD), (THIRD, EVERY_KIND)], ids="-into-".join)
def test_an_import_whose_disk_fails_at_every_step(
    pair: tuple[str, str], server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    cases.record(FAILED, every_case(Imports(server, pair, tmp_path).try_one, FAILURES))


def test_the_journal_of_an_import_is_on_the_disk_before_a_row_is_and_rows_before_it_goes(
    server: CaseServer, tmp_path: Path
) -> None:
    """What a power cut leaves: SQLite's own order, which no setting of ours may disturb."""
    imports = Imports(server, (THIRD, EVERY_KIND), tmp_path)
    database = str(tmp_path / "database" / "kirapilot.db")
    beside = [step for step in imports.steps if step.path.startswith(str(tmp_path / "database"))]
    assert "mmap" not in [step.call for step in beside], "what is written through memory would not be seen here"
    first = next(at for at, step in enumerate(beside) if step == Step("pwrite", database))
    last = max(at for at, step in enumerate(beside) if step == Step("pwrite", database))
    flushed = Step("fdatasync", f"{database}-journal")
    noted = [at for at, step in enumerate(beside[:first]) if step == Step("pwrite", f"{database}-journal")]
    assert flushed in beside[noted[-1] : first]
    assert Step("fdatasync", str(tmp_path / "database")) in beside[:first]
    assert beside[last + 1 :] == [Step("fdatasync", database), Step("unlink", f"{database}-journal")]
