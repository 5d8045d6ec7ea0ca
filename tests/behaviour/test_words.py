"""What the user is told where silence would mislead."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sidecar.errors.base import Cancelled
from sidecar.jobs.importing import import_data
from sidecar.progress import Progress, Report
from tests.conftest import EVERY_KIND, ROOT, THIRD, Copy
from tests.support.archives import edited, entries_of, write
from tests.support.client import DEADLINE
from tests.support.databases import backup, bring_in, execute, places_of, preview, query, validate


@pytest.fixture
def device(database_copy: Copy) -> Path:
    return database_copy(THIRD)


@pytest.fixture
def run(sidecar_command: list[str], device: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[bytes]:
        places = ["--database", str(device)] if "KIRAPILOT_DATABASE" not in env else []
        command = [*sidecar_command, *arguments, *places]
        around = {"XDG_CACHE_HOME": str(tmp_path / "c"), "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            command,
            cwd=tmp_path,
            capture_output=True,
            timeout=4 * DEADLINE,
            env={**os.environ, **around, **env},
            check=False,
        )

    return run


Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.mark.parametrize("phase", ["copy", "apply"])
def test_a_cancel_late_in_an_import_is_told_as_one(device: Path, real_files: Path, phase: str) -> None:
    reached: list[bool] = []

    def listen(report: Report) -> None:
        if report.phase == phase:
            reached.append(True)

    progress = Progress(listen=listen, cancelled=lambda: bool(reached))
    with pytest.raises(Cancelled) as caught:
        import_data(places_of(device), str(real_files / f"{EVERY_KIND}.kpbackup"), True, progress)
    assert caught.value.message == "Cancelled. Everything is as it was before."


def test_an_export_says_that_the_settings_of_the_app_are_not_in_it(run: Run) -> None:
    assert b"The app's own settings" in run("export", "b.kpbackup").stdout


@pytest.mark.slow
def test_an_import_that_changes_nothing_does_not_say_that_it_replaced_the_data(run: Run) -> None:
    run("export", "b.kpbackup")
    told = run("import", "--yes", "b.kpbackup").stdout.decode()
    assert told.startswith("Nothing was changed: the data is what the backup of ")
    assert "Replaced" not in told


def _with_a_bad_setting(archive: Path) -> Path:
    entries = entries_of(archive)
    for name in ("data.json", "settings.json"):

        def spoil(content: Any, name: str = name) -> Any:
            settings = content["settings"] if name == "data.json" else content
            settings["kirapilot-preferences"] = [1]
            return content

        entries = edited(entries, name, spoil)
    return write(archive.with_name("bad-setting.kpbackup"), {n: b for n, b in entries.items() if n != "manifest.json"})


def test_a_setting_that_the_import_leaves_out_is_told_of_beforehand(device: Path, tmp_path: Path) -> None:
    archive = _with_a_bad_setting(backup(device, tmp_path / "b.kpbackup"))
    line = "kirapilot-preferences is not restored: it is not an object"
    verdict = validate(device, archive)
    assert verdict.is_valid, verdict.errors
    assert line in [problem.message for problem in verdict.problems if problem.kind == "setting_left_out"]
    assert line in preview(device, archive).warnings
    assert line in bring_in(device, archive).warnings


@pytest.mark.slow
def test_validate_holds_a_backup_against_a_database_that_is_named(run: Run, device: Path, tmp_path: Path) -> None:
    archive = backup(device, tmp_path / "b.kpbackup")
    assert run("validate", str(archive)).returncode == 0
    execute(device, "ALTER TABLE threads DROP COLUMN title")
    for options in ([], ["--basic"]):
        assert run("validate", *options, str(archive), KIRAPILOT_DATABASE=str(device)).returncode == 0
        assert run("validate", *options, str(archive)).returncode in (25, 27)
    verdict = json.loads(run("validate", "--json", str(archive)).stdout)
    assert verdict["is_valid"] is False
    assert "threads.title" in verdict["errors"][0]
    assert b"without loss" in run("validate", "--help").stdout


@pytest.mark.slow
def test_quietly_nothing_is_printed_but_errors(run: Run, device: Path) -> None:
    execute(device, "DELETE FROM time_sessions WHERE end_time < start_time")
    ended = run("export", "-q", "b.kpbackup")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
    execute(device, "DELETE FROM tasks")
    ended = run("-q", "export", "-y", "b.kpbackup")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
    ended = run("-q", "export", "-")
    assert (ended.stdout[:2], ended.stderr) == (b"PK", b"")
    assert run("-qy", "export", "no/such/folder.kpbackup").stderr.startswith(b"kirapilot-sidecar: ")


@pytest.mark.slow
def test_a_backup_goes_to_standard_output_whole(run: Run, device: Path, tmp_path: Path) -> None:
    ended = run("export", "-")
    assert ended.returncode == 0
    assert ended.stderr.startswith(b"Exported 149 rows to -")
    piped = tmp_path / "piped.kpbackup"
    piped.write_bytes(ended.stdout)
    assert zipfile.is_zipfile(piped)
    assert validate(device, piped).is_valid
    assert run("export", "-", "--json").returncode == 2
    assert not (tmp_path / "-").exists()


def test_a_salvage_is_shown_even_where_nobody_is_asked(run: Run, real_files: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.kpbackup"
    damaged.write_bytes((real_files / f"{EVERY_KIND}.kpbackup").read_bytes()[:-100])
    ended = run("import", "--salvage", "--yes", str(damaged))
    assert ended.returncode == 0
    assert b"damage: the file is cut short" in ended.stderr
    assert b"In all, this adds" in ended.stderr


def test_the_work_folder_can_be_named_by_the_environment(run: Run, tmp_path: Path) -> None:
    assert run("export", "b.kpbackup", KIRAPILOT_WORK_DIR=str(tmp_path / "mine")).returncode == 0
    assert (tmp_path / "mine").is_dir()
    assert not (tmp_path / "c").exists()


def test_rows_are_shown_by_names_and_never_by_ids(device: Path, real_files: Path) -> None:
    execute(device, "UPDATE tasks SET title = '👨‍👩‍👧‍👦' || title")
    titles = [str(title) for (title,) in query(device, "SELECT title FROM tasks")]
    examples = preview(device, real_files / f"{EVERY_KIND}.kpbackup").examples
    sessions = [one.label or "" for one in examples["time_sessions"] if one.action == "remove"]
    assert sessions
    assert all(any(title[:20] in label for title in titles) for label in sessions)
    for table, rows in examples.items():
        for row in rows:
            assert row.label, table
            assert (row.id or "?") not in row.label
            assert len(row.label) <= 80
