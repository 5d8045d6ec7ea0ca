"""``check``, ``repair`` and ``compact`` as they are typed: what people read, what programs read, and the exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.databases import execute, insert, value
from tests.support.described import object_of
from tests.support.shell import Shell, said


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


@pytest.mark.slow
def test_a_database_that_is_missing_is_an_error(shell: Shell) -> None:
    shell.database.unlink()
    assert shell.run("check").returncode == 30


@pytest.fixture
def faulty(shell: Shell) -> Shell:
    insert(shell.database, "tasks", id="lost", title="Water the plants", task_list_id="gone")
    insert(shell.database, "time_sessions", id="stray", task_id="gone", start_time="2026-01-01T00:00:00+00:00")
    return shell


def test_a_repair_is_shown_and_nothing_changed_by_a_dry_run(faulty: Shell) -> None:
    before = faulty.database.read_bytes()
    shown = said(faulty.run("repair", "--dry-run"), 0)
    assert "removed: Time session stray is removed: the task it belongs to is not there" in shown
    assert "moved: Task lost is moved to the default list: its own is not there (Water the plants)" in shown
    assert shown.splitlines()[-1].startswith("Nothing was changed.")
    assert faulty.database.read_bytes() == before


@pytest.mark.slow
def test_a_repair_that_nobody_is_asked_about_wants_a_yes(faulty: Shell) -> None:
    refused = faulty.run("repair")
    assert refused.returncode == 2
    assert b"--yes" in refused.stderr
    assert value(faulty.database, "SELECT task_list_id FROM tasks WHERE id = 'lost'") == "gone"


def test_a_repair_is_done_and_says_where_all_of_it_was_kept(faulty: Shell) -> None:
    done = object_of(faulty.run("repair", "--yes", "--json"), 0, "repair")
    assert done["counts"] == {"owner_missing": 1, "list_missing": 1}
    assert Path(done["safety_copy"]).is_file()
    assert object_of(faulty.run("check", "--json"), 0, "check")["state"] == "healthy"
    assert "There is nothing to repair." in said(faulty.run("repair"), 0)


@pytest.mark.slow
def test_what_is_asked_for_alone_is_repaired(faulty: Shell) -> None:
    shown = said(faulty.run("repair", "--yes", "--only", "list_missing"), 0)
    assert "1 finding of another kind: check tells of it" in shown
    assert value(faulty.database, "SELECT count(*) FROM time_sessions WHERE id = 'stray'") == 1
    assert faulty.run("repair", "--only", "everything").returncode == 2


@pytest.mark.slow
def test_a_file_is_compacted_and_both_sizes_are_told(shell: Shell) -> None:
    before = shell.database.stat().st_size
    assert "could be gained" in said(shell.run("compact"), 0)
    execute(shell.database, "CREATE TABLE filler AS SELECT randomblob(1000000) AS bytes")
    execute(shell.database, "DROP TABLE filler")
    told = object_of(shell.run("compact", "--json"), 0, "compact")
    assert told["compacted"]
    assert told["after"] == shell.database.stat().st_size <= before
    assert "every value is the same" in said(shell.run("compact", "--force"), 0)
