"""Entries that are damaged, missing, changed or given twice: a record is taken where another place proves it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from sidecar.errors.backups import DamagedBackup
from sidecar.salvage import salvaging
from sidecar.salvage.salvaging import SUGGESTION
from tests.support.archives import SHIPPED, Entries, by_hand, entries_of, headers, write
from tests.support.databases import bring_in, fresh, query, value
from tests.support.salvages import damaged, report_of, salvage, two_tasks, without
from tests.support.shipped import shipped_archive, task


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("name", ["tasks.json", "data.json", "time_sessions.json", "metadata.json", "settings.json"])
@pytest.mark.parametrize("made_by", ["app", "us"])
@pytest.mark.parametrize("how", ["damaged", "missing"])
def test_one_entry_that_is_damaged_or_missing_costs_no_record(
    own: Entries, tmp_path: Path, name: str, made_by: str, how: str
) -> None:
    entries = own if made_by == "us" else entries_of(SHIPPED)
    path = tmp_path / "b.kpbackup"
    archive = damaged(entries, path, name) if how == "damaged" else write(path, without(entries, name))
    report = report_of(salvage(fresh(tmp_path), archive))
    assert {table: account.taken for table, account in report.tables.items() if f"{table}.json" in entries} == {
        table: len(json.loads(entries[f"{table}.json"])) for table in report.tables if f"{table}.json" in entries
    }
    assert any(name in line for line in report.damage)
    assert report.complete


def test_a_table_that_is_held_once_and_damaged_is_left_out_and_counted(own: Entries, tmp_path: Path) -> None:
    messages = json.loads(own["thread_messages.json"])
    report = report_of(salvage(fresh(tmp_path), damaged(own, tmp_path / "b.kpbackup", "thread_messages.json")))
    left_out = report.tables["thread_messages"].left_out
    assert sum(left_out.values()) == len(messages) == report.tables["thread_messages"].expected
    assert set(left_out) <= {"unproved", "lost"}
    assert not report.complete
    named = [record for record in report.records if record.reason == "unproved"]
    assert {record.table for record in named} <= {"thread_messages"}


def test_an_entry_that_somebody_changed_is_not_what_the_manifest_says(own: Entries, tmp_path: Path) -> None:
    def renamed(name: str) -> bytes:
        return own[name].replace(b'"title":"', b'"title":"X')

    device = fresh(tmp_path)
    salvage(device, write(tmp_path / "b.kpbackup", own | {"tasks.json": renamed("tasks.json")}))
    assert value(device, "SELECT count(*) FROM tasks WHERE title LIKE 'X%'") == 0
    both = own | {"tasks.json": renamed("tasks.json"), "data.json": renamed("data.json")}
    report = report_of(salvage(fresh(tmp_path), write(tmp_path / "c.kpbackup", both)))
    assert report.tables["tasks"].left_out == {"unproved": 12}, "damage that is the same in both places proves nothing"


def test_records_that_stand_alike_in_two_damaged_places_are_proved(tmp_path: Path) -> None:
    tasks = [task(f"t{number:03}") for number in range(60)]
    made = headers(entries_of(shipped_archive(tmp_path / "made.kpbackup", tasks=tasks)))
    for header in made:
        if header.name in (b"tasks.json", b"data.json"):
            # Stored, so that damage stays where it is: another title in each of the two.
            old, new = (b"Task t003", b"Tusk t003") if header.name == b"tasks.json" else (b"Task t050", b"Tisk t050")
            header.method, header.packed = 0, header.data.replace(old, new)
    device = fresh(tmp_path)
    report = report_of(salvage(device, by_hand(tmp_path / "b.kpbackup", made)))
    assert report.tables["tasks"].taken == 58
    assert report.tables["tasks"].left_out == {"copies_differ": 2}
    assert {record.id for record in report.records} == {"t003", "t050"}
    assert value(device, "SELECT count(*) FROM tasks WHERE title GLOB 'T[ui]sk*'") == 0


def test_a_record_that_stands_in_one_damaged_place_alone_is_not_taken(tmp_path: Path) -> None:
    tasks = [task(f"t{number:03}") for number in range(60)]
    made = headers(entries_of(shipped_archive(tmp_path / "made.kpbackup", tasks=tasks)))
    for header in made:
        if header.name == b"tasks.json":
            header.method, header.packed = 0, header.data[: header.data.index(b'"t010"')]
        if header.name == b"data.json":
            header.method, header.packed = 0, header.data.replace(b"Task t003", b"Tusk t003")
    report = report_of(salvage(fresh(tmp_path), by_hand(tmp_path / "b.kpbackup", made)))
    account = report.tables["tasks"]
    assert (account.taken, account.left_out) == (9, {"copies_differ": 1, "unproved": 50})
    assert next(record.id for record in report.records if record.reason == "unproved") == "t010"


def test_two_sound_places_that_contradict_each_other_prove_what_they_agree_in(tmp_path: Path) -> None:
    entries = two_tasks(tmp_path)
    other = json.dumps([task("a"), task("b", title="Another"), task("c")]).encode()
    device = fresh(tmp_path)
    report = report_of(salvage(device, write(tmp_path / "b.kpbackup", entries | {"tasks.json": other})))
    assert query(device, "SELECT id FROM tasks ORDER BY id") == [("a",), ("c",)]
    assert any("do not hold the same records" in line for line in report.damage)
    assert {(record.id, record.reason) for record in report.records} == {("b", "copies_differ")}


def test_an_entry_given_twice_proves_only_what_it_says_each_time(tmp_path: Path) -> None:
    entries = two_tasks(tmp_path)
    twice = [*entries.items(), ("tasks.json", b"[]"), ("data.json", entries["data.json"])]
    report = report_of(salvage(fresh(tmp_path), write(tmp_path / "b.kpbackup", twice)))
    assert report.tables["tasks"].taken == 2, "data.json says the same both times"
    assert any("tasks.json stands there more than once" in line for line in report.damage)


def test_what_unpacks_to_more_than_anybody_asked_for_is_not_looked_into(
    own: Entries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = damaged(own, tmp_path / "b.kpbackup", "tasks.json")
    monkeypatch.setattr(salvaging, "UNASKED_BYTES", 1000)
    with pytest.raises(DamagedBackup) as refused:
        bring_in(fresh(tmp_path), archive)
    assert SUGGESTION not in refused.value.message
    salvage(fresh(tmp_path), archive)


def test_damage_in_stored_and_bzip2_entries_is_survived_as_well(own: Entries, tmp_path: Path) -> None:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_BZIP2):
        path = write(tmp_path / "b.kpbackup", own, method)
        whole = bytearray(path.read_bytes())
        whole[whole.index(b"tasks.json") + 200] ^= 1
        path.write_bytes(bytes(whole[:-30]))
        report = report_of(salvage(fresh(tmp_path), path))
        assert report.tables["tasks"].taken == 12
