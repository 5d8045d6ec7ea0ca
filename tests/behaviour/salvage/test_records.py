"""Records and references: what is taken, what is left out by name, and that no word of it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sidecar.errors.backups import InvalidBackup
from sidecar.jobs.importing import import_data
from sidecar.progress import Progress
from tests.support.archives import entries_of, write
from tests.support.databases import backup, bring_in, fresh, insert, places_of, query, value
from tests.support.salvages import cut, damaged, report_of, salvage
from tests.support.shipped import Record, dependency, interaction, session, shipped_archive, task, template


def test_json_that_breaks_off_in_the_middle_costs_the_record_it_breaks_in(tmp_path: Path) -> None:
    tasks = [task(f"t{number}", description='}, {"not": "a record"} ]') for number in range(9)]
    entries = entries_of(shipped_archive(tmp_path / "made.kpbackup", tasks=tasks, ai_interactions=[interaction("i")]))
    broken = {
        name: entries[name].replace(b'"title": "Task t4"', b'"title": "Task t4') for name in ("tasks.json", "data.json")
    }
    device = fresh(tmp_path)
    report = report_of(salvage(device, write(tmp_path / "b.kpbackup", entries | broken)))
    assert query(device, "SELECT id FROM tasks ORDER BY id") == [(f"t{number}",) for number in range(9) if number != 4]
    assert report.tables["tasks"].left_out == {"lost": 1}
    assert report.tables["ai_interactions"].taken == 1


@pytest.mark.slow(but=1)
@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (task("bad", priority="high"), "invalid_record"),
        (task("bad", created_at="yesterday"), "invalid_timestamp"),
        (task("bad", title=None), "missing_field"),
    ],
)
def test_a_record_that_no_row_can_hold_is_left_out_by_name(tmp_path: Path, record: Record, reason: str) -> None:
    archive = shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a"), record, task("b")])
    device = fresh(tmp_path)
    with pytest.raises(InvalidBackup):
        bring_in(device, archive)
    report = report_of(salvage(device, archive))
    assert query(device, "SELECT id FROM tasks ORDER BY id") == [("a",), ("b",)]
    assert report.tables["tasks"].left_out == {reason: 1}
    assert [(one.reason, one.index) for one in report.records] == [(reason, 1)]


def test_of_records_with_one_id_the_first_is_taken(tmp_path: Path) -> None:
    archive = shipped_archive(
        tmp_path / "b.kpbackup",
        tasks=[task("a", title="First"), task("a", title="Second"), task("b")],
        task_dependencies=[dependency("d", "a", "b"), dependency("e", "a", "b")],
    )
    device = fresh(tmp_path)
    report = report_of(salvage(device, archive))
    assert value(device, "SELECT title FROM tasks WHERE id = 'a'") == "First"
    assert report.tables["tasks"].left_out == {"duplicate_id": 1}
    assert report.tables["task_dependencies"].left_out == {"duplicate_dependency": 1}


def test_counts_that_do_not_agree_are_told(tmp_path: Path) -> None:
    archive = shipped_archive(
        tmp_path / "b.kpbackup", tasks=[task("a")], metadata={"task_count": 3, "session_count": 0}
    )
    report = report_of(salvage(fresh(tmp_path), archive))
    assert report.tables["tasks"].left_out == {"lost": 2}
    fewer = shipped_archive(tmp_path / "c.kpbackup", tasks=[task("a"), task("b")], metadata={"task_count": 1})
    report = report_of(salvage(fresh(tmp_path), fewer))
    assert report.tables["tasks"].taken == 2
    assert "tasks holds 2 records, but the backup says 1" in report.damage


# References


def test_a_row_whose_parent_is_lost_is_left_out_unless_the_database_has_it(tmp_path: Path) -> None:
    archive = shipped_archive(
        tmp_path / "b.kpbackup",
        tasks=[task("a"), task("bad", title=None)],
        time_sessions=[session("s", "a"), session("t", "bad"), session("u", "theirs")],
        task_dependencies=[dependency("d", "a", "bad"), dependency("e", "a", "theirs")],
    )
    device = fresh(tmp_path)
    insert(device, "tasks", id="theirs", title="Of the database")
    report = report_of(salvage(device, archive))
    assert query(device, "SELECT id FROM time_sessions ORDER BY id") == [("s",), ("u",)]
    assert query(device, "SELECT id FROM task_dependencies") == [("e",)]
    assert report.tables["time_sessions"].left_out == {"broken_reference": 1}


def test_a_row_that_the_app_would_untie_is_taken_without_the_reference(tmp_path: Path) -> None:
    source = fresh(tmp_path, "source.db")
    insert(source, "tasks", id="a", title="A")
    insert(source, "threads", id="h", title="Talk", assignment_task_id="a")
    insert(source, "thread_messages", id="m", thread_id="h", type="user", content="Hi", timestamp="2026-01-01 00:00:00")
    entries = entries_of(backup(source, tmp_path / "whole.kpbackup"))
    device = fresh(tmp_path)
    result = salvage(device, damaged(entries, tmp_path / "b.kpbackup", "tasks.json", "data.json"))
    assert query(device, "SELECT id, assignment_task_id FROM threads") == [("h", None)]
    assert query(device, "SELECT id FROM thread_messages") == [("m",)]
    assert report_of(result).tables["threads"].cleared == 1
    assert any("1 threads lose a reference" in warning for warning in result.warnings)


def test_what_led_nowhere_in_the_database_itself_comes_back_as_it_was(tmp_path: Path) -> None:
    source = fresh(tmp_path, "source.db")
    insert(source, "tasks", id="a", title="A")
    insert(source, "time_sessions", id="s", task_id="gone", start_time="2026-01-01T00:00:00+00:00")
    entries = entries_of(backup(source, tmp_path / "whole.kpbackup"))
    device = fresh(tmp_path)
    archive = damaged(entries, tmp_path / "b.kpbackup", "task_lists.json")
    import_data(places_of(device), str(archive), True, Progress(), salvage=True)
    assert query(device, "SELECT task_id FROM time_sessions") == [("gone",)]


def test_all_templates_and_their_instances_come_back_from_a_cut_backup(tmp_path: Path) -> None:
    archive = shipped_archive(
        tmp_path / "b.kpbackup",
        tasks=[task("a", periodic_template_id="p", is_periodic_instance=True)],
        periodic_task_templates=[template("p", task_list_id="lost")],
    )
    device = fresh(tmp_path)
    salvage(device, cut(archive, 200))
    assert query(device, "SELECT id, task_list_id FROM periodic_task_templates") == [("p", "lost")]
    assert query(device, "SELECT name FROM task_lists WHERE id = 'lost'") == [("Restored list 1",)]


def test_no_word_of_a_record_is_in_what_a_salvage_tells(tmp_path: Path) -> None:
    secret = "Between you and me"
    entries = entries_of(shipped_archive(tmp_path / "made.kpbackup", tasks=[task("a", title=secret), task("b")]))
    result = salvage(fresh(tmp_path), damaged(entries, tmp_path / "b.kpbackup", "tasks.json"))
    told: Any = [report_of(result).damage, report_of(result).records, result.warnings]
    assert secret not in repr(told)
