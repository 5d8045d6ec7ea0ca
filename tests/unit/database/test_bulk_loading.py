"""Tables made with the indexes of their keys last: the same rows, keys and catalogue as SQLite makes by itself."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sidecar.database.bulk_loading import form_of, may_declare_keys
from sidecar.database.introspection import read_schema
from sidecar.errors.backups import InvalidBackup
from sidecar.jobs import importing
from sidecar.restore import prebuilt_tables
from sidecar.restore.applying import apply
from tests.support.databases import assert_same_contents, backup, bring_in, contents, execute, fresh, query, tracing
from tests.support.shipped import shipped_archive, task

LATE = {
    "plain": "(id TEXT PRIMARY KEY, n INT)",
    "several": "(id varchar(36) NOT NULL PRIMARY KEY, n INT UNIQUE, t TEXT, UNIQUE (t, n))",
    "backwards": "(id TEXT, n INT, PRIMARY KEY (n DESC, id))",
    "not an alias": "(id INT PRIMARY KEY, n REAL, t ANY)",
    "twice": '(id "odd type" PRIMARY KEY UNIQUE, n)',
    "no rowid name": "(id TEXT PRIMARY KEY, rowid TEXT, oid INT, _rowid_ INT)",
    "without a key": "(id TEXT UNIQUE, n INT)",
}
AS_IT_IS = {
    "alias": "(id INTEGER PRIMARY KEY, n INT UNIQUE)",
    "checked": "(id TEXT PRIMARY KEY, n INT CHECK (n < 100000))",
    "conflict": "(id TEXT PRIMARY KEY ON CONFLICT IGNORE, n INT)",
    "strict": "(id TEXT PRIMARY KEY, n ANY) STRICT",
    "of any case": "(id TEXT COLLATE NOCASE PRIMARY KEY, n INT)",
    "no keys": "(id TEXT, n INT DEFAULT 3)",
}
ID = "CASE n % 2 WHEN 0 THEN 'a' ELSE 'B' END || (n * 7919 % 997)"
SERIES = "WITH series (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM series WHERE n < 300)"


@pytest.fixture(autouse=True)
def _every_table_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prebuilt_tables, "WORTH_ROWS", 1)


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement by which tables are made beforehand."""
    statements: list[str] = []
    monkeypatch.setattr(prebuilt_tables, "_open", tracing(prebuilt_tables._open, statements))
    return statements


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("name", [*LATE, *AS_IT_IS])
def test_a_table_is_the_same_whenever_its_keys_are_made(
    name: str, tmp_path: Path, traced: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, list[tuple[str, ...]]] = {}

    def apply_told(connection: sqlite3.Connection, *arguments: Any) -> None:
        for catalogue in ("main", "built"):
            read = f"SELECT type, name, sql FROM {catalogue}.sqlite_master WHERE tbl_name LIKE '%odd%' ORDER BY name"
            told[catalogue] = connection.execute(read).fetchall()
        apply(connection, *arguments)

    monkeypatch.setattr(importing, "apply", apply_told)
    sql = f'CREATE TABLE "an ""odd"" one" {(LATE | AS_IT_IS)[name]}'
    source, device = fresh(tmp_path, "1.db"), fresh(tmp_path, "2.db")
    columns = ("id", "oid") if "oid" in sql else ("id", "n")
    for path in (source, device):
        execute(path, sql)
    value = "1000 - n" if name == "alias" else ID
    execute(source, f'INSERT INTO "an ""odd"" one" ({", ".join(columns)}) {SERIES} SELECT {value}, n FROM series')
    if name == "plain":
        execute(source, 'INSERT INTO "an ""odd"" one" VALUES (NULL, NULL), (NULL, NULL)')
    bring_in(device, backup(source, tmp_path / "a.kpbackup"))
    # Word for word: only then does SQLite move whole records.
    assert told["built"] == told["main"] != []
    late = [statement for statement in traced if statement.startswith("CREATE UNIQUE INDEX main.")]
    assert any("odd" in statement for statement in late) == (name in LATE)
    assert_same_contents(contents(source), contents(device))
    with closing(sqlite3.connect(device)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("index", ["(id) WHERE state = 'OPEN'", "(state = 'OPEN')"])
def test_an_index_whose_condition_ignores_case_has_the_rows_that_it_means(index: str, tmp_path: Path) -> None:
    source, device = fresh(tmp_path, "1.db"), fresh(tmp_path, "2.db")
    for path in (source, device):
        execute(path, "CREATE TABLE odd (id TEXT PRIMARY KEY, state TEXT COLLATE NOCASE)")
        execute(path, f"CREATE INDEX by_state ON odd {index}")
    execute(source, "INSERT INTO odd VALUES ('a', 'open'), ('b', 'Open'), ('c', 'done')")
    bring_in(device, backup(source, tmp_path / "a.kpbackup"))
    assert query(device, "PRAGMA integrity_check") == [("ok",)]


def test_columns_that_rows_do_not_speak_of_take_their_defaults(tmp_path: Path, traced: list[str]) -> None:
    """A backup of the shipped app has no place for some columns of the tasks."""
    device = fresh(tmp_path)
    for number, default in enumerate(("'it''s'", "-1.5", "NULL", "TRUE", "CURRENT_DATE", "''")):
        execute(device, f"ALTER TABLE tasks ADD COLUMN late_{number} {'' if number == 4 else f'DEFAULT {default}'}")
    bring_in(device, shipped_archive(tmp_path / "a.kpbackup", tasks=[task("a"), task("b")]))
    assert [statement for statement in traced if statement.startswith("CREATE UNIQUE INDEX main.")]
    found = query(device, "SELECT late_0, late_1, late_2, late_3, late_4, late_5 FROM tasks")
    assert found == [("it's", -1.5, None, 1, None, "")] * 2


@pytest.mark.parametrize("default", ["(1 + 1)", "word", "(lower('X'))"])
def test_a_default_that_is_worked_out_is_left_to_sqlite(default: str, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as connection:
        made = f"CREATE TABLE t (id TEXT PRIMARY KEY, n DEFAULT {default})"
        connection.execute(made)
        table = read_schema(connection)["t"]
        assert form_of(connection, table, made, {"n"}).create == made
        assert form_of(connection, table, made, set()).keys


@pytest.mark.slow(but=1)
@pytest.mark.parametrize(
    ("rule", "one", "other"),
    [("UNIQUE", "'x'", "'x'"), ("COLLATE NOCASE UNIQUE", "'x'", "'X'"), ("NOT NULL", "'x'", "NULL")],
)
def test_rows_that_a_table_refuses_are_told_of_by_its_name(rule: str, one: str, other: str, tmp_path: Path) -> None:
    source, device = fresh(tmp_path, "1.db"), fresh(tmp_path, "2.db")
    execute(source, "CREATE TABLE notes (id TEXT PRIMARY KEY, n TEXT)")
    execute(source, f"INSERT INTO notes VALUES ('a', {one}), ('b', {other})")
    execute(device, f"CREATE TABLE notes (id TEXT PRIMARY KEY, n TEXT {rule})")
    before = device.read_bytes()
    with pytest.raises(InvalidBackup, match=r"refuses a row of the backup \(.* constraint failed: notes.n\)"):
        bring_in(device, backup(source, tmp_path / "a.kpbackup"))
    assert device.read_bytes() == before


class Guarded(sqlite3.Connection):
    """As SQLite answers when its vendor has set SQLITE_DBCONFIG_DEFENSIVE."""

    def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
        if sql.startswith("UPDATE main.sqlite_master"):
            raise sqlite3.OperationalError("table sqlite_master may not be modified")
        return super().execute(sql, *arguments)


def test_a_sqlite_that_guards_its_catalogue_makes_keys_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, traced: list[str]
) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db")) as usual, closing(Guarded(tmp_path / "a.db")) as guarded:
        assert [may_declare_keys(connection) for connection in (usual, guarded)] == [True, False]
        assert guarded.execute("PRAGMA writable_schema").fetchone() == (0,)
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Guarded))
    device = fresh(tmp_path)
    bring_in(device, shipped_archive(tmp_path / "a.kpbackup", tasks=[task("a"), task("b")]))
    assert 'CREATE TABLE "tasks"' in " ".join(traced)
    assert not [statement for statement in traced if statement.startswith("CREATE UNIQUE INDEX main.")]
    assert query(device, "SELECT id FROM tasks ORDER BY id") == [("a",), ("b",)]
