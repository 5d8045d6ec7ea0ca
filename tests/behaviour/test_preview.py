"""The preview says what an import would do, with examples, and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.errors.backups import InvalidBackup, RowsRefused
from sidecar.results import COUNT_OF
from tests.conftest import DATA, EVERY_KIND, REAL, SECOND, THIRD, Copy
from tests.support.databases import backup, bring_in, copy_of, execute, fresh, insert, preview
from tests.support.newer import rebuild
from tests.support.shipped import session, shipped_archive, task


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("name", REAL)
def test_the_preview_predicts_the_import_and_writes_nothing(
    database_copy: Copy, real_files: Path, tmp_path: Path, name: str, overwrite: bool
) -> None:
    for archive in (real_files / f"{name}.kpbackup", backup(database_copy(name), tmp_path / "own.kpbackup")):
        device = database_copy(THIRD)
        before = device.read_bytes()
        predicted = preview(device, archive, overwrite)
        assert device.read_bytes() == before
        assert not device.with_name(device.name + "-journal").exists()
        result = bring_in(device, archive, overwrite)
        assert (result.tables, result.warnings, result.overwrite) == (
            predicted.tables,
            predicted.warnings,
            predicted.overwrite,
        )
        for field in ("created_at", *COUNT_OF.values()):
            assert getattr(result, field) == getattr(predicted, field)


def test_each_count_has_examples_that_a_person_knows(tmp_path: Path) -> None:
    device = fresh(tmp_path)
    execute(device, "INSERT INTO tasks (id, title) VALUES ('a', 'A'), ('b', 'B')")
    insert(device, "threads", id="h", title="Talk", assignment_task_id="b")
    archive = shipped_archive(
        tmp_path / "b.kpbackup", tasks=[task("a"), task("c", title="x" * 200)], time_sessions=[session("s", "c")]
    )
    shown = {
        table: {(example.action, example.id, example.label) for example in examples}
        for table, examples in preview(device, archive).examples.items()
    }
    assert shown["tasks"] == {("update", "a", "Task a"), ("add", "c", "x" * 80), ("remove", "b", "B")}
    assert {(action, row_id) for action, row_id, _ in shown["time_sessions"]} == {("add", "s")}


def test_at_most_five_examples_of_an_action_are_shown(tmp_path: Path) -> None:
    device = fresh(tmp_path)
    for index in range(9):
        insert(device, "tasks", id=f"old {index}", title="x")
    tasks = [task(f"new {index}") for index in range(9)]
    found = preview(device, shipped_archive(tmp_path / "b.kpbackup", tasks=tasks))
    actions = [example.action for example in found.examples["tasks"]]
    assert (actions.count("add"), actions.count("remove")) == (5, 5)
    assert (found.tables["tasks"].added, found.tables["tasks"].removed) == (9, 9)


def test_examples_can_be_shown_whatever_bytes_their_rows_hold(tmp_path: Path) -> None:
    device, source = fresh(tmp_path), fresh(tmp_path, "source.db")
    for path, row_id in ((device, "x'ff'"), (source, "x'fe'")):
        execute(path, f"INSERT INTO tasks (id, title) VALUES (CAST({row_id} AS TEXT), CAST(x'ff00fe' AS TEXT))")
        execute(path, f"INSERT INTO tasks (id, title) VALUES ({row_id}, x'ff00fe')")
    archive = backup(source, tmp_path / "b.kpbackup")
    for overwrite in (True, False):
        preview(device, archive, overwrite)


def test_a_backup_with_errors_has_no_preview(tmp_path: Path) -> None:
    device = fresh(tmp_path)
    archive = shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a"), task("a"), task("b", title=None)])
    with pytest.raises(InvalidBackup) as refused:
        preview(device, archive)
    assert "(and 1 more problems; validate the backup to see them)" in refused.value.message


def test_a_default_list_that_the_database_tells_by_a_text_is_refused_by_preview_and_import_alike(
    tmp_path: Path,
) -> None:
    database = copy_of(DATA / f"{EVERY_KIND}.db", tmp_path)
    rebuild(database, "task_lists", '"is_default" boolean', '"is_default" text')
    other = copy_of(DATA / f"{SECOND}.db", tmp_path / "other")
    archive = backup(other, tmp_path / "b.kpbackup")
    for job in (preview, bring_in):
        with pytest.raises(RowsRefused, match="is_default"):
            job(database, archive)
