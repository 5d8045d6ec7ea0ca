"""Databases as migrations of a newer KiraPilot might leave them: a table rebuilt from a changed CREATE statement."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support.databases import quoted


def rebuild(database: Path, table: str, old: str, new: str) -> None:
    """The table made again from its statement with ``old`` replaced by ``new``, with its rows and indexes."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        for pragma in ("foreign_keys = off", "legacy_alter_table = on"):
            connection.execute(f"PRAGMA {pragma}")
        kept = "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND type = ? AND sql IS NOT NULL"
        (made,) = connection.execute(kept, (table, "table")).fetchone()
        indexes = [sql for (sql,) in connection.execute(kept, (table, "index"))]
        assert old in made, made
        connection.execute("BEGIN")
        connection.execute(f"ALTER TABLE {quoted(table)} RENAME TO before_migration")
        connection.execute(made.replace(old, new))
        columns = ", ".join(quoted(row[1]) for row in connection.execute("PRAGMA table_info(before_migration)"))
        connection.execute(f"INSERT INTO {quoted(table)} ({columns}) SELECT {columns} FROM before_migration")
        connection.execute("DROP TABLE before_migration")
        for index in indexes:
            connection.execute(index)
        connection.execute("COMMIT")


def run(database: Path, *statements: str) -> None:
    """Statements of a migration, foreign keys off and each by itself."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def make_newer(database: Path) -> None:
    """The app's newest database as some KiraPilot to come might leave it: more of everything, and rows in it."""
    rebuild(database, "threads", '"title" varchar NOT NULL', '"title" varchar, "mood" text NOT NULL DEFAULT \'calm\'')
    run(
        database,
        "CREATE TABLE habits (id text NOT NULL PRIMARY KEY, name text NOT NULL CHECK (name <> ''),"
        " task_id text REFERENCES tasks (id) ON DELETE SET NULL, streak integer NOT NULL DEFAULT 7) STRICT",
        "CREATE INDEX habits_by_task ON habits (task_id)",
        "INSERT INTO habits (id, name, task_id) SELECT 'habit ' || rowid, title, id FROM tasks",
        "ALTER TABLE tasks ADD COLUMN energy real DEFAULT 0.5",
        "UPDATE tasks SET energy = rowid / 7.0",
        "CREATE VIEW busy AS SELECT id FROM tasks WHERE energy > 1",
        "CREATE VIRTUAL TABLE found USING fts5 (title, content='tasks', content_rowid='rowid')",
        "CREATE TRIGGER found_new AFTER INSERT ON tasks BEGIN"
        " INSERT INTO found (rowid, title) VALUES (new.rowid, new.title); END",
        "INSERT INTO found (found) VALUES ('rebuild')",
        "INSERT INTO seaql_migrations VALUES ('m20270101_000020_create_habits_table', 1798761600)",
        "PRAGMA user_version = 20",
    )
