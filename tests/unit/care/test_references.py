"""Which references are looked at, and what becomes of a row whose leads nowhere, by the schema of each database."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.care.references import Leading, all_references, unknown_references
from sidecar.database.introspection import read_schema
from sidecar.database.models import KNOWN, MIGRATIONS
from sidecar.database.spelling import as_known
from tests.conftest import EVERY_KIND
from tests.support.databases import execute

CASCADE, SET_NULL = "owner_missing", "tie_missing"


def references(database: Path) -> dict[tuple[str, str], Leading]:
    with closing(sqlite3.connect(database)) as connection:
        found = all_references(as_known(read_schema(connection)))
    assert len({(each.table, each.column) for each in found}) == len(found)
    return {(each.table, each.column): each for each in found}


def unknown(database: Path) -> dict[str, int]:
    with closing(sqlite3.connect(database)) as connection:
        schema = as_known(read_schema(connection))
        return dict(unknown_references(connection, schema, all_references(schema)))


def test_the_app_itself_says_what_becomes_of_a_row(database_copy: Callable[[str], Path]) -> None:
    found = {place: each.code for place, each in references(database_copy(EVERY_KIND)).items()}
    assert found == {
        ("task_dependencies", "task_id"): CASCADE,
        ("task_dependencies", "depends_on_id"): CASCADE,
        ("time_sessions", "task_id"): CASCADE,
        ("focus_sessions", "task_id"): CASCADE,
        ("thread_messages", "thread_id"): CASCADE,
        ("tool_execution_logs", "interaction_log_id"): CASCADE,
        ("threads", "assignment_task_id"): SET_NULL,
        ("periodic_task_templates", "task_list_id"): SET_NULL,
        ("tasks", "task_list_id"): "list_missing",
        ("tasks", "periodic_template_id"): "template_missing",
        ("tasks", "parent_task_id"): "parent_missing",
    }


def test_every_reference_that_the_models_know_is_looked_at(database_copy: Callable[[str], Path]) -> None:
    meant = {(table, column) for table, columns in KNOWN.items() for column, field in columns.items() if field.meant}
    assert meant <= references(database_copy(EVERY_KIND)).keys()


def test_an_older_database_is_asked_for_nothing_that_it_lacks(database_copy: Callable[[str], Path]) -> None:
    found = references(database_copy("2025-08-23-first-format"))
    assert ("tasks", "parent_task_id") in found
    assert not {("tasks", "task_list_id"), ("tasks", "periodic_template_id")} & found.keys()
    assert MIGRATIONS not in {table for table, _ in found}


def test_no_task_goes_because_a_newer_app_declares_its_list(fresh_database: Path) -> None:
    execute(
        fresh_database,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = rtrim(sql, ')') || ', FOREIGN KEY (\"task_list_id\") REFERENCES task_lists (id)"
        " ON DELETE CASCADE)' WHERE name = 'tasks' AND type = 'table'",
    )
    with closing(sqlite3.connect(fresh_database)) as connection:
        declared = connection.execute("PRAGMA foreign_key_list(tasks)").fetchall()
    assert any(key[3] == "task_list_id" and key[6] == "CASCADE" for key in declared)
    assert references(fresh_database)["tasks", "task_list_id"].code == "list_missing"
    execute(fresh_database, "UPDATE tasks SET task_list_id = 'gone' WHERE rowid = 1")
    assert unknown(fresh_database) == {}


@pytest.mark.parametrize("action", ["", "ON DELETE RESTRICT", "ON DELETE SET DEFAULT", "ON DELETE SET NULL"])
def test_what_nobody_here_knows_how_to_mend_is_counted_and_left(action: str, fresh_database: Path) -> None:
    execute(
        fresh_database,
        # That it must not be NULL keeps it from being untied.
        f"CREATE TABLE moods (id varchar PRIMARY KEY, task varchar NOT NULL REFERENCES tasks (id) {action})",
        "INSERT INTO moods VALUES ('a', 'gone'), ('b', 'gone')",
        "INSERT INTO moods SELECT 'c', id FROM tasks LIMIT 1",
        "UPDATE time_sessions SET task_id = 'gone'",
    )
    assert ("moods", "task") not in references(fresh_database)
    assert unknown(fresh_database) == {"moods": 2}
