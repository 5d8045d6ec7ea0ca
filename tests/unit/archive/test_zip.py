"""ZIPs written by one pass and read with suspicion: other programs agree with both."""

from __future__ import annotations

import io
import os
import random
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.archive import limits, zip_writing
from sidecar.archive.zip_headers import MAX32
from sidecar.archive.zip_reading import PIECE_BYTES, ZipReader
from sidecar.archive.zip_writing import Composite, ZipWriter
from sidecar.errors.backups import DamagedBackup, LimitExceeded
from sidecar.export.exporting import export_data
from sidecar.jobs.inspecting import inspect_backup
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.support import archives
from tests.support.archives import Entries, rezipped, write, write_with_descriptors, write_zip64

MOMENT = (2026, 11, 22, 16, 7, 21)

ENTRIES: Entries = {
    "empty": b"",
    "short": b"x",
    "text.json": b'{"a": "b"}\n' * 1000,
    "noise": random.Random(7).randbytes(3 * PIECE_BYTES + 1),
    "zeros": b"\0" * (5 * PIECE_BYTES),
}


def _written(entries: Entries, large: bool = False) -> io.BytesIO:
    file = io.BytesIO()
    writer = ZipWriter(file, MOMENT, large)
    for name, data in entries.items():
        entry = writer.open(name)
        for start in range(0, len(data), 100_000):
            entry.write(data[start : start + 100_000])
        writer.close(name, entry)
    writer.finish()
    return file


def _read(file: io.BytesIO) -> Entries:
    reader = ZipReader(file)
    return {name: b"".join(reader.pieces(name)) for name in reader.names}


# The writer


@pytest.mark.parametrize("large", [False, True])
def test_zipfile_reads_what_is_written(large: bool) -> None:
    with zipfile.ZipFile(_written(ENTRIES, large)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == ENTRIES
        info = archive.infolist()[0]
        assert info.date_time == (2026, 11, 22, 16, 7, 20), "ZIP counts seconds in twos"
        assert info.external_attr >> 16 == 0o100600


@pytest.mark.parametrize("large", [False, True])
def test_the_reader_reads_what_is_written(large: bool) -> None:
    assert _read(_written(ENTRIES, large)) == ENTRIES


@pytest.mark.parametrize("large", [False, True])
def test_a_composite_holds_the_very_bytes_of_the_entries_it_is_made_of(large: bool) -> None:
    file = io.BytesIO()
    writer = ZipWriter(file, MOMENT, large)
    whole = Composite()
    whole.add(b"<")
    for name, data in ENTRIES.items():
        entry = writer.open(name, whole)
        entry.write(data)
        writer.close(name, entry)
        whole.add(b"|")
    written = writer.compose("whole", whole)
    writer.finish()
    expected = b"<" + b"".join(data + b"|" for data in ENTRIES.values())
    assert _read(file)["whole"] == expected
    assert written.size == len(expected)
    with zipfile.ZipFile(file) as archive:
        assert archive.read("whole") == expected


def test_sizes_and_offsets_beyond_their_fields_get_zip64_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    # 4 GiB cannot be written in a test: let the writer believe that its fields end at 1,000.
    real, mark = MAX32.to_bytes(4, "little"), (1000).to_bytes(4, "little")
    monkeypatch.setattr(zip_writing, "MAX32", 1000)
    content = bytearray(_written(ENTRIES, large=True).getvalue())
    # What marks a field that is too small, turned into what really does.
    end = content.rindex(b"PK\5\6")
    assert content[end + 16 : end + 20] == mark
    content[end + 16 : end + 20] = real
    assert b"PK\6\6" in content[-200:]
    assert b"PK\6\7" in content[-200:]
    for name in ENTRIES:
        header = content.rindex(b"PK\1\2", 0, content.rindex(name.encode()))
        for field in (20, 24, 42):
            if content[header + field : header + field + 4] == mark:
                content[header + field : header + field + 4] = real
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
        assert sorted(archive.namelist()) == sorted(ENTRIES)
        assert [info.file_size for info in archive.infolist()] == [len(data) for data in ENTRIES.values()]


@pytest.mark.slow
def test_sixty_five_thousand_entries_get_a_zip64_directory() -> None:
    file = _written({f"e{number}": b"" for number in range(0x10000 + 1)})
    assert b"PK\6\6" in file.getvalue()[-120:]
    with zipfile.ZipFile(file) as archive:
        assert len(archive.namelist()) == 0x10000 + 1


@pytest.fixture
def backup(places: Places, tmp_path: Path) -> Path:
    """A backup that this program made."""
    path = tmp_path / "own.kpbackup"
    export_data(places, str(path), Progress())
    return path


PROGRAMS: dict[str, Callable[[Path], list[str]]] = {
    "unzip": lambda path: ["unzip", "-tq", str(path)],
    "zip": lambda path: ["zip", "-T", str(path)],
    "7z": lambda path: ["7z", "t", str(path)],
    "7zz": lambda path: ["7zz", "t", str(path)],
    "bsdtar": lambda path: ["bsdtar", "-tf", str(path)],
    "jar": lambda path: ["jar", "tf", str(path)],
}


@pytest.mark.slow(but=3)
@pytest.mark.parametrize("program", PROGRAMS)
def test_other_programs_find_no_fault_in_a_backup(program: str, backup: Path) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed here")
    path = Path(shutil.copy(backup, backup.with_suffix(".zip")))
    done = subprocess.run(PROGRAMS[program](path), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in (done.stdout + done.stderr).lower()


# The reader


REPACKED: dict[str, Callable[[Path, Entries], Path]] = {
    "stored": lambda path, entries: write(path, entries, zipfile.ZIP_STORED),
    "deflated": lambda path, entries: write(path, entries, zipfile.ZIP_DEFLATED),
    "bzip2": lambda path, entries: write(path, entries, zipfile.ZIP_BZIP2),
    "with data descriptors": write_with_descriptors,
    "with ZIP64 headers": write_zip64,
    "in a folder, by a Mac": rezipped,
    "in another order": lambda path, entries: write(path, dict(reversed(entries.items()))),
    "after other bytes": lambda path, entries: (
        path.write_bytes(b"#!/bin/sh\n" * 99 + write(path, entries).read_bytes()),
        path,
    )[1],
    "with a comment": lambda path, entries: _commented(write(path, entries)),
    "with folders": lambda path, entries: write(path, {"empty/": b"", **entries}),
}


def _commented(path: Path) -> Path:
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"my comment " * 5000
    return path


@pytest.mark.parametrize("kind", REPACKED)
def test_every_way_to_pack_a_file_is_read(kind: str, tmp_path: Path) -> None:
    path = REPACKED[kind](tmp_path / "a.zip", ENTRIES)
    with path.open("rb") as file:
        reader = ZipReader(file)
        assert {name: b"".join(reader.pieces(name)) for name in reader.names} == ENTRIES


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("kind", REPACKED)
def test_a_backup_that_was_packed_again_is_valid(
    kind: str, own: bool, backup: Path, places: Places, tmp_path: Path
) -> None:
    entries = archives.entries_of(backup if own else archives.SHIPPED)
    path = REPACKED[kind](tmp_path / "a.zip", entries)
    assert validate_comprehensive(places, str(path), Progress()).errors == []
    assert inspect_backup(str(path), Progress()).task_count


def test_pieces_are_bounded_whatever_an_entry_says(tmp_path: Path) -> None:
    """A hundred megabytes of nothing, from a hundred kilobytes: never more than a piece at a time."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("zeros", "w") as entry:
        for _ in range(100):
            entry.write(bytes(1 << 20))
    with path.open("rb") as file:
        sizes = [len(piece) for piece in ZipReader(file).pieces("zeros")]
    assert sum(sizes) == 100 << 20
    assert max(sizes) <= PIECE_BYTES


def test_names_are_names_and_nothing_is_unpacked(tmp_path: Path) -> None:
    names = {"../up": b"1", "/root": b"2", "a/../b": b"3", "C:\\x": b"4", "ü/é": b"5", "..": b"6", "con": b"7"}
    path = write(tmp_path / "a.zip", names)
    with path.open("rb") as file:
        reader = ZipReader(file)
        # Python's zipfile writes "/" for what separates names on its system.
        written = {name.replace(os.sep, "/"): content for name, content in names.items()}
        assert {name: b"".join(reader.pieces(name)) for name in reader.names} == written
    assert os.listdir(tmp_path) == ["a.zip"]  # noqa: PTH208


def test_one_common_folder_is_stripped_and_no_more(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"top/x": b"", "top/sub/y": b"", "__MACOSX/top/._x": b"", ".DS_Store": b""})
    with path.open("rb") as file:
        assert ZipReader(file).names == ["x", "sub/y"]
    with write(tmp_path / "b.zip", {"one/x": b"", "two/x": b""}).open("rb") as file:
        assert ZipReader(file).names == ["one/x", "two/x"]
    with write(tmp_path / "c.zip", {"top/x": b"", "x": b""}).open("rb") as file:
        assert ZipReader(file).names == ["top/x", "x"]


def test_entries_are_bounded(tmp_path: Path) -> None:
    for count, fits in ((limits.MAX_ENTRIES, True), (limits.MAX_ENTRIES + 1, False)):
        path = write(tmp_path / "a.zip", {f"e{number}": b"" for number in range(count)}, zipfile.ZIP_STORED)
        with path.open("rb") as file:
            if fits:
                assert len(ZipReader(file).names) == count
            else:
                with pytest.raises(LimitExceeded):
                    ZipReader(file)


def test_a_file_that_shrinks_while_it_is_read_is_damaged(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", ENTRIES, zipfile.ZIP_STORED)
    with path.open("rb") as file:
        reader = ZipReader(file)
        os.truncate(path, 2000)
        with pytest.raises(DamagedBackup):
            list(reader.pieces("noise"))


@pytest.mark.parametrize(("year", "written"), [(1975, 1980), (2107, 2107), (2108, 2107), (9999, 2107)])
def test_a_year_that_a_zip_cannot_say_is_the_nearest_it_can(year: int, written: int) -> None:
    file = io.BytesIO()
    writer = ZipWriter(file, (year, 6, 1, 12, 0, 0), large=False)
    writer.write("a", b"a")
    writer.finish()
    with zipfile.ZipFile(file) as archive:
        assert archive.infolist()[0].date_time == (written, 6, 1, 12, 0, 0)
