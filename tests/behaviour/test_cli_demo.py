"""``demo`` as it is typed: a round trip that is proved, and that fails when a single value is lost."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from sidecar.cli import commands
from sidecar.errors.paths import FolderNotFound
from sidecar.jobs import demo, importing
from sidecar.jobs.demo import DemoResult
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.support.shell import Shell, fail_unexpectedly


def test_the_demo_proves_a_round_trip_and_says_where_the_archive_lies(shell: Shell, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    ended = shell.run("demo", "--rows", "50", env={"TMPDIR": str(temporary)})
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"every value is identical" in ended.stdout
    assert str(temporary).encode() in ended.stdout
    [archive] = temporary.glob("kirapilot-demo-*/demo.kpbackup")
    assert str(archive).encode() in ended.stdout


@pytest.mark.slow
def test_the_demo_keeps_its_archive_in_a_folder_of_ones_choice(shell: Shell) -> None:
    result = msgspec.convert(shell.object("demo", "--rows", "50", "--folder", "."), DemoResult)
    assert result.identical
    assert result.tables["tasks"].rows >= 50
    archive = Path(result.archive)
    assert archive.parent.parent == shell.folder
    assert archive.stat().st_size == result.archive_size


@pytest.mark.slow
def test_the_demo_uses_every_table_of_the_app(shell: Shell) -> None:
    result = msgspec.convert(shell.object("demo", "--rows", "50", "--folder", "."), DemoResult)
    assert len(result.tables) == 15
    assert [name for name, table in result.tables.items() if table.rows == 0] == []


def test_the_demo_fails_if_a_single_value_was_not_restored(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def import_all_but_one_letter(places: Places, file_path: str, overwrite: bool, progress: Progress) -> None:
        importing.import_data(places, file_path, overwrite, progress)
        with closing(sqlite3.connect(places.database)) as connection:
            connection.execute("UPDATE thread_messages SET content = content || 'x' WHERE rowid = 1")
            connection.commit()

    monkeypatch.setattr(demo, "import_data", import_all_but_one_letter)
    assert commands.run(["demo", "--rows", "50", "--work-dir", str(tmp_path / "work")]) == 1
    shown = capsys.readouterr().out
    assert re.search(r"^thread_messages +(\d+) +\1 +2$", shown, re.MULTILINE)
    assert "2 rows differ" in shown


def test_a_demo_that_does_not_come_to_its_end_keeps_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(demo, "export_data", fail_unexpectedly)
    assert commands.run(["demo", "--rows", "50", "--folder", str(tmp_path)]) == 70
    assert "RuntimeError" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_demo_needs_a_folder_that_exists(shell: Shell) -> None:
    assert shell.run("demo", "--folder", "missing").returncode == FolderNotFound.code
