"""Tables that nobody has heard of come back: of every name, key, reference and length."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.archive import limits
from sidecar.comparison.difference import compare_backups
from sidecar.jobs.importing import import_data
from sidecar.progress import Progress
from tests.support.databases import backup, counts, execute, fresh, insert, opened, places_of, quoted, restore
from tests.support.round_trips import BLOBS, NOT_UTF8, NUMBERS, TEXTS, TIME, assert_the_shipped_app_can_read, round_trip
from tests.support.shipped import entry


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


@pytest.mark.parametrize("key", ["", "PRIMARY KEY"])
def test_as_many_columns_as_a_backup_holds_are_compared_and_merged_too(tmp_path: Path, key: str) -> None:
    source = fresh(tmp_path)
    columns = ", ".join(f"c{index}" for index in range(1, limits.MAX_COLUMNS))
    execute(source, f"CREATE TABLE wide (id TEXT {key}, {columns})", "INSERT INTO wide (id, c7) VALUES ('a', 'b')")
    archive = round_trip(source, tmp_path)
    execute(source, "UPDATE wide SET c7 = 'c'")
    places = places_of(source)
    told = compare_backups(places, str(archive), "now", Progress())
    assert (told.tables["wide"].changed, told.tables["wide"].added) == ((1, 0) if key else (0, 1))
    import_data(places, str(archive), False, Progress(), on_conflict="both")
    assert counts(source)["wide"] == 2
    assert restore(source, archive).tables["wide"].removed == (1 if key else 2)


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
