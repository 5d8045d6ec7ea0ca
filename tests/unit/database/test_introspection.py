"""A schema read again: what was read of the same statements is not asked for anew, and nothing else is taken for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from sidecar.database import introspection
from sidecar.database.introspection import read_schema, readable

TABLE = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL UNIQUE, b REFERENCES t (a))"


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute(TABLE)
        yield connection


def asked(connection: sqlite3.Connection) -> list[str]:
    """The statements of one reading."""
    said: list[str] = []
    connection.set_trace_callback(said.append)
    read_schema(connection)
    connection.set_trace_callback(None)
    return said


def test_the_same_statements_are_looked_into_once(connection: sqlite3.Connection) -> None:
    first = read_schema(connection)
    with closing(sqlite3.connect(":memory:")) as another:
        another.execute(TABLE)
        assert len(asked(another)) == 2
        assert read_schema(another) == first


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE t ADD COLUMN c",
        "ALTER TABLE t RENAME COLUMN a TO c",
        "CREATE UNIQUE INDEX i ON t (b)",
        "CREATE UNIQUE INDEX i ON t (b) WHERE id > 3",
        "CREATE TABLE u (a)",
        "DROP TABLE t",
    ],
)
def test_whatever_is_changed_is_seen_and_so_is_that_it_is_taken_back(
    change: str, connection: sqlite3.Connection
) -> None:
    before = read_schema(connection)
    connection.execute("BEGIN")
    connection.execute(change)
    after = read_schema(connection)
    connection.execute("ROLLBACK")
    assert after != before
    assert read_schema(connection) == before


def test_a_temporary_or_attached_table_is_not_taken_for_one_of_the_main_database(
    connection: sqlite3.Connection,
) -> None:
    before = read_schema(connection)
    connection.execute("CREATE TEMP TABLE t (other)")
    connection.execute("ATTACH ':memory:' AS beside")
    connection.execute("CREATE TABLE beside.t (yet_another)")
    assert read_schema(connection) == before
    assert list(read_schema(connection, "beside")["t"].columns) == ["yet_another"]


def test_what_a_reader_does_to_its_schema_is_no_other_readers_affair(connection: sqlite3.Connection) -> None:
    schema = read_schema(connection)
    assert isinstance(schema, dict)
    schema.clear()
    assert "t" in read_schema(connection)


def test_names_are_read_as_each_connection_wants_them(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("UPDATE sqlite_master SET sql = CAST(replace(sql, 'b REF', 'x' || x'ff' || ' REF') AS TEXT)")
    connection.execute("PRAGMA writable_schema = RESET")
    connection.text_factory = readable
    assert "x\ufffd" in read_schema(connection)["t"].columns
    connection.text_factory = str
    with pytest.raises(sqlite3.OperationalError, match="Could not decode"):
        read_schema(connection)


def test_a_schema_of_unusual_size_is_not_kept(connection: sqlite3.Connection) -> None:
    connection.execute(f"CREATE TABLE large (a /* {'x' * introspection._MOST_KEPT} */)")
    assert len(asked(connection)) > 2
    assert len(asked(connection)) > 2


def test_what_sqlite_makes_of_a_wreck_is_asked_for_each_time(connection: sqlite3.Connection) -> None:
    read_schema(connection)
    # With it, SQLite passes over statements that it cannot take: it knows less than they say.
    connection.execute("PRAGMA writable_schema = ON")
    assert len(asked(connection)) > 2
    assert len(asked(connection)) > 2
