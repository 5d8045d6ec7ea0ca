"""Whatever SQLite can store comes back byte for byte; and the shipped app still finds only what it can read."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest

from sidecar.database.models import CONTRACT, KNOWN
from sidecar.errors.backups import WouldLoseData
from sidecar.jobs.undoing import undo_last_import
from sidecar.progress import Progress
from tests.conftest import EVERY_KIND, THIRD, Copy
from tests.support.databases import (
    assert_nothing_changes,
    assert_same,
    backup,
    contents,
    copy_of,
    counts,
    emptied,
    execute,
    export,
    fresh,
    insert,
    opened,
    places_of,
    query,
    quoted,
    restore,
    validate,
    value,
)
from tests.support.shipped import entry

PARENTS_FIRST = ("periodic_task_templates", "tasks", "time_sessions", "ai_interactions", "task_dependencies")

TIME = "2025-01-02T03:04:05+00:00"

NOT_UTF8 = b"caf\xe9 \xff\xed\xa0\x80"

TEXTS = [
    "", " ", "NULL", "null", "0", "-0.0", "1e5", "0x10", "\x00", "a\x00b", "".join(map(chr, range(32))), "\x7f\x80\x9f",
    "\u2028\u2029\u200b\u200d\ufeff", "\ufffe\uffff\U0010ffff", "👩‍👩‍👧‍👦🏳️‍🌈",
    "e\u0301é", "\"'\\`/<b>&amp;</b>", "\r\n\r", "x" * 100_000,
    "🌱" * 70_000, '{"a": [1, 2.0, "\\u0000"]}', "\\u0000", "]},{[",
]  # fmt: skip

NUMBERS: list[int | float] = [
    0, 1, 2, -1, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 0.30000000000000004, 1.0, -0.0, 0.0, 5e-324, 1e308, 1e-7,
    1.7976931348623157e308, 123456789012345680.0, 1e16, 1e22, 9007199254740993.0, -9.223372036854775808e18,
    math.inf, -math.inf,
]  # fmt: skip

BLOBS = [b"", b"\x00", b"plain", b"\xff\xfe", bytes(range(256))]

TIMES = [
    "2025-01-02 03:04:05", "2025-01-02T03:04:05+00:00", "2025-01-02T03:04:05.1+00:00", "2025-01-02T03:04:05.123+00:00",
    "2025-01-02T03:04:05.123000+00:00", "2025-01-02T03:04:05.123456+00:00", "2025-01-02T03:04:05.123456789+00:00",
    "2025-01-02T03:04:05.000000000+00:00", "2025-01-02T03:04:05Z", "2025-01-02T03:04:05.5Z", "2025-01-02T03:04:05z",
    "2025-01-02t03:04:05+00:00", "2025-01-02 03:04:05+00:00", "2025-01-02 03:04:05.25", "2025-01-02T03:04:05-00:00",
    "2025-01-02T05:04:05.123456789+02:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999999+00:00",
    "9999-12-31T23:59:59-12:00", "2025-02-30T00:00:00+00:00", "2025-01-02", "2025-01-02T03:04", "1735787045", "",
    "soon", "2025-01-02T03:04:05.+00:00", "2025-01-02T03:04:05.123456789123+00:00", "2025-12-31T23:59:60+00:00",
    "0000-01-01T00:00:00+00:00", "２０25-01-02T03:04:05+00:00", "2025-01-02T03:04:05+00:00 ",
    "2025-01-02T24:00:00+00:00",
    "-2025-01-02T03:04:05+00:00", "2025-01-02T03:04:05+0000", "2025-01-02T03:04:05 +00:00",
]  # fmt: skip

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

APP_TYPES: dict[str, type] = {
    "text": str, "json": str, "timestamp": str, "boolean": bool, "integer": int, "double": float,
}  # fmt: skip


def round_trip(source: Path, folder: Path) -> Path:
    """The archive, after it was restored into an emptied copy, and merged into the source, without changing a byte."""
    archive = backup(source, folder / "b.kpbackup")
    device = emptied(copy_of(source, folder / "emptied"))
    restore(device, archive)
    assert_same(source, device)
    assert_nothing_changes(restore(device, archive))
    assert_same(source, device)
    assert_nothing_changes(restore(device, archive, overwrite=False))
    assert_same(source, device)
    return archive


def assert_the_shipped_app_can_read(archive: Path) -> None:
    """Every record of the contract has the types the app's model has, and the sections repeat data.json."""
    data = entry(archive, "data.json")
    for table in CONTRACT:
        assert entry(archive, f"{table}.json") == data[table]
        for record in data[table]:
            for name, field in KNOWN[table].items():
                _assert_of_type(record[name], field.kind, field.required)


def _assert_of_type(found: Any, kind: str, required: bool) -> None:
    if found is None:
        assert not required
        return
    assert type(found) is APP_TYPES[kind]
    assert kind != "timestamp" or RFC3339.fullmatch(str(found))


@pytest.mark.slow
def test_every_text_comes_back(tmp_path: Path) -> None:
    source = fresh(tmp_path)
    for index, text in enumerate(TEXTS):
        insert(source, "tasks", id=f"{index} {text}", title=text, description=text, tags=text, status=text)
        insert(source, "ai_interactions", id=str(index), message=text, response=text, reasoning=text, created_at=TIME)
        insert(source, "user_preferences", id=str(index), working_hours=text, theme=text)
    assert_the_shipped_app_can_read(round_trip(source, tmp_path))


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("table", ["tasks", "ai_interactions", "time_sessions", "ai_suggestions", "logging_config"])
def test_every_value_comes_back_from_every_column(tmp_path: Path, table: str) -> None:
    source = fresh(tmp_path)
    execute(source, f"DELETE FROM {table}")
    known = KNOWN[table]
    least = {name: "x" for name, field in known.items() if not field.null and field.default_sql is None}
    number = 0
    with opened(source) as connection:
        for column, field in known.items():
            if field.primary_key:
                continue
            for odd in (*NUMBERS, *BLOBS, *TIMES, *TEXTS[:12], None):
                if odd is None and not field.null:
                    continue
                number += 1
                row = least | {"id": number if table == "logging_config" else f"row {number}"} | {column: odd}
                marks = ", ".join("?" * len(row))
                columns = ", ".join(map(quoted, row))
                connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(row.values()))
            number += 1
            row_id = number if table == "logging_config" else f"row {number}"
            columns = ", ".join(map(quoted, least | {"id": 0}))
            marks = ", ".join("?" * len(least | {"id": 0}))
            connection.execute(
                f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple((least | {"id": row_id}).values())
            )
            connection.execute(f"UPDATE {table} SET {column} = CAST(? AS TEXT) WHERE id = ?", (NOT_UTF8, row_id))
    assert counts(source)[table] == number
    assert_the_shipped_app_can_read(round_trip(source, tmp_path))


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("odd", [b"\x00\xff", 7, 1.5, "a\x00b", b"", math.inf])
def test_odd_ids_come_back_and_references_to_them_lead_there(tmp_path: Path, odd: object) -> None:
    source = fresh(tmp_path)
    insert(source, "tasks", id=odd, title="odd")
    insert(source, "tasks", id="plain", title="plain", parent_task_id=odd)
    insert(source, "time_sessions", id=odd, task_id=odd, start_time=TIME)
    insert(source, "task_dependencies", id=odd, task_id=odd, depends_on_id="plain")
    insert(source, "task_dependencies", id="back", task_id="plain", depends_on_id=odd)
    insert(source, "focus_sessions", id=odd, task_id=odd, planned_duration=1)
    insert(source, "threads", id=odd, title="odd", assignment_task_id=odd)
    assert_the_shipped_app_can_read(round_trip(source, tmp_path))


def test_an_id_that_is_not_utf8_comes_back(tmp_path: Path) -> None:
    source = fresh(tmp_path)
    execute(
        source,
        "INSERT INTO tasks (id, title) VALUES (CAST(x'ff' AS TEXT), CAST(x'fe' AS TEXT)), ('b', 'B')",
        "INSERT INTO task_lists (id, name) VALUES (CAST(x'fe' AS TEXT), CAST(x'fe' AS TEXT))",
        "UPDATE tasks SET task_list_id = CAST(x'fe' AS TEXT), parent_task_id = CAST(x'fd' AS TEXT)",
        "INSERT INTO task_dependencies (id, task_id, depends_on_id)"
        " VALUES (CAST(x'fd' AS TEXT), CAST(x'ff' AS TEXT), 'b')",
        "INSERT INTO task_dependencies (id, task_id, depends_on_id) VALUES ('back', 'b', CAST(x'ff' AS TEXT))",
        "INSERT INTO task_dependencies (id, task_id, depends_on_id) VALUES ('self', 'b', 'b')",
    )
    assert_the_shipped_app_can_read(round_trip(source, tmp_path))


def test_references_that_lead_nowhere_come_back(tmp_path: Path) -> None:
    source = fresh(tmp_path)
    insert(source, "tasks", id="a", title="A", parent_task_id="gone", task_list_id="gone", periodic_template_id="gone")
    insert(source, "time_sessions", id="s", task_id="gone", start_time=TIME)
    insert(source, "task_dependencies", id="d", task_id="gone", depends_on_id="gone")
    insert(source, "focus_sessions", id="f", task_id="gone", planned_duration=1)
    insert(source, "threads", id="h", title="H", assignment_task_id="gone")
    insert(source, "thread_messages", id="m", thread_id="gone", type="user", content="x", timestamp="x")
    archive = round_trip(source, tmp_path)
    assert any("lead nowhere" in line or "do not exist" in line for line in export(source, archive).warnings)
    restored = fresh(tmp_path, "new.db")
    restore(restored, archive)
    assert_same(source, restored)


@pytest.mark.slow(but=1)
@pytest.mark.parametrize(
    "reference",
    [
        "y REFERENCES parent",
        "y REFERENCES parent ON DELETE CASCADE",
        "y REFERENCES parent (k) ON DELETE SET NULL",
        "y REFERENCES parent (value) ON DELETE CASCADE",
        "y REFERENCES parent (nowhere) ON DELETE CASCADE",
        "y REFERENCES nobody ON DELETE CASCADE",
        "x, y, FOREIGN KEY (x, y) REFERENCES parent (k, value) ON DELETE CASCADE",
    ],
)
def test_rows_come_back_whatever_their_table_refers_to(tmp_path: Path, reference: str) -> None:
    source = fresh(tmp_path)
    execute(
        source,
        "CREATE TABLE parent (k TEXT PRIMARY KEY, value)",
        f"CREATE TABLE child ({reference})",
        "INSERT INTO parent VALUES ('a', 'b')",
    )
    for target in ("a", "b", "gone"):
        insert(source, "child", y=target)
    round_trip(source, tmp_path)


def test_rows_that_refer_to_the_key_of_their_parent_without_naming_it_go_with_it(tmp_path: Path) -> None:
    source = fresh(tmp_path)
    execute(source, "CREATE TABLE parent (k TEXT PRIMARY KEY)", "INSERT INTO parent VALUES ('a')")
    archive = backup(source, tmp_path / "b.kpbackup")
    execute(
        source,
        "CREATE TABLE child (y REFERENCES parent ON DELETE CASCADE)",
        "INSERT INTO parent VALUES ('new')",
        "INSERT INTO child VALUES ('a'), ('new')",
    )
    assert restore(source, archive).tables["child"].removed == 1
    assert counts(source)["child"] == 1


def test_a_missing_time_is_shown_to_the_app_as_another_time_of_the_row(tmp_path: Path) -> None:
    source = fresh(tmp_path)
    for name, created, updated in (("a", None, TIME), ("b", None, None), ("c", "soon", "2025-01-02 03:04:05")):
        insert(source, "tasks", id=name, title=name, created_at=created, updated_at=updated)
    insert(source, "time_sessions", id="s", task_id="a", start_time="2024-01-02T03:04:05.5+00:00", created_at=None)
    archive = round_trip(source, tmp_path)
    shown = {record["id"]: (record["created_at"], record["updated_at"]) for record in entry(archive, "tasks.json")}
    time, epoch = "2025-01-02T03:04:05Z", "1970-01-01T00:00:00Z"
    assert shown == {"a": (time, time), "b": (epoch, epoch), "c": (time, time)}
    assert entry(archive, "time_sessions.json")[0]["created_at"] == "2024-01-02T03:04:05.5Z"
    warnings = export(source, archive).warnings
    assert "2 tasks without created_at: kept as they are; an older KiraPilot is shown a default instead" in warnings


def test_nulls_that_the_apps_model_forbids_are_shown_as_the_default_of_their_column(tmp_path: Path) -> None:
    source = fresh(tmp_path)
    nullable = [name for name, field in KNOWN["tasks"].items() if field.null]
    insert(source, "tasks", id="a", title="A", **dict.fromkeys(nullable))
    archive = round_trip(source, tmp_path)
    shown = entry(archive, "tasks.json")[0]
    assert {name: shown[name] for name in nullable if shown[name] is not None} == {
        "priority": 1, "status": "pending", "time_estimate": 0, "actual_time": 0, "order_num": 0,
        "is_periodic_instance": False, "created_at": "1970-01-01T00:00:00Z", "updated_at": "1970-01-01T00:00:00Z",
    }  # fmt: skip


def test_an_archive_of_plain_rows_has_no_exact_values(database_copy: Copy, tmp_path: Path) -> None:
    archive = backup(emptied(database_copy(EVERY_KIND)), tmp_path / "b.kpbackup")
    assert "exact.json" not in entry(archive, "manifest.json")["entries"]


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("name", [EVERY_KIND, THIRD])
def test_the_shipped_app_restores_our_backup_on_a_new_device_and_ours_loses_nothing_by_that(
    database_copy: Copy, tmp_path: Path, name: str
) -> None:
    source, device = database_copy(name), fresh(tmp_path)
    archive = round_trip(source, tmp_path)
    assert validate(source, archive).warnings == validate(source, without_lists_of_templates(source, tmp_path)).warnings
    data = entry(archive, "data.json")
    # As that app does: what is there goes, then a row for each record, under the foreign keys of a device that has
    # a default list of its own and no other.
    with opened(device) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        for table in reversed(PARENTS_FIRST):
            connection.execute(f"DELETE FROM {table}")
        for table in PARENTS_FIRST:
            for record in data[table]:
                columns = ", ".join(record)
                connection.execute(
                    f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(record))})", [*record.values()]
                )
        connection.commit()
        counted = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in PARENTS_FIRST}
    assert counted == {table: counts(source)[table] for table in PARENTS_FIRST}
    assert value(source, "SELECT count(*) FROM periodic_task_templates WHERE task_list_id IS NOT NULL") > 0


def without_lists_of_templates(source: Path, folder: Path) -> Path:
    """A backup of the same rows, but for what is told exactly of them."""
    plain = copy_of(source, folder / "plain")
    execute(plain, "UPDATE periodic_task_templates SET task_list_id = NULL")
    return backup(plain, folder / "plain.kpbackup")


TABLES = {
    "without a key": 'CREATE TABLE "{}" (a, b)',
    "with a key": 'CREATE TABLE "{}" (a TEXT PRIMARY KEY, b)',
    "with a composite key": 'CREATE TABLE "{}" (a, b, PRIMARY KEY (a, b))',
    "without a rowid": 'CREATE TABLE "{}" (a PRIMARY KEY, b) WITHOUT ROWID',
    "without a rowid, composite": 'CREATE TABLE "{}" (a INTEGER, b ANY, PRIMARY KEY (b DESC, a)) WITHOUT ROWID',
    "numbered": 'CREATE TABLE "{}" (n INTEGER PRIMARY KEY AUTOINCREMENT, a, b)',
    "numeric": 'CREATE TABLE "{}" (a NUMERIC, b DATETIME)',
    "strict": 'CREATE TABLE "{}" (id TEXT PRIMARY KEY DEFAULT (hex(randomblob(8))), a ANY, b ANY) STRICT',
    "ignoring case": 'CREATE TABLE "{}" (a TEXT COLLATE NOCASE PRIMARY KEY, b TEXT COLLATE NOCASE)',
    "with generated columns": (
        'CREATE TABLE "{}" (a, b, v AS (typeof(a) || typeof(b)), s TEXT AS (hex(a)) STORED, c DEFAULT 5)'
    ),
    "with checks": """CREATE TABLE "{}" (a, b CHECK (b IS NULL OR length(quote(b)) > 0), UNIQUE (a, b))""",
    "referring to itself": 'CREATE TABLE "{}" (a PRIMARY KEY, b REFERENCES "{}" (a) ON DELETE CASCADE)',
}


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("kind", TABLES)
def test_a_table_that_nobody_has_heard_of_comes_back(tmp_path: Path, kind: str) -> None:
    source = fresh(tmp_path)
    execute(source, TABLES[kind].replace("{}", "labels"))
    values = [*NUMBERS, *BLOBS, *TEXTS[:14], None]
    referring = kind == "referring to itself"
    with opened(source) as connection:
        for index, odd in enumerate(values):
            pair = (odd, None if referring else values[index - 1])
            connection.execute("INSERT OR IGNORE INTO labels (a, b) VALUES (?, ?)", pair)
        connection.execute("INSERT OR IGNORE INTO labels (a) VALUES (CAST(? AS TEXT))", (NOT_UTF8,))
        if referring:
            connection.execute("UPDATE labels SET b = (SELECT max(a) FROM labels)")
    assert counts(source)["labels"] > 20
    round_trip(source, tmp_path)


NAMES = [
    "data", "Metadata", "manifest", "exact", "settings", "table-data", "a/b", "..", "ü", "Ü", "😀", "select", "group",
    'quote"d', "it's", "back\\slash", "new\nline", "sqlite", "kp row", "main", "stage", "plan", "plan tasks",
    "gone tasks", "untied threads.assignment_task_id", "section tasks", "tasks: id", "CON", "a.b", "%41", " ", "-",
    "x" * 200, "Ärger.json", "tasks.json", "0", "[x]", "row", "action", "s", "m", "p",
]  # fmt: skip


@pytest.mark.slow
def test_tables_of_every_name_come_back(tmp_path: Path) -> None:
    source = fresh(tmp_path)
    insert(source, "tasks", id="a", title="A")
    insert(source, "threads", id="h", title="H", assignment_task_id="a")
    for name in NAMES:
        execute(source, f"CREATE TABLE {quoted(name)} (id TEXT PRIMARY KEY, value)")
        insert(source, name, id=name, value=name.encode())
    archive = round_trip(source, tmp_path)
    entries = [table["entry"] for table in entry(archive, "manifest.json")["tables"].values()]
    assert len({name.lower() for name in entries}) == len(entries)
    execute(source, "DELETE FROM tasks")
    restore(source, archive)


COLUMNS = [
    "rowid", "_rowid_", "oid", "row", "action", "kp row", "kp shape", 'quote"d', "it's", "back\\slash", "new\nline",
    "nul-free", "select", "ü", "Ü", "😀", " ", "a.b", "$", "?1", ":a", "0", "c", "id ", "k0", "m", "s", "constructor",
    "x" * 200, "\x01",
]  # fmt: skip


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("without_rowid", ["", "WITHOUT ROWID"])
def test_columns_of_every_name_come_back(tmp_path: Path, without_rowid: str) -> None:
    source = fresh(tmp_path)
    columns = ", ".join(map(quoted, COLUMNS))
    execute(source, f"CREATE TABLE labels (id TEXT PRIMARY KEY, {columns}) {without_rowid}")
    for column in COLUMNS:
        execute(source, f"ALTER TABLE tasks ADD COLUMN {quoted('task ' + column)}")
    for index in range(3):
        insert(source, "labels", id=str(index), **{column: f"{column} {index}" for column in COLUMNS})
        insert(source, "tasks", id=str(index), title="x", **{f"task {column}": index / 2 for column in COLUMNS})
    insert(source, "labels", id="odd", **dict.fromkeys(COLUMNS, b"\xff"))
    assert_the_shipped_app_can_read(round_trip(source, tmp_path))


def test_a_table_with_a_key_whose_columns_take_every_name_of_the_rowid_comes_back(tmp_path: Path) -> None:
    source = fresh(tmp_path)
    execute(
        source,
        "CREATE TABLE keyed (rowid TEXT PRIMARY KEY, _rowid_, oid)",
        "INSERT INTO keyed VALUES ('a', 2, 3), ('b', 2, 3), ('c', 'x', x'00')",
    )
    round_trip(source, tmp_path)


def test_rows_at_both_ends_of_what_sqlite_can_number_come_back(tmp_path: Path) -> None:
    source = fresh(tmp_path)
    execute(
        source,
        "CREATE TABLE numbered (n INTEGER PRIMARY KEY, a)",
        "INSERT INTO numbered VALUES (-9223372036854775808, 'first'), (0, 'zero'), (9223372036854775807, 'last')",
    )
    insert(source, "tasks", id="a", title="A", rowid=-(2**63))
    insert(source, "tasks", id="b", title="B", rowid=2**63 - 1)
    round_trip(source, tmp_path)


@pytest.mark.slow
def test_a_table_longer_than_a_batch_comes_back_wherever_its_odd_rows_lie(tmp_path: Path) -> None:
    source = fresh(tmp_path)
    odd = {0, 999, 1000, 1001, 1999, 2000, 2500}
    with opened(source) as connection:
        for index in range(2501):
            title = b"\xff" if index in odd else f"Task {index}"
            connection.execute(
                "INSERT INTO tasks (rowid, id, title, created_at, updated_at) VALUES (?, ?, CAST(? AS TEXT), ?, ?)",
                (index * 3, str(index), title, TIME, None if index in odd else TIME),
            )
        connection.execute("CREATE TABLE many (a PRIMARY KEY, b) WITHOUT ROWID")
        connection.execute("INSERT INTO many SELECT id, title FROM tasks")
    assert_the_shipped_app_can_read(round_trip(source, tmp_path))


def test_views_and_statistics_are_left_alone(tmp_path: Path) -> None:
    source = fresh(tmp_path)
    insert(source, "tasks", id="a", title="A")
    execute(source, "CREATE VIEW open_tasks AS SELECT * FROM tasks", "ANALYZE")
    archive = round_trip(source, tmp_path)
    assert not entry(archive, "manifest.json")["tables"].keys() & {"open_tasks", "sqlite_stat1"}


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("encoding", ["UTF-16le", "UTF-16be"])
def test_a_database_of_another_encoding_comes_back(tmp_path: Path, encoding: str) -> None:
    utf8, source = fresh(tmp_path), tmp_path / "utf16.db"
    for index, text in enumerate(TEXTS):
        insert(utf8, "tasks", id=str(index), title=text, created_at=None)
    with opened(source) as connection:
        connection.execute(f"PRAGMA encoding = '{encoding}'")
        for sql in _schema_of(utf8):
            connection.execute(sql)
    for table, (columns, rows) in contents(utf8, ()).items():
        with opened(source) as connection:
            for row in rows:
                values = tuple(stored.decode() if kind == "text" else stored for kind, stored in row)  # type: ignore[attr-defined]
                connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", values)
    assert value(source, "PRAGMA encoding") == encoding
    assert validate(utf8, round_trip(source, tmp_path)).is_valid


def _schema_of(database: Path) -> list[str]:
    with opened(database) as connection:
        return [sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL")]


def _in(encoding: str, folder: Path) -> Path:
    """A new device whose database has another encoding than the app's."""
    source, path = fresh(folder), folder / f"{encoding}.db"
    with opened(source) as old, opened(path) as new:
        new.execute(f'PRAGMA encoding = "{encoding}"')
        new.executescript("".join(f"{line}\n" for line in old.iterdump()))
    return path


UNPAIRED = {
    "a first half alone": "a\ud83d",
    "halves in the wrong order": "\ude00\ud83d!",
    "a second half before a letter": "\ude00b",
    "nothing but a half": "\ud800",
}


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("encoding", ["UTF-16le", "UTF-16be"])
@pytest.mark.parametrize("text", UNPAIRED.values(), ids=UNPAIRED)
def test_half_a_character_comes_back_into_the_same_database_and_by_an_undo(
    tmp_path: Path, encoding: str, text: str
) -> None:
    device = _in(encoding, tmp_path)
    with opened(device) as connection:
        # A literal: a parameter would be taken for UTF-8.
        stored = text.encode(encoding, "surrogatepass").hex()
        connection.execute(f"INSERT INTO tasks (id, title) VALUES ('t', CAST(x'{stored}' AS TEXT))")
        connection.execute(f"INSERT INTO threads (id, title) VALUES (CAST(x'{stored}' AS TEXT), 'x')")
        connection.execute("INSERT INTO tasks (id, title) VALUES ('u', 'whole 😀')")
    raw = "SELECT hex(CAST(title AS BLOB)) FROM tasks UNION ALL SELECT hex(CAST(id AS BLOB)) FROM threads"
    before = query(device, raw)
    assert (text.encode(encoding, "surrogatepass").hex().upper(),) in before
    archive = backup(device, tmp_path / "b.kpbackup")
    assert_nothing_changes(restore(device, archive))
    execute(device, "UPDATE tasks SET title = 'changed'", "DELETE FROM threads")
    restore(device, archive)
    assert query(device, raw) == before
    execute(device, "DELETE FROM tasks WHERE id = 'u'")
    without = query(device, raw)
    restore(device, archive)
    undo_last_import(places_of(device), Progress())
    assert query(device, raw) == without


@pytest.mark.parametrize(("source", "target"), [("UTF-16le", "UTF-8"), ("UTF-8", "UTF-16be")])
def test_text_that_is_none_is_not_turned_into_other_text_by_another_encoding(
    tmp_path: Path, source: str, target: str
) -> None:
    device, other = _in(source, tmp_path), _in(target, tmp_path)
    with opened(device) as connection:
        stored = NOT_UTF8 if source == "UTF-8" else "\ud83d".encode(source, "surrogatepass")
        connection.execute(f"INSERT INTO tasks (id, title) VALUES ('t', CAST(x'{stored.hex()}' AS TEXT))")
    archive = backup(device, tmp_path / "b.kpbackup")
    with pytest.raises(WouldLoseData, match=r"tasks\.title"):
        restore(other, archive)
    assert any("tasks.title" in line for line in restore(other, archive, allow_loss=True).warnings)
