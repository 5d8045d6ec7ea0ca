"""A restore over a broken database that is killed, or whose disk fails, at any step: the wreck or the restored data."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from sidecar.jobs.keeping_wrecks import all_wrecks
from sidecar.rescue.copy_places import second_folder_of
from sidecar.system.paths import Places
from tests.campaigns.faults.campaigns import FAILURES, KILLS, Fault, Rows, about, every_case, rows_of, some_cases
from tests.campaigns.faults.shimmed import CaseServer, Outcome
from tests.conftest import DATA, EVERY_KIND, Cases
from tests.support import databases

KILLED = (
    "A restore over a broken database killed at any step leaves the wreck, or the restored data and the wreck beside"
)
FAILED = "A restore over a broken database whose disk fails at any step says so, and leaves the wreck as it was"

PAGE = 4096
WRECKS: dict[str, Callable[[bytes], bytes | None]] = {
    "missing": lambda _: None,
    "empty": lambda _: b"",
    "headless": lambda whole: bytes(100) + whole[100:],
    "a page zeroed": lambda whole: whole[: PAGE * 3] + bytes(PAGE) + whole[PAGE * 4 :],
    "cut within a page": lambda whole: whole[: PAGE * 20 + 1000],
    "beside a stray journal": lambda whole: whole,
}

_TRIED = {"beside a stray journal": 8}
"""Steps of the kind that are tried in an ordinary slow run, where that is not 30."""


class Rescues:
    """Restores over one broken database, which is the same before each."""

    def __init__(self, server: CaseServer, kind: str, folder: Path) -> None:
        self._server = server
        whole = databases.copy_of(DATA / f"{EVERY_KIND}.db", folder / "whole")
        self._backup = databases.backup(whole, folder / "a.kpbackup")
        self._places = Places(folder / "database" / "kirapilot.db", folder / "work")
        self._roots = [self._places.database.parent, self._places.work_dir]
        self._wreck: bytes | None = WRECKS[kind](whole.read_bytes())
        self._stray = _journal_of_another(whole, folder) if kind == "beside a stray journal" else None
        self._reset()
        self.steps = self._run().steps
        self._new = self._rows()

    def try_one(self, at: int, fault: Fault) -> Outcome:
        """A restore that a fault meets; then another one, that nothing meets."""
        self._reset()
        outcome = self._run(at, fault)
        with about(outcome, at):
            restored = not self._is_wreck(killed=outcome.killed)
            if outcome.kind is not None:
                # SQLite's rollback gives a cut file whole pages, and a disk that goes on failing takes nothing back:
                # the wreck is in its place to the last byte, or its copy is kept.
                assert not restored or self._kept()[:1] == [self._wreck or b""]
                restored = False
            if restored:
                assert self._rows() == self._new
                assert self._kept()[:1] == [self._wreck or b""]
            if not outcome.killed:
                assert restored == (outcome.kind is None), "what is said is what happened"
            if not restored and not outcome.killed and outcome.path != str(self._places.work_dir):
                assert outcome.message is not None
                assert outcome.message.startswith("Nothing was changed")
            if not outcome.killed:
                # A restore that changes nothing looks at no folder of wrecks, so it would sweep none.
                self._break()
            assert self._run().kind is None
            assert self._rows() == self._new
            assert set(self._places.work_dir.iterdir()) <= {second_folder_of(self._places)}
            swept = [path.name for path in self._backups.glob(".kp-*")] == []
            assert swept or outcome.killed, "the next restore sweeps"
        return outcome

    @property
    def _backups(self) -> Path:
        return self._places.database.parent / "backups"

    def _kept(self) -> list[bytes]:
        """The copies of the wreck: beside the database, or in their second place where the disk failed there."""
        return [wreck.path.read_bytes() for wreck in all_wrecks(self._places)]

    def _reset(self) -> None:
        shutil.rmtree(self._places.database.parent, ignore_errors=True)
        shutil.rmtree(second_folder_of(self._places), ignore_errors=True)
        self._places.database.parent.mkdir()
        self._break()

    def _break(self) -> None:
        if self._wreck is not None:
            self._places.database.write_bytes(self._wreck)
        else:
            self._places.database.unlink(missing_ok=True)
        if self._stray is not None:
            self._journal.write_bytes(self._stray)

    @property
    def _journal(self) -> Path:
        return self._places.database.with_name(f"{self._places.database.name}-journal")

    def _run(self, at: int = 0, fault: Fault = Fault(0)) -> Outcome:  # noqa: B008 - frozen
        return self._server.run(
            "import", self._places, self._backup, at=at, code=fault.code, mode=fault.mode, roots=self._roots
        )

    def _rows(self) -> Rows:
        """But for the times at which the migrations were run."""
        found = rows_of(self._places.database)
        return {**found, "seaql_migrations": [row[:1] for row in found["seaql_migrations"]]}

    def _is_wreck(self, killed: bool) -> bool:
        """Whether the broken file is in its place; a killed process may have left it with a header that can be read."""
        database = self._places.database
        if self._stray is not None:
            if self._journal.exists() and self._journal.read_bytes() == self._stray:
                assert database.read_bytes() == self._wreck
                return True
            # Taken away: then its copy is kept.
            kept = {ending: path for path, ending in all_wrecks(self._places)[0].files()}
            assert kept["-journal"].read_bytes() == self._stray
        if self._wreck is None or not database.exists():
            assert database.exists() or self._wreck is None
            return not database.exists()
        with closing(sqlite3.connect(database)) as connection, suppress(sqlite3.DatabaseError):
            # What a killed process had written is rolled back by whoever comes next.
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        found = database.read_bytes()
        if killed:
            return found[100 : len(self._wreck)] == self._wreck[100:]
        return found == self._wreck


def _journal_of_another(database: Path, folder: Path) -> bytes:
    other = databases.copy_of(database, folder / "other")
    databases.execute(other, "DELETE FROM ai_interactions", "UPDATE tasks SET title = hex(zeroblob(900))")
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("UPDATE tasks SET title = hex(zeroblob(3000))")
        journal = other.with_name(f"{other.name}-journal").read_bytes()
        connection.rollback()
    return journal


@pytest.mark.slow
@pytest.mark.parametrize("kind", WRECKS)
def test_a_restore_killed_at_a_step_leaves_the_wreck_or_the_restored_data(
    kind: str, server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    rescues = Rescues(server, kind, tmp_path)
    cases.record(KILLED, some_cases(rescues.try_one, KILLS, rescues.steps, _TRIED.get(kind, 30)))


@pytest.mark.slow
@pytest.mark.parametrize("kind", WRECKS)
def test_a_restore_whose_disk_fails_at_a_step_leaves_the_wreck_as_it_was(
    kind: str, server: CaseServer, tmp_path: Path, cases: Cases
) -> None:
    rescues = Rescues(server, kind, tmp_path)
    cases.record(FAILED, some_cases(rescues.try_one, FAILURES, rescues.steps, _TRIED.get(kind, 30)))


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", WRECKS)
def test_a_restore_killed_at_every_step(kind: str, server: CaseServer, tmp_path: Path, cases: Cases) -> None:
    cases.record(KILLED, every_case(Rescues(server, kind, tmp_path).try_one, KILLS))


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", WRECKS)
def test_a_restore_whose_disk_fails_at_every_step(kind: str, server: CaseServer, tmp_path: Path, cases: Cases) -> None:
    cases.record(FAILED, every_case(Rescues(server, kind, tmp_path).try_one, FAILURES))
