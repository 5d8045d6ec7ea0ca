"""The snapshot of a live database: whole, of one moment, and without a hair's harm to those at work on it."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.database.snapshot import take_snapshot
from sidecar.errors.base import Cancelled
from sidecar.progress import Progress
from tests.conftest import DATA
from tests.support.app_process import killed_while_writing
from tests.support.client import DEADLINE
from tests.support.databases import contents

EVERY_KIND = DATA / "every-kind-of-row.db"

BUSY = 9

TRY_TO_WRITE = f"""
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
try:
    connection.execute("BEGIN IMMEDIATE")
except sqlite3.OperationalError:
    sys.exit({BUSY})
"""


@pytest.fixture
def live(tmp_path: Path) -> Path:
    return Path(shutil.copy(EVERY_KIND, tmp_path / "kirapilot.db"))


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    (tmp_path / "work" / "job").mkdir(parents=True)
    return tmp_path / "work" / "job" / "snapshot.db"


def test_a_snapshot_holds_what_the_database_holds(live: Path, snapshot: Path) -> None:
    take_snapshot(live, snapshot, Progress())
    assert contents(snapshot) == contents(live)
    if sys.platform != "win32":  # there, the folder's access control list keeps others out
        assert snapshot.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(not hasattr(os, "copy_file_range"), reason="this system is asked for no copies")
@pytest.mark.parametrize("pieces", [0, 3])
@pytest.mark.parametrize("refusal", [OSError(errno.EXDEV, "other disk"), OSError(errno.EIO, "broken"), None])
def test_a_snapshot_is_whole_when_the_system_copies_none_or_some_of_it(
    pieces: int, refusal: OSError | None, live: Path, snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied: list[int] = []
    asked = getattr(os, "copy_file_range")  # noqa: B009 - Linux alone has it

    def copy_some(*arguments: int) -> int:
        if len(copied) == pieces:
            if refusal is not None:
                raise refusal
            return 0
        copied.append(asked(*arguments))
        return copied[-1]

    monkeypatch.setattr(os, "copy_file_range", copy_some)
    monkeypatch.setattr("sidecar.database.snapshot.PIECE_BYTES", 5000)
    take_snapshot(live, snapshot, Progress())
    assert copied == [5000] * pieces
    assert snapshot.read_bytes() == live.read_bytes()


def test_a_snapshot_holds_what_still_lies_in_the_write_ahead_log(live: Path, snapshot: Path) -> None:
    with closing(sqlite3.connect(live)) as app:
        assert app.execute("PRAGMA journal_mode = wal").fetchone() == ("wal",)
        with app:
            app.execute("UPDATE tasks SET title = 'only in the log'")
        take_snapshot(live, snapshot, Progress())
        with closing(sqlite3.connect(snapshot)) as copy:
            assert copy.execute("SELECT DISTINCT title FROM tasks").fetchall() == [("only in the log",)]


def test_a_snapshot_is_of_one_moment_whatever_is_written_between_its_pieces(
    live: Path, snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = 0

    def look() -> bool:
        nonlocal pieces
        pieces += 1
        app.execute("UPDATE tasks SET title = ?", (f"written at look {pieces}",))
        return False

    monkeypatch.setattr("sidecar.database.snapshot.PIECE_BYTES", 5000)
    with closing(sqlite3.connect(live, isolation_level=None)) as app:
        assert app.execute("PRAGMA journal_mode = wal").fetchone() == ("wal",)
        look()
        take_snapshot(live, snapshot, Progress(cancelled=look))
    pages = live.stat().st_size // 4096
    assert pages <= pieces <= pages + 10, "no piece was copied twice"
    with closing(sqlite3.connect(snapshot)) as copy:
        assert len(copy.execute("SELECT DISTINCT title FROM tasks").fetchall()) == 1


def test_a_snapshot_holds_no_half_of_a_killed_transaction(live: Path, snapshot: Path) -> None:
    before = contents(live)
    killed_while_writing(live)
    take_snapshot(live, snapshot, Progress())
    assert contents(snapshot) == before


def test_a_snapshot_leaves_the_locks_of_another_connection_of_this_process_alone(live: Path, snapshot: Path) -> None:
    # POSIX drops them when any descriptor of the file is closed; another process would then write under our feet.
    with closing(sqlite3.connect(live, isolation_level=None)) as at_work:
        at_work.execute("BEGIN IMMEDIATE")
        take_snapshot(live, snapshot, Progress())
        assert _another_process_can_write(live) is False
        at_work.execute("ROLLBACK")
    assert _another_process_can_write(live) is True


def _another_process_can_write(database: Path) -> bool:
    done = subprocess.run([sys.executable, "-c", TRY_TO_WRITE, str(database)], check=False, timeout=2 * DEADLINE)
    assert done.returncode in (0, BUSY)
    return done.returncode == 0


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_cancelled_snapshot_lets_the_app_write_again(
    mode: str, live: Path, snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(live)) as app:
        assert app.execute(f"PRAGMA journal_mode = {mode}").fetchone() == (mode,)
    monkeypatch.setattr("sidecar.database.snapshot.PIECE_BYTES", 5000)
    looks = iter([False, False, True])
    with pytest.raises(Cancelled):
        take_snapshot(live, snapshot, Progress(cancelled=lambda: next(looks, True)))
    assert _another_process_can_write(live) is True
