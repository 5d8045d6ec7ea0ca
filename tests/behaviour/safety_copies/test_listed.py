"""Safety copies as they are listed: what each holds, and whether every byte of it proves."""

from __future__ import annotations

import shutil
import time
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from sidecar.errors.base import Cancelled
from sidecar.export import safety_copies
from sidecar.export.safety_copies import moment_of
from sidecar.jobs.listing import list_backups
from sidecar.jobs.undoing import undo_last_import
from sidecar.progress import INTERVAL, Progress, Report
from tests.conftest import EVERY_KIND, FIRST, THIRD
from tests.support.databases import bring_in, counts, places_of
from tests.support.jobs import state
from tests.support.safety_copies import damage, folder_of, import_alternately, shipped


def listed(device: Path) -> list[tuple[str, bool]]:
    found = list_backups(places_of(device), Progress())
    assert found.folder == str(folder_of(device))
    return [(copy.path, copy.proved) for copy in found.backups]


def test_copies_are_listed_with_what_they_hold_the_newest_first(device: Path) -> None:
    assert listed(device) == []
    tasks = [counts(device)["tasks"]]
    made = []
    for backup in (THIRD, FIRST, EVERY_KIND):
        made.append(bring_in(device, shipped(backup)).safety_copy)
        tasks.append(counts(device)["tasks"])
    found = list_backups(places_of(device), Progress()).backups
    assert [copy.path for copy in found] == made[::-1]
    assert [copy.task_count for copy in found] == tasks[-2::-1]
    for copy in found:
        assert copy.proved
        assert copy.reason is None
        assert copy.size == Path(copy.path).stat().st_size
        assert datetime.fromisoformat(copy.created_at) >= (moment_of(Path(copy.path)) or datetime.max)


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("entry", ["data.json", "tasks.json", "metadata.json", "manifest.json", "task_lists.json"])
def test_a_damaged_copy_is_listed_as_such(entry: str, device: Path) -> None:
    good, bad = (result.safety_copy or "" for result in import_alternately(device, 2))
    damage(Path(bad), entry)
    assert listed(device) == [(bad, False), (good, True)]
    damaged = list_backups(places_of(device), Progress()).backups[0]
    assert damaged.reason
    # What it said of itself is shown as long as that can be read.
    assert (damaged.task_count > 0) == (entry not in ("metadata.json", "manifest.json"))
    assert damaged.created_at[:10] == (moment_of(Path(bad)) or datetime.max).isoformat()[:10]


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _of_the_app(path: Path) -> None:
    shutil.copy(shipped(THIRD), path)


def _without_an_entry(path: Path) -> None:
    _rezip(path, lambda name: name != "threads.json")


def _with_one_more(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("more.json", "[]")


def _with_another_word(path: Path) -> None:
    """A sound archive in every other respect."""
    _rezip(path, change=lambda data: data.replace(b'"status":"pending"', b'"status":"changed"'))


def _rezip(path: Path, keep: Callable[[str], bool] = bool, change: Callable[[bytes], bytes] = bytes) -> None:
    with zipfile.ZipFile(path) as archive:
        entries = {name: change(archive.read(name)) for name in archive.namelist() if keep(name)}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("spoil", [_empty, _cut, _of_the_app, _without_an_entry, _with_one_more, _with_another_word])
def test_a_copy_that_is_not_what_was_written_is_not_proved(spoil: Callable[[Path], None], device: Path) -> None:
    copy = bring_in(device, shipped(THIRD)).safety_copy or ""
    spoil(Path(copy))
    assert listed(device) == [(copy, False)]


def test_a_listing_can_be_cancelled_and_shows_its_progress(device: Path) -> None:
    import_alternately(device, 3)
    reports: list[Report] = []
    list_backups(places_of(device), Progress(listen=reports.append))
    assert (reports[0].phase, reports[0].total) == ("prove", 3)
    looks = iter(range(1000))
    with pytest.raises(Cancelled):
        list_backups(places_of(device), Progress(cancelled=lambda: next(looks) > 5))


def test_a_listing_changes_nothing(device: Path) -> None:
    import_alternately(device, 2)
    before = state(device.parent)
    listed(device)
    assert state(device.parent) == before


def test_copies_of_a_missing_database_are_listed_still(device: Path) -> None:
    """It is then that they are needed."""
    (copy,) = (result.safety_copy for result in import_alternately(device, 1))
    device.unlink()
    assert listed(device) == [(copy, True)]


@pytest.mark.slow
def test_proof_is_of_every_byte(device: Path) -> None:
    """A bit flipped anywhere shows, unless it says nothing: times, and who made the archive."""
    copy = Path(bring_in(device, shipped(THIRD)).safety_copy or "")
    good = copy.read_bytes()
    unseen = []
    for at in range(0, len(good), 61):
        raw = bytearray(good)
        raw[at] ^= 1 << at % 8
        copy.write_bytes(raw)
        if listed(device)[0][1]:
            unseen.append(at)
    data = _data_ranges(good, copy)
    assert not [at for at in unseen if any(start <= at < end for start, end in data)]


def _data_ranges(good: bytes, copy: Path) -> list[tuple[int, int]]:
    """Where the packed bytes of entries lie."""
    copy.write_bytes(good)
    with zipfile.ZipFile(copy) as archive:
        return [
            (start, start + info.compress_size)
            for info in archive.infolist()
            for start in (info.header_offset + 30 + len(info.filename),)
        ]


def test_a_copy_is_damaged_for_lack_of_a_manifest_in_so_many_words(device: Path) -> None:
    copy = bring_in(device, shipped(THIRD)).safety_copy or ""
    _of_the_app(Path(copy))
    assert "manifest.json" in (list_backups(places_of(device), Progress()).backups[0].reason or "")


@pytest.mark.slow
def test_an_undo_that_passes_copies_over_reports_no_more_than_any_job(device: Path) -> None:
    """The phases come again with each copy that is looked at; each of them reports at once one time alone."""
    bring_in(device, shipped(THIRD))
    for _ in range(4):
        safety_copies.SafetyCopy(places_of(device), None, Progress).make()
    reports: list[Report] = []
    begun = time.monotonic()
    undo_last_import(places_of(device), Progress(listen=reports.append))
    seconds = time.monotonic() - begun
    assert len(reports) <= 4 + seconds / INTERVAL
    percentages = [report.percentage for report in reports]
    assert percentages == sorted(percentages)
