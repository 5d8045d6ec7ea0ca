"""Two databases in one folder: each has its own safety copies and wrecks, and what earlier versions left counts on."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from sidecar.cli.commands import run
from sidecar.errors.jobs import NoSafetyCopy
from sidecar.export.safety_copies import KEPT, all_copies
from sidecar.jobs.importing import import_data
from sidecar.jobs.keeping_wrecks import all_wrecks
from sidecar.jobs.listing import list_backups
from sidecar.jobs.undoing import find_copy, preview_undo, undo_last_import
from sidecar.progress import Progress
from sidecar.rescue.owners import word_of
from sidecar.system.paths import Places
from tests.conftest import DATA, EVERY_KIND, THIRD
from tests.support.databases import execute, query

TITLES = "SELECT DISTINCT title FROM tasks"


@pytest.fixture
def home(tmp_path: Path) -> Places:
    """KiraPilot's database, in a folder of its own."""
    return _placed("kirapilot.db", tmp_path)


@pytest.fixture
def other(tmp_path: Path) -> Places:
    """Another one beside it."""
    return _placed("work.db", tmp_path)


def _placed(name: str, folder: Path) -> Places:
    (folder / "home").mkdir(exist_ok=True)
    database = Path(shutil.copy(DATA / f"{THIRD}.db", folder / "home" / name))
    execute(database, f"UPDATE tasks SET title = 'of {name}'")
    return Places(database, folder / "work")


def _import(places: Places, backup: str = THIRD) -> Path:
    """Import what differs; answers the safety copy."""
    result = import_data(places, str(DATA / f"{backup}.kpbackup"), True, Progress())
    assert result.safety_copy is not None
    return Path(result.safety_copy)


def test_an_undo_brings_back_the_copy_of_its_own_database(home: Places, other: Places) -> None:
    for first, second in ((home, other), (other, home)):
        wanted = _import(first)
        _import(second, EVERY_KIND)
        assert preview_undo(first, Progress())[0] == wanted
        assert undo_last_import(first, Progress()).path == str(wanted)
        assert query(first.database, TITLES) == [(f"of {first.database.name}",)]
        undo_last_import(second, Progress())


def test_the_name_says_whose_a_copy_is(home: Places, other: Places) -> None:
    assert re.fullmatch(r"before-import-\d{8}T\d{6}\.\d{6}Z\.kpbackup", _import(home).name)
    assert re.fullmatch(r"before-import-\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{16}\.kpbackup", _import(other).name)


def test_each_lists_its_own_and_names_what_is_not(
    home: Places, other: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    copies = {places: str(_import(places)) for places in (home, other)}
    for places, stranger in ((home, other), (other, home)):
        listed = list_backups(places, Progress())
        assert [copy.path for copy in listed.backups] == [copies[places]]
        assert listed.others == [copies[stranger]]
    assert run(["backups", "--database", str(home.database), "--work-dir", str(home.work_dir)]) == 0
    assert f"  {Path(copies[other]).name}\n" in capsys.readouterr().out


@pytest.mark.slow
def test_the_imports_of_one_push_out_no_copy_of_the_other(home: Places, other: Places) -> None:
    kept = _import(other)
    for number in range(KEPT + 3):
        execute(home.database, f"UPDATE tasks SET title = 'state {number}'")
        _import(home)
    assert kept.exists()
    assert all_copies(other) == [kept]
    assert len(all_copies(home)) == KEPT + 1


def test_wrecks_are_told_apart_too(home: Places, other: Places) -> None:
    for places in (home, other):
        places.database.write_bytes(places.database.name.encode() * 40 + b'CREATE TABLE "tasks"')
        import_data(places, str(DATA / f"{THIRD}.kpbackup"), True, Progress())
    for places in (home, other):
        (wreck,) = all_wrecks(places)
        assert wreck.path.read_bytes().startswith(places.database.name.encode())
    undo_last_import(home, Progress())
    assert home.database.read_bytes().startswith(b"kirapilot.db")


def _as_of_before(copy: Path) -> Path:
    """The copy under the name that earlier versions gave."""
    return copy.rename(copy.with_name(f"{copy.name[: copy.name.index('Z') + 1]}.kpbackup"))


def test_copies_of_earlier_versions_are_those_of_kirapilot_db(home: Places, other: Places) -> None:
    copy = _as_of_before(_import(home))
    assert all_copies(home) == [copy]
    assert all_copies(other) == []
    with pytest.raises(NoSafetyCopy, match=re.escape(copy.name)):
        undo_last_import(other, Progress())


def test_copies_of_earlier_versions_are_those_of_the_only_database(other: Places) -> None:
    copy = _as_of_before(_import(other))
    (other.database.parent / "letters.db").write_bytes(b"a letter to a friend" * 100)
    (other.database.parent / "notes").mkdir()
    assert all_copies(other) == [copy]
    undo_last_import(other, Progress())
    assert query(other.database, TITLES) == [("of work.db",)]
    shutil.copy(other.database, other.database.with_name("third.db"))
    assert copy not in all_copies(other)


def test_a_database_that_is_renamed_gets_at_its_copies_by_name(other: Places) -> None:
    copy = _import(other)
    renamed = Places(other.database.rename(other.database.with_name("renamed.db")), other.work_dir)
    assert list_backups(renamed, Progress()).others == [str(copy)]
    with pytest.raises(NoSafetyCopy, match="under another name"):
        undo_last_import(renamed, Progress())
    assert undo_last_import(renamed, Progress(), only=find_copy(renamed, copy.stem)).path == str(copy)
    assert query(renamed.database, TITLES) == [("of work.db",)]


def test_a_folder_that_is_moved_takes_its_copies_along(other: Places, tmp_path: Path) -> None:
    _import(other)
    moved = other.database.parent.rename(tmp_path / "moved") / "work.db"
    undo_last_import(Places(moved, other.work_dir), Progress())
    assert query(moved, TITLES) == [("of work.db",)]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_to_the_database_has_the_database_s_copies(other: Places, tmp_path: Path) -> None:
    copy = _import(other)
    link = tmp_path / "link.db"
    link.symlink_to(other.database)
    assert all_copies(Places(link, other.work_dir)) == [copy]


def test_a_database_that_is_not_there_has_a_word_as_well(other: Places) -> None:
    word = word_of(other.database)
    other.database.unlink()
    assert word_of(other.database) == word != ""
