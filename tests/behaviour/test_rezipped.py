"""Backups that people unpacked and packed again, with whatever they have: each imports row for row."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.errors.backups import NotABackup, SeveralBackups
from sidecar.export.exporting import export_data
from sidecar.jobs.validating import validate_basic, validate_comprehensive
from sidecar.progress import Progress
from tests.conftest import Cases
from tests.support import archives
from tests.support.archives import SHIPPED, Entries
from tests.support.databases import Contents, contents, execute
from tests.support.oracle import Device, judge

REZIPPED = "A backup that was packed again by another program imports row for row"

Packed = tuple[Device, Entries, Contents]

Pack = Callable[[Path, Path], object]
"""Packs a folder of entries into an archive."""


def _by(*words: str, within: bool = True) -> Pack:
    """A program, run in the folder, or for ``within=False`` beside it; ARCHIVE and FOLDER stand for their paths."""

    def pack(folder: Path, archive: Path) -> None:
        places = {"ARCHIVE": str(archive.absolute()), "FOLDER": folder.name}
        subprocess.run(
            [places.get(word, word) for word in words], cwd=folder if within else folder.parent, check=True,
            capture_output=True, timeout=60,
        )  # fmt: skip

    return pack


def _streamed(folder: Path, archive: Path) -> None:
    """zip into a pipe: no size is known before the data."""
    with archive.open("wb") as file:
        subprocess.run(["zip", "-qr", "-", "."], cwd=folder, check=True, stdout=file, timeout=60)


PACKERS: dict[str, tuple[str, Pack]] = {
    "Info-ZIP": ("zip", _by("zip", "-qr", "ARCHIVE", ".")),
    "Info-ZIP, a folder": ("zip", _by("zip", "-qr", "ARCHIVE", "FOLDER", within=False)),
    "Info-ZIP, stored": ("zip", _by("zip", "-qr0", "ARCHIVE", ".")),
    "Info-ZIP, as small as can be": ("zip", _by("zip", "-qr9X", "ARCHIVE", ".")),
    "Info-ZIP, bzip2": ("zip", _by("zip", "-qrZ", "bzip2", "ARCHIVE", ".")),
    "Info-ZIP, ZIP64": ("zip", _by("zip", "-qr", "-fz", "ARCHIVE", ".")),
    "Info-ZIP, with descriptors": ("zip", _by("zip", "-qr", "-fd", "ARCHIVE", ".")),
    "Info-ZIP, into a pipe": ("zip", _streamed),
    "7-Zip": ("7z", _by("7z", "a", "-tzip", "ARCHIVE", ".")),
    "7-Zip, a folder": ("7z", _by("7z", "a", "-tzip", "ARCHIVE", "FOLDER", within=False)),
    "7-Zip, stored": ("7z", _by("7z", "a", "-tzip", "-mm=Copy", "ARCHIVE", ".")),
    "7-Zip, bzip2": ("7z", _by("7z", "a", "-tzip", "-mm=BZip2", "ARCHIVE", ".")),
    "7-Zip, ultra": ("7z", _by("7z", "a", "-tzip", "-mx=9", "ARCHIVE", ".")),
    "bsdtar": ("bsdtar", _by("bsdtar", "-a", "-cf", "ARCHIVE", ".")),
    "jar": ("jar", _by("jar", "-cf", "ARCHIVE", ".")),
    "python -m zipfile": (sys.executable, _by(sys.executable, "-m", "zipfile", "-c", "ARCHIVE", ".")),
    "python -m zipfile, a folder": (
        sys.executable, _by(sys.executable, "-m", "zipfile", "-c", "ARCHIVE", "FOLDER", within=False),
    ),
    "shutil": (sys.executable, lambda folder, made: shutil.make_archive(str(made.with_suffix("")), "zip", folder)),
}  # fmt: skip

UNREAD: dict[str, tuple[str, Pack]] = {
    "7-Zip, LZMA": ("7z", _by("7z", "a", "-tzip", "-mm=LZMA", "ARCHIVE", ".")),
    "7-Zip, Deflate64": ("7z", _by("7z", "a", "-tzip", "-mm=Deflate64", "ARCHIVE", ".")),
    "7-Zip, PPMd": ("7z", _by("7z", "a", "-tzip", "-mm=PPMd", "ARCHIVE", ".")),
    "7-Zip, with a password": ("7z", _by("7z", "a", "-tzip", "-psecret", "ARCHIVE", ".")),
    "Info-ZIP, with a password": ("zip", _by("zip", "-qr", "-P", "secret", "ARCHIVE", ".")),
}


@pytest.fixture(scope="module", params=["ours", "the app's"])
def packed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Packed:
    """A device, a backup's entries, and the rows that the backup brings."""
    database = SHIPPED.with_suffix(".db")
    device = Device(tmp_path_factory.mktemp("packed"), database)
    if request.param == "ours":
        export_data(device.places, str(device.archive), Progress())
    else:
        device.archive.write_bytes(SHIPPED.read_bytes())
    execute(device.database, "UPDATE tasks SET title = 'changed'", "DELETE FROM time_sessions")
    device.keep()
    return device, archives.entries_of(device.archive), device.imported(device.archive)


def _pack(kind: tuple[str, Pack], entries: Entries, folder: Path, archive: Path) -> None:
    program, pack = kind
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed here")
    inner = folder / "kirapilot backup ü"
    inner.mkdir()
    for name, data in entries.items():
        (inner / name).write_bytes(data)
    archive.unlink()
    made = archive.with_suffix(".zip")
    pack(inner, made)
    made.replace(archive)


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("packer", PACKERS)
def test_a_backup_that_was_packed_again_imports_row_for_row(
    packer: str, packed: Packed, tmp_path: Path, cases: Cases
) -> None:
    device, entries, right = packed
    _pack(PACKERS[packer], entries, tmp_path, device.archive)
    assert judge(device, right, merge=False) is None
    cases.record(REZIPPED)


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("packer", UNREAD)
def test_a_backup_that_was_packed_as_nobody_must_is_refused_in_words(
    packer: str, packed: Packed, tmp_path: Path
) -> None:
    device, entries, _ = packed
    _pack(UNREAD[packer], entries, tmp_path, device.archive)
    judge(device, only=NotABackup)


def _below(folder: str) -> Callable[[Entries], Entries]:
    return lambda entries: {folder + name: data for name, data in entries.items()}


def _beside(others: Entries, folder: str = "") -> Callable[[Entries], Entries]:
    return lambda entries: others | _below(folder)(entries)


LAID_OUT: dict[str, tuple[Callable[[Entries], Entries], int]] = {
    "as it is": (_below(""), 0),
    "three folders deep": (_below("a/b/ü c/"), 0),
    "from the root of a disk": (_below("/home/me/backup/"), 0),
    "with a step that leads nowhere": (_below("./backup//"), 0),
    "with backslashes": (_below("backup\\2026\\"), 0),
    "with both": (_below("backup\\2026/"), 0),
    "in capitals": (lambda entries: {name.upper(): data for name, data in entries.items()}, 0),
    "in capitals, in a folder": (lambda entries: {f"B/{name.title()}": data for name, data in entries.items()}, 0),
    "Windows' litter beside": (_beside({"Thumbs.db": b"x", "Desktop.INI": b"x"}), 2),
    "Windows' litter above": (_beside({"Thumbs.db": b"x", "a/desktop.ini": b"x"}, "a/b/"), 2),
    "macOS' litter": (
        _beside({"a/.DS_Store": b"x", "a/._data.json": b"\0\5\x16\7", "x/__MACOSX/a/._tasks.json": b"x"}, "a/"), 3,
    ),
    "a letter and a picture": (_beside({"read me.txt": b"x", "pictures/cat.png": b"x"}, "backup/"), 2),
    "half a backup in another folder": (_beside({"old/metadata.json": b"{}"}, "backup/"), 1),
}  # fmt: skip
"""How entries lie in a ZIP -> and how many files are no part of the backup."""


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("kind", LAID_OUT)
def test_entries_are_found_wherever_they_lie_and_what_lies_beside_is_named(
    kind: str, packed: Packed, cases: Cases
) -> None:
    device, entries, right = packed
    lay_out, beside = LAID_OUT[kind]
    archives.write(device.archive, lay_out(entries))
    assert judge(device, right, merge=False) is None
    said = validate_comprehensive(device.places, str(device.archive), Progress()).warnings
    named = [line for line in said if line.startswith("The ZIP holds")]
    assert len(named) == bool(beside)
    assert all(f"holds {beside} file" in line for line in named)
    cases.record(REZIPPED)


@pytest.mark.parametrize("folders", [("a/", "b/"), ("a/", "a/b/"), ("x/a\\", "x/b\\")])
def test_two_backups_in_one_zip_are_refused_with_their_folders(folders: tuple[str, str], packed: Packed) -> None:
    device, entries, _ = packed
    archives.write(device.archive, {folder + name: data for folder in folders for name, data in entries.items()})
    judge(device, only=SeveralBackups)
    names = ", ".join(folder.replace("\\", "/").rstrip("/") for folder in folders)
    with pytest.raises(SeveralBackups, match=f"holds 2 backups, in the folders {names}. Unpack it"):
        validate_basic(device.places, str(device.archive), Progress())


def test_a_table_named_like_a_file_of_macos_is_no_litter(tmp_path: Path) -> None:
    device = Device(tmp_path)
    execute(device.database, 'CREATE TABLE "._tasks" (id TEXT PRIMARY KEY)', "INSERT INTO \"._tasks\" VALUES ('x')")
    device.keep()
    held = contents(device.database, ())
    export_data(device.places, str(device.archive), Progress())
    execute(device.database, 'DELETE FROM "._tasks"')
    assert device.imported(device.archive) == held


UNLISTED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "nothing": (lambda whole: whole, ""),
    "bytes before": (lambda whole: b"x" * 99 + whole, "holds 99 bytes before the backup that are no part"),
    "bytes behind": (lambda whole: whole + b"x" * 99, "holds 99 bytes behind the backup that are no part"),
    "a backup before": (lambda whole: SHIPPED.read_bytes() + whole, "holds another archive before the backup"),
    "the beginning of one behind": (lambda whole: whole + whole[:999], "holds another archive behind the backup"),
}


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("kind", UNLISTED)
def test_what_lies_around_the_archive_is_named(kind: str, packed: Packed) -> None:
    device, entries, right = packed
    around, words = UNLISTED[kind]
    archives.write(device.archive, entries)
    device.archive.write_bytes(around(device.archive.read_bytes()))
    assert judge(device, right, merge=False) is None
    said = [
        line
        for line in validate_comprehensive(device.places, str(device.archive), Progress()).warnings
        if line.startswith("The file holds")
    ]
    assert len(said) == bool(words)
    assert all(words in line for line in said)
