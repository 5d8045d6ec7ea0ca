"""Names and words as people type them: capitals, accents put together otherwise, spaces; and what was left empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.cli.arguments import UsageError, parse
from sidecar.comparison.history import find_in_backups
from sidecar.errors.backups import NoSuchRows, NothingSelected
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import preview_import
from sidecar.progress import Progress
from sidecar.results import ImportPreview
from sidecar.selection.request import PartToExport, Selection
from sidecar.system.paths import Places
from tests.support.databases import altered, backup, copy_of, fresh, opened

COMPOSED, APART = "Caf\u00e9 \u00c9t\u00e9", "Cafe\u0301 E\u0301te\u0301"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    database = copy_of(fresh(tmp_path), tmp_path / "app")
    for list_id, name in (("l-1", COMPOSED), ("l-2", APART), ("l-3", "Garden")):
        altered(database, "INSERT INTO task_lists (id, name, is_default) VALUES (?, ?, 0)", list_id, name)
        altered(database, "INSERT INTO tasks (id, title, task_list_id) VALUES (?, ?, ?)", f"t-{list_id}", name, list_id)
    return Places(database, tmp_path / "work")


@pytest.fixture
def archive(places: Places, tmp_path: Path) -> Path:
    return backup(places.database, tmp_path / "all.kpbackup")


def preview(places: Places, archive: Path, selection: Selection) -> ImportPreview:
    return preview_import(places, str(archive), False, Progress(), selection=selection)


def chosen(places: Places, archive: Path, selection: Selection) -> int:
    found = preview(places, archive, selection).selected
    assert found is not None
    return found["tasks"].chosen


@pytest.mark.parametrize("typed", [COMPOSED, APART, COMPOSED.upper(), APART.lower()])
def test_a_text_is_found_however_its_accents_are_put_together(typed: str, places: Places, archive: Path) -> None:
    assert chosen(places, archive, Selection(text=typed, tables=["tasks"])) == 2
    assert len(find_in_backups(places, typed, Progress(), False).tasks) == 2


def test_a_list_is_found_however_its_accents_are_put_together(places: Places, archive: Path) -> None:
    assert chosen(places, archive, Selection(lists=[APART])) == 1
    altered(places.database, "DELETE FROM task_lists WHERE id = 'l-1'")
    altered(places.database, "DELETE FROM tasks WHERE id = 't-l-1'")
    with opened(places.database) as connection:
        assert connection.execute("SELECT count(*) FROM task_lists WHERE name = ?", (COMPOSED,)).fetchone() == (0,)
    only_apart = backup(places.database, archive.with_name("apart.kpbackup"))
    assert chosen(places, only_apart, Selection(lists=[COMPOSED])) == 1


@pytest.mark.parametrize("typed", ["garden", " Garden", "GARDEN "])
def test_a_name_that_is_nearly_there_is_told_with_the_one_that_is(typed: str, places: Places, archive: Path) -> None:
    with pytest.raises(NoSuchRows, match=r"\(but Garden\)"):
        preview(places, archive, Selection(lists=[typed]))


def test_a_type_that_is_nearly_there_is_told_with_the_one_that_is(places: Places, archive: Path) -> None:
    with pytest.raises(NoSuchRows, match=r"Tasks \(but tasks\)"):
        preview(places, archive, Selection(tables=["Tasks"]))


def test_where_nothing_is_missing_that_is_what_is_said(places: Places, archive: Path) -> None:
    with pytest.raises(NothingSelected) as refused:
        preview(places, archive, Selection(missing=True))
    assert "has all of it already" in refused.value.message
    with pytest.raises(NothingSelected) as refused:
        preview(places, archive, Selection(text="nowhere"))
    assert "already" not in refused.value.message


@pytest.mark.parametrize("command", ["import", "preview", "conflicts", "export"])
def test_how_a_part_comes_is_no_part(command: str) -> None:
    with pytest.raises(UsageError, match="no part is chosen"):
        parse([command, "--untied", "b-partial.kpbackup"])
    assert not isinstance(parse([command, "--untied", "--id", "t", "b-partial.kpbackup"]), str)


def test_what_is_chosen_by_keys_may_come_untied() -> None:
    assert not isinstance(parse(["import", "-i", "--untied", "b.kpbackup"]), str)


@pytest.mark.parametrize(
    "typed",
    [
        ["undo", "--to", ""],
        ["undo", "--to", "  "],
        ["report", "-o", "-", "b.kpbackup"],
        ["diff", "--html", "-", "b.kpbackup"],
    ],
    ids=" ".join,
)
def test_a_name_that_a_variable_left_empty_and_a_page_to_standard_output_are_refused(typed: list[str]) -> None:
    with pytest.raises(UsageError):
        parse(typed)


ODD_NAME = "caf\udce9"
"""As a shell hands over what is no UTF-8."""


def test_a_list_whose_name_is_no_text_is_found_and_keeps_nobody_from_the_others(places: Places, tmp_path: Path) -> None:
    altered(places.database, "UPDATE task_lists SET name = CAST(x'636166e9' AS TEXT) WHERE id = 'l-2'")
    archive = backup(places.database, tmp_path / "odd.kpbackup")
    for name in ("Garden", ODD_NAME):
        assert chosen(places, archive, Selection(lists=[name])) == 1
        made = export_data(
            places, str(tmp_path / f"{len(name)}-partial.kpbackup"), Progress(), part=PartToExport(lists=[name])
        )
        assert made.selected is not None
        assert made.selected["tasks"].chosen == 1


def test_a_list_without_an_id_is_none_that_can_be_named(places: Places, tmp_path: Path) -> None:
    altered(places.database, "UPDATE tasks SET task_list_id = NULL WHERE id = 't-l-3'")
    archive = backup(places.database, tmp_path / "none.kpbackup")
    with pytest.raises(NoSuchRows):
        preview(places, archive, Selection(lists=["None"]))
