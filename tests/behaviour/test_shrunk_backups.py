"""A backup that would hold far less than the one in its place is told of, and the older one kept beside it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from sidecar.errors.base import Cancelled, SidecarError
from sidecar.export.exporting import export_data
from sidecar.export.shrinking import foresee
from sidecar.progress import Progress
from tests.conftest import THIRD, Copy
from tests.support.databases import backup, emptied, execute, export, opened, places_of, value


@pytest.fixture
def device(database_copy: Copy) -> Path:
    return database_copy(THIRD)


@pytest.fixture
def archive(device: Path, tmp_path: Path) -> Path:
    """A good backup, in a folder of its own."""
    (tmp_path / "saved").mkdir()
    return backup(device, tmp_path / "saved" / "nightly.kpbackup")


def files(archive: Path) -> list[str]:
    return sorted(path.name for path in archive.parent.iterdir())


def fill(device: Path, table: str) -> None:
    """Twenty rows in a table, and no others."""
    with opened(device) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        connection.execute(f"DELETE FROM {table}")
        values = ", ".join("'row ' || n" if name in ("id", "name") else "0" for name in columns)
        connection.execute(
            f"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20)"
            f" INSERT INTO {table} SELECT {values} FROM c"
        )
        connection.commit()


def test_an_emptied_database_does_not_take_the_good_backup_with_it(device: Path, archive: Path) -> None:
    good = archive.read_bytes()
    result = export(emptied(device), archive)
    assert result.older is not None
    older = Path(result.older)
    assert older.parent == archive.parent
    assert older.name.startswith("nightly-of-20")
    assert older.suffix == ".kpbackup"
    assert older.read_bytes() == good
    assert files(archive) == sorted(["nightly.kpbackup", older.name])
    assert result.task_count == 0
    assert "tasks: 0 instead of 30" in result.warnings[0]
    assert str(older) in result.warnings[0]


def test_told_to_an_export_replaces_it_and_says_so(device: Path, archive: Path) -> None:
    result = export_data(places_of(emptied(device)), str(archive), Progress(), overwrite_shrunk=True)
    assert result.older is None
    assert "tasks: 0 instead of 30" in result.warnings[0]
    assert files(archive) == ["nightly.kpbackup"]


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("table", ["tasks", "time_sessions", "thread_messages", "task_lists", "focus_sessions"])
@pytest.mark.parametrize(("left", "shrunk"), [(20, False), (10, False), (9, True), (0, True)])
def test_fewer_than_half_of_the_rows_of_a_table_of_note_are_missed(
    device: Path, tmp_path: Path, table: str, left: int, shrunk: bool
) -> None:
    fill(device, table)
    target = tmp_path / "b.kpbackup"
    assert export(device, target).older is None
    execute(device, f"DELETE FROM {table} WHERE rowid > {left}")
    assert value(device, f"SELECT count(*) FROM {table}") == left
    assert bool(foresee(places_of(device), str(target), Progress())) is shrunk
    result = export(device, target)
    assert (result.older is not None) is shrunk
    assert any(f"{table.replace('_', ' ')}: {left} instead of 20" in warning for warning in result.warnings) is shrunk


def test_logs_that_the_app_clears_are_not_missed(device: Path, tmp_path: Path) -> None:
    fill(device, "productivity_patterns")
    fill(device, "ai_interaction_logs")
    target = tmp_path / "b.kpbackup"
    export(device, target)
    execute(device, "DELETE FROM productivity_patterns", "DELETE FROM ai_interaction_logs")
    assert export(device, target).older is None


def test_a_backup_of_the_app_itself_is_missed_too(device: Path, real_files: Path, tmp_path: Path) -> None:
    target = Path(shutil.copy(real_files / f"{THIRD}.kpbackup", tmp_path / "app.kpbackup"))
    older = export(emptied(device), target).older
    assert older is not None
    assert Path(older).read_bytes() == (real_files / f"{THIRD}.kpbackup").read_bytes()


@pytest.mark.parametrize("content", [b"", b"a letter", b"PK\x05\x06" + bytes(18)])
def test_a_file_that_is_no_backup_is_replaced_as_ever(device: Path, tmp_path: Path, content: bytes) -> None:
    target = tmp_path / "b.kpbackup"
    target.write_bytes(content)
    assert not foresee(places_of(device), str(target), Progress())
    assert export(emptied(device), target).warnings == []


def test_a_folder_that_takes_no_second_name_of_a_file_gets_a_copy(
    device: Path, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "no hard links")

    good = archive.read_bytes()
    monkeypatch.setattr(os, "link", refuse)
    older = export(emptied(device), archive).older
    assert older is not None
    assert Path(older).read_bytes() == good


def test_one_that_cannot_be_kept_is_not_replaced(device: Path, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    good = archive.read_bytes()
    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(shutil, "copyfileobj", refuse)
    with pytest.raises(SidecarError):
        export(emptied(device), archive)
    assert archive.read_bytes() == good
    assert files(archive) == ["nightly.kpbackup"]


def test_an_export_that_fails_at_its_end_leaves_one_file_as_it_was(
    device: Path, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise Cancelled

    good = archive.read_bytes()
    emptied(device)
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(Cancelled):
        export(device, archive)
    assert archive.read_bytes() == good
    assert files(archive) == ["nightly.kpbackup"]


def test_a_name_that_is_taken_is_left_alone(device: Path, archive: Path) -> None:
    first = export(emptied(device), archive).older
    assert first is not None
    shutil.copy(first, archive)
    second = export(device, archive).older
    assert second is not None
    assert second != first
    assert len(files(archive)) == 3
