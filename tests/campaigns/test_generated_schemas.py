"""Schemas that no KiraPilot has yet, made up by chance: what a migration may do to tables and columns, several at once.

Each is backed up, validated, imported where it came from, changed, imported again, and undone; and a backup of the
shipped app is imported into it: the preview says what the import does, or refuses in the same words.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.database.introspection import TableSchema, quote, read_schema
from sidecar.errors.backups import RowsRefused
from sidecar.errors.base import SidecarError
from sidecar.errors.databases import CannotRemove
from sidecar.jobs.undoing import undo_last_import
from sidecar.progress import Progress
from sidecar.results import ImportPreview, ImportResult
from tests.conftest import DATA, EVERY_KIND, THIRD, Cases
from tests.support.databases import (
    assert_nothing_changes,
    assert_same_contents,
    bring_in,
    contents,
    copy_of,
    export,
    places_of,
    preview,
    validate,
)

PROMISE = "A database of a schema made up by chance is backed up, restored and undone to the last byte"

SHIPPED = DATA / f"{THIRD}.kpbackup"

ESSENTIAL = {("tasks", "id"), ("tasks", "title"), ("time_sessions", "id"), ("time_sessions", "task_id")}
"""What no database of KiraPilot's is without."""

VALUES = ["'007'", "7", "0.1 + 0.2", "NULL", "x'00ff'", "'text'", "1e300", "''", "-1", "CAST(x'ff' AS TEXT)"]
TYPES = ["INTEGER", "TEXT", "REAL", "NUMERIC", "BLOB", "", "varchar", "boolean", "decimal(10, 2)", "timestamp_text"]

Chance = random.Random


def _column(chance: Chance, connection: sqlite3.Connection) -> tuple[TableSchema, str]:
    schema = read_schema(connection)
    table = schema[chance.choice(sorted(schema.keys() - {"seaql_migrations"}))]
    return table, chance.choice(sorted(table.columns))


def _rename(chance: Chance, connection: sqlite3.Connection) -> None:
    table, column = _column(chance, connection)
    if (table.name, column) not in ESSENTIAL:
        connection.execute(f"ALTER TABLE {quote(table.name)} RENAME COLUMN {quote(column)} TO {quote(f'new {column}')}")


def _respell(chance: Chance, connection: sqlite3.Connection) -> None:
    table, column = _column(chance, connection)
    other = chance.choice([str.title, str.upper, str.swapcase])(column)
    if other.lower() == column.lower() != other:
        connection.execute(f"ALTER TABLE {quote(table.name)} RENAME COLUMN {quote(column)} TO {quote(other)}")


def _drop(chance: Chance, connection: sqlite3.Connection) -> None:
    table, column = _column(chance, connection)
    if (table.name.lower(), column.lower()) not in ESSENTIAL:
        connection.execute(f"ALTER TABLE {quote(table.name)} DROP COLUMN {quote(column)}")


def _add(chance: Chance, connection: sqlite3.Connection) -> None:
    table, _ = _column(chance, connection)
    ending = chance.choice(["", "NOT NULL DEFAULT 'x'", "DEFAULT 5", "CHECK (added <> 'forbidden')"])
    connection.execute(f"ALTER TABLE {quote(table.name)} ADD COLUMN added {chance.choice(TYPES)} {ending}")


def _retype(chance: Chance, connection: sqlite3.Connection) -> None:
    """A column that may hold anything, declared in another way, made as the app's own migrations make one."""
    table, column = _column(chance, connection)
    if column in table.key or (table.name.lower(), column.lower()) in ESSENTIAL or table.foreign_keys:
        return
    columns = ", ".join(
        f"{quote(name)} {chance.choice(TYPES) if name == column else declared}"
        + (" NOT NULL" if name in table.not_null and name != column else "")
        for name, declared in table.columns.items()
    )
    key = f", PRIMARY KEY ({', '.join(map(quote, table.key))})" if table.key else ""
    listed = ", ".join(map(quote, table.columns))
    connection.execute(f"CREATE TABLE made_anew ({columns}{key})")
    connection.execute(f"INSERT INTO made_anew SELECT {listed} FROM {quote(table.name)}")
    connection.execute(f"DROP TABLE {quote(table.name)}")
    connection.execute(f"ALTER TABLE made_anew RENAME TO {quote(table.name)}")
    for rowid in range(4):
        connection.execute(
            f"UPDATE {quote(table.name)} SET {quote(column)} = {chance.choice(VALUES)} WHERE rowid = {rowid}"
        )


def _further(chance: Chance, connection: sqlite3.Connection) -> None:
    name = f"{chance.choice(['Notes', 'tags of tasks', 'habits'])} {chance.randrange(100)}"
    ending, typed = chance.choice([("", TYPES), ("WITHOUT ROWID", TYPES), ("STRICT", ["ANY"])])
    lead = chance.choice(["", "REFERENCES tasks(id) ON DELETE CASCADE", "REFERENCES task_lists ON DELETE SET NULL"])
    rule = chance.choice(["", "UNIQUE", "CHECK (value IS NOT 'forbidden')", "COLLATE NOCASE"])
    connection.execute(
        f"CREATE TABLE {quote(name)} (Id {chance.choice(['TEXT', 'ANY' if ending == 'STRICT' else 'INTEGER'])}"
        f" NOT NULL PRIMARY KEY, value {chance.choice(typed)} {rule}, task TEXT {lead}) {ending}"
    )
    owner = "task_lists" if "lists" in lead else "tasks"
    for number in range(chance.randrange(5)):
        connection.execute(
            f"INSERT OR IGNORE INTO {quote(name)} SELECT '{number}', {chance.choice(VALUES)}, id FROM {owner} LIMIT 1"
        )


def _index(chance: Chance, connection: sqlite3.Connection) -> None:
    table, column = _column(chance, connection)
    unique, where = chance.choice([("", ""), ("UNIQUE", ""), ("UNIQUE", f"WHERE {quote(column)} <> 'a'")])
    connection.execute(
        f"CREATE {unique} INDEX {quote(f'by {column}')} ON {quote(table.name)} ({quote(column)}) {where}"
    )


def _value(chance: Chance, connection: sqlite3.Connection) -> None:
    table, column = _column(chance, connection)
    rows = f"WHERE rowid = {chance.randrange(1, 5)}" if table.has_rowid else ""
    connection.execute(f"UPDATE {quote(table.name)} SET {quote(column)} = {chance.choice(VALUES)} {rows}")


STEPS: tuple[Callable[[Chance, sqlite3.Connection], None], ...] = (
    _rename, _respell, _drop, _add, _retype, _further, _index, _value,
)  # fmt: skip


def migrated(seed: int, database: Path) -> list[str]:
    """Some steps of a migration; one that SQLite refuses is none. Answers their names."""
    chance = random.Random(seed)
    done = []
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        for step in chance.choices(STEPS, k=chance.randrange(1, 7)):
            connection.execute("SAVEPOINT step")
            try:
                step(chance, connection)
                done.append(step.__name__)
            except (sqlite3.OperationalError, sqlite3.IntegrityError):
                connection.execute("ROLLBACK TO step")
            connection.execute("RELEASE step")
    return done


def _changed_by_the_app(database: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("DELETE FROM time_sessions WHERE rowid % 2 = 1")
        connection.execute("UPDATE tasks SET title = title || ' changed' WHERE rowid % 3 = 0")


def try_one(seed: int, folder: Path) -> None:
    database = copy_of(DATA / f"{EVERY_KIND}.db", folder)
    steps = migrated(seed, database)
    archive = folder / "b.kpbackup"
    before = contents(database)
    try:
        export(database, archive)
        verdict = validate(database, archive)
        assert verdict.is_valid, verdict.errors
        assert_nothing_changes(bring_in(database, archive))
        _changed_by_the_app(database)
        between = contents(database)
        foreseen = preview(database, archive)
        assert bring_in(database, archive).tables == foreseen.tables
        assert_same_contents(contents(database), before)
        undo_last_import(places_of(database), Progress())
        assert_same_contents(contents(database), between)
        _bring_in_the_shipped_one(database)
    except (AssertionError, SidecarError) as error:
        raise AssertionError(f"seed {seed} ({', '.join(steps)}): {error!r}") from error


def _bring_in_the_shipped_one(database: Path) -> None:
    before = contents(database)
    for overwrite in (True, False):
        foreseen, done = (_answer(job, database, overwrite) for job in (preview, bring_in))
        assert foreseen == done
        if not isinstance(done, str):
            undo_last_import(places_of(database), Progress())
        assert_same_contents(contents(database), before)


def _answer(job: Callable[..., ImportPreview | ImportResult], database: Path, overwrite: bool) -> object:
    """What a job does to each table, or why it does nothing: a reason of the database's."""
    try:
        return job(database, SHIPPED, overwrite, allow_loss=True).tables
    except (RowsRefused, CannotRemove) as error:
        return error.message


@pytest.mark.slow
def test_a_schema_made_up_by_chance_is_backed_up_and_restored(tmp_path: Path, cases: Cases) -> None:
    for seed in range(12):
        try_one(seed, tmp_path / str(seed))
    cases.record(PROMISE, 12)


@pytest.mark.exhaustive
@pytest.mark.parametrize("part", range(20))
def test_many_schemas_made_up_by_chance(tmp_path: Path, part: int, cases: Cases) -> None:
    for seed in range(1000 + 100 * part, 1100 + 100 * part):
        try_one(seed, tmp_path / str(seed))
    cases.record(PROMISE, 100)
