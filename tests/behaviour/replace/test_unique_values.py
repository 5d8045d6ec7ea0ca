"""Values that must be unique swap their rows, and move from one to another."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.databases import assert_same_contents, backup, contents, execute, fresh, query, restore
from tests.support.shipped import dependency, shipped_archive, task


def test_two_dependencies_swap_their_pairs(device: Path, tmp_path: Path) -> None:
    execute(
        device,
        "INSERT INTO task_dependencies (id, task_id, depends_on_id) VALUES ('1', 'a', 'b'), ('2', 'b', 'a')",
    )
    archive = shipped_archive(
        tmp_path / "b.kpbackup",
        tasks=[task("a"), task("b")],
        task_dependencies=[dependency("1", "b", "a"), dependency("2", "a", "b"), dependency("3", "a", "a")],
    )
    restore(device, archive)
    pairs = "SELECT id, task_id, depends_on_id FROM task_dependencies ORDER BY id"
    assert query(device, pairs) == [("1", "b", "a"), ("2", "a", "b"), ("3", "a", "a")]


def test_a_pair_moves_to_another_id(device: Path, tmp_path: Path) -> None:
    execute(device, "INSERT INTO task_dependencies (id, task_id, depends_on_id) VALUES ('1', 'a', 'b')")
    archive = shipped_archive(
        tmp_path / "b.kpbackup", tasks=[task("a"), task("b")], task_dependencies=[dependency("0", "a", "b")]
    )
    restore(device, archive)
    assert query(device, "SELECT id FROM task_dependencies") == [("0",)]


def test_a_unique_value_that_the_backup_does_not_speak_of_stays(device: Path, tmp_path: Path) -> None:
    execute(
        device,
        "ALTER TABLE tasks ADD COLUMN short_code TEXT",
        "UPDATE tasks SET short_code = 'code ' || id",
        "CREATE UNIQUE INDEX short ON tasks (short_code)",
    )
    archive = shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a", title="new"), task("b", title="new")])
    restore(device, archive)
    assert query(device, "SELECT short_code FROM tasks ORDER BY id") == [("code a",), ("code b",)]


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("declared", ["INTEGER NOT NULL UNIQUE", "INTEGER UNIQUE CHECK (rank < 10)"])
@pytest.mark.parametrize("strict", ["", "STRICT"])
def test_unique_numbers_swap_whatever_their_column_allows(tmp_path: Path, declared: str, strict: str) -> None:
    device = fresh(tmp_path)
    execute(
        device,
        f"CREATE TABLE ranks (id TEXT PRIMARY KEY, rank {declared}) {strict}",
        "INSERT INTO ranks VALUES ('a', 1), ('b', 2), ('c', 3)",
    )
    before = contents(device)
    archive = backup(device, tmp_path / "b.kpbackup")
    execute(device, "UPDATE ranks SET rank = 9 - rank", "UPDATE ranks SET rank = 9 - rank * 2 + rank - 5")
    execute(device, "DELETE FROM ranks", "INSERT INTO ranks VALUES ('a', 2), ('b', 3), ('c', 1)")
    restore(device, archive)
    assert_same_contents(before, contents(device))
