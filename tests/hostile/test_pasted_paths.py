"""Paths as they are pasted, dragged and half typed: what is wrong with one is said, and no file gets such a name."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from sidecar.errors.base import SidecarError
from sidecar.errors.databases import DatabaseNotFound, NoDatabaseFile
from sidecar.errors.paths import FileNotFound, FolderNotFound, IsAFolder, PathNotAllowed
from sidecar.export.exporting import export_data
from sidecar.jobs.validating import validate_basic
from sidecar.progress import Progress
from sidecar.system.paths import Places, find_places
from tests.support.jobs import nothing_changes

PASTED = {
    "file://{}": "a web address (file://)",
    "https://example.org{}": "a web address: download the file first",
    "'{}'": "quotation marks around it",
    '"{}"': "quotation marks around it",
    "~{}": 'A "~" is filled in by a shell alone',
    "$HOME{}": "a variable that nobody filled in",
    "%USERPROFILE%{}": "a variable that nobody filled in",
    "{} ": "begins or ends with a blank",
    " {}": "begins or ends with a blank",
}


OF_A_SHELL = {"{}/a\\ file": "backslashes as a shell wants"}
MISSING: tuple[type[SidecarError], ...] = (FileNotFound,)
MISSING_DATABASE: tuple[type[SidecarError], ...] = (DatabaseNotFound,)
MISSING_FOLDER: tuple[type[SidecarError], ...] = (FolderNotFound,)

if sys.platform == "win32":
    shells = ("/c/Users/me/b.kpbackup", "/mnt/c/b.kpbackup", "/cygdrive/c/b.kpbackup")
    OF_A_SHELL = dict.fromkeys(shells, "as Git Bash or WSL write it")
    # What holds a quotation mark or a colon is no name at all there.
    MISSING, MISSING_DATABASE = (*MISSING, PathNotAllowed), (*MISSING_DATABASE, PathNotAllowed)
    MISSING_FOLDER = (*MISSING_FOLDER, PathNotAllowed)


@pytest.mark.parametrize("spelling", [*PASTED, *OF_A_SHELL, "-"])
def test_what_is_wrong_with_a_path_that_leads_nowhere_is_said(
    spelling: str, places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = (PASTED | OF_A_SHELL | {"-": "Standard input is not read"})[spelling]
    path = spelling.format(tmp_path / "b.kpbackup")
    with nothing_changes(tmp_path):
        with pytest.raises(MISSING) as raised:
            validate_basic(places, path, Progress())
        assert words in raised.value.message
        with pytest.raises(MISSING_DATABASE) as missing:
            export_data(find_places(path, str(places.work_dir)), "b.kpbackup", Progress())
        assert words in missing.value.message
        if "/" in spelling.format("/x").strip(" '\"")[1:]:
            with pytest.raises(MISSING_FOLDER) as unsaved:
                export_data(places, spelling.format("/nowhere/b.kpbackup"), Progress())
            assert words in unsaved.value.message


@pytest.mark.parametrize("path", ["b.kpbackup", "a folder/b.kpbackup", "d'or.kpbackup", "~x/b", "50%/b"])
def test_nothing_is_said_of_how_an_ordinary_path_is_written(path: str, places: Places, tmp_path: Path) -> None:
    with pytest.raises(FileNotFound) as raised:
        validate_basic(places, str(tmp_path / path), Progress())
    assert raised.value.advice == ""


def test_a_name_that_ends_as_a_folder_s_becomes_no_file(places: Places, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    with nothing_changes(tmp_path):
        with pytest.raises(FolderNotFound, match=r"new/ does not exist|new\\ does not exist"):
            export_data(places, f"{tmp_path / 'new'}{os.sep}", Progress())
        with pytest.raises(IsAFolder):
            export_data(places, f"{there}{os.sep}", Progress())


@pytest.mark.skipif(sys.platform == "win32", reason="a folder that somebody works in cannot be removed there")
def test_a_working_folder_that_is_gone_is_a_folder_that_is_missing(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(FolderNotFound):
        export_data(places, "b.kpbackup", Progress())
    with pytest.raises(FileNotFound):
        validate_basic(places, "b.kpbackup", Progress())
    for named in (("mine.db", None), (None, "work")):
        with pytest.raises(FolderNotFound) as raised:
            find_places(*named)
        assert "The folder that you are in was removed" in raised.value.message
        assert (named[0] or named[1] or "") in raised.value.message
    monkeypatch.chdir(tmp_path)


def test_what_stands_where_the_database_should_is_said_and_no_import_is_advised(places: Places) -> None:
    """An import would say the same: that is no way out."""
    places.database.unlink()
    places.database.mkdir()
    with pytest.raises(NoDatabaseFile) as raised:
        export_data(places, str(places.database.with_name("b.kpbackup")), Progress())
    assert (raised.value.kind, raised.value.code) == ("database_not_found", 30)
    assert "is a folder" in raised.value.message
    assert "import" not in raised.value.message
