"""The conflicts of a merge as they are shown: numbered, field by field, a page at a time, and true of what is done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.errors.conflicts import NoSuchConflict
from sidecar.errors.jobs import ChangedSincePreview
from sidecar.jobs.conflicts import list_conflicts
from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.request import Request
from sidecar.merging.answers import BothValues, Conflict, Conflicts
from sidecar.merging.policy import OnConflict, policies_of
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.conftest import DATA
from tests.support.databases import altered, backup, copy_of, execute, query, value

RICH = "2025-09-08-periodic-templates"
NOW, LATER = "2027-01-01T00:00:00+00:00", "2027-01-01T00:00:00.000000001+00:00"

POLICIES: tuple[OnConflict, ...] = ("mine", "theirs", "newer")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = Places(copy_of(DATA / f"{RICH}.db", tmp_path / "here"), tmp_path / "work")
    altered(made.database, "UPDATE tasks SET updated_at = ?", NOW)
    return made


@pytest.fixture
def archive(places: Places, tmp_path: Path) -> Path:
    """A backup of another device: five tasks are others there, the odd ones later; so are a list and a session."""
    there = copy_of(places.database, tmp_path / "there")
    execute(there, "UPDATE tasks SET title = 'Theirs ' || rowid, priority = 7 WHERE rowid <= 5")
    altered(there, "UPDATE tasks SET updated_at = ? WHERE rowid IN (1, 3, 5)", LATER)
    altered(there, "UPDATE tasks SET updated_at = '2020-01-01 00:00:00' WHERE rowid = 2")
    execute(there, "UPDATE time_sessions SET notes = 'theirs' WHERE rowid = 2")
    execute(there, "UPDATE task_lists SET name = 'Their list' WHERE rowid = 2")
    return backup(there, tmp_path / "there.kpbackup")


def asked(places: Places, archive: Path, policy: OnConflict = "mine", token: str | None = None) -> Request:
    return Request(places, str(archive), overwrite=False, policies=policies_of(policy), preview_token=token)


def listed(request: Request, start: int = 1, count: int = 100) -> Conflicts:
    return list_conflicts(request, Progress(), start, count)


def test_each_row_that_differs_is_told_field_by_field(places: Places, archive: Path) -> None:
    shown = listed(asked(places, archive)).conflicts
    assert [(one.number, one.table) for one in shown] == [
        (1, "task_lists"),
        *((number, "tasks") for number in range(2, 7)),
        (7, "time_sessions"),
    ]
    first = next(one for one in shown if one.fields.get("title", BothValues(mine="", theirs="")).theirs == "Theirs 1")
    task_id, title, priority, of_list = query(
        places.database,
        "SELECT t.id, t.title, t.priority, l.name FROM tasks t JOIN task_lists l ON l.id = t.task_list_id"
        " WHERE t.rowid = 1",
    )[0]
    assert first.fields == {
        "title": BothValues(mine=title, theirs="Theirs 1"),
        "priority": BothValues(mine=priority, theirs=7),
        "updated_at": BothValues(mine=NOW, theirs=LATER),
    }
    assert (first.id, first.label, first.task_list, first.newer) == (task_id, title, of_list, "theirs")
    by_title = {str(one.fields["title"].theirs): one.newer for one in shown if one.table == "tasks"}
    assert by_title == {
        "Theirs 1": "theirs",
        "Theirs 2": "mine",
        **dict.fromkeys(("Theirs 3", "Theirs 5"), "theirs"),
    } | {"Theirs 4": "tie"}


@pytest.mark.slow
def test_the_preview_counts_them_and_its_token_names_them(places: Places, archive: Path) -> None:
    for policy in POLICIES:
        expected = preview_import(places, str(archive), False, Progress(), on_conflict=policy)
        shown = listed(asked(places, archive, policy, expected.token))
        assert (shown.total, shown.token) == (expected.conflicts, expected.token) == (7, expected.token)
    assert preview_import(places, str(archive), True, Progress()).conflicts == 0


@pytest.mark.slow
def test_pages_put_together_are_the_whole(places: Places, archive: Path) -> None:
    request = asked(places, archive)
    whole = listed(request)
    for count in (1, 2, 3, 7):
        pages = [listed(request, start, count) for start in range(1, whole.total + 1, count)]
        assert [one for page in pages for one in page.conflicts] == whole.conflicts
        assert {page.total for page in pages} == {whole.total}


def test_numbers_are_the_same_whatever_is_asked_for(places: Places, archive: Path) -> None:
    def known(policy: OnConflict) -> list[tuple[int, str, str | None]]:
        return [(one.number, one.table, one.id) for one in listed(asked(places, archive, policy)).conflicts]

    assert known("mine") == known("theirs") == known("newer")


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("policy", POLICIES)
def test_what_is_said_to_stay_stays(policy: OnConflict, places: Places, archive: Path) -> None:
    request = asked(places, archive, policy)
    shown = listed(request)
    import_data(places, str(archive), False, Progress(), on_conflict=policy, preview_token=shown.token)
    for one in shown.conflicts:
        row = query(places.database, f"SELECT {', '.join(one.fields)} FROM {one.table} WHERE id = ?", one.id)[0]
        assert list(row) == [getattr(values, one.stays) for values in one.fields.values()]
    left = {one.id for one in shown.conflicts if one.stays == "mine"}
    assert {one.id for one in listed(request).conflicts} == left


def test_a_row_whose_name_another_one_has_is_said_to_stay_as_it_is(places: Places, archive: Path) -> None:
    execute(places.database, "CREATE UNIQUE INDEX one_title ON tasks (title)")
    altered(places.database, "INSERT INTO tasks (id, title) VALUES ('own', 'Theirs 3')")
    shown = {str(one.fields["title"].theirs): one for one in _tasks(listed(asked(places, archive, "theirs")))}
    assert (shown["Theirs 3"].stays, shown["Theirs 3"].reason) == ("mine", "same_values_in_database")
    assert (shown["Theirs 1"].stays, shown["Theirs 1"].reason) == ("theirs", None)


def _tasks(shown: Conflicts) -> list[Conflict]:
    return [one for one in shown.conflicts if one.table == "tasks" and "title" in one.fields]


def test_numbers_that_there_are_not_are_refused(places: Places, archive: Path) -> None:
    request = asked(places, archive)
    assert listed(request, 7).conflicts[0].number == 7
    with pytest.raises(NoSuchConflict, match="no conflict 8: there are 7"):
        listed(request, 8)


def test_without_a_conflict_there_is_an_empty_page(places: Places, tmp_path: Path) -> None:
    own = backup(places.database, tmp_path / "own.kpbackup")
    assert listed(asked(places, own)).conflicts == []
    with pytest.raises(NoSuchConflict):
        listed(asked(places, own), 2)


@pytest.mark.slow
def test_an_outdated_token_shows_nothing(places: Places, archive: Path) -> None:
    token = listed(asked(places, archive)).token
    with pytest.raises(ChangedSincePreview, match="another choice"):
        listed(asked(places, archive, "theirs", token))
    altered(places.database, "UPDATE tasks SET title = 'changed since' WHERE rowid = 20")
    with pytest.raises(ChangedSincePreview, match="data has changed"):
        listed(asked(places, archive, token=token))
    renewed = listed(asked(places, archive)).token
    backup(places.database, archive)
    with pytest.raises(ChangedSincePreview, match="not the one that was shown"):
        listed(asked(places, archive, token=renewed))


def test_neither_side_is_changed(places: Places, archive: Path) -> None:
    before = places.database.read_bytes(), archive.read_bytes()
    listed(replace(asked(places, archive, "theirs"), page=None))
    assert (places.database.read_bytes(), archive.read_bytes()) == before


@pytest.mark.slow
def test_a_timer_that_a_merge_stopped_is_no_conflict_whatever_is_asked_for(places: Places, tmp_path: Path) -> None:
    """None: stopped as of the time of the backup, it is what the database has."""
    task = value(places.database, "SELECT id FROM tasks LIMIT 1")
    running = (
        "INSERT INTO time_sessions (id, task_id, start_time, is_active) VALUES (?, ?, '2027-01-01T00:00:00+00:00', 1)"
    )
    there = copy_of(places.database, tmp_path / "there")
    altered(there, running, "their timer", task)
    execute(there, "UPDATE time_sessions SET notes = 'theirs' WHERE rowid = 2")
    archive = backup(there, tmp_path / "there.kpbackup")
    altered(places.database, running, "my timer", task)
    import_data(places, str(archive), False, Progress())
    numbers = {
        policy: [(one.number, one.id) for one in listed(asked(places, archive, policy)).conflicts]
        for policy in POLICIES
    }
    assert len(numbers["mine"]) == 1
    assert numbers["mine"] == numbers["theirs"] == numbers["newer"]
    import_data(places, str(archive), False, Progress(), on_conflict="theirs")
    assert value(places.database, "SELECT count(*) FROM time_sessions WHERE is_active = 1") == 1
    assert value(places.database, "SELECT notes FROM time_sessions WHERE rowid = 2") == "theirs"
