"""An export of a damaged database with salvage: what can be read, under a name and a word of its own."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from sidecar.cli.commands import run
from sidecar.errors.backups import PartialBackup
from sidecar.errors.databases import DatabaseDamaged, DatabaseNotFound
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.inspecting import inspect_backup
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from sidecar.results import ExportResult
from sidecar.system.paths import Places
from tests.conftest import DATA, THIRD
from tests.support.databases import backup, contents, emptied, query, value

PAGE = 4096
SESSIONS = "SELECT rootpage FROM sqlite_master WHERE name = 'time_sessions'"


def _break(database: Path, page: int) -> None:
    content = database.read_bytes()
    database.write_bytes(content[: PAGE * (page - 1)] + bytes(PAGE) + content[PAGE * page :])


@pytest.fixture
def home(tmp_path: Path) -> Places:
    """A database of which the page with all time sessions is zeroed, and the database as it was beside it."""
    (tmp_path / "home").mkdir()
    original = Path(shutil.copy(DATA / f"{THIRD}.db", tmp_path / "original.db"))
    database = Path(shutil.copy(original, tmp_path / "home" / "kirapilot.db"))
    _break(database, value(original, SESSIONS))
    return Places(database, tmp_path / "work")


def _salvage(home: Places, name: str = "rest.kpbackup") -> ExportResult:
    return export_data(home, str(home.work_dir.parent / name), Progress(), salvage=True)


def test_what_can_be_read_is_written_and_what_is_lost_is_counted(home: Places, tmp_path: Path) -> None:
    before = home.database.read_bytes()
    original = tmp_path / "original.db"
    sessions = value(original, "SELECT count(*) FROM time_sessions")
    result = _salvage(home)
    assert result.readable is not None
    assert (result.readable["time_sessions"].read, result.readable["time_sessions"].lost) == (0, sessions)
    others = {name: table for name, table in result.readable.items() if name != "time_sessions"}
    assert all(table.lost == 0 for table in others.values())
    assert {name: table.read for name, table in others.items()} == {
        name: rows.total() for name, (_, rows) in contents(original).items() if name != "time_sessions"
    }
    assert home.database.read_bytes() == before
    with ZipFile(result.path) as archive:
        said = json.loads(archive.read("manifest.json"))["salvaged"]
    assert said["all_tables"] is True
    assert said["tables"]["time_sessions"] == {"read": 0, "lost": sessions}


def test_validate_and_inspect_tell_what_the_backup_was_made_of(home: Places) -> None:
    result = _salvage(home)
    verdict = validate_comprehensive(home, result.path, Progress())
    assert verdict.is_valid
    told = [line for line in verdict.warnings if "made of a damaged database" in line]
    assert told == [line for line in inspect_backup(result.path, Progress(), home).warnings if "damaged" in line]
    assert f"{result.readable['time_sessions'].lost:,} rows could not be read" in told[0]  # type: ignore[index]
    assert told[0] in result.warnings


def test_a_file_that_is_there_stays_whatever_it_is(home: Places, tmp_path: Path) -> None:
    good = backup(tmp_path / "original.db", tmp_path / "rest.kpbackup")
    before = good.read_bytes()
    first, second = _salvage(home), _salvage(home)
    assert good.read_bytes() == before
    assert Path(first.path).name == "rest-salvaged.kpbackup"
    assert Path(second.path).name == "rest-salvaged-1.kpbackup"
    assert any(str(good) in line for line in first.warnings)


def test_without_salvage_it_is_refused_and_the_hint_names_the_way(
    home: Places, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DatabaseDamaged) as caught:
        export_data(home, str(tmp_path / "x.kpbackup"), Progress())
    assert "param salvage" in caught.value.hint
    options = ["--database", str(home.database), "--work-dir", str(home.work_dir), str(tmp_path / "x.kpbackup")]
    assert run(["export", *options]) == DatabaseDamaged.code
    assert "export --salvage" in capsys.readouterr().err
    assert not (tmp_path / "x.kpbackup").exists()
    assert run(["export", "--salvage", *options]) == 0
    assert "made of a damaged database" in capsys.readouterr().out.replace("\n", " ")


def test_it_is_merged_but_replaces_nothing_unless_as_a_salvage(home: Places, tmp_path: Path) -> None:
    made = _salvage(home).path
    whole = Places(Path(shutil.copy(tmp_path / "original.db", tmp_path / "whole.db")), home.work_dir)
    before = contents(whole.database)
    for refused in (import_data, preview_import):
        with pytest.raises(PartialBackup):
            refused(whole, made, True, Progress())
    merged = import_data(whole, made, False, Progress())
    salvaged = import_data(whole, made, True, Progress(), salvage=True)
    assert contents(whole.database) == before
    for result in (merged, salvaged):
        assert any("made of a damaged database" in line for line in result.warnings)
    empty = Places(emptied(whole.database), home.work_dir)
    assert import_data(empty, made, False, Progress()).tables["tasks"].added == len(
        query(tmp_path / "original.db", "SELECT 1 FROM tasks")
    )


def test_over_a_broken_database_it_may_replace_since_nothing_is_removed(home: Places, tmp_path: Path) -> None:
    made = _salvage(home).path
    result = import_data(home, made, True, Progress())
    assert result.rescue is not None
    assert query(home.database, "PRAGMA integrity_check") == [("ok",)]
    assert query(home.database, "SELECT id FROM tasks ORDER BY id") == query(
        tmp_path / "original.db", "SELECT id FROM tasks ORDER BY id"
    )


def test_a_sound_database_is_exported_as_ever(home: Places, tmp_path: Path) -> None:
    sound = Places(tmp_path / "original.db", home.work_dir)
    (tmp_path / "x.kpbackup").write_bytes(b"an older file")
    result = export_data(sound, str(tmp_path / "x.kpbackup"), Progress(), salvage=True)
    assert (result.readable, Path(result.path).name) == (None, "x.kpbackup")
    assert "salvaged" not in json.loads(ZipFile(result.path).read("manifest.json"))


@pytest.mark.parametrize(
    ("spoil", "error"),
    [(lambda path: path.write_bytes(bytes(path.stat().st_size)), DatabaseDamaged), (Path.unlink, DatabaseNotFound)],
    ids=["all zeros", "missing"],
)
def test_what_tells_nothing_is_refused(
    spoil: Callable[[Path], object], error: type[Exception], home: Places, tmp_path: Path
) -> None:
    spoil(home.database)
    with pytest.raises((error, DatabaseDamaged.__base__)):  # type: ignore[arg-type]
        _salvage(home)
    assert not list(tmp_path.glob("*.kpbackup"))


def test_rows_between_two_broken_pages_are_found(tmp_path: Path) -> None:
    """By the index of the table's key, and without any by halving what lies between."""
    for key in ("TEXT PRIMARY KEY", "TEXT"):
        database = tmp_path / "kirapilot.db"
        shutil.copy(DATA / f"{THIRD}.db", database)
        with sqlite3.connect(database) as connection:
            # Elsewhere a page keeps what once stood in it, and the root of the table would be found.
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute(f"CREATE TABLE many (id {key}, more TEXT)")
            rows = [(f"{n:06}", f"{n:06}" * 30) for n in range(2_000)]
            connection.executemany("INSERT INTO many VALUES (?, ?)", rows)
        connection.close()
        content = bytearray(database.read_bytes())
        for number in (300, 1_600):
            page = content.index(f"{number:06}".encode() * 30) // PAGE * PAGE
            content[page : page + PAGE] = bytes(PAGE)
        database.write_bytes(content)
        result = _salvage(Places(database, tmp_path / "work"), f"{len(key)}.kpbackup")
        assert result.readable is not None
        many = result.readable["many"]
        assert 1_940 <= many.read < 2_000
        assert many.lost == (2_000 - many.read if "PRIMARY" in key else None)
        database.unlink()
