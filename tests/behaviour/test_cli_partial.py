"""``export`` of a part of the data as it is typed: names, questions that are not asked, and the exit codes."""

from __future__ import annotations

import json
import zipfile

import pytest

from tests.support.described import assert_described
from tests.support.shell import Shell


def test_without_a_file_it_has_a_name_that_says_what_it_is(shell: Shell) -> None:
    done = shell.run("export", "--type", "tasks", "--json")
    result = json.loads(done.stdout)
    assert_described(result, "export")
    (made,) = shell.folder.glob("*.kpbackup")
    assert (done.returncode, result["path"]) == (0, str(made))
    assert made.name.startswith("kirapilot-backup-20")
    assert made.name.endswith("-partial.kpbackup")
    assert result["selected"]["tasks"]["chosen"] == result["task_count"] > 0


@pytest.mark.slow
def test_what_comes_along_is_shown_and_whoever_looks_is_told(shell: Shell) -> None:
    shown = shell.run("export", "--type", "time_sessions", "my-partial.kpbackup").stdout.decode()
    assert "time_sessions: " in shown
    assert "along with them" in shown
    assert "a part of the data" in shown
    assert "partial             type time_sessions" in shell.run("inspect", "my-partial.kpbackup").stdout.decode()
    imported = shell.run("import", "--yes", "my-partial.kpbackup")
    assert imported.returncode == 0
    assert "removes nothing" in imported.stdout.decode()


@pytest.mark.slow
def test_a_whole_backup_stays_unless_force_is_given(shell: Shell) -> None:
    name = "once-partial.kpbackup"
    assert shell.run("export", name).returncode == 0
    whole = (shell.folder / name).read_bytes()
    unasked = shell.run("export", "--type", "tasks", name)
    assert (unasked.returncode, (shell.folder / name).read_bytes()) == (2, whole)
    refused = shell.run("export", "--type", "tasks", "--yes", name)
    assert (refused.returncode, (shell.folder / name).read_bytes()) == (105, whole)
    assert b"--force" in refused.stderr
    assert shell.run("export", "--type", "tasks", "--yes", "--force", name).returncode == 0
    assert shell.run("export", "--type", "tasks", "--yes", name).returncode == 0


@pytest.mark.slow
def test_names_selections_and_files_that_are_wrong_have_their_codes(shell: Shell) -> None:
    named = shell.run("export", "--type", "tasks", "garden.kpbackup")
    assert (named.returncode, b"garden-partial.kpbackup" in named.stderr) == (106, True)
    assert shell.run("export", "--text", "no row has these words").returncode == 71
    assert shell.run("export", "--list", "No such list").returncode == 72
    assert shell.run("export", "--since", "2026-02-01", "--until", "2026-01-31").returncode == 73
    assert shell.run("export").returncode == 2
    assert list(shell.folder.glob("*.kpbackup")) == []


@pytest.mark.slow
def test_it_goes_down_a_pipe(shell: Shell) -> None:
    with (shell.folder / "piped").open("wb") as file:
        assert shell.run("export", "--type", "task_lists", "-", stdout=file.fileno()).returncode == 0
    with zipfile.ZipFile(shell.folder / "piped") as archive:
        assert json.loads(archive.read("metadata.json"))["version"] == "1.0.0-partial"
