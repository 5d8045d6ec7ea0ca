"""Real backups cut at every byte, and with a bit turned in every byte: refused, or imported row for row.

A turned bit may be accepted only where it means nothing: in a time stamp, a version, attributes or flags of a
header, or in the padding of the packed data. The normal run tries a sample of each backup; ``-m exhaustive`` all.
"""

from __future__ import annotations

import io
import random
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from sidecar.errors.base import SidecarError
from sidecar.export.exporting import export_data
from sidecar.jobs import comparing
from sidecar.jobs.importing import import_data
from sidecar.jobs.inspecting import inspect_backup
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from sidecar.selection.request import Selection
from tests.conftest import DATA, EVERY_KIND, Cases
from tests.support.archives import CENTRAL, LOCAL
from tests.support.databases import Contents, assert_same_contents, contents, execute
from tests.support.oracle import NEVER_THE_FILE, Device

CUT = "A backup cut at any byte is refused, and nothing is changed"
TURNED = "A backup with a turned bit is refused, or the bit means nothing and every row is the same"

OWN = "of ours"
PART = "of ours, of which a part is imported"
BACKUPS = (*sorted(path.stem for path in DATA.glob("*.kpbackup")), OWN, PART)

SAMPLE = 30
"""Cases of each backup and kind in the normal run."""

MEANINGLESS = {
    CENTRAL.size: (*range(4, 10), *range(12, 16), *range(36, 42)),
    LOCAL.size: (*range(4, 8), *range(10, 14)),
}
"""Size of a header -> the bytes of it that may change: versions, flags, time; in the directory, attributes too."""


class Subject:
    """One backup, and a device whose database is put back after each case."""

    def __init__(self, root: Path, name: str) -> None:
        is_own = name in (OWN, PART)
        # What is not selected stays as it is, whatever becomes of it in the backup.
        self.selection = Selection(tables=["time_sessions"]) if name == PART else None
        self.device = Device(root, DATA / f"{EVERY_KIND if is_own else name}.db")
        if is_own:
            export_data(self.device.places, str(self.device.archive), Progress())
            self.whole = self.device.archive.read_bytes()
        else:
            self.whole = (DATA / f"{name}.kpbackup").read_bytes()
            self.device.archive.write_bytes(self.whole)
        # So that an import that does nothing is told from one that does all.
        execute(self.device.database, "UPDATE tasks SET title = 'changed'", "DELETE FROM time_sessions")
        self.device.keep()
        self._import()
        self.right: Contents = contents(self.device.database, ())
        self.device.put_back()
        self._left = self.device.files()

    def refused(self, content: bytes) -> bool:
        """Whether the content is refused by validation and import alike; if not, that every row is right."""
        device, path = self.device, str(self.device.archive)
        device.archive.write_bytes(content)
        verdict = validate_comprehensive(device.places, path, Progress())
        _ends_well(lambda: inspect_backup(path, Progress()))
        refused = not _ends_well(self._import)
        assert verdict.is_valid != refused
        if not refused:
            assert_same_contents(contents(device.database, ()), self.right)
            device.put_back()
        device.archive.write_bytes(self.whole)
        return refused

    def _import(self) -> None:
        import_data(self.device.places, str(self.device.archive), True, Progress(), selection=self.selection)

    def nothing_is_left(self) -> None:
        """The database and every folder are what they were."""
        assert self.device.files() == self._left


def _ends_well(job: Callable[[], object]) -> bool:
    try:
        job()
    except SidecarError as error:
        failed = error
    else:
        return True
    assert not isinstance(failed, NEVER_THE_FILE), failed
    return False


@pytest.fixture(scope="module", params=BACKUPS)
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return Subject(tmp_path_factory.mktemp("subject"), request.param)


def _sample(whole: bytes) -> list[int]:
    """Some bytes of the entries, as many of the directory, and the very ends."""
    directory = zipfile.ZipFile(io.BytesIO(whole)).start_dir
    chosen = random.Random(len(whole))
    places = chosen.sample(range(directory), SAMPLE // 2) + chosen.sample(range(directory, len(whole)), SAMPLE // 2)
    return sorted({*places, 0, len(whole) - 1})


def _try_cuts(subject: Subject, lengths: Iterable[int], cases: Cases) -> None:
    for length in lengths:
        assert subject.refused(subject.whole[:length]), f"cut at {length}"
        cases.record(CUT)
    subject.nothing_is_left()


def _try_bits(subject: Subject, places: Iterable[int], cases: Cases) -> None:
    meaningless = _without_meaning(subject.whole)
    for place in places:
        # One bit of each byte, another from byte to byte.
        turned = bytearray(subject.whole)
        turned[place] ^= 1 << (place * 5 + place // 8) % 8
        if not subject.refused(bytes(turned)):
            assert place in meaningless or _unpacks_the_same(subject.whole, bytes(turned), place), f"byte {place}"
        cases.record(TURNED)
    subject.nothing_is_left()


def _headers(whole: bytes) -> Iterator[tuple[int, int, int]]:
    """(place of the header in the directory, place of the one in front, place behind the packed data) of each entry."""
    at = zipfile.ZipFile(io.BytesIO(whole)).start_dir
    while whole[at : at + 4] == b"PK\1\2":
        header = CENTRAL.unpack_from(whole, at)
        front = header[16]
        local = LOCAL.unpack_from(whole, front)
        yield at, front, front + LOCAL.size + local[9] + local[10] + header[8]
        at += CENTRAL.size + header[10] + header[11] + header[12]


def _without_meaning(whole: bytes) -> set[int]:
    return {
        place + byte
        for directory, front, _ in _headers(whole)
        for place, size in ((directory, CENTRAL.size), (front, LOCAL.size))
        for byte in MEANINGLESS[size]
    }


def _unpacks_the_same(whole: bytes, turned: bytes, place: int) -> bool:
    """Whether ``place`` lies in the packed data of an entry that zlib unpacks to the same bytes all the same."""
    for directory, front, end in _headers(whole):
        start = end - CENTRAL.unpack_from(whole, directory)[8]
        if start <= place < end:
            one, other = (zlib.decompress(data[start:end], wbits=-15) for data in (whole, turned))
            return one == other
        assert not front <= place < start, f"byte {place} is one of a header"
    return False


@pytest.mark.slow
def test_a_backup_cut_somewhere_is_refused(subject: Subject, cases: Cases) -> None:
    _try_cuts(subject, _sample(subject.whole), cases)


@pytest.mark.slow
def test_a_bit_turned_somewhere_is_refused_or_means_nothing(subject: Subject, cases: Cases) -> None:
    _try_bits(subject, _sample(subject.whole), cases)


@pytest.fixture
def no_offers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused import does not try what a salvage would give: half of its time, and another campaign's subject."""
    monkeypatch.setattr(comparing, "offering_salvage", lambda *_, **__: nullcontext())


@pytest.mark.exhaustive
@pytest.mark.usefixtures("no_offers")
def test_a_backup_cut_at_every_byte_is_refused(subject: Subject, cases: Cases) -> None:
    _try_cuts(subject, range(len(subject.whole)), cases)


@pytest.mark.exhaustive
@pytest.mark.usefixtures("no_offers")
def test_a_bit_turned_in_every_byte_is_refused_or_means_nothing(subject: Subject, cases: Cases) -> None:
    _try_bits(subject, range(len(subject.whole)), cases)
