"""A backup inside of another file opens in every job alike; two in one, or too many layers, are refused."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.errors.backups import DamagedBackup, LimitExceeded, SeveralBackups
from sidecar.jobs.importing import preview_import
from sidecar.jobs.inspecting import inspect_backup
from sidecar.jobs.validating import validate_basic, validate_comprehensive
from sidecar.progress import Progress
from tests.conftest import DATA, GENERATIONS, Cases
from tests.support.archives import SHIPPED, TASK, made_of, write
from tests.support.databases import execute
from tests.support.given_files import OPENS, give, gzipped, zipped
from tests.support.oracle import Device, judge

WRAPPED: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "in a ZIP": (zipped("kirapilot-backup-2025-09-08.kpbackup"), ""),
    "in a ZIP, in a folder, with litter": (
        zipped("Downloads/b.kpbackup", {"Downloads/.DS_Store": b"x", "Thumbs.db": b"x"}), "the rest is left out",
    ),
    "in a ZIP, with a letter": (zipped("b.kpbackup", {"read me.txt": b"hello"}), "the rest is left out"),
    "in a ZIP, called a ZIP": (zipped("backup.zip"), ""),
    "gzipped": (gzipped, ""),
    "gzipped in a ZIP": (lambda data: zipped("b.kpbackup.gz")(gzipped(data)), ""),
}  # fmt: skip


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("kind", WRAPPED)
@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_backup_inside_of_another_file_opens(kind: str, generation: str, tmp_path: Path, cases: Cases) -> None:
    backup = DATA / f"{generation}.kpbackup"
    device = Device(tmp_path, backup.with_suffix(".db"))
    execute(device.database, "UPDATE tasks SET title = 'changed'")
    device.keep()
    right = device.imported(backup)
    pack, words = WRAPPED[kind]
    give(device, pack(backup.read_bytes()))
    assert judge(device, right, merge=False) is None
    warnings = validate_comprehensive(device.places, str(device.archive), Progress()).warnings
    assert any("the rest is left out" in line for line in warnings) == bool(words)
    assert inspect_backup(str(device.archive), Progress(), device.places).form == "archive"
    cases.record(OPENS)


@pytest.mark.parametrize("salvage", [False, True])
def test_import_and_salvage_do_not_send_each_other_in_a_circle(salvage: bool, device: Device) -> None:
    give(device, zipped("b.kpbackup")(SHIPPED.read_bytes()))
    assert preview_import(device.places, str(device.archive), True, Progress(), salvage=salvage).task_count


def test_a_zip_that_holds_two_backups_is_refused_with_their_names(device: Device) -> None:
    backup = SHIPPED.read_bytes()
    give(device, zipped("a.kpbackup", {"b.kpbackup": backup})(backup))
    judge(device, only=SeveralBackups)
    with pytest.raises(SeveralBackups, match=r"holds 2 backups: a\.kpbackup, b\.kpbackup\. Unpack it, and choose one"):
        validate_basic(device.places, str(device.archive), Progress())


@pytest.mark.slow
def test_a_backup_is_unpacked_a_few_times_over_and_no_more(device: Device) -> None:
    data = SHIPPED.read_bytes()
    for layers in range(1, 5):
        data = gzipped(data)
        give(device, data)
        judge(device, only=None if layers <= 3 else LimitExceeded)


@pytest.mark.parametrize("spoil", [lambda data: data[:-9], lambda data: data[:500] + b"x" * 99 + data[599:]])
def test_a_gzip_file_that_is_cut_or_overwritten_is_damaged(spoil: Callable[[bytes], bytes], device: Device) -> None:
    give(device, spoil(gzipped(SHIPPED.read_bytes())))
    judge(device, only=DamagedBackup)


@pytest.mark.slow
def test_a_zip_of_ordinary_files_is_still_missing_its_data(device: Device) -> None:
    with zipfile.ZipFile(device.archive, "w") as archive:
        archive.writestr("tasks.json", json.dumps([TASK]))
    assert judge(device) == "missing_data"
    write(device.archive, made_of())
    assert judge(device) is None
