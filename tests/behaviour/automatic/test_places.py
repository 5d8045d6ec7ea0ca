"""Places as people name them: files, links, the same folder twice, those that come late; and a policy that is lost."""

from __future__ import annotations

import json
import os
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sidecar.automatic import own_files, running
from sidecar.automatic.catalogue import Name, new_name, path_of, read_catalogue, write_catalogue
from sidecar.automatic.checking import check_backups
from sidecar.automatic.health import backup_status
from sidecar.automatic.policy import Place, Policy
from sidecar.automatic.policy_file import USUAL, policy_path, write_policy
from sidecar.automatic.pruning import prune_backups
from sidecar.automatic.retention import Keep
from sidecar.automatic.shelf import find_backup, list_all
from sidecar.errors.jobs import InvalidPolicy
from sidecar.errors.paths import DiskFull, PathNotAllowed, PlaceUnreachable
from sidecar.export.exporting import export_data
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.support.automatic_device import Device, backups, grow, throw
from tests.support.databases import contents, fresh
from tests.support.windows_names import short_name

SOON = timedelta(minutes=5)

links = pytest.mark.skipif(os.name == "nt", reason="Windows lets few users make links")


def test_a_place_that_comes_back_before_the_next_backup_is_due_is_caught_up(device: Device, tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    device.policy(device.folder, usb)
    device.run()
    usb.rename(tmp_path / "drawer")
    device.write()
    device.run()
    assert (device.run(after=SOON).outcome, device.run(after=SOON).places) == ("not_due", [])
    (tmp_path / "drawer").rename(usb)
    device.write()
    result = device.run(after=SOON)
    assert result.outcome == "not_due"
    assert [(place.path, place.outcome) for place in result.places] == [(str(usb), "copied")]
    assert backups(usb) == backups(device.folder)
    assert device.run(after=SOON).places == []


def test_a_place_that_is_named_anew_gets_the_newest_at_once(device: Device, tmp_path: Path) -> None:
    device.run()
    device.policy(tmp_path / "other")
    assert [place.outcome for place in device.run(after=SOON).places] == ["copied"]
    assert backups(tmp_path / "other") == backups(device.folder)
    assert backup_status(device.places, device.now).state == "healthy"


def test_where_somebody_removed_all_of_them_there_is_none_and_one_is_due(device: Device) -> None:
    device.run()
    for name in backups(device.folder):
        (device.folder / name).unlink()
    assert device.run(after=SOON).outcome == "made"


def test_a_place_that_is_a_file_is_told_as_one(device: Device, tmp_path: Path) -> None:
    place = tmp_path / "usb"
    place.write_text("mine")
    device.policy(place)
    with pytest.raises(InvalidPolicy, match="usb is a file, and no folder"):
        device.run()
    device.policy(device.folder, place, device.places.database)
    result = device.run()
    assert [one.outcome for one in result.places] == ["made", "failed", "failed"]
    assert "kirapilot.db is a file, and no folder" in result.warnings[1]
    assert place.read_text() == "mine"
    assert contents(device.places.database)["tasks"]


def test_where_the_first_place_takes_none_the_next_one_gets_it_and_the_first_is_failing(
    device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, other = tmp_path / "full", tmp_path / "other"
    for folder in (full, other):
        folder.mkdir()
    device.policy(full, other)

    def export(places: Places, path: str, *rest: Any) -> Any:
        if Path(path).parent == full:
            raise DiskFull(path=path)
        return export_data(places, path, *rest)

    monkeypatch.setattr(running, "export_data", export)
    monkeypatch.setattr(own_files, "copy", lambda *_: throw(DiskFull(path=full)))
    result = device.run()
    assert [(one.path, one.outcome) for one in result.places] == [(str(full), "failed"), (str(other), "made")]
    assert len(backups(other)) == 1
    states = {one.path: one.state for one in backup_status(device.places, device.now).places}
    assert states == {str(full): "failing", str(other): "healthy"}


def test_a_file_in_the_way_of_our_folder_is_named(device: Device) -> None:
    (device.places.database.parent / "backups").write_text("mine")
    with pytest.raises(PathNotAllowed, match="backups is a file, and a folder of that name is needed"):
        device.run()


@pytest.mark.parametrize("name", ["half a \ud800", "a\0b"], ids=["half a character", "NUL"])
@pytest.mark.skipif(os.name == "nt", reason="NTFS takes half a character in a name")
def test_a_place_whose_name_no_folder_can_have_is_told_by_the_run_and_keeps_no_list_from_being_shown(
    name: str, device: Device
) -> None:
    write_policy(device.places.database, Policy(places=[Place(path=name)]))
    with pytest.raises(PathNotAllowed):
        device.run()
    assert list_all(device.places, Progress()).manual == []
    assert backup_status(device.places, device.now).state == "failing"
    assert prune_backups(device.places, Progress(), dry_run=False).verdicts == []


@pytest.mark.parametrize("target", ["unplugged", "usb"], ids=["nowhere", "itself"])
@links
def test_a_place_whose_link_leads_nowhere_is_away(target: str, device: Device, tmp_path: Path) -> None:
    place = tmp_path / "usb"
    place.symlink_to(tmp_path / target)
    device.policy(device.folder, place)
    made, other = device.run().places
    assert made.outcome == "made"
    assert other.outcome in ("missing", "failed")
    assert not (tmp_path / "unplugged").exists()


@links
def test_a_folder_that_is_named_twice_counts_once(device: Device, tmp_path: Path) -> None:
    usb, link = tmp_path / "usb", tmp_path / "link"
    usb.mkdir()
    link.symlink_to(usb)
    device.policy(usb, link, keep=Keep(hours=0, daily=2, weekly=0, monthly=0, most=5))
    result = device.run()
    assert [one.path for one in result.places] == [str(usb)]
    assert "named twice" in result.warnings[0]
    assert str(link) in result.warnings[0]
    status = backup_status(device.places, device.now)
    assert ([one.path for one in status.places], len(status.warnings)) == ([str(usb)], 1)
    for _ in range(3):
        device.write()
        device.run()
    assert len(backups(usb)) == 2
    assert list_all(device.places, Progress()).manual == []
    verdicts = prune_backups(device.places, Progress(), dry_run=True).verdicts
    assert [Path(one.path).parent for one in verdicts] == [usb, usb]


@pytest.mark.skipif(os.name == "nt", reason="there, names that differ in case are one folder")
def test_folders_whose_names_differ_in_case_alone_are_two_where_the_disk_has_two(
    device: Device, tmp_path: Path
) -> None:
    device.policy(tmp_path / "usb", tmp_path / "USB")
    assert [one.outcome for one in device.run().places] == ["made", "copied"]


@links
def test_a_link_to_the_database_leads_to_the_same_places(device: Device, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    if sys.platform == "win32":
        link = short_name(device.places.database)
    else:
        link.symlink_to(device.places.database)
    device.run()
    device.places = device.places.__class__(link, device.places.work_dir)
    assert device.run("manual").outcome == "current"
    assert sys.platform == "win32" or list(link.parent.iterdir()) == [link]


def test_a_folder_beside_the_database_that_somebody_removed_is_made_again(device: Device) -> None:
    device.run()
    shutil.rmtree(device.folder)
    assert device.run(after=SOON).outcome == "made"
    assert len(backups(device.folder)) == 1
    assert len(read_catalogue(device.places.database).places[str(device.folder)].entries) == 1
    assert backup_status(device.places, device.now).state == "healthy"


def test_a_place_that_is_away_is_told_as_a_disk_to_be_plugged_in(device: Device, tmp_path: Path) -> None:
    usb = tmp_path / "usb"
    device.policy(usb)
    device.run()
    usb.rename(tmp_path / "drawer")
    with pytest.raises(PlaceUnreachable, match="the folder is not there"):
        device.run()
    assert not usb.exists()


def test_what_somebody_removed_is_neither_checked_nor_judged(device: Device) -> None:
    device.run()
    device.write()
    device.run()
    first, second = backups(device.folder)
    (device.folder / first).unlink()
    checked = check_backups(device.places, device.now, Progress(), all_of_them=True)
    assert ([Path(one.path).name for one in checked.checked], checked.left) == ([second], 0)
    verdicts = prune_backups(device.places, Progress(), dry_run=True).verdicts
    assert [Path(one.path).name for one in verdicts] == [second]


@links
def test_only_files_are_listed_as_put_there_by_hand(device: Device) -> None:
    device.run()
    (device.folder / "a folder.kpbackup").mkdir()
    (device.folder / "nowhere.kpbackup").symlink_to("gone")
    (device.folder / "a file.kpbackup").write_bytes(b"")
    assert [Path(one.path).name for one in list_all(device.places, Progress()).manual] == ["a file.kpbackup"]


# A policy, and a catalogue, that cannot be read


@pytest.mark.slow
def test_nothing_is_removed_while_the_policy_is_one_that_could_not_be_read(device: Device) -> None:
    device.policy(device.folder, keep=Keep(hours=0, daily=5000, weekly=0, monthly=0, most=5000))
    for _ in range(14):
        device.write()
        device.run()
    policy_path(device.places.database).write_text('{"places": [')
    device.write()
    result = device.run()
    assert result.removed == []
    assert USUAL in result.warnings[0]
    pruned = prune_backups(device.places, Progress(), dry_run=False)
    assert (pruned.removed, [one for one in pruned.verdicts if not one.stays]) == ([], [])
    assert USUAL in pruned.warnings[0]
    assert len(backups(device.folder)) == 15
    device.policy(device.folder)
    device.write()
    assert len(device.run().removed) == 3


def test_a_folder_in_the_policys_place_is_set_aside_like_any_other(device: Device) -> None:
    path = policy_path(device.places.database)
    path.mkdir()
    assert "A folder had its name" in device.run().warnings[0]
    (aside,) = path.parent.glob("backup-policy.broken-*.json")
    assert aside.is_dir()


SPOILT = {
    "no JSON": "{",
    "a list": "[]",
    "a name that leads elsewhere": '{"places": {"/p": {"entries": [ENTRY]}}}'.replace("ENTRY", '{"name": "../x"}'),
    "a time without a zone": '{"last": "2026-11-28T10:00:00"}',
    "a file that is none of ours": '{"pending": {"/p/kirapilot.db": "daily"}}',
    "a number below none": '{"count": -1}',
}


@pytest.mark.parametrize("text", SPOILT.values(), ids=SPOILT)
def test_a_catalogue_that_cannot_be_is_set_aside_and_told_of(text: str, device: Device) -> None:
    device.run()
    (name,) = backups(device.folder)
    path = path_of(device.places.database)
    path.write_text(text)
    status = backup_status(device.places, device.now)
    assert status.state == "never"
    (aside,) = path.parent.glob("automatic.broken-*.json")
    assert str(aside) in status.warnings[0]
    assert aside.read_text() == text
    # Those of before are listed before there is a new catalogue, too.
    assert [Path(one.path).name for one in list_all(device.places, Progress()).manual] == [name]
    assert device.run(after=SOON).outcome == "made"
    aside.unlink()
    assert backup_status(device.places, device.now).warnings == []


def test_what_a_newer_version_notes_in_the_catalogue_stays(device: Device) -> None:
    device.run()
    path = path_of(device.places.database)
    there = json.loads(path.read_bytes())
    (state,) = there["places"].values()
    there["version"], there["mood"], state["colour"], state["entries"][0]["stars"] = 2, "calm", "red", 5
    there["failure"] = {"when": "2026-11-28T10:00:00Z", "kind": "disk_full", "message": "Full.", "errno": 28}
    state["drill"]["rounds"] = 3
    path.write_text(json.dumps(there))
    device.write()
    device.run()
    found = json.loads(path.read_bytes())
    (state,) = found["places"].values()
    assert (found["version"], found["mood"], state["colour"]) == (2, "calm", "red")
    assert [entry.get("stars") for entry in state["entries"]] == [5, None]
    assert (found["failure"], state["drill"]["rounds"], found["pending"]) == (None, 3, {})


def test_two_databases_in_one_folder_have_each_its_own_backups(device: Device) -> None:
    grow(device)
    device.run()
    other = Device(Places(fresh(device.places.database.parent, "other.db"), device.places.work_dir))
    assert (other.run().outcome, device.run().outcome) == ("made", "current")
    keep = Keep(hours=0, daily=1, weekly=0, monthly=0)
    for one in (device, other, device, other):
        one.policy(one.folder, keep=keep)
        one.write("UPDATE task_lists SET name = name || '.'")
        assert one.run().held == ""
    assert [len(read_catalogue(one.places.database).places[str(one.folder)].entries) for one in (device, other)] == [
        1,
        1,
    ]
    assert len(backups(device.folder)) == 2
    assert backup_status(device.places, device.now).warnings == []
    assert "Another database in this folder" in backup_status(other.places, other.now).warnings[0]
    newest = [find_backup(one.places, read_catalogue(one.places.database).newest) for one in (device, other)]
    assert newest[0] != newest[1]
    for one in (device, other):
        listed = list_all(one.places, Progress())
        assert (len(listed.automatic), listed.manual) == (1, [])
    # Where the first one is gone, the second one stays what it is.
    device.places.database.unlink()
    assert other.run().outcome == "current"


def test_a_folder_in_the_catalogues_place_is_set_aside_too(device: Device) -> None:
    path_of(device.places.database).mkdir(parents=True)
    assert device.run().outcome == "made"


def test_a_clock_that_was_at_the_end_of_time_makes_one_due(device: Device) -> None:
    device.run()
    catalogue = read_catalogue(device.places.database)
    catalogue.last = catalogue.last and catalogue.last.replace(year=9999, month=12, day=31)
    write_catalogue(device.places.database, catalogue)
    assert backup_status(device.places, device.now).next_due is None
    assert device.run(after=SOON).why == "the clock went back"


@pytest.mark.parametrize("year", [1, 1970, 2107, 9999])
def test_a_name_is_one_of_ours_whatever_the_clock_says(year: int) -> None:
    name = new_name(datetime(year, 1, 1, tzinfo=UTC), set())
    assert msgspec.convert(name, Name) == name
    assert name != new_name(datetime(year, 1, 1, tzinfo=UTC), {name})
