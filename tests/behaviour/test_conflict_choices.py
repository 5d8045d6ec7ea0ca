"""A choice by table, and row by row: each row stays as it was chosen to, and a choice that means nothing is refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sidecar.errors.conflicts import InvalidChoice, NoConflicts, NoSuchConflict, NoSuchTable, UnseenNumbers
from sidecar.errors.jobs import ChangedSincePreview
from sidecar.jobs.importing import import_data, preview_import
from sidecar.merging.policy import ByTable, Choice, OnConflict, policies_of
from sidecar.progress import Progress
from sidecar.results import ImportResult
from sidecar.system.paths import Places
from sidecar.wire.context import Context, Session
from sidecar.wire.methods import METHODS
from sidecar.wire.params import read_params
from tests.conftest import DATA
from tests.support.databases import altered, backup, contents, copy_of, execute, query

RICH = "2025-09-08-periodic-templates"


@dataclass
class Devices:
    """A device, and a backup of another one: two lists (conflicts 1 and 2) and six tasks (3 to 8) are others there."""

    places: Places
    archive: Path

    def token(self) -> str:
        """Of the preview that numbers the conflicts."""
        return preview_import(self.places, str(self.archive), False, Progress()).token

    def merge(self, policy: ByTable, *choices: Choice) -> ImportResult:
        """A merge that does what its preview said."""
        settled: dict[str, Any] = {"on_conflict": policy, "choices": choices}
        asked = (self.places, str(self.archive), False, Progress())
        expected = preview_import(*asked, **settled, numbered_by=self.token())
        result = import_data(*asked, **settled, preview_token=expected.token)
        assert result.tables == expected.tables
        return result

    def theirs(self, table: str) -> set[int]:
        """The rows that are the other device's."""
        column = "name" if table == "task_lists" else "title"
        found = query(self.places.database, f"SELECT rowid FROM {table} WHERE {column} LIKE 'Theirs%'")
        return {row for (row,) in found}


@pytest.fixture
def devices(tmp_path: Path) -> Devices:
    places = Places(copy_of(DATA / f"{RICH}.db", tmp_path / "here"), tmp_path / "work")
    # The numbers go by the places in the backup, which go by the ids.
    execute(places.database, "UPDATE tasks SET id = printf('task-%03d', rowid) WHERE rowid <= 6")
    there = copy_of(places.database, tmp_path / "there")
    execute(
        there,
        "UPDATE tasks SET title = 'Theirs ' || rowid, updated_at = '2030-01-01T00:00:00+00:00' WHERE rowid <= 6",
        "UPDATE tasks SET updated_at = '2000-01-01T00:00:00+00:00' WHERE rowid IN (4, 5, 6)",
        "UPDATE task_lists SET name = 'Theirs ' || rowid WHERE rowid <= 2",
    )
    return Devices(places, backup(there, tmp_path / "there.kpbackup"))


def choice(keep: OnConflict, first: int, last: int | None = None) -> Choice:
    return Choice(first=first, last=last, keep=keep)


@pytest.mark.slow(but=1)
@pytest.mark.parametrize(
    ("policy", "tasks", "lists"),
    [
        ("theirs", {1, 2, 3, 4, 5, 6}, {1, 2}),
        ({"tasks": "theirs"}, {1, 2, 3, 4, 5, 6}, set()),
        ({"*": "theirs"}, {1, 2, 3, 4, 5, 6}, {1, 2}),
        ({"tasks": "newer", "*": "theirs"}, {1, 2, 3}, {1, 2}),
        ({"tasks": "mine", "*": "theirs"}, set(), {1, 2}),
        ({"task_lists": "theirs", "threads": "newer"}, set(), {1, 2}),
        ({}, set(), set()),
    ],
)
def test_each_table_is_settled_as_it_was_asked_for(
    policy: ByTable, tasks: set[int], lists: set[int], devices: Devices
) -> None:
    devices.merge(policy)
    assert devices.theirs("tasks") == tasks
    assert devices.theirs("task_lists") == lists


@pytest.mark.slow(but=1)
@pytest.mark.parametrize(
    ("policy", "choices", "tasks", "lists"),
    [
        ("mine", [choice("theirs", 3)], 1, 0),
        ("mine", [choice("theirs", 1, 3)], 1, 2),
        ("theirs", [choice("mine", 2, 4)], 4, 1),
        ("mine", [choice("theirs", 3, 5), choice("theirs", 5, 8)], 6, 0),
        ("theirs", [choice("newer", 3, 8)], 3, 2),
        ({"tasks": "theirs"}, [choice("mine", 8), choice("theirs", 1)], 5, 1),
        ("newer", [choice("theirs", 1, 8)], 6, 2),
    ],
)
def test_single_rows_are_settled_by_their_numbers(
    policy: ByTable, choices: list[Choice], tasks: int, lists: int, devices: Devices
) -> None:
    devices.merge(policy, *choices)
    assert (len(devices.theirs("tasks")), len(devices.theirs("task_lists"))) == (tasks, lists)


def test_the_numbers_mean_the_rows_that_were_shown(devices: Devices) -> None:
    devices.merge("mine", choice("theirs", 4), choice("theirs", 6))
    ids = [row_id for (row_id,) in query(devices.places.database, "SELECT id FROM tasks WHERE title LIKE 'Theirs%'")]
    in_backup = [f"task-{number:03}" for number in range(1, 7)]
    assert sorted(ids) == [in_backup[1], in_backup[3]]


@pytest.mark.slow
def test_a_second_merge_by_the_same_policies_changes_nothing(devices: Devices) -> None:
    policy: ByTable = {"tasks": "newer", "*": "theirs"}
    devices.merge(policy)
    after = contents(devices.places.database)
    again = devices.merge(policy)
    assert sum(account.changes for account in again.tables.values()) == 0
    assert contents(devices.places.database) == after


def refused(devices: Devices, policy: ByTable, *choices: Choice, overwrite: bool = False) -> None:
    numbered_by = devices.token() if choices else None
    preview_import(
        devices.places,
        str(devices.archive),
        overwrite,
        Progress(),
        on_conflict=policy,
        choices=choices,
        numbered_by=numbered_by,
    )


def test_a_table_that_nobody_has_is_refused(devices: Devices) -> None:
    with pytest.raises(NoSuchTable, match="called task, "):
        refused(devices, {"task": "theirs"})


@pytest.mark.parametrize("number", [9, 2**62])
def test_a_number_that_there_is_not_is_refused(number: int, devices: Devices) -> None:
    refused(devices, "mine", choice("theirs", 8))
    with pytest.raises(NoSuchConflict, match=f"no conflict {number}: there are 8"):
        refused(devices, "mine", choice("theirs", 8, number))


@pytest.mark.parametrize(
    ("choices", "why"),
    [
        ([choice("theirs", 5, 4)], "5 to 4 is turned round"),
        ([choice("theirs", 3, 5), choice("mine", 5)], "conflict 5 is chosen twice, theirs and mine"),
        ([choice("theirs", 1, 8), choice("theirs", 2), choice("newer", 6)], "conflict 6 is chosen twice"),
    ],
)
def test_choices_that_contradict_themselves_are_refused(choices: list[Choice], why: str) -> None:
    with pytest.raises(InvalidChoice, match=why):
        policies_of("mine", choices)


def test_choices_that_agree_may_overlap() -> None:
    policies_of("mine", [choice("theirs", 1, 5), choice("theirs", 2), choice("theirs", 5), choice("mine", 6)])


def test_a_replacement_has_nothing_to_choose(devices: Devices) -> None:
    refused(devices, {"*": "mine"}, overwrite=True)
    with pytest.raises(NoConflicts):
        refused(devices, {"tasks": "theirs"}, overwrite=True)
    with pytest.raises(NoConflicts):
        refused(devices, "mine", choice("mine", 1), overwrite=True)


def test_numbers_of_no_preview_are_refused(devices: Devices) -> None:
    before = devices.places.database.read_bytes()
    some = [choice("theirs", 3)]
    archive = str(devices.archive)
    with pytest.raises(UnseenNumbers):
        preview_import(devices.places, archive, False, Progress(), choices=some)
    with pytest.raises(UnseenNumbers):
        import_data(devices.places, archive, False, Progress(), choices=some)
    with pytest.raises(ChangedSincePreview, match="another choice"):
        import_data(devices.places, archive, False, Progress(), choices=some, preview_token=devices.token())
    # A page that has kept no token may send an empty one.
    session = Session(str(devices.places.database), str(devices.places.work_dir))
    sent = {
        "filePath": archive,
        "overwrite": False,
        "previewToken": "",
        "conflictChoices": [{"first": 3, "keep": "mine"}],
    }
    method = METHODS["preview_import"]
    with pytest.raises(UnseenNumbers):
        method.run(
            read_params(method.params, (), sent), Context(session, lambda *_: None, lambda: False, lambda _: None)
        )
    assert devices.places.database.read_bytes() == before


def test_numbers_of_an_older_preview_are_refused(devices: Devices) -> None:
    token = devices.token()
    altered(devices.places.database, "UPDATE task_lists SET name = 'Theirs 1' WHERE rowid = 1")
    with pytest.raises(ChangedSincePreview, match="data has changed"):
        preview_import(
            devices.places,
            str(devices.archive),
            False,
            Progress(),
            choices=[choice("theirs", 3)],
            numbered_by=token,
        )


def test_in_a_database_with_a_log_the_numbers_themselves_are_compared(devices: Devices) -> None:
    """It keeps no count of its writes: which row a number means is all that tells."""
    execute(devices.places.database, "PRAGMA journal_mode = wal")
    token = devices.token()
    some = [choice("theirs", 3)]
    preview_import(devices.places, str(devices.archive), False, Progress(), choices=some, numbered_by=token)
    altered(devices.places.database, "UPDATE task_lists SET name = 'Theirs 1' WHERE rowid = 1")
    with pytest.raises(ChangedSincePreview, match="data has changed"):
        preview_import(devices.places, str(devices.archive), False, Progress(), choices=some, numbered_by=token)
