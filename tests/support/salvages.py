"""What the tests of salvages share: one that is asked for and held to what every salvage must keep, and damage."""

from __future__ import annotations

from pathlib import Path

from sidecar.jobs.importing import import_data, preview_import
from sidecar.progress import Progress
from sidecar.results import ImportResult, SalvageReport
from tests.support.archives import Entries, by_hand, entries_of, headers
from tests.support.databases import assert_accounted, counts, places_of, query
from tests.support.shipped import shipped_archive, task


def salvage(device: Path, archive: Path, overwrite: bool = True, allow_loss: bool = False) -> ImportResult:
    """Import what can be proved, and hold what every import must keep; and that no row of the device is gone."""
    places, before = places_of(device), counts(device)
    untouched = device.read_bytes()
    predicted = preview_import(places, str(archive), overwrite, Progress(), allow_loss, salvage=True)
    assert device.read_bytes() == untouched
    result = import_data(places, str(archive), overwrite, Progress(), allow_loss, salvage=True)
    assert (result.tables, result.warnings, result.salvage) == (predicted.tables, predicted.warnings, predicted.salvage)
    assert_accounted(result, before, counts(device))
    assert all(account.removed == account.untied == 0 for account in result.tables.values())
    assert query(device, "PRAGMA foreign_key_check") == []
    assert query(device, "PRAGMA integrity_check") == [("ok",)]
    report = report_of(result)
    for name, table in report.tables.items():
        account = result.tables.get(name)
        assert account is None or account.read == table.taken + sum(table.left_out.values()), name
    return result


def report_of(result: ImportResult) -> SalvageReport:
    assert result.salvage is not None
    return result.salvage


def damaged(entries: Entries, path: Path, *names: str) -> Path:
    """An archive in which a byte in the middle of some entries is another one."""
    made = headers(entries)
    for header in made:
        if header.name.decode() in names:
            body = bytearray(header.body())
            body[len(body) // 2] ^= 0xFF
            header.packed = bytes(body)
    return by_hand(path, made)


def two_tasks(path: Path) -> Entries:
    """The entries of a backup of the app with two tasks."""
    return entries_of(shipped_archive(path / "made.kpbackup", tasks=[task("a"), task("b")]))


def without(entries: Entries, name: str) -> Entries:
    """A backup that lacks an entry."""
    return {key: data for key, data in entries.items() if key != name}


def cut(path: Path, from_end: int, from_start: int = 0) -> Path:
    """A file that lost so many bytes at its ends."""
    path.write_bytes(path.read_bytes()[from_start:-from_end])
    return path
