"""What only the transaction meets, where a schema asks what the code does not know: the preview meets it too.

Preview and import say the same, name the rows, change nothing, and offer no salvage: nothing is damaged.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.errors.backups import RowsRefused
from sidecar.errors.databases import CannotRemove, UnknownSchema
from sidecar.errors.jobs import AccountingMismatch
from sidecar.jobs import comparing
from tests.conftest import DATA, EVERY_KIND, THIRD
from tests.support.databases import (
    assert_same_contents,
    bring_in,
    contents,
    copy_of,
    execute,
    export,
    fresh,
    insert,
    opened,
    preview,
    query,
    value,
)
from tests.support.described import faults
from tests.support.newer import rebuild, run
from tests.support.refusing import backup_of, both_refuse

Migration = Callable[[Path], None]


def _reshaped(table: str, old: str, new: str) -> Migration:
    return lambda database: rebuild(database, table, old, new)


REFUSING: dict[str, tuple[tuple[str, ...], Migration, str]] = {
    "a value that must be there": (
        (),
        _reshaped("ai_interactions", '"message" text NOT NULL', '"message" text NOT NULL, "model" text NOT NULL'),
        "NOT NULL constraint failed: ai_interactions.model), of ai_interactions: ",
    ),
    "a rule": (
        ("UPDATE tasks SET order_num = -1 WHERE rowid = 1",),
        _reshaped("tasks", '"order_num" integer', '"order_num" integer CHECK (order_num >= 0)'),
        "order_num >= 0",
    ),
    "a column that takes no NULL any more": (
        ("UPDATE tasks SET description = NULL WHERE rowid = 1",),
        _reshaped("tasks", '"description" text', '"description" text NOT NULL'),
        "of the backup (NOT NULL constraint failed: tasks.description), of tasks: ",
    ),
    "a value that no two rows may share": (
        ("UPDATE tasks SET title = 'twins' WHERE rowid < 3",),
        lambda database: run(database, "CREATE UNIQUE INDEX titles ON tasks (title)"),
        "UNIQUE constraint failed: tasks.title",
    ),
    "a key without regard to case": (
        ("UPDATE threads SET id = 'a' WHERE rowid = 1", "UPDATE threads SET id = 'A' WHERE rowid = 2",
         "DELETE FROM thread_messages"),
        _reshaped("threads", '"id" varchar NOT NULL', '"id" varchar COLLATE NOCASE NOT NULL'),
        "UNIQUE constraint failed: threads.id",
    ),
    "a reference that is declared now": (
        ("UPDATE tasks SET parent_task_id = 'nobody' WHERE rowid = 1",),
        _reshaped("tasks", '"parent_task_id" varchar', '"parent_task_id" varchar REFERENCES tasks(id)'),
        "would lead nowhere, where 0 did before: to tasks",
    ),
    "a trigger that objects": (
        (),
        lambda database: run(
            database,
            "CREATE TRIGGER guard BEFORE INSERT ON tasks WHEN new.title <> '' BEGIN SELECT RAISE(ABORT, 'not so'); END",
        ),
        "not so",
    ),
}  # fmt: skip


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("name", REFUSING)
def test_rows_that_the_database_does_not_take_are_named_by_the_preview_as_by_the_import(
    tmp_path: Path, name: str, overwrite: bool
) -> None:
    changes, migrate, words = REFUSING[name]
    archive = backup_of(tmp_path, *changes)
    device = fresh(tmp_path)
    migrate(device)
    refused = both_refuse(device, archive, overwrite, RowsRefused)
    assert words in refused.message
    assert (refused.kind, refused.exit_code) == ("invalid_backup", 25)
    assert refused.data()["refused"]
    assert faults("error", {"code": 25, "message": refused.message, "data": refused.data()}) == []
    if "guard" not in name and "trigger" not in name:
        assert any(shown in refused.message for (shown,) in query(tmp_path / "source" / "copy.db", _IDS))


LESS_ASKED: dict[str, tuple[Migration | None, tuple[str, ...], str]] = {
    "a value that need not be there": (
        _reshaped("thread_messages", '"content" text NOT NULL', '"content" text'),
        ("UPDATE thread_messages SET content = NULL WHERE rowid = 1",),
        "NOT NULL constraint failed: thread_messages.content",
    ),
    "a column that is gone": (None, ("ALTER TABLE threads DROP COLUMN title",), "threads.title"),
    "a reference that is not declared": (
        _reshaped("time_sessions", ', FOREIGN KEY ("task_id") REFERENCES "tasks" ("id") ON DELETE CASCADE', ""),
        ("UPDATE time_sessions SET task_id = 'nobody' WHERE rowid = 1",),
        "would lead nowhere, where 0 did before: to tasks",
    ),
    "a reference without regard to case": (
        _reshaped("tasks", '"id" varchar NOT NULL', '"id" varchar COLLATE NOCASE NOT NULL'),
        ("UPDATE time_sessions SET task_id = upper(task_id)",),
        "would lead nowhere, where 0 did before: to tasks",
    ),
    "a reference without regard to spaces at the end": (
        _reshaped("threads", '"id" varchar NOT NULL', '"id" varchar COLLATE RTRIM NOT NULL'),
        ("UPDATE thread_messages SET thread_id = thread_id || '  '",),
        "would lead nowhere, where 0 did before: to threads",
    ),
    "values that rows may share": (
        None,
        (
            "DROP INDEX idx_task_dependencies_unique",
            "INSERT INTO task_dependencies SELECT 'again', task_id, depends_on_id, created_at"
            " FROM task_dependencies LIMIT 1",
        ),
        "UNIQUE constraint failed: task_dependencies.task_id, task_dependencies.depends_on_id), of task_dependencies",
    ),
    "ids that rows may share": (
        _reshaped("ai_interactions", '"id" varchar NOT NULL PRIMARY KEY', '"id" varchar NOT NULL'),
        ("INSERT INTO ai_interactions SELECT * FROM ai_interactions LIMIT 1",),
        "UNIQUE constraint failed: ai_interactions.id",
    ),
    "ids that are not numbers": (
        _reshaped("logging_config", '"id" integer NOT NULL', '"id" varchar NOT NULL'),
        ("INSERT INTO logging_config (id) VALUES ('mine')",),
        "datatype mismatch",
    ),
}


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("name", LESS_ASKED)
def test_what_the_backup_s_own_database_did_not_ask_is_met_by_the_preview(
    tmp_path: Path, name: str, overwrite: bool
) -> None:
    migrate, changes, words = LESS_ASKED[name]
    source = copy_of(DATA / f"{EVERY_KIND}.db", tmp_path / "source")
    if migrate:
        migrate(source)
    execute(source, *changes)
    archive = tmp_path / "b.kpbackup"
    export(source, archive)
    assert words in both_refuse(fresh(tmp_path), archive, overwrite, RowsRefused).message


def test_a_backup_of_a_database_that_asks_as_much_is_not_tried_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = backup_of(tmp_path)
    device = fresh(tmp_path)
    monkeypatch.setattr(comparing, "try_out", None)
    assert preview(device, archive).tables["tasks"].added


_IDS = "SELECT id FROM tasks UNION SELECT id FROM threads UNION SELECT id FROM ai_interactions"


def test_a_strict_table_names_what_it_does_not_take(tmp_path: Path) -> None:
    archive = backup_of(tmp_path, "UPDATE tasks SET description = x'00ff' WHERE rowid = 1")
    device = fresh(tmp_path)
    made = value(device, "SELECT sql FROM sqlite_master WHERE name = 'tasks'")
    for theirs in ("varchar", "timestamp_text"):
        made = made.replace(theirs, "TEXT")
    run(device, "DROP TABLE tasks", made.replace("boolean", "INTEGER") + " STRICT")
    assert "BLOB" in both_refuse(device, archive, True, RowsRefused).message


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            ("CREATE TRIGGER quiet BEFORE INSERT ON tasks BEGIN SELECT raise(IGNORE); END",),
            "triggers of the database take part: quiet",
        ),
        (
            (
                "DROP TABLE ai_suggestions",
                "CREATE TABLE ai_suggestions (id PRIMARY KEY, type, title UNIQUE ON CONFLICT REPLACE, description,"
                " confidence, actionable, priority, estimated_impact, reasoning, actions, created_at, dismissed_at,"
                " applied_at)",
            ),
            "by its own rules on ai_suggestions",
        ),
    ],
    ids=["a trigger", "a rule"],
)
def test_a_database_that_leaves_rows_out_in_silence_is_named_for_it(
    changes: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    archive = backup_of(
        tmp_path,
        "INSERT INTO ai_suggestions (id, type, title, description, confidence) SELECT id, 'x', 'Same', 'y', 0.5"
        " FROM tasks LIMIT 3",
    )
    device = fresh(tmp_path)
    run(device, *changes)
    assert words in both_refuse(device, archive, True, AccountingMismatch).message


@pytest.mark.parametrize("overwrite", [True, False])
def test_an_index_of_an_expression_that_rows_share_is_met_by_the_preview(overwrite: bool, tmp_path: Path) -> None:
    archive = backup_of(tmp_path, "UPDATE tasks SET title = 'Same' WHERE rowid < 3")
    device = fresh(tmp_path)
    run(device, "CREATE UNIQUE INDEX one_of_each ON tasks (lower(title))")
    assert "one_of_each" in both_refuse(device, archive, overwrite, RowsRefused).message


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE INDEX by_kira ON tasks (kira(title))",
        "CREATE TABLE step (id TEXT PRIMARY KEY, name TEXT CHECK (kira(name)))",
        "CREATE TRIGGER noted AFTER INSERT ON tasks BEGIN SELECT kira(new.title); END",
    ],
)
def test_a_function_of_the_app_s_own_is_no_damage(sql: str, tmp_path: Path) -> None:
    """No restore would mend that, and none is advised."""
    device = copy_of(DATA / f"{EVERY_KIND}.db", tmp_path / "device")
    with opened(device) as connection:
        connection.create_function("kira", 1, lambda text: text or "", deterministic=True)
        connection.execute(sql)
        if "step" in sql:
            connection.execute("INSERT INTO step VALUES ('a', '1')")
    archive = tmp_path / "b.kpbackup"
    export(device, archive)
    with opened(device) as connection:
        connection.create_function("kira", 1, lambda text: text or "", deterministic=True)
        connection.execute("DELETE FROM tasks")
        if "step" in sql:
            connection.execute("DELETE FROM step")
    refused = both_refuse(device, archive, True, UnknownSchema)
    assert "function: kira" in refused.message
    assert "latest backup" not in refused.message


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_reference_to_a_table_that_is_gone_is_met_by_the_preview(overwrite: bool, tmp_path: Path) -> None:
    """The shipped app's own backup says nothing of task lists, and nothing of it would be left out."""
    device = fresh(tmp_path)
    run(device, "DROP TABLE task_lists")
    refused = both_refuse(device, DATA / f"{THIRD}.kpbackup", overwrite, RowsRefused)
    assert "references of periodic_task_templates would lead nowhere" in refused.message


def test_a_reference_of_a_table_that_stays_is_told_of_by_the_preview(tmp_path: Path) -> None:
    archive = backup_of(tmp_path)
    device = fresh(tmp_path)
    insert(device, "tasks", id="own", title="own")
    run(device, "CREATE TABLE pins (task TEXT REFERENCES tasks(id))", "INSERT INTO pins VALUES ('own')")
    both_refuse(device, archive, True, CannotRemove)


@pytest.mark.parametrize("declared", ["varchar NOT NULL PRIMARY KEY REFERENCES task_lists(id)", "text"])
def test_whatever_refers_to_the_default_list_is_merged_into_the_database_s_own(tmp_path: Path, declared: str) -> None:
    source, device = copy_of(DATA / f"{EVERY_KIND}.db", tmp_path / "source"), fresh(tmp_path)
    for database in (source, device):
        run(database, f"CREATE TABLE list_settings (list_id {declared}, color text)")
        rebuild(database, "threads", '"assignment_date" varchar', '"assignment_date" varchar REFERENCES task_lists(id)')
    run(
        source,
        "INSERT INTO list_settings SELECT id, 'red' FROM task_lists WHERE is_default = 1",
        "UPDATE threads SET assignment_date = (SELECT id FROM task_lists WHERE is_default = 1)",
    )
    archive = tmp_path / "b.kpbackup"
    export(source, archive)
    own = value(device, "SELECT id FROM task_lists WHERE is_default = 1")
    foreseen = preview(device, archive, overwrite=False)
    assert bring_in(device, archive, overwrite=False).tables == foreseen.tables
    assert {named for (named,) in query(device, "SELECT assignment_date FROM threads")} == {own}
    if "REFERENCES" in declared:
        assert query(device, "SELECT * FROM list_settings") == [(own, "red")]


def test_lists_of_one_name_are_merged_where_no_two_may_share_it(tmp_path: Path) -> None:
    archive = backup_of(tmp_path)
    device = copy_of(DATA / f"{EVERY_KIND}.db", tmp_path / "device")
    run(
        device,
        "DELETE FROM tasks",
        "DELETE FROM periodic_task_templates",
        "CREATE UNIQUE INDEX names ON task_lists (name)",
        "UPDATE task_lists SET id = 'mine' || rowid",
    )
    foreseen = preview(device, archive, overwrite=False)
    result = bring_in(device, archive, overwrite=False)
    assert result.tables == foreseen.tables
    assert {named[:4] for (named,) in query(device, "SELECT task_list_id FROM tasks")} == {"mine"}
    assert query(device, "PRAGMA foreign_key_check") == []


def test_swapped_values_that_are_unique_and_held_to_a_rule_are_swapped_back(tmp_path: Path) -> None:
    device = copy_of(DATA / f"{EVERY_KIND}.db", tmp_path / "device")
    run(
        device,
        "CREATE TABLE places (id TEXT PRIMARY KEY, place INTEGER NOT NULL UNIQUE CHECK (place BETWEEN 0 AND 9))",
        "INSERT INTO places VALUES ('a', 1), ('b', 2), ('c', 3)",
    )
    archive = tmp_path / "b.kpbackup"
    export(device, archive)
    before = contents(device)
    run(
        device,
        "UPDATE places SET place = place + 6",
        "UPDATE places SET place = CASE id WHEN 'a' THEN 2 WHEN 'b' THEN 3 ELSE 1 END",
    )
    preview(device, archive)
    bring_in(device, archive)
    assert_same_contents(contents(device), before)
