"""ZIPs made to deceive: whatever their headers say, one error for people or a correct import, and nothing left behind.

What test_forged_headers forges is not forged again; here are the lies that take more than one field.
"""

from __future__ import annotations

import shutil
import stat
import struct
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest

from sidecar.errors.backups import DamagedBackup, LimitExceeded, NotABackup
from sidecar.errors.base import SidecarError
from sidecar.errors.paths import DiskFull
from tests.support import archives
from tests.support.archives import Header, by_hand, headers, made_of
from tests.support.databases import Contents
from tests.support.oracle import Device, judge

MAX16, MAX32, MAX64 = 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """What the database holds once the honest archive is imported."""
    device = Device(tmp_path_factory.mktemp("right"))
    return device.imported(by_hand(device.archive, headers(made_of())))


def _extra64(*values: int) -> bytes:
    """A ZIP64 extra field with these values."""
    return struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values)


def _tasks(made: list[Header]) -> Header:
    assert made[2].name == b"tasks.json"
    return made[2]


def _set(**changes: Any) -> Callable[[list[Header]], None]:
    return lambda made: _tasks(made).__dict__.update(changes)


def _add(*further: Header) -> Callable[[list[Header]], None]:
    return lambda made: made.extend(further)


def _on_every(**changes: Any) -> Callable[[list[Header]], None]:
    return lambda made: [header.__dict__.update(changes) for header in made].clear()


def _size_64(made: list[Header]) -> None:
    """An honest ZIP64 entry: placeholders, and the sizes in both extra fields."""
    tasks = _tasks(made)
    size, packed = len(tasks.data), len(tasks.body())
    tasks.central = tasks.local = {"size": MAX32, "packed": MAX32}
    tasks.extra = tasks.local_extra = _extra64(size, packed)


def _lie_64(
    *, local: tuple[int, ...] | None = None, central: tuple[int, ...] | None = None, also: dict[str, Any] | None = None
) -> Callable[[list[Header]], None]:
    """The same with other ZIP64 fields, or none for (), and in front something else that is not so."""

    def lie(made: list[Header]) -> None:
        _size_64(made)
        tasks = _tasks(made)
        if local is not None:
            tasks.local_extra = _extra64(*local) if local else b""
        if central is not None:
            tasks.extra = _extra64(*central) if central else b""
        tasks.local = dict(tasks.local or {}) | (also or {})

    return lie


def _offset_64(offset: int) -> Callable[[list[Header]], None]:
    return _set(offset=MAX32, extra=_extra64(offset))


def _within_extra(made: list[Header]) -> None:
    """An entry that lies in what its neighbour calls an extra field."""
    hidden = Header(b"x", b"", 0)
    made[1].local_extra = struct.pack("<HH", 0x9999, 60) + hidden.in_front().ljust(60)
    hidden.offset = len(made[0].in_front()) + 30 + len(made[1].name) + 4
    made.append(hidden)


def _symbolic(name: bytes) -> Header:
    return Header(name, b"/etc/passwd", method=0, attributes=(stat.S_IFLNK | 0o777) << 16)


def _huge(name: bytes, size: int, method: int = 8, packed: bytes = b"\x03\x00") -> Header:
    """An entry that says it is ``size`` bytes long, by ZIP64 in both headers."""
    return Header(
        name, b"", method=method, packed=packed, central={"size": MAX32}, local={"size": MAX32, "packed": MAX32},
        extra=_extra64(size), local_extra=_extra64(size, len(packed)),
    )  # fmt: skip


LIES: dict[str, tuple[Callable[[list[Header]], object], type[SidecarError]]] = {
    # Names
    "a name that goes on after a NUL": (_set(name=b"tasks.json\0.exe"), DamagedBackup),
    "a name that is a NUL": (_add(Header(b"\0", b"x")), DamagedBackup),
    "a name that is not the UTF-8 it says": (_set(name=b"\xff\xfe.json", flags=0x800), DamagedBackup),
    "names of which one is UTF-8": (_set(name="ü.json".encode(), local={"flags": 0x800}), DamagedBackup),
    "a name that is another in the directory by a letter": (_set(local={"name": b"Tasks.json"}), DamagedBackup),
    "a name that is longer in front": (_set(local={"name": b"tasks.json\0"}), DamagedBackup),
    # What entries are
    "a symbolic link of no interest": (_add(_symbolic(b"link")), NotABackup),
    "an encrypted entry of no interest": (_add(Header(b"secret", b"x" * 12, flags=1)), NotABackup),
    "strong encryption": (_add(Header(b"secret", b"x" * 12, flags=0x41)), NotABackup),
    "a directory that is encrypted": (_set(flags=0x2001), NotABackup),
    "an entry on another disk": (_set(disk=1), NotABackup),
    # Sizes
    "nothing of much": (_set(size=1 << 20, packed=b"\x03\x00"), DamagedBackup),
    "stored, and longer than it is": (_set(method=0, size=9999), DamagedBackup),
    "stored, and shorter than it is": (_set(method=0, size=1), DamagedBackup),
    "a descriptor for an excuse": (
        _set(flags=8, local={"crc": 1, "size": 2, "packed": 3}),
        DamagedBackup,
    ),
    "a descriptor in front only": (_set(local={"flags": 8, "crc": 1, "size": 2, "packed": 3}), DamagedBackup),
    "a placeholder without its ZIP64 field in front": (_lie_64(local=()), DamagedBackup),
    "a placeholder without its ZIP64 field in the directory": (_lie_64(central=()), DamagedBackup),
    "a ZIP64 size in front that is another": (_lie_64(local=(7, 7)), DamagedBackup),
    "a ZIP64 field in front cut short": (_lie_64(local=(1,)), DamagedBackup),
    "a ZIP64 size in the directory that is another": (_lie_64(central=(7, 7)), DamagedBackup),
    "a ZIP64 size beyond the file": (_lie_64(central=(1 << 40, 1 << 40)), DamagedBackup),
    "a ZIP64 size of all bits": (_lie_64(central=(MAX64, MAX64)), DamagedBackup),
    "another checksum behind a placeholder": (
        _lie_64(also={"crc": 7}),
        DamagedBackup,
    ),
    "an exabyte out of two bytes": (_add(_huge(b"bomb", 1 << 60)), DamagedBackup),
    "an exabyte out of two bytes, by bzip2": (_add(_huge(b"bomb", 1 << 60, 12, b"BZ")), DamagedBackup),
    "a size beyond 63 bits": (_add(_huge(b"bomb", MAX64)), DamagedBackup),
    # Places
    "an offset beyond 63 bits": (_offset_64(MAX64), DamagedBackup),
    "an offset of 63 bits": (_offset_64(1 << 62), DamagedBackup),
    "an offset at the very end": (_set(offset=1 << 20), DamagedBackup),
    "an entry that reaches into the directory": (
        lambda made: made[-1].__dict__.update(central={"packed": 40}, local={"packed": 40}),
        DamagedBackup,
    ),
    "an entry within the extra field of another": (
        _within_extra,
        DamagedBackup,
    ),
    # Extra fields
    "an extra field longer than its place": (_set(extra=struct.pack("<HH", 0x5455, 500) + b"x"), DamagedBackup),
    "an extra field longer than its place, in front": (
        _set(local_extra=struct.pack("<HH", 1, 500) + b"x", local={"size": MAX32, "packed": MAX32}),
        DamagedBackup,
    ),
    "a directory of four megabytes and more": (
        _add(*(Header(b"e%d" % i, b"", 0, comment=b"c" * 60_000) for i in range(80))),
        LimitExceeded,
    ),
    "a bomb of overlapping entries": (
        _add(
            Header(b"run", b"r" * 5_000_000),
            *(Header(b"b%d" % i, b"r" * 5_000_000, packed=b"", central={"packed": 4887}, offset=0) for i in range(50)),
        ),
        DamagedBackup,
    ),
}  # fmt: skip


@pytest.mark.slow(but=3)
@pytest.mark.parametrize("kind", LIES)
def test_headers_that_lie_are_found_out(kind: str, device: Device) -> None:
    lie, error = LIES[kind]
    made = headers(made_of())
    lie(made)
    by_hand(device.archive, made)
    judge(device, only=error)


ENDS: dict[str, tuple[dict[str, Any], type[SidecarError]]] = {
    "the second of two disks": ({"disk": 1}, NotABackup),
    "a directory that begins on another disk": ({"first_disk": 1}, NotABackup),
    "a set of disks, by ZIP64": ({"zip64": {"disks": 2}}, NotABackup),
    "the second disk, by ZIP64": ({"zip64": {"disk": 1, "disks": 1}}, NotABackup),
    "fewer entries than there are": ({"count": 7, "here": 7}, DamagedBackup),
    "more entries than there are": ({"count": 9, "here": 9}, DamagedBackup),
    "fewer entries on this disk": ({"here": 7}, DamagedBackup),
    "no entries at all": ({"count": 0, "here": 0}, DamagedBackup),
    "fewer entries, by ZIP64": ({"zip64": {"count": 1, "here": 1}}, DamagedBackup),
    "entries without end, by ZIP64": ({"zip64": {"count": MAX64, "here": MAX64}}, DamagedBackup),
    "a directory that is too short": ({"size": 20}, DamagedBackup),
    "a directory that is too long": ({"size": 5000}, DamagedBackup),
    "a directory of four gigabytes": ({"size": MAX32 - 1}, DamagedBackup),
    "a directory at the beginning": ({"offset": 0}, DamagedBackup),
    "a directory beyond the end": ({"offset": 1 << 30}, DamagedBackup),
    "a directory of all bits, by ZIP64": ({"zip64": {"size": MAX64}}, DamagedBackup),
    "a directory beyond 63 bits, by ZIP64": ({"zip64": {"offset": MAX64}}, DamagedBackup),
    "placeholders without a ZIP64 end": ({"size": MAX32, "offset": MAX32}, DamagedBackup),
    "a locator that leads to the beginning": ({"zip64": {"locator": 0}}, DamagedBackup),
    "a locator beyond 63 bits": ({"zip64": {"locator": MAX64}}, DamagedBackup),
}


@pytest.mark.slow(but=3)
@pytest.mark.parametrize("kind", ENDS)
def test_an_end_of_the_directory_that_lies_is_found_out(kind: str, device: Device) -> None:
    said, error = ENDS[kind]
    by_hand(device.archive, headers(made_of()), **said)
    judge(device, only=error)


def _others(*names: str) -> Callable[[list[Header]], None]:
    return _add(*(Header(name.encode(), b"not ours", flags=0x800) for name in names))


HARMLESS: dict[str, Callable[[list[Header]], object]] = {
    "absolute names": _others("/etc/passwd", "//server/share", "C:\\Windows\\x", "\\\\server\\x", "~/x", "file:///x"),
    "names that climb": _others("../x", "../../../../x", "a/../../x", "..\\..\\x", "./x", "..", "."),
    "names of devices": _others("con", "NUL", "aux.txt", "COM1", "/dev/null", "x:stream", "x "),
    "control characters": _others("a\nb", "a\tb", "\x1b[31mred", "a\rb", "\x7f", "a\u202egnp.exe", "\ufeff"),
    "names of 60,000 bytes": _others("n" * 60_000, "m/" * 30_000),
    "names that differ in case": _others("Tasks.json", "DATA.JSON", "Metadata.json", "manifest.JSON"),
    "names that differ in their normal form": _others("e\u0301.json", "\u00e9.json", "ta\u0073\u0323ks.json"),
    "names like ours but for a look": _others(
        "\u0442asks.json", "data.json ", " data.json", "data.json.", "data.json\\"
    ),
    "directories, with data too": _add(
        Header(b"d/", b"", 0, attributes=0x10), Header(b"data.json/", b"[]", 0), Header(b"tasks.json/x", b"x")
    ),
    "empty entries": _add(Header(b"empty", b"", 0), Header(b"empty too", b""), Header(b"and.json", b"", 0)),
    "pipes and devices": _add(*(Header(b"f%x" % kind, b"", 0, attributes=(kind | 0o777) << 16) for kind in (
        stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK,
    ))),
    "comments": _on_every(comment=b"PK\3\4 a comment " * 100),
    "unknown extra fields": _on_every(extra=struct.pack("<HH", 0x7788, 4) + b"abcd", local_extra=b"\x55\x54\1\0x"),
    "another name in an extra field": _set(extra=struct.pack("<HHBI", 0x7075, 14, 1, 0) + b"data.json"),
    "bytes between entries": _on_every(gap=b"PK\3\4 and what nobody reads"),
    "ZIP64 sizes": _size_64,
    "a ZIP64 offset": lambda made: _offset_64(len(made[0].in_front()) + len(made[1].in_front()))(made),
    "descriptors": _on_every(flags=8, local={"crc": 0, "size": 0, "packed": 0}),
    "in another order": lambda made: made.reverse(),
    "bits of no meaning": _on_every(flags=0x6, disk=0),
}  # fmt: skip


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("kind", HARMLESS)
def test_oddities_of_headers_do_no_harm(kind: str, device: Device, right: Contents) -> None:
    made = headers(made_of())
    HARMLESS[kind](made)
    by_hand(device.archive, made)
    assert judge(device, right) is None


AROUND: dict[str, Callable[[bytes], bytes]] = {
    "a comment": lambda whole: whole[:-2] + b"\5\0hello",
    "a comment of all the bytes it may have": lambda whole: whole[:-2] + b"\xff\xff" + b"c" * MAX16,
    "bytes before it": lambda whole: b"MZ" * 5000 + whole,
    "another archive before it": lambda whole: by_bytes([Header(b"data.json", b"{}")]) + whole,
    "a newline after it": lambda whole: whole + b"\n",
    "bytes after it": lambda whole: whole + bytes(60_000),
}


def by_bytes(made: list[Header], **end: Any) -> bytes:
    """An archive by hand, as bytes."""
    with TemporaryDirectory() as folder:
        return by_hand(Path(folder, "a.zip"), made, **end).read_bytes()


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("kind", AROUND)
def test_what_stands_around_an_archive_does_no_harm(kind: str, device: Device, right: Contents) -> None:
    device.archive.write_bytes(AROUND[kind](by_bytes(headers(made_of()))))
    assert judge(device, right) is None


BEHIND: dict[str, Callable[[bytes], bytes]] = {
    "more than a comment could be": lambda whole: whole + bytes(70_000),
    "another archive": lambda whole: whole + by_bytes([Header(b"data.json", b"{}")]),
    "an end without a beginning": lambda whole: whole + b"PK\5\6" + bytes(18),
    "half an end": lambda whole: whole + b"PK\5\6\0\0",
    "a comment that holds an end": lambda whole: whole[:-2] + b"\x1a\0" + b"evil" + b"PK\5\6" + bytes(18),
}


@pytest.mark.slow(but=3)
@pytest.mark.parametrize("kind", BEHIND)
def test_what_hides_the_end_of_an_archive_is_refused(kind: str, device: Device) -> None:
    device.archive.write_bytes(BEHIND[kind](by_bytes(headers(made_of()))))
    assert judge(device) in (DamagedBackup.kind, NotABackup.kind, "missing_data")


@pytest.mark.parametrize("field", [28, 30, 32], ids=["name", "extra field", "comment"])
def test_a_header_that_reaches_beyond_the_directory_is_found_out(field: int, device: Device) -> None:
    whole = bytearray(by_bytes(headers(made_of())))
    whole[whole.rindex(b"PK\1\2") + field + 1] ^= 0x20
    device.archive.write_bytes(whole)
    judge(device, only=DamagedBackup)


def test_an_archive_in_a_zip64_of_its_own_is_read(device: Device, right: Contents) -> None:
    by_hand(device.archive, headers(made_of()), zip64={})
    assert judge(device, right) is None


def test_names_given_twice_are_refused_whatever_folder_is_stripped(device: Device) -> None:
    for top in (b"", b"top/"):
        made = [Header(top + header.name, header.data) for header in headers(made_of())]
        by_hand(device.archive, [*made, made[2]])
        judge(device, only=DamagedBackup)


def test_a_bomb_is_refused_for_want_of_space_before_it_goes_off(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1000:1 is honest; what it takes must fit on the disk, even if nobody wants it."""
    entries = made_of() | {"bomb.json": b"[" + b" " * (50 << 20) + b"]"}
    archives.write(device.archive, entries)
    assert device.archive.stat().st_size < 100_000
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=1 << 30, free=50 << 20))
    judge(device, only=DiskFull)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=1 << 30, free=51 << 20))
    assert judge(device) is None
