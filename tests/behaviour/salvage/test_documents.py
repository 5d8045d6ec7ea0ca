"""A lost manifest.json, exact.json or metadata.json: what a salvage does without each, and what it says of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.archives import Entries, entries_of, write
from tests.support.databases import backup, execute, fresh, insert, query
from tests.support.salvages import damaged, report_of, salvage, two_tasks, without


@pytest.fixture
def exact(tmp_path: Path) -> Entries:
    """A backup whose rows need exact.json."""
    source = fresh(tmp_path, "source.db")
    insert(source, "tasks", id="a", title="A", created_at="2026-11-22 16:07:21")
    insert(source, "tasks", id="b", title="B")
    insert(source, "threads", id="h", title=b"\xff\xfe")
    execute(source, "UPDATE tasks SET tags = x'00ff' WHERE id = 'b'")
    return entries_of(backup(source, tmp_path / "exact.kpbackup"))


def test_exact_values_come_back_from_whichever_place_the_record_does(exact: Entries, tmp_path: Path) -> None:
    for name in ("data.json", "tasks.json"):
        device = fresh(tmp_path)
        assert report_of(salvage(device, damaged(exact, tmp_path / "b.kpbackup", name))).exact
        assert query(device, "SELECT created_at FROM tasks WHERE id = 'a'") == [("2026-11-22 16:07:21",)]
        assert query(device, "SELECT tags FROM tasks WHERE id = 'b'") == [(b"\x00\xff",)]


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("name", ["exact.json", "manifest.json"])
@pytest.mark.parametrize("how", ["damaged", "missing"])
def test_where_exact_values_are_lost_it_is_said_and_no_row_gives_way(
    exact: Entries, tmp_path: Path, name: str, how: str
) -> None:
    path = tmp_path / "b.kpbackup"
    archive = damaged(exact, path, name) if how == "damaged" else write(path, without(exact, name))
    device = fresh(tmp_path)
    insert(device, "tasks", id="b", title="Mine", tags=b"\x00\xff")
    result = salvage(device, archive)
    report = report_of(result)
    assert not report.exact
    assert not report.complete
    assert any("exact values" in warning for warning in result.warnings)
    assert query(device, "SELECT title, tags FROM tasks WHERE id = 'b'") == [("Mine", b"\x00\xff")]
    assert result.tables["tasks"].left_out == {"exact_lost": 1}
    assert result.tables["tasks"].added == 1


def test_a_lost_manifest_of_the_app_costs_nothing_for_it_never_wrote_one(tmp_path: Path) -> None:
    device = fresh(tmp_path)
    entries = two_tasks(tmp_path)
    insert(device, "tasks", id="a", title="Older")
    result = salvage(device, damaged(entries, tmp_path / "b.kpbackup", "metadata.json"))
    assert report_of(result).exact
    assert result.tables["tasks"].updated == 1


def test_without_its_manifest_a_backup_of_ours_still_gives_its_further_tables(own: Entries, tmp_path: Path) -> None:
    device = fresh(tmp_path)
    report = report_of(salvage(device, write(tmp_path / "b.kpbackup", without(own, "manifest.json"))))
    for table in ("threads", "thread_messages", "focus_sessions", "task_lists"):
        assert report.tables[table].taken == len(json.loads(own[f"{table}.json"])) > 0


def test_without_metadata_and_manifest_the_counts_are_unknown(own: Entries, tmp_path: Path) -> None:
    entries = without(without(own, "manifest.json"), "metadata.json")
    result = salvage(fresh(tmp_path), write(tmp_path / "b.kpbackup", entries))
    assert report_of(result).tables["tasks"].expected is None
    assert result.created_at == json.loads(own["data.json"])["created_at"]
