"""What a manifest can say to do harm: tables, columns, types, references, and names that do harm.

Backups of ours are signed again after each change, so that it is not their hashes that give them away. What
test_lying_manifests forges is not forged again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sidecar.archive import limits
from sidecar.errors.backups import DamagedBackup, InvalidBackup, LimitExceeded, TooNew, WouldLoseData
from sidecar.errors.base import SidecarError
from sidecar.errors.databases import BeyondFormat
from sidecar.export.exporting import export_data
from sidecar.progress import Progress
from tests.support.archives import Entries, edited, resigned, write
from tests.support.databases import Contents, contents, execute
from tests.support.oracle import Device, judge
from tests.support.spoiling import Spoil, nested, replaced


def _manifest(edit: Callable[[dict[str, Any]], object], **further: str) -> Spoil:
    """A backup of ours whose manifest was changed, and which has further entries."""

    def spoil(entries: Entries) -> Entries:
        more = {f"{name}.json": text.encode() for name, text in further.items()}
        return edited(resigned(entries | more), "manifest.json", edit)

    return spoil


def _text(old: str, new: str) -> Spoil:
    return replaced("manifest.json", old, new)


def _table(name: str, columns: dict[str, str] | None = None, **said: Any) -> Spoil:
    described = {"entry": "x.json", "rows": 1, "columns": {"a": ""} if columns is None else columns, "key": []} | said
    return _manifest(lambda manifest: manifest["tables"].update({name: described}), x='[{"a": 1}]')


def _many_tables(tables: int, columns: int) -> Spoil:
    described = {"entry": "x.json", "rows": 0, "columns": {f"c{i}": "" for i in range(columns)}, "key": []}
    return _manifest(lambda m: m["tables"].update({f"t{i}": described for i in range(tables)}), x="[]")


def _dangling(said: int, broken: int) -> Spoil:
    """Time sessions of no task, and a manifest that speaks of ``said`` such."""

    def spoil(entries: Entries) -> Entries:
        def move(rows: list[dict[str, Any]]) -> None:
            for row in rows[:broken]:
                row["task_id"] = "nobody"

        entries = edited(entries, "time_sessions.json", move)
        entries = edited(entries, "data.json", lambda data: move(data["time_sessions"]))
        return edited(resigned(entries), "manifest.json", lambda m: m["tables"]["time_sessions"].update(dangling=said))

    return spoil


def _entry(name: str, **said: Any) -> Spoil:
    return _manifest(lambda m: m["entries"].setdefault(name, {"size": 0, "sha256": "0" * 64}).update(said))


HOSTILE_NAMES = [
    "pragma_table_xinfo", "pragma_foreign_key_list", "pragma_index_list", "json_each", "dbstat", "sqlite\u200b",
    'a"b', "a'b", "a`b", "a]b", "x; DROP TABLE tasks; --", '") ; ATTACH "/tmp/evil" AS e; --', "main.tasks",
    "temp.tasks", "stage.tasks", "plan.plan tasks", "pragma_table_list", "rowid", "tasks ", "täsks", "\u202e", "\n",
    "\x1b[2J", "%s", "{}", "sqlite", "SELECT", "..", "/etc/passwd", "con", "table", "plan", "gone", "untied",
    "section of tasks", "kp row", "generated",
]  # fmt: skip

HOSTILE_TYPES = [
    "INTEGER PRIMARY KEY", "TEXT DEFAULT (randomblob(1000000000))", "TEXT); DROP TABLE tasks; --", "TEXT CHECK (0)",
    "INT GENERATED ALWAYS AS (1)", "generated always", "TEXT COLLATE nowhere", '"', "'", "TEXT REFERENCES x", "\n",
    "TEXT NOT NULL", "AS (1)", "ANY", "BLOB STRICT", "((((", "INT, b INT", "--", "/*", "T" * 200,
]  # fmt: skip

MANIFESTS: dict[str, tuple[Spoil, type[SidecarError]]] = {
    "nothing": (lambda e: e | {"manifest.json": b""}, DamagedBackup),
    "a list": (lambda e: e | {"manifest.json": b"[]"}, DamagedBackup),
    "UTF-16": (lambda e: e | {"manifest.json": e["manifest.json"].decode().encode("utf-16")}, DamagedBackup),
    "a key twice": (_text('"revision"', '"revision": 1, "revision"'), DamagedBackup),
    "a revision of 30 digits": (_text('"revision": 1', '"revision": ' + "9" * 30), TooNew),
    "a revision of 5,000 digits": (_text('"revision": 1', '"revision": ' + "9" * 5000), DamagedBackup),
    "a negative revision": (_text('"revision": 1', '"revision": -1'), DamagedBackup),
    "half a surrogate pair": (_text('"revision": 1', '"revision": 1, "x": "\\ud800"'), DamagedBackup),
    "nesting without end": (_text('"revision": 1', '"revision": 1, "x": ' + nested(100_000)), LimitExceeded),
    "a key of a megabyte": (_text('"revision": 1', f'"revision": 1, "{"k" * 1_000_000}": 1'), LimitExceeded),
    "itself among its entries": (_entry("manifest.json"), DamagedBackup),
    "an entry of a negative size": (_entry("threads.json", size=-1), DamagedBackup),
    "an entry of a size without end": (_entry("threads.json", size=10**30), InvalidBackup),
    "a hash in capitals": (_manifest(lambda m: m["entries"]["threads.json"].update(
        sha256=m["entries"]["threads.json"]["sha256"].upper())), InvalidBackup),
    "an entry that is a folder": (_entry("folder/"), InvalidBackup),
    "a name of an entry of a megabyte": (_entry("n" * 1_000_000), InvalidBackup),
    "negative rows": (_manifest(lambda m: m["tables"]["threads"].update(rows=-1)), DamagedBackup),
    "negative dangling references": (_dangling(-1, 1), DamagedBackup),
    "fewer dangling references than there are": (_dangling(1, 2), InvalidBackup),
    "no dangling references where there are": (_dangling(0, 1), InvalidBackup),
    "a table in the place of the manifest": (_table("x", entry="manifest.json"), DamagedBackup),
    "a table in the place of data.json": (_table("x", entry="data.json"), DamagedBackup),
    "a table in the place of the settings": (_table("x", entry="settings.json"), DamagedBackup),
    "a table in the place of another": (_table("x", entry="tasks.json"), InvalidBackup),
    "a table of a megabyte's name": (_table("t" * 1_000_000), LimitExceeded),
    "a column of a megabyte's name": (_table("x", {"c" * 1_000_000: ""}), LimitExceeded),
    "a type of a megabyte": (_table("x", {"a": "T" * 1_000_000}), LimitExceeded),
    "a key of 100,000 columns": (_table("x", key=["a"] * 100_000), DamagedBackup),
    "a column of the key twice": (_table("x", key=["a", "a"]), DamagedBackup),
    "a thousand tables": (_many_tables(1000, 1), LimitExceeded),
    "five hundred columns too many": (_many_tables(1, 1000), LimitExceeded),
    "a table in another case of ours": (_table("TASKS"), DamagedBackup),
    "tables that differ in case": (
        _manifest(lambda m: m["tables"].update(dict.fromkeys(("x", "X"), m["tables"]["threads"]))),
        DamagedBackup,
    ),
    **{f"the table {name}": (_table(name), DamagedBackup) for name in (
        "sqlite_sequence", "SQLITE_STAT1", "sqlite_autoindex_tasks_1", "sqlite_schema", "sqlite_temp_master",
    )},
    "hostile names for tables": (
        _manifest(
            lambda m: m["tables"].update({
                name: {"entry": "x.json", "rows": 1, "columns": {name: "", "a": ""}, "key": [name]}
                for name in HOSTILE_NAMES
            }),
            x='[{"a": 1}]',
        ),
        WouldLoseData,
    ),
    "hostile columns": (
        _manifest(
            lambda m: m["tables"].update(x={
                "entry": "x.json", "rows": 1, "columns": dict.fromkeys(HOSTILE_NAMES, "TEXT"), "key": HOSTILE_NAMES,
            }),
            x=json.dumps([dict.fromkeys(HOSTILE_NAMES, "v")]),
        ),
        WouldLoseData,
    ),
    "hostile types": (_table("x", {"a": "", **{f"c{i}": kind for i, kind in enumerate(HOSTILE_TYPES)}}), WouldLoseData),
}  # fmt: skip


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("kind", MANIFESTS)
def test_a_manifest_made_to_do_harm_does_none(kind: str, own: tuple[Entries, Contents], device: Device) -> None:
    spoil, error = MANIFESTS[kind]
    write(device.archive, spoil(own[0]))
    judge(device, only=error)


@pytest.mark.slow
def test_as_many_tables_and_columns_as_there_may_be_are_staged_in_time(
    own: tuple[Entries, Contents], device: Device
) -> None:
    """The manifest of a few kilobytes, unpacked, asks for 75,000 columns."""
    write(device.archive, _many_tables(150, 500)(own[0]))
    assert judge(device, merge=False) is None


@pytest.mark.slow
def test_known_tables_may_have_hundreds_of_unknown_columns(own: tuple[Entries, Contents], device: Device) -> None:
    def widen(manifest: dict[str, Any]) -> None:
        for table in manifest["tables"].values():
            for number in range(450):
                table["columns"][f"{'c' * 400}{number}"] = "TEXT"

    write(device.archive, _manifest(widen)(own[0]))
    assert judge(device, merge=False) is None


@pytest.mark.slow
def test_dangling_references_of_the_database_itself_come_back(own: tuple[Entries, Contents], device: Device) -> None:
    for said, broken in ((1, 1), (2, 2), (10**30, 1)):
        write(device.archive, _dangling(said, broken)(own[0]))
        assert judge(device) in ((None,) if said < 10**6 else (None, DamagedBackup.kind))


@pytest.mark.slow
def test_a_database_with_hostile_names_comes_back_whole(device: Device) -> None:
    tables = ['"' + name.replace('"', '""') + '"' for name in HOSTILE_NAMES]
    for table in tables:
        execute(
            device.database,
            f"CREATE TABLE {table} ({table} TEXT PRIMARY KEY, other BLOB, more)",
            f"INSERT INTO {table} VALUES ('it', x'ff', 'x')",
        )
    expected = contents(device.database, ())
    export_data(device.places, str(device.archive), Progress())
    execute(device.database, *(f"DELETE FROM {table}" for table in tables), "DELETE FROM tasks")
    device.keep()
    assert judge(device, expected) is None


@pytest.mark.parametrize("spoil", ["CREATE TABLE {name} (a)", "CREATE TABLE x ({name})", "CREATE TABLE x (a {name})"])
def test_a_database_with_a_name_that_no_import_would_take_is_not_exported(spoil: str, device: Device) -> None:
    execute(device.database, spoil.format(name="n" * (limits.MAX_NAME + 1)))
    with pytest.raises(BeyondFormat):
        export_data(device.places, str(device.archive), Progress())
    assert not device.archive.exists()


def test_a_database_with_the_longest_names_comes_back(device: Device) -> None:
    name = "n" * limits.MAX_NAME
    execute(device.database, f"CREATE TABLE {name} ({name} {name})", f"INSERT INTO {name} VALUES (1)")
    device.keep()
    export_data(device.places, str(device.archive), Progress())
    assert judge(device, contents(device.database, ())) is None


def test_a_byte_order_mark_in_every_entry_of_ours_is_accepted(own: tuple[Entries, Contents], device: Device) -> None:
    mark = b"\xef\xbb\xbf"
    entries = {name: data if name == "manifest.json" else mark + data for name, data in own[0].items()}
    signed = resigned(entries)
    write(device.archive, signed | {"manifest.json": mark + signed["manifest.json"]})
    assert judge(device, own[1]) is None
