"""Paths that cannot be used, and odd ones that can: each its own error, nothing changed, nothing left behind."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from pathlib import Path

import pytest

from sidecar.errors.base import SidecarError
from sidecar.errors.jobs import WorkFolderUnusable
from sidecar.errors.paths import FileNotFound, FolderNotFound, IsAFolder, PathNotAllowed, SameFile, WriteProtected
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import import_data
from sidecar.jobs.inspecting import inspect_backup
from sidecar.jobs.validating import validate_basic, validate_comprehensive
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.support import archives
from tests.support.jobs import READING, nothing_changes, refusal, refused_file, said_well
from tests.support.made_private import judge
from tests.support.pipes_and_sockets import fifo, unix_socket
from tests.support.windows_names import OTHER_NAMES, other_name, short_name

NO_FOLDERS = (
    ["device", "pipe", "question mark", "drive that is not there"]
    if sys.platform == "win32"
    else ["lone surrogate", "proc"]
)
"""What no folder can be made of: Windows takes half a character for a name."""

pytestmark = pytest.mark.usefixtures("temporary")


def _loop(path: Path) -> Path:
    path.symlink_to(path.name)
    return path


def _hollow(path: Path) -> Path:
    path.symlink_to(path.parent / "nowhere")
    return path


UNUSABLE: dict[str, tuple[type[SidecarError], type[SidecarError] | None]] = {
    "missing": (FileNotFound, None),
    "missing folder": (FileNotFound, FolderNotFound),
    "below a file": (FolderNotFound, FolderNotFound),
    "folder": (IsAFolder, IsAFolder),
    "fifo": (IsAFolder, IsAFolder),
    "socket": (IsAFolder, IsAFolder),
    "device": (IsAFolder, IsAFolder),
    "stream that is called a file": (IsAFolder, WriteProtected),
    "link to nothing": (FileNotFound, None),
    "link to itself": (PathNotAllowed, PathNotAllowed),
    "name of 300 characters": (PathNotAllowed, PathNotAllowed),
    "path of 5000 characters": (PathNotAllowed, PathNotAllowed),
    "NUL": (PathNotAllowed, PathNotAllowed),
    "lone surrogate": (PathNotAllowed, PathNotAllowed),
    "empty": (PathNotAllowed, PathNotAllowed),
}
"""Kind of path -> what reading from it and writing to it raise; None where a file can be written there."""

if sys.platform == "win32":
    for posix in ("socket", "stream that is called a file", "link to nothing", "link to itself"):
        del UNUSABLE[posix]
    # Half a character is a name there, and long paths are paths.
    UNUSABLE["lone surrogate"] = (FileNotFound, None)
    UNUSABLE["below a file"] = (FileNotFound, FolderNotFound)
    UNUSABLE["device"] = (IsAFolder, PathNotAllowed)
    UNUSABLE["path of 5000 characters"] = (FileNotFound, FolderNotFound)
    UNUSABLE["path of 40000 characters"] = (PathNotAllowed, PathNotAllowed)

ODD_NAMES = [
    "with spaces.kpbackup", "größe 会議 🌱.kpbackup", "'quoted' once.kpbackup", "100%41.kpbackup",
    "a#b.zip", "a&mode=memory.zip", "-rf.zip", "~", "n" * 255, "ü" * 127, ".hidden", "e\u0301.zip",
]  # fmt: skip
if sys.platform != "win32":
    # Names that Windows refuses, or takes for something else, or that no disk of it brings back as they were.
    ODD_NAMES += [
        "'quoted' \"twice\".kpbackup", "what?.zip", "line\nbreak.zip", "file:a.zip", "back\\slash.zip", "trailing.",
        "undecodable \udcff.zip",
    ]  # fmt: skip
ODD_DATABASES = ["a b%20c#x.db", "größe 会議.db"]
if sys.platform != "win32":
    ODD_DATABASES += ["a b%20c?mode=ro#x.db", "new\nline.db", "undecodable \udcff.db"]


def _make(kind: str, folder: Path) -> str:
    match kind:
        case "missing":
            return str(folder / "missing.kpbackup")
        case "missing folder":
            return str(folder / "missing" / "a.kpbackup")
        case "below a file":
            (folder / "file").write_bytes(b"x")
            return str(folder / "file" / "a.kpbackup")
        case "folder":
            return str(folder)
        case "fifo":
            return str(fifo(folder / "fifo"))
        case "socket":
            return str(unix_socket(folder / "socket"))
        case "device":
            return os.devnull
        case "stream that is called a file":
            return "/proc/version"
        case "link to nothing":
            return str(_hollow(folder / "link"))
        case "link to itself":
            return str(_loop(folder / "loop"))
        case "name of 300 characters":
            return str(folder / ("n" * 300))
        case "path of 5000 characters":
            return str(folder) + "/n" * 2500
        case "path of 40000 characters":
            return str(folder) + "/n" * 20_000
        case "NUL":
            return str(folder / "a\0b")
        case "lone surrogate":
            return str(folder / "a\ud800b")
        case _:
            return ""


@pytest.mark.slow(but=32)
@pytest.mark.parametrize("job", READING)
@pytest.mark.parametrize("kind", UNUSABLE)
def test_a_path_that_cannot_be_read_has_an_error_of_its_own(
    kind: str, job: str, places: Places, tmp_path: Path
) -> None:
    if not Path("/proc/version").exists() and kind == "stream that is called a file":
        pytest.skip("no /proc here")
    path = _make(kind, tmp_path)
    with nothing_changes(tmp_path):
        error = refusal(job, places, path, UNUSABLE[kind][0])
        assert not error.blames_backup
        refused_file(places, path, UNUSABLE[kind][0])


@pytest.mark.parametrize("kind", [kind for kind, (_, export) in UNUSABLE.items() if export])
def test_a_path_that_cannot_be_written_has_an_error_of_its_own(kind: str, places: Places, tmp_path: Path) -> None:
    if not Path("/proc/version").exists() and kind == "stream that is called a file":
        pytest.skip("no /proc here")
    path, expected = _make(kind, tmp_path), UNUSABLE[kind][1]
    assert expected
    with nothing_changes(tmp_path):
        refusal("export", places, path, expected)


@pytest.mark.skipif(sys.platform == "win32" or not Path("/dev/fd").is_dir(), reason="needs a folder of open files")
def test_a_pipe_by_the_systems_own_name_for_it_is_no_ordinary_file(places: Places, tmp_path: Path) -> None:
    """What a link such as /dev/stdout leads to is no path: it is told by what it is, and not by its name."""
    ends = os.pipe()
    try:
        with nothing_changes(tmp_path):
            refusal("export", places, f"/dev/fd/{ends[1]}", IsAFolder)
    finally:
        for end in ends:
            os.close(end)


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_names(name: str, places: Places, tmp_path: Path) -> None:
    folder = tmp_path / "target"
    folder.mkdir()
    path = str(folder / name)
    export_data(places, path, Progress())
    assert validate_basic(places, path, Progress()).task_count
    assert validate_comprehensive(places, path, Progress()).is_valid
    assert inspect_backup(path, Progress()).path == path
    import_data(places, path, True, Progress())
    assert os.listdir(folder) == [name]  # noqa: PTH208 - names that are no text, too


@pytest.mark.parametrize("name", ODD_DATABASES)
def test_the_database_and_the_work_folder_may_have_odd_names_too(name: str, places: Places, tmp_path: Path) -> None:
    folder = tmp_path / f"odd {name}"
    folder.mkdir()
    odd = Places(folder / name, folder / f"work {name}")
    shutil.copy(places.database, odd.database)
    export_data(odd, str(tmp_path / "a.kpbackup"), Progress())
    import_data(odd, str(tmp_path / "a.kpbackup"), True, Progress())
    assert sorted(os.listdir(folder)) == sorted([name, f"work {name}"])  # noqa: PTH208
    assert os.listdir(odd.work_dir) == []  # noqa: PTH208


def test_a_long_path_of_short_names_works(places: Places, tmp_path: Path) -> None:
    folder = tmp_path
    while len(str(folder)) < (700 if sys.platform == "win32" else 3500):
        folder = folder / ("d" * 200)
    folder.mkdir(parents=True)
    path = str(folder / "a.kpbackup")
    export_data(places, path, Progress())
    import_data(places, path, True, Progress())


def test_a_relative_path_is_taken_from_the_working_folder(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert export_data(places, "relative.kpbackup", Progress()).path == str(tmp_path / "relative.kpbackup")
    assert inspect_backup("relative.kpbackup", Progress()).path == str(tmp_path / "relative.kpbackup")


@pytest.mark.parametrize("job", ["export", "import", "merge", "preview"])
@pytest.mark.parametrize(
    "kind",
    [
        "itself", *(OTHER_NAMES or ["symbolic link"]), "hard link", "journal", "wal", "by another way",
    ],
)  # fmt: skip
def test_the_database_is_never_taken_for_a_backup(kind: str, job: str, places: Places, tmp_path: Path) -> None:
    path = tmp_path / "a.kpbackup"
    match kind:
        case "itself":
            path = places.database
        case "symbolic link":
            path.symlink_to(places.database)
        case "short name" | "behind a prefix":
            path = other_name(kind, places.database)
        case "hard link":
            path.hardlink_to(places.database)
        case "journal":
            path = places.database.with_name("kirapilot.db-journal")
        case "wal":
            path = places.database.with_name("kirapilot.db-wal")
        case _:
            path = places.database.parent / ".." / places.database.parent.name / "kirapilot.db"
    with nothing_changes(tmp_path):
        refusal(job, places, str(path), SameFile)


@pytest.mark.parametrize("there", [False, True])
def test_the_databases_name_in_other_letters_is_taken_for_the_database(
    there: bool, places: Places, tmp_path: Path
) -> None:
    """A file system without upper and lower case may give the one file a number for each way to write it."""
    other = places.database.with_name("KiraPilot.DB")
    if there:
        other.write_bytes(b"on a file system that knows the case, something else")
    with nothing_changes(tmp_path):
        refusal("export", places, str(other), SameFile)


@pytest.mark.parametrize(
    "first", [b"SQLite format 3\0", b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83"]
)
def test_no_database_is_replaced_by_a_backup(first: bytes, places: Places, tmp_path: Path) -> None:
    """Of a folder mounted twice, nothing but its bytes tells that a file in it is the database."""
    target = tmp_path / "a.kpbackup"
    target.write_bytes(first + b"\x10\0\1\1")
    with nothing_changes(tmp_path):
        refusal("export", places, str(target), SameFile)


def test_a_write_protected_file_is_replaced_only_by_force_and_stays_so(places: Places, tmp_path: Path) -> None:
    target = tmp_path / "a.kpbackup"
    target.write_bytes(b"an older backup")
    target.chmod(0o444)
    with nothing_changes(tmp_path):
        refusal("export", places, str(target), WriteProtected)
    export_data(places, str(target), Progress(), force=True)
    assert validate_basic(places, str(target), Progress()).task_count
    assert stat.S_IMODE(target.stat().st_mode) == 0o444
    assert [path.name for path in tmp_path.glob("*.kpbackup")] == ["a.kpbackup"]


def test_a_link_is_followed_and_stays_a_link(places: Places, tmp_path: Path) -> None:
    real, link = tmp_path / "elsewhere" / "real.kpbackup", tmp_path / "link.kpbackup"
    real.parent.mkdir()
    real.write_bytes(b"an older backup")
    if sys.platform == "win32":
        link = short_name(real)
    else:
        link.symlink_to(os.path.relpath(real, tmp_path))
    assert export_data(places, str(link), Progress()).path == str(real)
    assert sys.platform == "win32" or link.is_symlink()
    assert validate_basic(places, str(link), Progress()).task_count
    assert [path.name for path in real.parent.iterdir()] == ["real.kpbackup"]


def test_a_link_to_nothing_gets_its_file(places: Places, tmp_path: Path) -> None:
    link = tmp_path / "link.kpbackup"
    link.symlink_to(tmp_path / "real.kpbackup")
    export_data(places, str(link), Progress())
    assert link.is_symlink()
    assert (tmp_path / "real.kpbackup").is_file()


def test_a_backup_is_for_its_owner_only(places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = judge(monkeypatch)
    target = tmp_path / "backups" / "a.kpbackup"
    target.parent.mkdir()
    export_data(places, str(target), Progress())
    assert wrong(target) == ""
    if sys.platform != "win32":
        assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.parametrize("job", ["import", "preview", "validate", "export"])
@pytest.mark.parametrize(
    "kind",
    [
        "file", "below a file", "NUL", "long", *NO_FOLDERS,
    ],
)  # fmt: skip
def test_a_work_folder_that_cannot_be_is_told_of(kind: str, job: str, places: Places, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    folder = {
        "file": tmp_path / "file",
        "below a file": tmp_path / "file" / "work",
        "NUL": tmp_path / "a\0b",
        "lone surrogate": tmp_path / "a\ud800b",
        "long": tmp_path / ("n" * 300),
        "proc": Path("/proc/self"),
        "device": Path("NUL"),
        "pipe": Path(r"\\.\pipe\work"),
        "question mark": tmp_path / "a?b",
        "drive that is not there": Path("Q:/work"),
    }[kind]
    backup = Path(shutil.copy(archives.SMALL, tmp_path / "a.kpbackup"))
    with nothing_changes(tmp_path):
        error = refusal(job, Places(places.database, folder), str(backup), WorkFolderUnusable)
    assert ("a file is in its way" in error.message) == kind.endswith("file")


def test_a_file_open_elsewhere_on_windows_is_told_of(tmp_path: Path) -> None:
    from sidecar.errors.paths import FileInUse
    from sidecar.system.os_errors import file_errors

    error = PermissionError(errno.EACCES, "The process cannot access the file")
    error.winerror = 32  # type: ignore[attr-defined,unused-ignore]
    with pytest.raises(SidecarError) as caught, file_errors(tmp_path / "a.kpbackup"):
        raise error
    said_well(caught.value, FileInUse)
