"""``check`` as it is typed: what people read, what programs read, and the exit codes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.behaviour.test_cli import Shell
from tests.behaviour.test_cli_comparison import object_of, said
from tests.conftest import EVERY_KIND
from tests.support.databases import execute, insert


@pytest.fixture
def shell(sidecar_command: list[str], database_copy: Callable[[str], Path], tmp_path: Path) -> Shell:
    folder = tmp_path / "here"
    folder.mkdir()
    return Shell(sidecar_command, folder, database_copy(EVERY_KIND))


def test_a_healthy_database_is_said_to_be_so_with_its_notes(shell: Shell) -> None:
    shown = said(shell.run("check"), 0).splitlines()
    assert shown[0].startswith("note: Time session ")
    assert shown[-1] == "The database is healthy."


def test_what_is_found_is_told_by_the_sentence_and_an_exit_code_of_its_own(shell: Shell) -> None:
    insert(shell.database, "tasks", id="lost", title="Water the plants", task_list_id="gone")
    shown = said(shell.run("check", "--quick"), 120)
    assert "found: Task lost is in a task list that is not there" in shown
    assert "(Water the plants)" in shown
    found = object_of(shell.run("check", "--json"), 120, "check")
    assert found["counts"] == {"list_missing": 1, "running_timer": 1}


@pytest.mark.slow
def test_of_many_of_one_code_a_few_are_shown(shell: Shell) -> None:
    execute(shell.database, "UPDATE tasks SET task_list_id = 'gone'")
    shown = said(shell.run("check"), 120)
    assert shown.count("found: Task ") == 5
    assert "... and 7 more of the same" in shown


@pytest.mark.slow
def test_a_damaged_database_has_an_exit_code_of_its_own(shell: Shell) -> None:
    whole = bytearray(shell.database.read_bytes())
    whole[4096 * 5 : 4096 * 6] = bytes(4096)
    shell.database.write_bytes(whole)
    assert "restore a backup" in said(shell.run("check"), 121).splitlines()[-1]


def test_a_database_that_is_missing_is_an_error(shell: Shell) -> None:
    shell.database.unlink()
    assert shell.run("check").returncode == 30
