"""Pages about backups: what they show is what is there, whatever is wrong with it; and what they are never put over."""

from __future__ import annotations

import itertools
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from sidecar.automatic.running import run_backup_if_due
from sidecar.automatic.shelf import note_backup
from sidecar.errors.backups import NotABackup
from sidecar.errors.base import Cancelled, SidecarError
from sidecar.errors.databases import DatabaseDamaged, DatabaseNotFound
from sidecar.errors.paths import FileNotFound, FolderNotFound, NotAPage, PageExists, SameFile
from sidecar.export.exporting import export_data
from sidecar.progress import Progress
from sidecar.report import contents
from sidecar.report.reporting import write_report
from sidecar.selection.request import PartToExport
from tests.conftest import DATA, EVERY_KIND
from tests.support.archives import SHIPPED, SMALL, TASK, entries_of, made_of, write
from tests.support.databases import backup, execute, insert, places_of, query, validate, value
from tests.support.jobs import nothing_changes, said_well
from tests.support.pages import Page, make_hostile, report, rows_of

Copy = Callable[[str], Path]

GENERATIONS = sorted(path.stem for path in DATA.glob("*.db"))


@pytest.mark.slow(but=4)
@pytest.mark.parametrize("name", GENERATIONS)
@pytest.mark.parametrize("form", ["shipped", "ours", "database"])
def test_what_a_page_shows_is_what_is_there(database_copy: Copy, tmp_path: Path, name: str, form: str) -> None:
    database = database_copy(name)
    given: dict[str, str | Path] = {"shipped": DATA / f"{name}.kpbackup", "database": "now"}
    page = report(database, given[form] if form in given else backup(database, tmp_path / "a.kpbackup"), tmp_path)
    page.assert_sound()
    tasks = value(database, "SELECT count(*) FROM tasks")
    assert page.table("How many rows of each table")[0][0] in ("Tasks", "Time sessions")
    held = {row[1]: int(row[2].replace(",", "")) for row in page.table("How many rows of each table")}
    for table in ("tasks", "time_sessions", "ai_interactions", "task_dependencies"):
        assert held[table] == value(database, f"SELECT count(*) FROM {table}")
    *lists, sums = page.table("Tasks of each list, by status")
    for index, status in enumerate(("in_progress", "pending", "completed", "cancelled"), 1):
        expected = value(database, "SELECT count(*) FROM tasks WHERE status = ?", status)
        assert sum(int(row[index]) for row in lists) == int(sums[index]) == expected
    assert int(sums[-1]) == tasks == len(list(rows_of(page)))
    assert len(page.table("Which task waits for which")) == held["task_dependencies"]


def test_time_is_told_by_week_and_by_list(fresh_database: Path, tmp_path: Path) -> None:
    execute(fresh_database, "DELETE FROM time_sessions", "UPDATE tasks SET task_list_id = NULL")
    first, second = (task for (task,) in query(fresh_database, "SELECT id FROM tasks LIMIT 2"))
    (inside,) = query(fresh_database, "SELECT id FROM task_lists WHERE NOT is_default LIMIT 1")[0]
    execute(fresh_database, f"UPDATE tasks SET task_list_id = '{inside}' WHERE id = '{first}'")
    sessions: list[tuple[str, str, str | None, object]] = [
        (first, "2026-03-02T10:00:00+00:00", "2026-03-02T11:00:00+00:00", 600_000),
        (first, "2026-03-04 10:00:00", "2026-03-04 10:30:00", None),
        (second, "2026-03-17T10:00:00.123456789+00:00", "2026-03-17T12:00:00.123456789+00:00", 0),
        (second, "2026-03-17T10:00:00+00:00", None, 0),
        (second, "now", "2026-03-17T10:00:00+00:00", 0),
        (second, "2026-03-17T10:00:00+00:00", "2026-03-17T09:00:00+00:00", 0),
        (second, "9999-12-30T10:00:00+00:00", "9999-12-30T11:00:00+00:00", 0),
        (second, "2019-03-13T10:00:00+00:00", "2019-03-13T20:00:00+00:00", 0),
    ]
    for number, (task, start, end, paused) in enumerate(sessions):
        insert(
            fresh_database, "time_sessions", id=f"s{number}", task_id=task, start_time=start, end_time=end,
            paused_time=paused, is_active=0, created_at=start,
        )  # fmt: skip
    page = report(fresh_database, "now", tmp_path)
    weeks = dict(page.table("Time tracked in each week"))
    assert len(weeks) == 53
    assert {week: time for week, time in weeks.items() if time != "0 min"} == {
        "2026-03-02": "1 h 20 min",
        "2026-03-16": "2 h 00 min",
    }
    lists = dict(page.table("Time tracked in each list"))
    assert lists[contents.NO_LIST] == "13 h 00 min"
    assert sorted(lists.values()) == ["1 h 20 min", "13 h 00 min"]
    told = page.words()
    assert "10 h 00 min lie before these weeks" in told
    assert "1 h 00 min lie after the week" in told
    assert "2 sessions without an end" in told
    assert page.fact("Time tracked") == "14 h 20 min"


@pytest.fixture
def move_to(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Takes this process to another time zone."""
    if sys.platform == "win32":
        pytest.skip("a process cannot be moved to another zone there")
    else:

        def move(zone: str) -> None:
            monkeypatch.setenv("TZ", zone)
            time.tzset()

        yield move
        monkeypatch.undo()
        time.tzset()


def test_weeks_and_days_are_those_of_this_places_clock(
    fresh_database: Path, tmp_path: Path, move_to: Callable[[str], None]
) -> None:
    execute(
        fresh_database,
        "DELETE FROM time_sessions",
        "INSERT INTO time_sessions (id, task_id, start_time, end_time, paused_time, is_active) SELECT 's', id,"
        " '2026-03-09T02:00:00+00:00', '2026-03-09T03:00:00+00:00', 0, 0 FROM tasks LIMIT 1",
        "UPDATE tasks SET due_date = '2026-03-09T02:00:00+00:00'",
    )
    for zone, week, day in (("UTC", "2026-03-09", "2026-03-09"), ("America/New_York", "2026-03-02", "2026-03-08")):
        move_to(zone)
        page = report(fresh_database, "now", tmp_path)
        assert page.table("Time tracked in each week") == [[week, "1 h 00 min"]]
        assert {row[3] for row in rows_of(page)} == {day}


def test_every_problem_of_a_validation_is_on_the_page(fresh_database: Path, tmp_path: Path) -> None:
    tasks = [TASK | {"id": f"t{number // 2}", "parent_task_id": "gone"} for number in range(6)]
    archive = write(tmp_path / "bad.kpbackup", made_of(tasks))
    verdict = validate(fresh_database, archive)
    assert verdict.error_count > 1
    page = report(fresh_database, archive, tmp_path)
    page.assert_sound()
    for severity, count in (("error", verdict.error_count), ("warning", verdict.warning_count)):
        found = page.table(f"{count} {severity}")
        told = [problem for problem in verdict.problems if problem.severity == severity]
        assert [row[0] for row in found] == [" ".join(problem.message.split()) for problem in told]
    assert f"It is not valid: {verdict.error_count} errors" in page.words()


def test_a_backup_of_a_part_is_told_to_be_one(fresh_database: Path, tmp_path: Path) -> None:
    archive = tmp_path / "garden-partial.kpbackup"
    part = PartToExport(tables=["tasks"], text="Task 3")
    export_data(places_of(fresh_database), str(archive), Progress(), part=part)
    page = report(fresh_database, archive, tmp_path)
    page.assert_sound()
    assert "Task 3" in page.fact("Holds a part")
    assert "holds a part of the data" in page.words(page.all("header")[0])


@pytest.mark.parametrize("cut", [100, 5000, -30])
def test_the_page_about_a_backup_that_cannot_be_read_says_why(fresh_database: Path, tmp_path: Path, cut: int) -> None:
    whole = SHIPPED.read_bytes()
    damaged = tmp_path / "damaged.kpbackup"
    damaged.write_bytes(whole[:cut])
    result = write_report(places_of(fresh_database), str(damaged), str(tmp_path / "a.html"), Progress())
    verdict = validate(fresh_database, damaged)
    assert (result.is_valid, result.error_count, result.cut) == (False, 1, [])
    page = Page(tmp_path / "a.html")
    page.assert_sound()
    assert [row[0] for row in page.table("1 error")] == verdict.errors
    assert "It cannot be read" in page.words()
    assert page.fact("Size").startswith(f"{len(whole[:cut]) / 1000:.1f}" if cut != 100 else "100 bytes")


def test_a_page_says_when_and_by_what_the_backup_was_made(fresh_database: Path, tmp_path: Path) -> None:
    archive = backup(fresh_database, tmp_path / "ours.kpbackup")
    page = report(fresh_database, archive, tmp_path)
    assert page.fact("Made by").startswith("kirapilot-sidecar ")
    made = json.loads(entries_of(archive)["metadata.json"])["created_at"]
    assert page.fact("Made").startswith(f"{datetime.fromisoformat(made).astimezone():%Y-%m-%d %H:%M}")
    assert page.fact("File") == str(archive)
    assert "by its SHA-256" in page.fact("Proved")
    shipped = report(fresh_database, SMALL, tmp_path)
    assert shipped.fact("Made by") == "KiraPilot itself"
    assert "it has no manifest" in shipped.fact("Proved")


def test_of_an_automatic_backup_a_page_says_what_is_known_of_it(fresh_database: Path, tmp_path: Path) -> None:
    places = places_of(fresh_database)
    (made,) = run_backup_if_due(places, "manual", Progress(), "0.0.54", None).places
    note_backup(places, 1, "Before the move <&>", True)
    page = report(fresh_database, "1", tmp_path)
    page.assert_sound()
    assert Path(page.fact("File")).name == made.backup
    assert page.fact("Automatic backup").startswith("number 1, made ")
    assert page.fact("Version of KiraPilot") == "0.0.54"
    assert page.fact("Kept with it") == "pinned; Before the move <&>"
    assert page.fact("Last proved").startswith("20")


def test_a_long_backup_makes_a_page_with_bounds_that_says_what_it_leaves_out(
    fresh_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, most in {"LISTS": 3, "TASKS": 20, "DEPENDENCIES": 2, "THREADS": 2, "INTERACTIONS": 2}.items():
        monkeypatch.setattr(contents, name, most)
    tasks = [TASK | {"id": f"t{number}", "title": f"Task {number}"} for number in range(50)]
    asked = {"message": "?", "response": "!", "created_at": "2026-01-01T00:00:00Z"}
    interactions = [asked | {"id": f"i{number}"} for number in range(5)]
    archive = write(tmp_path / "long.kpbackup", made_of(tasks, ai_interactions=interactions))
    result = write_report(places_of(fresh_database), str(archive), str(tmp_path / "a.html"), Progress())
    page = Page(tmp_path / "a.html")
    page.assert_sound()
    assert len(list(rows_of(page))) == 20
    assert len(result.cut) == 2
    assert result.cut[0].startswith("30 of 50 tasks")
    assert result.cut[1] == "3 of 5 rows of AI interactions."
    assert all(line in page.words() for line in result.cut)
    assert "the first 20 of 50 tasks" in page.words()
    assert "5 AI interactions outside of chats the last 2 of them are shown" in page.words()
    assert page.fact("Still open") == "50"


def test_titles_are_text_whatever_they_hold(fresh_database: Path, tmp_path: Path) -> None:
    make_hostile(fresh_database)
    page = report(fresh_database, "now", tmp_path)
    page.assert_sound()
    assert "document.body.innerHTML" in page.words()
    assert "{{ 7*7 }}" in page.words()
    name = "&amp;'.kpbackup" if sys.platform == "win32" else "<script>&amp;'.kpbackup"
    page = report(fresh_database, backup(fresh_database, tmp_path / name), tmp_path)
    page.assert_sound()
    assert page.words(page.all("h1")[0]) == name


def test_a_page_takes_the_place_of_a_page_alone(fresh_database: Path, tmp_path: Path) -> None:
    places = places_of(fresh_database)
    archive = Path(shutil.copy(SMALL, tmp_path / "mine.kpbackup"))
    text, empty, page = tmp_path / "notes.html", tmp_path / "empty.html", tmp_path / "page.html"
    text.write_text("<!DOCTYPE html>\n<html><p>Mine</p></html>", "utf-8")
    empty.touch()

    def refusal(target: Path, kind: type[SidecarError], *, force: bool) -> None:
        with nothing_changes(tmp_path, fresh_database.parent), pytest.raises(kind) as refused:
            write_report(places, str(archive), str(target), Progress(), force)
        said_well(refused.value, kind)

    for force in (False, True):
        refusal(archive, NotAPage, force=force)
        refusal(text, NotAPage, force=force)
        refusal(fresh_database, SameFile, force=force)
        refusal(fresh_database.with_name("kirapilot.db-journal"), SameFile, force=force)
        refusal(tmp_path / "nowhere" / "page.html", FolderNotFound, force=force)
    write_report(places, str(archive), str(page), Progress())
    refusal(page, PageExists, force=False)
    refusal(empty, PageExists, force=False)
    page.write_bytes(page.read_bytes()[:-100])
    for target in (page, empty):
        write_report(places, str(archive), str(target), Progress(), force=True)
        Page(target).assert_sound()


def test_a_file_that_came_meanwhile_is_not_replaced(
    fresh_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "page.html"

    def and_then_came(*given: object) -> object:
        target.write_bytes(SMALL.read_bytes())
        return dependencies(*given)  # type: ignore[arg-type]

    dependencies = contents.dependencies
    monkeypatch.setattr(contents, "dependencies", and_then_came)
    with pytest.raises(NotAPage):
        write_report(places_of(fresh_database), str(SMALL), str(target), Progress())
    assert target.read_bytes() == SMALL.read_bytes()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".kp-")] == []


@pytest.mark.parametrize(
    ("given", "kind"), [("letter.txt", NotABackup), ("missing.kpbackup", FileNotFound), ("now", DatabaseNotFound)]
)
def test_what_is_no_backup_has_no_page(tmp_path: Path, given: str, kind: type[SidecarError]) -> None:
    (tmp_path / "letter.txt").write_text("Dear diary", "utf-8")
    target = tmp_path / "page.html"
    with pytest.raises(kind):
        write_report(
            places_of(tmp_path / "kirapilot.db"),
            given if given == "now" else str(tmp_path / given),
            str(target),
            Progress(),
        )
    assert not target.exists()


def test_a_database_that_is_damaged_is_told_as_such(fresh_database: Path, tmp_path: Path) -> None:
    with fresh_database.open("r+b") as file:
        file.seek(4096)
        file.write(bytes(4096))
    with pytest.raises(DatabaseDamaged):
        write_report(places_of(fresh_database), "now", str(tmp_path / "page.html"), Progress())
    assert not (tmp_path / "page.html").exists()


def test_no_database_is_needed_for_the_page_about_a_file(tmp_path: Path) -> None:
    report(tmp_path / "nowhere" / "kirapilot.db", DATA / f"{EVERY_KIND}.kpbackup", tmp_path).assert_sound()


@pytest.mark.slow
def test_a_cancel_at_any_step_leaves_no_page(fresh_database: Path, tmp_path: Path) -> None:
    places, folder = places_of(fresh_database), tmp_path / "here"
    folder.mkdir()

    def steps_until(cancelled: int) -> int:
        steps = itertools.count()
        write_report(
            places, str(SMALL), str(folder / "page.html"), Progress(cancelled=lambda: next(steps) >= cancelled)
        )
        return next(steps)

    last = steps_until(1_000_000)
    (folder / "page.html").unlink()
    for step in {*range(0, last, max(1, last // 12)), last - 1}:
        with pytest.raises(Cancelled):
            steps_until(step)
        assert list(folder.iterdir()) == []
