"""What a salvage does with each kind of damage: what it takes, what it leaves out and why, and what it never does."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sidecar.errors.backups import (
    BackupError,
    DamagedBackup,
    InvalidBackup,
    InvalidMetadata,
    MissingData,
    NotABackup,
    NothingToSalvage,
    TooNew,
    UnsupportedVersion,
    WouldLoseData,
)
from sidecar.errors.databases import DatabaseBusy
from sidecar.jobs.importing import import_data, preview_import
from sidecar.progress import Progress, Report
from sidecar.results import ImportResult, SalvageReport
from sidecar.salvage import salvaging
from sidecar.salvage.salvaging import SUGGESTION
from tests.conftest import EVERY_KIND, Copy
from tests.support.archives import SHIPPED, Entries, by_hand, entries_of, headers, write
from tests.support.databases import (
    assert_accounted,
    backup,
    bring_in,
    counts,
    execute,
    fresh,
    insert,
    places_of,
    query,
    validate,
    value,
)
from tests.support.jobs import nothing_changes
from tests.support.shipped import Record, dependency, interaction, session, shipped_archive, task, template


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
    report = _report(result)
    for name, table in report.tables.items():
        account = result.tables.get(name)
        assert account is None or account.read == table.taken + sum(table.left_out.values()), name
    return result


def _report(result: ImportResult) -> SalvageReport:
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


@pytest.fixture
def own(tmp_path: Path, database_copy: Copy) -> Entries:
    """The entries of a backup of ours that has a row of every kind."""
    return entries_of(backup(database_copy(EVERY_KIND), tmp_path / "whole.kpbackup"))


def _two_tasks(path: Path) -> Entries:
    return entries_of(shipped_archive(path / "made.kpbackup", tasks=[task("a"), task("b")]))


# Without being asked


DAMAGE: dict[str, tuple[Callable[[Path, Entries], Path], type[BackupError]]] = {
    "a flipped bit": (lambda path, own: damaged(own, path, "tasks.json"), DamagedBackup),
    "no data.json": (lambda path, own: write(path, _without(own, "data.json")), MissingData),
    "no metadata.json": (lambda path, own: write(path, _without(own, "metadata.json")), MissingData),
    "odd metadata.json": (lambda path, own: write(path, own | {"metadata.json": b"[]"}), InvalidMetadata),
    "another section": (lambda path, own: write(path, own | {"threads.json": b"[]"}), InvalidBackup),
    "no end": (lambda path, own: _cut(write(path, own), 100), DamagedBackup),
    "neither end": (lambda path, own: _cut(write(path, own), 100, 40), NotABackup),
}


def _without(entries: Entries, name: str) -> Entries:
    return {key: data for key, data in entries.items() if key != name}


def _cut(path: Path, from_end: int, from_start: int = 0) -> Path:
    path.write_bytes(path.read_bytes()[from_start:-from_end])
    return path


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_backup_is_refused_whole_with_a_word_of_what_a_salvage_can_do(
    own: Entries, tmp_path: Path, kind: str
) -> None:
    make, error = DAMAGE[kind]
    device, archive = fresh(tmp_path), make(tmp_path / "damaged.kpbackup", own)
    (tmp_path / "work").mkdir(exist_ok=True)
    with nothing_changes(tmp_path):
        for overwrite in (True, False):
            for job in (import_data, preview_import):
                with pytest.raises(error) as refused:
                    job(places_of(device), str(archive), overwrite, Progress())
                assert refused.value.message.endswith(SUGGESTION)
                assert refused.value.data()["salvage"] is True
        assert not validate(device, archive).is_valid
    salvage(device, archive)
    assert counts(device)["tasks"] == 12


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\3\4" + b"\0" * 26, b"PK\5\6" + b"\0" * 18])
def test_where_nothing_can_be_saved_nothing_is_promised(tmp_path: Path, content: bytes) -> None:
    device, archive = fresh(tmp_path), tmp_path / "b.kpbackup"
    archive.write_bytes(content)
    (tmp_path / "work").mkdir(exist_ok=True)
    with nothing_changes(tmp_path):
        with pytest.raises(BackupError) as refused:
            bring_in(device, archive)
        assert SUGGESTION not in refused.value.message
        assert "salvage" not in refused.value.data()
        for job in (import_data, preview_import):
            with pytest.raises(NothingToSalvage) as nothing:
                job(places_of(device), str(archive), True, Progress(), salvage=True)
            assert nothing.value.code == 29


def test_what_is_too_new_or_foreign_is_not_salvaged(own: Entries, tmp_path: Path) -> None:
    manifest = json.loads(own["manifest.json"]) | {"revision": 99}
    newer = write(tmp_path / "newer.kpbackup", own | {"manifest.json": json.dumps(manifest).encode()})
    foreign = write(tmp_path / "foreign.kpbackup", own | {"metadata.json": b'{"version": "2.0.0"}'} | _no_manifest(own))
    device = fresh(tmp_path)
    for archive, error in ((newer, TooNew), (foreign, UnsupportedVersion)):
        for asked in (False, True):
            with pytest.raises(error) as refused:
                import_data(places_of(device), str(archive), True, Progress(), salvage=asked)
            assert SUGGESTION not in refused.value.message


def _no_manifest(_own: Entries) -> Entries:
    return {"manifest.json": b""}


# What the database has already


def test_replacing_updates_and_adds_but_removes_nothing(own: Entries, tmp_path: Path) -> None:
    device = fresh(tmp_path)
    row = json.loads(own["tasks.json"])[0]
    insert(device, "tasks", id=row["id"], title="Older")
    insert(device, "tasks", id="mine", title="Mine")
    insert(device, "time_sessions", id="s", task_id="mine", start_time="2026-01-01T00:00:00+00:00")
    result = salvage(device, damaged(own, tmp_path / "b.kpbackup", "tasks.json", "threads.json"))
    account = result.tables["tasks"]
    assert (account.added, account.updated, account.kept, account.removed) == (11, 1, 1, 0)
    assert value(device, "SELECT title FROM tasks WHERE id = ?", row["id"]) == row["title"]
    assert value(device, "SELECT title FROM tasks WHERE id = 'mine'") == "Mine"
    again = salvage(device, tmp_path / "b.kpbackup")
    assert all(account.added == account.updated == 0 for account in again.tables.values())


def test_merging_leaves_the_rows_of_the_database_as_they_are(own: Entries, tmp_path: Path) -> None:
    device = fresh(tmp_path)
    insert(device, "tasks", id=json.loads(own["tasks.json"])[0]["id"], title="Older")
    result = salvage(device, damaged(own, tmp_path / "b.kpbackup", "data.json"), overwrite=False)
    assert result.tables["tasks"].left_out == {"differs_from_database": 1}
    assert value(device, "SELECT count(*) FROM tasks WHERE title = 'Older'") == 1


def test_a_whole_backup_is_taken_whole_and_called_so(own: Entries, tmp_path: Path) -> None:
    device = fresh(tmp_path)
    result = salvage(device, write(tmp_path / "b.kpbackup", own))
    report = _report(result)
    assert (report.complete, report.exact, report.damage, report.records) == (True, True, [], [])
    assert any("The backup is whole" in warning for warning in result.warnings)
    assert result.task_count == 12
    assert bring_in(device, tmp_path / "b.kpbackup").salvage is None


@pytest.mark.parametrize("overwrite", [True, False])
def test_there_is_one_default_list_and_no_list_gives_way(own: Entries, tmp_path: Path, overwrite: bool) -> None:
    device = fresh(tmp_path)
    [(mine,)] = query(device, "SELECT id FROM task_lists WHERE is_default")
    salvage(device, damaged(own, tmp_path / "b.kpbackup", "threads.json"), overwrite)
    assert query(device, "SELECT id FROM task_lists WHERE is_default") == [(mine,)]
    lists = {row["id"] for row in json.loads(own["task_lists.json"]) if overwrite or not row["is_default"]}
    assert {row_id for (row_id,) in query(device, "SELECT id FROM task_lists")} == lists | {mine}
    assert query(device, "SELECT id FROM tasks WHERE task_list_id NOT IN (SELECT id FROM task_lists)") == []


def test_lists_that_are_lost_are_made_again_so_that_grouping_survives(own: Entries, tmp_path: Path) -> None:
    device = fresh(tmp_path)
    result = salvage(device, damaged(own, tmp_path / "b.kpbackup", "task_lists.json"))
    account = result.tables["task_lists"]
    assert account.repaired == account.added > 0
    assert sum(account.left_out.values()) == len(json.loads(own["task_lists.json"]))
    assert query(device, "SELECT id FROM tasks WHERE task_list_id NOT IN (SELECT id FROM task_lists)") == []


# Entries


@pytest.mark.slow(but=3)
@pytest.mark.parametrize("name", ["tasks.json", "data.json", "time_sessions.json", "metadata.json", "settings.json"])
@pytest.mark.parametrize("made_by", ["app", "us"])
@pytest.mark.parametrize("how", ["damaged", "missing"])
def test_one_entry_that_is_damaged_or_missing_costs_no_record(
    own: Entries, tmp_path: Path, name: str, made_by: str, how: str
) -> None:
    entries = own if made_by == "us" else entries_of(SHIPPED)
    path = tmp_path / "b.kpbackup"
    archive = damaged(entries, path, name) if how == "damaged" else write(path, _without(entries, name))
    report = _report(salvage(fresh(tmp_path), archive))
    assert {table: account.taken for table, account in report.tables.items() if f"{table}.json" in entries} == {
        table: len(json.loads(entries[f"{table}.json"])) for table in report.tables if f"{table}.json" in entries
    }
    assert any(name in line for line in report.damage)
    assert report.complete


def test_a_table_that_is_held_once_and_damaged_is_left_out_and_counted(own: Entries, tmp_path: Path) -> None:
    messages = json.loads(own["thread_messages.json"])
    report = _report(salvage(fresh(tmp_path), damaged(own, tmp_path / "b.kpbackup", "thread_messages.json")))
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
    report = _report(salvage(fresh(tmp_path), write(tmp_path / "c.kpbackup", both)))
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
    report = _report(salvage(device, by_hand(tmp_path / "b.kpbackup", made)))
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
    report = _report(salvage(fresh(tmp_path), by_hand(tmp_path / "b.kpbackup", made)))
    account = report.tables["tasks"]
    assert (account.taken, account.left_out) == (9, {"copies_differ": 1, "unproved": 50})
    assert next(record.id for record in report.records if record.reason == "unproved") == "t010"


def test_two_sound_places_that_contradict_each_other_prove_what_they_agree_in(tmp_path: Path) -> None:
    entries = _two_tasks(tmp_path)
    other = json.dumps([task("a"), task("b", title="Another"), task("c")]).encode()
    device = fresh(tmp_path)
    report = _report(salvage(device, write(tmp_path / "b.kpbackup", entries | {"tasks.json": other})))
    assert query(device, "SELECT id FROM tasks ORDER BY id") == [("a",), ("c",)]
    assert any("do not hold the same records" in line for line in report.damage)
    assert {(record.id, record.reason) for record in report.records} == {("b", "copies_differ")}


def test_an_entry_given_twice_proves_only_what_it_says_each_time(tmp_path: Path) -> None:
    entries = _two_tasks(tmp_path)
    twice = [*entries.items(), ("tasks.json", b"[]"), ("data.json", entries["data.json"])]
    report = _report(salvage(fresh(tmp_path), write(tmp_path / "b.kpbackup", twice)))
    assert report.tables["tasks"].taken == 2, "data.json says the same both times"
    assert any("tasks.json stands there more than once" in line for line in report.damage)


# Records


def test_json_that_breaks_off_in_the_middle_costs_the_record_it_breaks_in(tmp_path: Path) -> None:
    tasks = [task(f"t{number}", description='}, {"not": "a record"} ]') for number in range(9)]
    entries = entries_of(shipped_archive(tmp_path / "made.kpbackup", tasks=tasks, ai_interactions=[interaction("i")]))
    broken = {
        name: entries[name].replace(b'"title": "Task t4"', b'"title": "Task t4') for name in ("tasks.json", "data.json")
    }
    device = fresh(tmp_path)
    report = _report(salvage(device, write(tmp_path / "b.kpbackup", entries | broken)))
    assert query(device, "SELECT id FROM tasks ORDER BY id") == [(f"t{number}",) for number in range(9) if number != 4]
    assert report.tables["tasks"].left_out == {"lost": 1}
    assert report.tables["ai_interactions"].taken == 1


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (task("bad", priority="high"), "invalid_record"),
        (task("bad", created_at="yesterday"), "invalid_timestamp"),
        (task("bad", title=None), "missing_field"),
    ],
)
def test_a_record_that_no_row_can_hold_is_left_out_by_name(tmp_path: Path, record: Record, reason: str) -> None:
    archive = shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a"), record, task("b")])
    device = fresh(tmp_path)
    with pytest.raises(InvalidBackup):
        bring_in(device, archive)
    report = _report(salvage(device, archive))
    assert query(device, "SELECT id FROM tasks ORDER BY id") == [("a",), ("b",)]
    assert report.tables["tasks"].left_out == {reason: 1}
    assert [(one.reason, one.index) for one in report.records] == [(reason, 1)]


def test_of_records_with_one_id_the_first_is_taken(tmp_path: Path) -> None:
    archive = shipped_archive(
        tmp_path / "b.kpbackup",
        tasks=[task("a", title="First"), task("a", title="Second"), task("b")],
        task_dependencies=[dependency("d", "a", "b"), dependency("e", "a", "b")],
    )
    device = fresh(tmp_path)
    report = _report(salvage(device, archive))
    assert value(device, "SELECT title FROM tasks WHERE id = 'a'") == "First"
    assert report.tables["tasks"].left_out == {"duplicate_id": 1}
    assert report.tables["task_dependencies"].left_out == {"duplicate_dependency": 1}


def test_counts_that_do_not_agree_are_told(tmp_path: Path) -> None:
    archive = shipped_archive(
        tmp_path / "b.kpbackup", tasks=[task("a")], metadata={"task_count": 3, "session_count": 0}
    )
    report = _report(salvage(fresh(tmp_path), archive))
    assert report.tables["tasks"].left_out == {"lost": 2}
    fewer = shipped_archive(tmp_path / "c.kpbackup", tasks=[task("a"), task("b")], metadata={"task_count": 1})
    report = _report(salvage(fresh(tmp_path), fewer))
    assert report.tables["tasks"].taken == 2
    assert "tasks holds 2 records, but the backup says 1" in report.damage


# References


def test_a_row_whose_parent_is_lost_is_left_out_unless_the_database_has_it(tmp_path: Path) -> None:
    archive = shipped_archive(
        tmp_path / "b.kpbackup",
        tasks=[task("a"), task("bad", title=None)],
        time_sessions=[session("s", "a"), session("t", "bad"), session("u", "theirs")],
        task_dependencies=[dependency("d", "a", "bad"), dependency("e", "a", "theirs")],
    )
    device = fresh(tmp_path)
    insert(device, "tasks", id="theirs", title="Of the database")
    report = _report(salvage(device, archive))
    assert query(device, "SELECT id FROM time_sessions ORDER BY id") == [("s",), ("u",)]
    assert query(device, "SELECT id FROM task_dependencies") == [("e",)]
    assert report.tables["time_sessions"].left_out == {"broken_reference": 1}


def test_a_row_that_the_app_would_untie_is_taken_without_the_reference(tmp_path: Path) -> None:
    source = fresh(tmp_path, "source.db")
    insert(source, "tasks", id="a", title="A")
    insert(source, "threads", id="h", title="Talk", assignment_task_id="a")
    insert(source, "thread_messages", id="m", thread_id="h", type="user", content="Hi", timestamp="2026-01-01 00:00:00")
    entries = entries_of(backup(source, tmp_path / "whole.kpbackup"))
    device = fresh(tmp_path)
    result = salvage(device, damaged(entries, tmp_path / "b.kpbackup", "tasks.json", "data.json"))
    assert query(device, "SELECT id, assignment_task_id FROM threads") == [("h", None)]
    assert query(device, "SELECT id FROM thread_messages") == [("m",)]
    assert _report(result).tables["threads"].cleared == 1
    assert any("1 threads lose a reference" in warning for warning in result.warnings)


def test_what_led_nowhere_in_the_database_itself_comes_back_as_it_was(tmp_path: Path) -> None:
    source = fresh(tmp_path, "source.db")
    insert(source, "tasks", id="a", title="A")
    insert(source, "time_sessions", id="s", task_id="gone", start_time="2026-01-01T00:00:00+00:00")
    entries = entries_of(backup(source, tmp_path / "whole.kpbackup"))
    device = fresh(tmp_path)
    archive = damaged(entries, tmp_path / "b.kpbackup", "task_lists.json")
    import_data(places_of(device), str(archive), True, Progress(), salvage=True)
    assert query(device, "SELECT task_id FROM time_sessions") == [("gone",)]


# Manifest, exact.json, metadata.json


@pytest.fixture
def exact(tmp_path: Path) -> Entries:
    """A backup whose rows need exact.json."""
    source = fresh(tmp_path, "source.db")
    insert(source, "tasks", id="a", title="A", created_at="2026-11-22 16:07:21")
    insert(source, "tasks", id="b", title="B")
    insert(source, "threads", id="h", title=b"\xff\xfe")
    execute(source, "UPDATE tasks SET tags = x'00ff' WHERE id = 'b'")
    return entries_of(backup(source, tmp_path / "exact.kpbackup"))


def test_exact_values_come_back_from_whichever_place_the_record_does(exact: Entries, tmp_path: Path) -> None:
    for name in ("data.json", "tasks.json"):
        device = fresh(tmp_path)
        assert _report(salvage(device, damaged(exact, tmp_path / "b.kpbackup", name))).exact
        assert query(device, "SELECT created_at FROM tasks WHERE id = 'a'") == [("2026-11-22 16:07:21",)]
        assert query(device, "SELECT tags FROM tasks WHERE id = 'b'") == [(b"\x00\xff",)]


@pytest.mark.parametrize("name", ["exact.json", "manifest.json"])
@pytest.mark.parametrize("how", ["damaged", "missing"])
def test_where_exact_values_are_lost_it_is_said_and_no_row_gives_way(
    exact: Entries, tmp_path: Path, name: str, how: str
) -> None:
    path = tmp_path / "b.kpbackup"
    archive = damaged(exact, path, name) if how == "damaged" else write(path, _without(exact, name))
    device = fresh(tmp_path)
    insert(device, "tasks", id="b", title="Mine", tags=b"\x00\xff")
    result = salvage(device, archive)
    report = _report(result)
    assert not report.exact
    assert not report.complete
    assert any("exact values" in warning for warning in result.warnings)
    assert query(device, "SELECT title, tags FROM tasks WHERE id = 'b'") == [("Mine", b"\x00\xff")]
    assert result.tables["tasks"].left_out == {"exact_lost": 1}
    assert result.tables["tasks"].added == 1


def test_a_lost_manifest_of_the_app_costs_nothing_for_it_never_wrote_one(tmp_path: Path) -> None:
    device = fresh(tmp_path)
    entries = _two_tasks(tmp_path)
    insert(device, "tasks", id="a", title="Older")
    result = salvage(device, damaged(entries, tmp_path / "b.kpbackup", "metadata.json"))
    assert _report(result).exact
    assert result.tables["tasks"].updated == 1


def test_without_its_manifest_a_backup_of_ours_still_gives_its_further_tables(own: Entries, tmp_path: Path) -> None:
    device = fresh(tmp_path)
    report = _report(salvage(device, write(tmp_path / "b.kpbackup", _without(own, "manifest.json"))))
    for table in ("threads", "thread_messages", "focus_sessions", "task_lists"):
        assert report.tables[table].taken == len(json.loads(own[f"{table}.json"])) > 0


def test_without_metadata_and_manifest_the_counts_are_unknown(own: Entries, tmp_path: Path) -> None:
    entries = _without(_without(own, "manifest.json"), "metadata.json")
    result = salvage(fresh(tmp_path), write(tmp_path / "b.kpbackup", entries))
    assert _report(result).tables["tasks"].expected is None
    assert result.created_at == json.loads(own["data.json"])["created_at"]


def test_a_table_that_the_target_lacks_is_still_a_loss_to_be_allowed(own: Entries, tmp_path: Path) -> None:
    device = fresh(tmp_path)
    execute(device, "DROP TABLE focus_sessions")
    archive = damaged(own, tmp_path / "b.kpbackup", "data.json")
    with pytest.raises(WouldLoseData):
        import_data(places_of(device), str(archive), True, Progress(), salvage=True)
    result = salvage(device, archive, allow_loss=True)
    assert result.tables["focus_sessions"].left_out == {"no_such_table": 1}


def test_all_templates_and_their_instances_come_back_from_a_cut_backup(tmp_path: Path) -> None:
    archive = shipped_archive(
        tmp_path / "b.kpbackup",
        tasks=[task("a", periodic_template_id="p", is_periodic_instance=True)],
        periodic_task_templates=[template("p", task_list_id="lost")],
    )
    device = fresh(tmp_path)
    salvage(device, _cut(archive, 200))
    assert query(device, "SELECT id, task_list_id FROM periodic_task_templates") == [("p", "lost")]
    assert query(device, "SELECT name FROM task_lists WHERE id = 'lost'") == [("Restored list 1",)]


def test_when_the_app_writes_meanwhile_a_salvage_says_so_and_changes_nothing(own: Entries, tmp_path: Path) -> None:
    """What it took may refer to a row that the app has just removed."""
    device, archive = fresh(tmp_path), damaged(own, tmp_path / "b.kpbackup", "tasks.json")
    written: list[str] = []

    def write_once(report: Report) -> None:
        if report.phase == "copy" and not written:
            written.append("x")
            insert(device, "tasks", id="x", title="Of the app")

    with pytest.raises(DatabaseBusy):
        import_data(places_of(device), str(archive), True, Progress(listen=write_once), salvage=True)
    assert query(device, "SELECT id FROM tasks") == [("x",)]
    assert not list((device.parent / "backups").glob("*")), "nor is a safety copy of nothing left"


def test_what_unpacks_to_more_than_anybody_asked_for_is_not_looked_into(
    own: Entries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = damaged(own, tmp_path / "b.kpbackup", "tasks.json")
    monkeypatch.setattr(salvaging, "UNASKED_BYTES", 1000)
    with pytest.raises(DamagedBackup) as refused:
        bring_in(fresh(tmp_path), archive)
    assert SUGGESTION not in refused.value.message
    salvage(fresh(tmp_path), archive)


def test_a_salvage_leaves_nothing_behind(own: Entries, tmp_path: Path) -> None:
    device = fresh(tmp_path)
    salvage(device, damaged(own, tmp_path / "b.kpbackup", "tasks.json"))
    assert list((tmp_path / "work").iterdir()) == []


def test_no_word_of_a_record_is_in_what_a_salvage_tells(tmp_path: Path) -> None:
    secret = "Between you and me"
    entries = entries_of(shipped_archive(tmp_path / "made.kpbackup", tasks=[task("a", title=secret), task("b")]))
    result = salvage(fresh(tmp_path), damaged(entries, tmp_path / "b.kpbackup", "tasks.json"))
    told: Any = [_report(result).damage, _report(result).records, result.warnings]
    assert secret not in repr(told)


def test_damage_in_stored_and_bzip2_entries_is_survived_as_well(own: Entries, tmp_path: Path) -> None:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_BZIP2):
        path = write(tmp_path / "b.kpbackup", own, method)
        whole = bytearray(path.read_bytes())
        whole[whole.index(b"tasks.json") + 200] ^= 1
        path.write_bytes(bytes(whole[:-30]))
        report = _report(salvage(fresh(tmp_path), path))
        assert report.tables["tasks"].taken == 12
