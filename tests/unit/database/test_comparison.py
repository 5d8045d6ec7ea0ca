from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.database.comparison import TableComparison, compare
from sidecar.errors.base import Cancelled
from sidecar.progress import Progress
from tests.conftest import EVERY_KIND, SECOND, Copy


def database(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return path


def pair(folder: Path, first: str, second: str) -> TableComparison:
    """Compare two databases that hold one value each, written as SQL."""
    make = "CREATE TABLE t (v)"
    left = database(folder / "first.db", make, f"INSERT INTO t VALUES ({first})")
    right = database(folder / "second.db", make, f"INSERT INTO t VALUES ({second})")
    return compare(left, right, (), Progress())["t"]


def test_a_copy_of_a_real_database_is_identical(database_copy: Copy) -> None:
    tables = compare(database_copy(EVERY_KIND), database_copy(EVERY_KIND), (), Progress())
    assert tables["tasks"] == TableComparison(rows=12, restored=12, different=0)
    assert len(tables) == 16
    assert not any(table.different for table in tables.values())


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("1", "1.0"),
        ("1", "'1'"),
        ("'a'", "x'61'"),
        ("'a'", "'A'"),
        ("''", "NULL"),
        ("0.3", "0.30000000000000004"),
        ("char(97, 0, 98)", "char(97, 0, 99)"),
        ("CAST(x'ff' AS TEXT)", "CAST(x'fe' AS TEXT)"),
        ("9007199254740993", "9007199254740992"),
    ],
)
def test_values_that_sqlite_stores_differently_differ(tmp_path: Path, first: str, second: str) -> None:
    assert pair(tmp_path, first, second) == TableComparison(rows=1, restored=1, different=2)


def test_letter_case_counts_even_in_a_column_that_ignores_it(tmp_path: Path) -> None:
    make = "CREATE TABLE t (v TEXT COLLATE NOCASE)"
    left = database(tmp_path / "first.db", make, "INSERT INTO t VALUES ('a')")
    right = database(tmp_path / "second.db", make, "INSERT INTO t VALUES ('A')")
    assert compare(left, right, (), Progress())["t"].different == 2


def test_a_row_that_is_there_twice_on_one_side_differs(tmp_path: Path) -> None:
    left = database(tmp_path / "first.db", "CREATE TABLE t (v)", "INSERT INTO t VALUES (1)")
    right = database(tmp_path / "second.db", "CREATE TABLE t (v)", "INSERT INTO t VALUES (1), (1)")
    assert compare(left, right, (), Progress())["t"] == TableComparison(rows=1, restored=2, different=1)


def test_a_missing_table_and_a_missing_column_differ_by_all_their_rows(tmp_path: Path) -> None:
    left = database(
        tmp_path / "first.db",
        "CREATE TABLE gone (v)",
        "INSERT INTO gone VALUES (1), (2)",
        "CREATE TABLE changed (a, b)",
        "INSERT INTO changed VALUES (1, 2)",
    )
    right = database(tmp_path / "second.db", "CREATE TABLE changed (a)", "INSERT INTO changed VALUES (1)")
    tables = compare(left, right, (), Progress())
    assert (tables["gone"].different, tables["changed"].different) == (2, 2)


def test_ignored_tables_are_not_compared(database_copy: Copy) -> None:
    tables = compare(database_copy(SECOND), database_copy(EVERY_KIND), ("seaql_migrations",), Progress())
    assert "seaql_migrations" not in tables


def test_neither_database_is_written_to(database_copy: Copy) -> None:
    left, right = database_copy(EVERY_KIND), database_copy(EVERY_KIND)
    before = left.read_bytes(), right.read_bytes()
    compare(left, right, (), Progress())
    assert (left.read_bytes(), right.read_bytes()) == before


def test_a_comparison_can_be_cancelled(database_copy: Copy) -> None:
    with pytest.raises(Cancelled):
        compare(database_copy(EVERY_KIND), database_copy(EVERY_KIND), (), Progress(cancelled=lambda: True))
