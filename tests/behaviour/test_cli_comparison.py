"""``diff`` and ``find`` as they are typed: what people read, what programs read, and the exit codes."""

from __future__ import annotations

import shlex
import shutil
import sys

import pytest

from tests.conftest import DATA, THIRD
from tests.support.databases import opened
from tests.support.described import object_of
from tests.support.shell import Shell, said


@pytest.fixture
def changed(shell: Shell) -> Shell:
    """A place with a backup, and a database in which one title and one priority are others since."""
    assert shell.run("export", "before.kpbackup").returncode == 0
    with opened(shell.database) as connection:
        connection.execute("UPDATE tasks SET title = 'Renamed', priority = 2 WHERE rowid = 1")
    return shell


def test_a_difference_is_shown_field_by_field_and_is_an_exit_code(changed: Shell) -> None:
    shown = said(changed.run("diff", "before.kpbackup"), 1)
    assert "~ Renamed" in shown
    assert "priority: 0 -> 2" in shown
    assert shown.splitlines()[-1].split() == ["tasks", "12", "12", "0", "0", "1", "11"]


@pytest.mark.slow
def test_the_same_is_said_and_is_no_failure(changed: Shell) -> None:
    shutil.copy(changed.folder / "before.kpbackup", changed.folder / "copy.kpbackup")
    assert "Both sides hold the same." in said(changed.run("diff", "before.kpbackup", "copy.kpbackup"), 0)


@pytest.mark.slow
def test_a_program_is_told_what_a_person_is(changed: Shell) -> None:
    difference = object_of(changed.run("diff", "--json", "before.kpbackup", "now"), 1, "diff")
    (change,) = difference["changes"]
    assert change["fields"]["priority"] == {"left": 0, "right": 2}
    found = object_of(changed.run("find", "--json", "renamed"), 0, "find")
    assert [(task["title"], task["in_database"]) for task in found["tasks"]] == [("Renamed", True)]
    assert object_of(changed.run("find", "--json", "no such text"), 1, "find")["tasks"] == []


@pytest.mark.slow
def test_a_page_that_is_not_the_last_says_how_to_go_on(changed: Shell) -> None:
    with opened(changed.database) as connection:
        connection.execute("UPDATE tasks SET title = title || '!'")
    assert "... and 7 more: --start 5" in said(changed.run("diff", "--count", "5", "before.kpbackup"), 1)
    assert "... and 2 more: --start 10" in said(
        changed.run("diff", "--count", "5", "--start", "5", "before.kpbackup"), 1
    )


@pytest.mark.slow
def test_a_task_that_vanished_is_found_with_the_day_it_went(changed: Shell) -> None:
    assert changed.run("import", "--yes", str(DATA / f"{THIRD}.kpbackup")).returncode == 0
    shown = said(changed.run("find", "renamed"), 0)
    assert '"Renamed"' in shown
    assert "gone since today" in shown
    assert "not in the database now" in shown
    (to_type,) = (line.strip() for line in shown.splitlines() if "import" in line)
    assert changed.run(*shlex.split(to_type, posix=sys.platform != "win32")[1:]).returncode == 0
    assert "  in the database now" in said(changed.run("find", "renamed"), 0).splitlines()


def test_a_number_below_the_first_is_told_from_none(changed: Shell) -> None:
    done = changed.run("diff", "--start", "-1", "before.kpbackup")
    assert (done.returncode, b"is not a whole number from 0 on" in done.stderr) == (2, True)


@pytest.mark.slow(but=1)
@pytest.mark.slow
def test_one_list_is_shown_and_brought_in_and_the_rest_stays(changed: Shell) -> None:
    with opened(changed.database) as connection:
        ((name, tasks),) = connection.execute(
            "SELECT l.name, count(*) FROM task_lists l JOIN tasks t ON t.task_list_id = l.id"
            " WHERE NOT l.is_default GROUP BY l.id ORDER BY 2 DESC LIMIT 1"
        ).fetchall()
        connection.execute("DELETE FROM tasks")
        connection.execute("INSERT INTO tasks (id, title) VALUES ('mine', 'Made since')")
    words = ("--list", name, "before.kpbackup")
    assert f"adds {tasks}" in said(changed.run("preview", *words), 0)
    assert "Brought in a part of the backup" in said(changed.run("import", "--yes", *words), 0)
    with opened(changed.database) as connection:
        titles = {title for (title,) in connection.execute("SELECT title FROM tasks")}
    assert len(titles) == tasks + 1
    assert "Made since" in titles


@pytest.mark.slow(but=1)
@pytest.mark.parametrize(
    ("typed", "code", "words"),
    [
        (("diff", "missing.kpbackup"), 10, "There is no file at missing.kpbackup"),
        (("diff", "now", "now"), 74, "nothing to compare"),
        (("diff", "--start", "-1", "before.kpbackup"), 2, "not a whole number"),
        (("diff", "--count", "10001", "before.kpbackup"), 2, "more than 10,000 rows"),
        (("diff",), 2, "LEFT"),
        (("import", "--yes", "--list", "Nowhere", "before.kpbackup"), 72, "no such task lists: Nowhere"),
        (("preview", "--since", "2026-1-1", "before.kpbackup"), 2, "is not a day like"),
    ],
)
def test_what_cannot_be_compared_is_told_with_its_code(
    changed: Shell, typed: tuple[str, ...], code: int, words: str
) -> None:
    ended = changed.run(*typed)
    assert ended.returncode == code
    assert words in ended.stderr.decode()
