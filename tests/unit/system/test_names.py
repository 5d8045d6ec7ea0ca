"""Names: URIs that SQLite opens, whatever a path holds; and what Windows would make of a name, tried anywhere."""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.errors.paths import PathNotAllowed
from sidecar.system import names
from sidecar.system.files import open_source, resolve_target, same_file
from sidecar.system.names import (
    absolute,
    is_device,
    misspelled,
    require_lengths,
    require_name,
    shown,
    spelled,
    sqlite_uri,
)
from tests.support.windows_names import other_name, short_name

ODD = ["a b", "a#b", "a%b", "a%20b", "a&cache=shared", "ä", "a'b"]
NOT_ON_WINDOWS = ["a?b", "a?mode=memory", "a:b", "\udcff", "a\nb"]
ODD_HERE = ["a;b", "a~1", "[a]", "a^b", "a=b,c"] if sys.platform == "win32" else NOT_ON_WINDOWS
"""What this system takes for a name, and its shell or another system for something else."""


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of Windows, on whatever system this is."""
    monkeypatch.setattr(names, "ON_WINDOWS", True)


@pytest.mark.parametrize("name", [*ODD, *ODD_HERE])
def test_sqlite_opens_the_very_file_whatever_its_path_holds(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system takes no such name")
    path = folder / f"{name}.db"
    with closing(sqlite3.connect(sqlite_uri(path, "rwc"), uri=True)) as connection:
        connection.execute("CREATE TABLE a (b)")
    assert [entry.name for entry in folder.iterdir()] == [path.name]
    with closing(sqlite3.connect(sqlite_uri(path, "ro"), uri=True)) as connection:
        assert connection.execute("SELECT count(*) FROM a").fetchone() == (0,)


def test_two_slashes_before_a_path_name_no_server(tmp_path: Path) -> None:
    (tmp_path / "a.db").touch()
    before = "\\\\?\\" if sys.platform == "win32" else "/"
    with closing(sqlite3.connect(sqlite_uri(f"{before}{tmp_path / 'a.db'}", "rw"), uri=True)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize(
    "path", [r"C:\a\b.db", r"\\server\share\b.db", r"\\?\C:\a\b.db", r"\\?\UNC\server\share\b.db", r"C:\a#b?c%d\ä.db"]
)
def test_a_path_of_windows_is_all_of_the_uri(path: str) -> None:
    """SQLite takes what follows "file:" as the path, unescaped, when it does not begin with two slashes."""
    uri = sqlite_uri(path, "ro")
    scheme, _, rest = uri.partition(":")
    told, _, query = rest.partition("?")
    assert scheme == "file"
    assert not rest.startswith("/")
    assert query == "mode=ro"
    assert "#" not in told
    assert unquote_to_bytes(told) == os.fsencode(path)


@pytest.mark.usefixtures("windows")
def test_a_long_path_of_windows_gets_its_prefix_and_is_shown_without_it() -> None:
    deep = "\\".join(["folder"] * 50)
    for path, long in ((f"C:\\{deep}\\a", f"\\\\?\\C:\\{deep}\\a"), (f"\\\\s\\x\\{deep}", f"\\\\?\\UNC\\s\\x\\{deep}")):
        assert spelled(path) == long
        assert spelled(long) == long
        assert shown(long) == path
        assert spelled(path.replace("\\", "/")) == long, "behind the prefix nothing is interpreted"
    assert spelled(r"C:\a\b") == r"C:\a\b"


def test_elsewhere_paths_are_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "ON_WINDOWS", False)
    deep = "/" + "/".join(["folder"] * 50)
    assert spelled(deep) == deep == shown(deep)


REFUSED = {
    "x.kpbackup:stream": "hides",
    "CON": "device", "con.kpbackup": "device", "NUL": "device", "COM1.kpbackup": "device", "LPT².txt": "device",
    "CONIN$": "device", "nul .txt": "device", "a.kpbackup.": "dot", "a ": "space", "a?": "character",
    'a"b': "character", "a|b": "character", "a\tb": "character",
}  # fmt: skip


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_windows_takes_for_something_else_is_refused_with_what_is_wrong(name: str) -> None:
    for path in (name, f"C:\\backups\\{name}", f"\\\\server\\share\\{name}", f"C:\\{name}\\a.kpbackup"):
        with pytest.raises(PathNotAllowed) as caught:
            require_name(path)
        assert f'"{name}" ' in caught.value.message
        assert REFUSED[name].removesuffix("s") in caught.value.message.replace("hide the", "hides")


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize("path", [r"\\server", "//server", "\\\\"])
def test_a_server_alone_is_no_file_at_the_root_of_a_drive(path: str) -> None:
    with pytest.raises(PathNotAllowed, match="names a server"):
        require_name(path)
    require_name(r"\\server\share\a.kpbackup")


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize("path", [r"C:\a.b\CONTENT.kpbackup", r"..\a.kpbackup", r".\a", "C:a", "common.txt", "ä é.zip"])
def test_a_name_that_only_looks_odd_is_taken(path: str) -> None:
    require_name(path)


DEVICES = [
    "NUL", "con", "C:\\a\\LPT1", r"\\.\pipe\a", "//./pipe/a", r"\\.\PhysicalDrive0", r"\\.\C:", r"\\server\pipe\a",
    r"\\?\UNC\server\PIPE\a",
]  # fmt: skip
NO_DEVICES = [r"\\.\C:\a.db", r"\\?\C:\pipe\a", r"\\server\pipes\a", r"C:\pipe\a", "NULL", "con.kpbackup", "pipe"]


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize(
    ("path", "is_one"), [*((path, True) for path in DEVICES), *((path, False) for path in NO_DEVICES)]
)
def test_devices_and_pipes_of_windows_are_told_by_their_names(path: str, is_one: bool) -> None:
    """By nothing else: a pipe is connected to by whoever looks at it."""
    assert is_device(path) is is_one


@pytest.mark.usefixtures("windows")
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("file:\\C:\\a", "a web address (file://)"), (r"\c\Users\me\a", "Git Bash"), (r"C:\mnt\c\a", "Git Bash"),
        (r"C:\a\ b", ""), (r"C:\c\a", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_with_how_a_path_is_written_is_seen_whichever_way_its_slashes_lean(path: str, words: str) -> None:
    assert words in misspelled(path)
    assert bool(words) == bool(misspelled(path))


@pytest.mark.parametrize("path", [r"file:\C:\a", "file:/C:/a", "https://a/b", "a"])
def test_a_path_from_the_working_folder_on_is_all_of_it(path: str) -> None:
    """Not what comes after a second drive, as ``Path.absolute`` has it."""
    assert absolute(path) == Path(f"{Path.cwd()}{os.sep}{path}")
    assert absolute(absolute(path)) == absolute(path)


@pytest.mark.parametrize("name", [*REFUSED, *ODD, *NOT_ON_WINDOWS])
def test_on_other_systems_a_name_is_a_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "ON_WINDOWS", False)
    require_name(name)
    assert not is_device(name)
    if sys.platform != "win32":
        assert resolve_target(str(tmp_path / name)) == tmp_path / name


@pytest.mark.parametrize("on_windows", [False, True])
def test_what_no_system_takes_is_too_long_on_every_system(on_windows: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "ON_WINDOWS", on_windows)
    slash = "\\" if on_windows else "/"
    for path in ("n" * 256, f"a{slash}{'n' * 256}{slash}b", slash.join(["n" * 200] * 200)):
        for use in (require_lengths, require_name, open_source, resolve_target):
            with pytest.raises(PathNotAllowed, match="too long"):
                use(path)
    require_lengths(slash.join(["n" * 255] * 100))


@pytest.mark.slow
@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_a_name_or_is_refused_for_its_name(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(names, "ON_WINDOWS", True)
        try:
            require_name(text)
        except PathNotAllowed as error:
            assert error.detail  # noqa: PT017 - either way is right


def test_names_of_one_file_are_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = tmp_path / "Kirapilot é.db"
    real.write_bytes(b"1")
    folder, link = tmp_path / "folder", tmp_path / "link"
    if sys.platform == "win32":
        folder, link = other_name("behind a prefix", tmp_path), short_name(real)
    else:
        link.symlink_to(real)
        folder.symlink_to(tmp_path)
    other = tmp_path / "other.db"
    other.write_bytes(b"2")
    one = [real, link, folder / real.name, tmp_path / "KIRAPILOT É.DB"]
    one += [tmp_path / "kirapilot e\u0301.db", folder / "KiraPilot é.db"]
    for with_numbers in (True, False):
        if not with_numbers:
            monkeypatch.setattr(os.path, "samestat", lambda a, b: a.st_ino == b.st_ino)
            monkeypatch.setattr(Path, "stat", _without_numbers(Path.stat))
        for name in one[:-1] if not with_numbers else one:
            assert same_file(name, real), name
            assert same_file(real, name), name
        assert not same_file(other, real)
        assert not same_file(tmp_path / "missing", real)
        assert same_file(tmp_path / "Missing", tmp_path / "missing")


def _without_numbers(real: object) -> object:
    def stat(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        found = real(self, follow_symlinks=follow_symlinks)  # type: ignore[operator]
        return os.stat_result((found.st_mode, 0, 0, *found[3:]))

    return stat
