"""``conflicts``, and the choices by table and by number, as they are typed: what is shown, asked, refused and done."""

from __future__ import annotations

import json

import pytest

from tests.conftest import EVERY_KIND, Copy
from tests.support.databases import backup, execute, query
from tests.support.described import object_of
from tests.support.shell import Shell, said


@pytest.fixture
def shell(shell: Shell, database_copy: Copy) -> Shell:
    """A place with a backup of another device, on which three tasks are others."""
    there = database_copy(EVERY_KIND)
    execute(there, "UPDATE tasks SET title = 'Theirs ' || rowid, updated_at = '2099-01-01T00:00:00Z' WHERE rowid <= 3")
    backup(there, shell.folder / "there.kpbackup")
    there.unlink()
    return shell


def theirs(shell: Shell) -> int:
    return len(query(shell.database, "SELECT 1 FROM tasks WHERE title LIKE 'Theirs%'"))


def test_conflicts_are_shown_and_chosen_by_number(shell: Shell) -> None:
    shown = said(shell.run("conflicts", "--count", "2", "there.kpbackup"), 0)
    assert shown.startswith("3 rows differ: - is yours, + the backup's")
    assert "Theirs 1" in shown
    assert "the backup's is newer; yours stays" in shown
    assert "... and 1 more: --from 3" in shown
    token = shown.splitlines()[-1]
    chosen = ("--merge", "--conflict", "1,3=theirs", "--numbers-of", token)
    assert theirs(shell) == 0
    done = shell.run("import", "--yes", *chosen, "there.kpbackup")
    assert done.returncode == 0, done.stderr
    assert theirs(shell) == 2
    outdated = shell.run("import", "--yes", *chosen, "there.kpbackup")
    assert (outdated.returncode, theirs(shell)) == (65, 2)


@pytest.mark.slow
def test_a_choice_by_table_is_shown_by_programs_words_as_well(shell: Shell) -> None:
    told = object_of(shell.run("conflicts", "--json", "--on-conflict", "tasks=newer", "there.kpbackup"), 0, "conflicts")
    assert [one["stays"] for one in told["conflicts"]] == ["theirs"] * 3
    asked = ("--merge", "--on-conflict", "tasks=theirs")
    expected = object_of(shell.run("preview", "--json", *asked, "there.kpbackup"), 0, "preview")
    assert (expected["conflicts"], expected["tables"]["tasks"]["updated"]) == (3, 3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "code", "said_of_it"),
    [
        (["--conflict", "1=theirs"], 2, "Add --numbers-of TOKEN"),
        (["--conflict", "x=theirs"], 2, "is not like 3,5-9=theirs"),
        (["--conflict", "0=theirs"], 2, "begin with 1"),
        (["--conflict", "1=other"], 2, "'other' is not one of mine, theirs, newer"),
        (["--on-conflict", "tasks=other"], 2, "'other' is not one of"),
        (["--on-conflict", "task=theirs"], 78, "table called task"),
        (["--on-conflict", "=theirs"], 2, "it is empty"),
        (["--on-conflict", "tasks=mine", "--on-conflict", "tasks=both"], 2, "of tasks it says both mine and both"),
        (["--conflict", "4=theirs", "--numbers-of", "TOKEN"], 77, "no conflict 4"),
        (["--conflict", "3-1=theirs", "--numbers-of", "TOKEN"], 79, "3 to 1 is turned round"),
    ],
)
def test_what_means_nothing_is_refused_and_nothing_changes(
    typed: list[str], code: int, said_of_it: str, shell: Shell
) -> None:
    token = json.loads(shell.run("conflicts", "--json", "there.kpbackup").stdout)["token"]
    before = shell.database.read_bytes()
    arguments = [token if word == "TOKEN" else word for word in typed]
    ended = shell.run("import", "--yes", "--merge", *arguments, "there.kpbackup")
    assert (ended.returncode, said_of_it in ended.stderr.decode()) == (code, True), ended.stderr
    assert shell.database.read_bytes() == before
