"""What entries can say to do harm: numbers, keys, names, times and references beyond all reason.

What test_bad_archives spoils is not spoiled again. Backups of ours are signed again after each change, so
that it is not their hashes that give them away.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sidecar.archive import limits
from sidecar.errors.backups import (
    DamagedBackup,
    InvalidBackup,
    InvalidMetadata,
    LimitExceeded,
    TooNew,
    UnsupportedVersion,
    WouldLoseData,
)
from sidecar.errors.base import SidecarError
from sidecar.errors.databases import BeyondFormat
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import import_data
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from tests.conftest import Cases
from tests.support import archives
from tests.support.archives import TASK, Entries, edited, made_of, resigned, with_text, write
from tests.support.databases import Contents, contents, execute, query
from tests.support.oracle import HOSTILE, Device, judge

Spoil = Callable[[Entries], Entries]


@pytest.fixture(autouse=True)
def _counted(cases: Cases) -> None:
    cases.record(HOSTILE)


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> tuple[Entries, Contents]:
    """The entries of a backup of ours, and the rows that it brings."""
    device = Device(tmp_path_factory.mktemp("own"))
    # Values that a record cannot say, so that there is an exact.json.
    execute(device.database, "UPDATE tasks SET created_at = '2026-01-01 00:00:00', project_id = x'ff' WHERE rowid = 1")
    export_data(device.places, str(device.archive), Progress())
    return archives.entries_of(device.archive), contents(device.database, ())


def _in_tasks(text: str, count: int = 1) -> Spoil:
    return lambda _: with_text(text.encode("utf-8", "surrogatepass"), count)


def _task(*replaced: tuple[str, str], **changes: Any) -> str:
    text = json.dumps([TASK | changes])
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    return text


def _number(text: str) -> Spoil:
    """A task whose priority is written so."""
    return _in_tasks(_task(('"priority": 1', f'"priority": {text}')))


def _due(text: str) -> Spoil:
    return _in_tasks(_task(due_date=text))


def _replaced(name: str, old: str, new: str | bytes) -> Spoil:
    def replace(entries: Entries) -> Entries:
        assert old.encode() in entries[name]
        return entries | {name: entries[name].replace(old.encode(), new if isinstance(new, bytes) else new.encode(), 1)}

    return replace


_version = partial(_replaced, "data.json", '"1.0.0"')
_settings = partial(_replaced, "data.json", '"settings": {}')
_count = partial(_replaced, "metadata.json", '"task_count": 1')


def _nested(depth: int, opening: str = "[", closing: str = "]", core: str = "") -> str:
    return opening * depth + core + closing * depth


def _encoded(name: str, encoding: str, entries: Entries) -> Entries:
    return entries | {name: entries[name].decode().encode(encoding)}


def _sessions(**changes: Any) -> Entries:
    session = {
        "id": "s", "task_id": "t1", "start_time": "2026-01-01T00:00:00Z", "end_time": None, "paused_time": 0,
        "is_active": False, "notes": None, "breaks": None, "created_at": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    return made_of(time_sessions=[session | changes])


SPOILED: dict[str, tuple[Spoil, type[SidecarError]]] = {
    # Encodings
    **{
        f"{name} in {encoding}": (
            partial(_encoded, name, encoding),
            InvalidMetadata if name == "metadata.json" else DamagedBackup,
        )
        for name in ("metadata.json", "data.json", "tasks.json", "settings.json")
        for encoding in ("utf-16-le", "utf-16-be", "utf-32")
        # Without a mark, UTF-16 of ASCII is UTF-8 with NULs between: what nobody parses is not told by that.
        if (name, encoding) not in {("settings.json", "utf-16-le"), ("settings.json", "utf-16-be")}
    },
    "two byte-order marks": (lambda e: e | {"data.json": b"\xef\xbb\xbf" * 2 + e["data.json"]}, DamagedBackup),
    "UTF-8 that is longer than it need be": (_replaced("data.json", "Water", b"W\xc1\xa1ter"), DamagedBackup),
    "UTF-8 of a surrogate": (_replaced("data.json", "Water", b"W\xed\xa0\xbcter"), DamagedBackup),
    "UTF-8 beyond Unicode": (_replaced("data.json", "Water", b"W\xf5\x80\x80\x80ter"), DamagedBackup),
    # Numbers
    "-NaN": (_number("-NaN"), DamagedBackup),
    "a number in hexadecimal": (_number("0x10"), DamagedBackup),
    "an integer one beyond 64 bits": (_number("9223372036854775808"), InvalidBackup),
    "an integer one below 64 bits": (_number("-9223372036854775809"), InvalidBackup),
    "an integer of 64 bits unsigned": (_number("18446744073709551615"), InvalidBackup),
    "an integer of 5,000 digits": (_number("9" * 5000), InvalidBackup),
    "a fraction of a million digits": (_number("0." + "1" * 1_000_000), InvalidBackup),
    "an exponent of a million digits": (_number("1e" + "9" * 1_000_000), InvalidBackup),
    "an integer with a fraction": (_number("1.5"), InvalidBackup),
    # The version, the settings, the counts
    "half a surrogate pair for a version": (_version('"\\ud800"'), DamagedBackup),
    "a number without end for a version": (_version("1e999"), DamagedBackup),
    "an integer without end for a version": (_version("1" * 30), UnsupportedVersion),
    "a version of a megabyte": (_version(f'"{"v" * 1_000_000}"'), UnsupportedVersion),
    "a version nested deeply": (_version(_nested(60, '{"a":', "}", "1")), UnsupportedVersion),
    "a version nested too deeply": (_version(_nested(65, '{"a":', "}", "1")), LimitExceeded),
    "settings nested too deeply": (_settings(f'"settings": {{"a": {_nested(5000)}}}'), LimitExceeded),
    "settings that are a text": (_settings('"settings": "x"'), DamagedBackup),
    "settings that are no JSON": (_settings('"settings": {"a": \\u0031}'), DamagedBackup),
    "a count of 30 digits": (_count('"task_count": ' + "9" * 30), InvalidBackup),
    "a count of 5,000 digits": (_count('"task_count": ' + "9" * 5000), InvalidMetadata),
    "a count with a fraction": (_count('"task_count": 1.5'), InvalidMetadata),
    "a count that is true": (_count('"task_count": true'), InvalidMetadata),
    "half a surrogate pair in metadata": (_replaced("metadata.json", '"2026-', '"\\udfff'), InvalidMetadata),
    "metadata nested too deeply": (_count(f'"task_count": 1, "x": {_nested(100_000)}'), InvalidMetadata),
    "a time of a megabyte in metadata": (_replaced("metadata.json", "2026-", "2026-" * 200_000), InvalidMetadata),
    "keys without end in metadata": (
        _count('"task_count": 1,' + ",".join(f'"k{i}": 1' for i in range(2000))),
        InvalidMetadata,
    ),
    # Keys
    "a key of the document that is too long": (
        _replaced("data.json", "{", '{"' + "k" * 1_000_000 + '": 1,'),
        LimitExceeded,
    ),
    "keys of the document without end": (
        _replaced("data.json", "{", "{" + "".join(f'"k{i}": 1,' for i in range(2000))),
        LimitExceeded,
    ),
    "a key of the document twice, said otherwise": (_replaced("data.json", "{", '{"t\\u0061sks": [],'), DamagedBackup),
    "a key of a record that is too long": (_in_tasks(_task(**{"k" * 1_000_000: 1})), LimitExceeded),
    "keys of a record without end": (_in_tasks(_task(**{f"k{i}": None for i in range(100_000)})), LimitExceeded),
    "other keys in each record": (
        _in_tasks(json.dumps([TASK | {"id": f"t{i}", f"k{i}": i} for i in range(2000)]), 2000),
        LimitExceeded,
    ),
    "a key that is half a surrogate pair, said in UTF-8": (_in_tasks(_task(("priority", "\ud800"))), DamagedBackup),
    "a record nested too deeply": (
        _in_tasks(_task(('"order_num": 0', '"order_num": ' + _nested(3000)))),
        LimitExceeded,
    ),
    # Times
    **{
        f"the time {text[:30]!r}": (_due(text), InvalidBackup)
        for text in (
            "", " 2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z\n", "2026-01-01T00:00:00Z\0", "٢٠٢٦-01-01T00:00:00Z",
            "now", "T" * 1_000_000, "2026-W01-1T00:00:00Z",
        )
    },
    # References
    "a time session of no task": (lambda _: _sessions(task_id="nobody"), InvalidBackup),
    "a time session of a task that is null": (lambda _: _sessions(task_id=None), InvalidBackup),
    "ids of a megabyte that lead nowhere": (lambda _: _sessions(task_id="x" * 1_000_000), InvalidBackup),
}  # fmt: skip


@pytest.mark.slow(but=5)
@pytest.mark.parametrize("kind", SPOILED)
def test_what_no_app_writes_is_refused(kind: str, device: Device) -> None:
    spoil, error = SPOILED[kind]
    write(device.archive, spoil(made_of()))
    judge(device, only=error)


ODD: dict[str, Spoil] = {
    "a key of a record in UTF-8 that two programs would fold": _in_tasks(_task(K=None)),
    "values nested within bounds": _replaced("data.json", "{", '{"x": ' + _nested(60, '{"a":', "}", "1") + ","),
    "settings nested within bounds": _settings(f'"settings": {{"a": {_nested(60)}}}'),
    "keys of the document, many": _replaced("data.json", "{", "{" + "".join(f'"k{i}": 1,' for i in range(900))),
    "a float that is tiny": _settings('"settings": {"a": 1e-999, "b": -0.0, "c": 4.9e-324}'),
    "no time in metadata": _replaced("metadata.json", "2026-01-01T00:00:00Z", "yesterday"),
    "a negative zero": _number("-0"),
    "the first moment": _due("0001-01-01T00:00:00Z"),
    "the last moment": _due("9999-12-31T23:59:59.999999Z"),
    "a time of 5,000 digits": _due("2026-01-01T00:00:00." + "1" * 5000 + "Z"),
    "a time with another offset": _due("2026-01-01T00:00:00.5-12:34"),
    "texts of a megabyte": _in_tasks(_task(title="\U0001f331" * 250_000, description="\\\"" * 500_000)),
    "texts of SQL": _in_tasks(_task(title="'; DROP TABLE tasks; --", id="x' OR '1'='1", description='"); ATTACH "a')),
    "texts that no screen shows": _in_tasks(_task(title="\u202e\u0000\u001b[2J\ufeff\uffff\U0010ffff\r\n")),
}  # fmt: skip


@pytest.mark.slow(but=3)
@pytest.mark.parametrize("kind", ODD)
def test_what_is_odd_and_allowed_is_read(kind: str, device: Device) -> None:
    write(device.archive, ODD[kind](made_of()))
    assert judge(device) in (None, WouldLoseData.kind)


# Manifests


def _manifest(edit: Callable[[dict[str, Any]], object], **further: str) -> Spoil:
    """A backup of ours whose manifest was changed, and which has further entries."""

    def spoil(entries: Entries) -> Entries:
        more = {f"{name}.json": text.encode() for name, text in further.items()}
        return edited(resigned(entries | more), "manifest.json", edit)

    return spoil


def _text(old: str, new: str) -> Spoil:
    return _replaced("manifest.json", old, new)


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
    "nesting without end": (_text('"revision": 1', '"revision": 1, "x": ' + _nested(100_000)), LimitExceeded),
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


@pytest.mark.slow(but=3)
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


def test_what_is_reported_of_a_file_is_bounded_whatever_its_ids_are(device: Device) -> None:
    long = [TASK | {"id": "x" * 100_000, "due_date": "never"} for _ in range(50)]
    write(device.archive, with_text(json.dumps(long).encode(), 50))
    result = validate_comprehensive(device.places, str(device.archive), Progress())
    assert result.error_count >= 50
    assert len(msgspec.json.encode(result)) < 300_000


# exact.json


def _cell(**changes: Any) -> dict[str, Any]:
    return {"table": "tasks", "row": 0, "id": None, "column": "title", "storage": "text", "value": "x"} | changes


def _exact(text: str | bytes) -> Spoil:
    data = text.encode() if isinstance(text, str) else text
    return lambda entries: resigned(entries | {"exact.json": data})


def _cells(*changes: dict[str, Any]) -> Spoil:
    return _exact(json.dumps([_cell(**change) for change in changes]))


EXACT: dict[str, tuple[Spoil, type[SidecarError]]] = {
    "no such table": (_cells({"table": "nowhere"}), InvalidBackup),
    "the schema": (_cells({"table": "sqlite_master"}), InvalidBackup),
    "a table of a megabyte's name": (_cells({"table": "t" * 1_000_000}), InvalidBackup),
    "no such column": (_cells({"column": "nothing"}), InvalidBackup),
    "the rowid": (_cells({"column": "rowid"}), InvalidBackup),
    "SQL for a column": (_cells({"column": 'title" = 1; --'}), InvalidBackup),
    "a row below the first": (_cells({"row": -1}), InvalidBackup),
    "a row beyond the last": (_cells({"row": 10**6}), InvalidBackup),
    "a row of 63 bits": (_cells({"row": 2**63 - 1}), InvalidBackup),
    "a row of 64 bits": (_cells({"row": 2**63}), DamagedBackup),
    "a row with a fraction": (_cells({"row": 0.5}), DamagedBackup),
    "a row that is true": (_cells({"row": True}), DamagedBackup),
    "no row": (_exact('[{"table": "tasks"}]'), DamagedBackup),
    "an unknown storage class": (_cells({"storage": "datetime"}), InvalidBackup),
    "a text called a number": (_cells({"storage": "integer"}), InvalidBackup),
    "a number of 64 bits": (_cells({"storage": "integer", "value": 2**63}), DamagedBackup),
    "a number without end": (_exact(json.dumps([_cell(value=7)]).replace("7", "1e999")), DamagedBackup),
    "base64 that is none": (_cells({"storage": "blob", "value": None, "base64": "!!!"}), InvalidBackup),
    "base64 that is not ASCII": (_cells({"storage": "blob", "value": None, "base64": "é==="}), InvalidBackup),
    "bytes and a value": (_cells({"storage": "blob", "base64": "AA=="}), InvalidBackup),
    "null where none may be": (_cells({"storage": "null", "value": None}), InvalidBackup),
    "one id in two rows": (_cells({"column": "id"}, {"column": "id", "row": 1}), InvalidBackup),
    "an object": (_exact("{}"), DamagedBackup),
    "nothing": (_exact(""), DamagedBackup),
    "nesting without end": (_exact("[" * 100_000), LimitExceeded),
    "nesting in a cell": (_exact(json.dumps([_cell(value=7)]).replace("7", _nested(5000))), LimitExceeded),
    "UTF-16": (_exact(json.dumps([_cell()]).encode("utf-16")), DamagedBackup),
    "half a surrogate pair": (_cells({"value": "\ud800"}), DamagedBackup),
}  # fmt: skip


@pytest.mark.slow(but=3)
@pytest.mark.parametrize("kind", EXACT)
def test_cells_that_fit_nowhere_are_refused(kind: str, own: tuple[Entries, Contents], device: Device) -> None:
    spoil, error = EXACT[kind]
    write(device.archive, spoil(own[0]))
    judge(device, only=error)


def test_a_cell_given_twice_counts_as_the_last_says(own: tuple[Entries, Contents], device: Device) -> None:
    write(device.archive, _cells({}, {"value": "last"})(own[0]))
    assert judge(device) is None
    device.imported(device.archive)
    assert query(device.database, "SELECT count(*) FROM tasks WHERE title = 'last'") == [(0,)]


def test_a_byte_order_mark_in_every_entry_of_ours_is_accepted(own: tuple[Entries, Contents], device: Device) -> None:
    mark = b"\xef\xbb\xbf"
    entries = {name: data if name == "manifest.json" else mark + data for name, data in own[0].items()}
    signed = resigned(entries)
    write(device.archive, signed | {"manifest.json": mark + signed["manifest.json"]})
    assert judge(device, own[1]) is None


ODD_TIMES = {
    "the last half microsecond": ("9999-12-31T23:59:59.9999995Z", "9999-12-31T23:59:59.9999995+00:00"),
    "all of nine digits": ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999+00:00"),
    "a year of five digits": ("+10000-01-01T00:00:00Z", "+10000-01-01T00:00:00+00:00"),
    "the same without a sign": ("12026-11-22T16:07:21.5Z", "12026-11-22T16:07:21.5+00:00"),
    "the last year of the app": ("+262142-12-31T23:59:59.999999999Z", "+262142-12-31T23:59:59.999999999+00:00"),
    "a year before Christ": ("-0044-03-15T12:00:00Z", "-0044-03-15T12:00:00+00:00"),
    "the year 0": ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00+00:00"),
    "a leap second": ("2016-12-31T23:59:60Z", "2016-12-31T23:59:60+00:00"),
    "a leap second's fraction": ("2016-12-31T23:59:60.123456789Z", "2016-12-31T23:59:60.123456789+00:00"),
    "beyond the ends of time in UTC": ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
    "month 13": ("2026-13-01T00:00:00Z", "2026-13-01T00:00:00+00:00"),
    "no day": ("2026-00-00T00:00:00Z", "2026-00-00T00:00:00+00:00"),
    "30 February": ("2026-02-30T00:00:00Z", "2026-02-30T00:00:00+00:00"),
    "hour 25": ("2026-02-03T25:00:00Z", "2026-02-03T25:00:00+00:00"),
    "no offset": ("2026-02-03T04:05:06.7", "2026-02-03T04:05:06.7"),
    "a blank and no offset": ("2026-02-03 04:05:06", "2026-02-03 04:05:06"),
    "a day alone": ("2026-02-03", "2026-02-03"),
    "the end of a day": ("2026-01-01T24:00:00Z", "2026-01-01T24:00:00+00:00"),
    "an offset of a day": ("2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+24:00"),
    "two offsets": ("2026-01-01T00:00:00Z+00:00", "2026-01-01T00:00:00Z+00:00"),
    "a point and no fraction": ("2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.Z"),
    "beyond the other end": ("9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59-14:00"),
    "no seconds": ("2026-2-3T4:05Z", "2026-2-3T4:05Z"),
}
"""A time as it stands in an archive -> as it is stored, digit for digit."""


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("kind", ODD_TIMES)
def test_an_odd_time_refuses_no_backup_and_is_kept_as_it_is(kind: str, device: Device) -> None:
    archived, stored = ODD_TIMES[kind]
    write(device.archive, made_of([TASK, TASK | {"id": "t2", "due_date": archived}]))
    problems = validate_comprehensive(device.places, str(device.archive), Progress()).problems
    assert [(one.kind, one.severity, one.id, one.column) for one in problems if one.kind == "odd_timestamp"] == [
        ("odd_timestamp", "warning", "t2", "due_date")
    ]
    import_data(device.places, str(device.archive), True, Progress())
    assert query(device.database, "SELECT due_date FROM tasks WHERE id = 't2'") == [(stored,)]
    export_data(device.places, str(device.archive), Progress())
    held = contents(device.database, ())
    execute(device.database, "DELETE FROM tasks")
    import_data(device.places, str(device.archive), True, Progress())
    assert contents(device.database, ()) == held


@pytest.mark.parametrize("text", ["", "soon", "22.11.2026", "2026", "2026-01-01 <b>", "2026-01-01" + "0" * 99])
def test_what_is_no_date_at_all_is_no_time(text: str, device: Device) -> None:
    write(device.archive, made_of([TASK | {"due_date": text}]))
    problems = validate_comprehensive(device.places, str(device.archive), Progress()).problems
    assert [one.kind for one in problems if one.severity == "error"] == ["invalid_timestamp"]
