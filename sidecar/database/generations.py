"""The app's migrations, replayed: a database without rows, as any generation of the app leaves it.

Source of the statements: the schemas of real databases of three generations, told apart by the migrations' names.
SQLite keeps the text of each statement, and so do these: a database made here differs from the app's own in nothing
that ``sqlite_master`` says. The app runs what is missing of its migrations at its next start, and refuses to start
on one that it does not have: so a database is made of those that its rows come from, and of no others.
"""

from __future__ import annotations

import re
import sqlite3
import time
import uuid
from collections.abc import Collection, Sequence
from contextlib import closing
from functools import cache
from itertools import takewhile
from pathlib import Path

from sidecar.database.introspection import UTF8
from sidecar.database.statements import read_statements

_WRAPPED = re.compile("\n {4}(?! )")

_RECORD = 'CREATE TABLE "seaql_migrations" ( "version" varchar NOT NULL PRIMARY KEY, "applied_at" bigint NOT NULL )'

_STEPS = {
    "m20240101_000001_create_tasks_table": """
CREATE TABLE "tasks" ( "id" varchar NOT NULL PRIMARY KEY, "title" varchar NOT NULL, "description" text
    DEFAULT '', "priority" integer DEFAULT 1, "status" varchar DEFAULT 'pending', "dependencies" text DEFAULT
    '[]', "time_estimate" integer DEFAULT 0, "actual_time" integer DEFAULT 0, "due_date" timestamp_text,
    "scheduled_date" timestamp_text, "tags" text DEFAULT '[]', "project_id" varchar, "parent_task_id" varchar,
    "subtasks" text DEFAULT '[]', "completed_at" timestamp_text, "created_at" timestamp_text DEFAULT
    CURRENT_TIMESTAMP, "updated_at" timestamp_text DEFAULT CURRENT_TIMESTAMP );
""",
    "m20240101_000002_create_task_dependencies_table": """
CREATE TABLE "task_dependencies" ( "id" varchar NOT NULL PRIMARY KEY, "task_id" varchar NOT NULL,
    "depends_on_id" varchar NOT NULL, "created_at" timestamp_text DEFAULT CURRENT_TIMESTAMP, FOREIGN KEY
    ("task_id") REFERENCES "tasks" ("id") ON DELETE CASCADE, FOREIGN KEY ("depends_on_id") REFERENCES "tasks"
    ("id") ON DELETE CASCADE );
CREATE UNIQUE INDEX "idx_task_dependencies_unique" ON "task_dependencies" ("task_id", "depends_on_id");
""",
    "m20240101_000003_create_time_sessions_table": """
CREATE TABLE "time_sessions" ( "id" varchar NOT NULL PRIMARY KEY, "task_id" varchar NOT NULL, "start_time"
    timestamp_text NOT NULL, "end_time" timestamp_text, "paused_time" integer DEFAULT 0, "is_active" boolean
    DEFAULT FALSE, "notes" text DEFAULT '', "breaks" text DEFAULT '[]', "created_at" timestamp_text DEFAULT
    CURRENT_TIMESTAMP, FOREIGN KEY ("task_id") REFERENCES "tasks" ("id") ON DELETE CASCADE );
""",
    "m20240101_000004_create_ai_interactions_table": """
CREATE TABLE "ai_interactions" ( "id" varchar NOT NULL PRIMARY KEY, "message" text NOT NULL, "response" text
    NOT NULL, "action_taken" text, "reasoning" text, "tools_used" text DEFAULT '[]', "confidence" double,
    "created_at" timestamp_text DEFAULT CURRENT_TIMESTAMP );
""",
    "m20240101_000005_create_focus_sessions_table": """
CREATE TABLE "focus_sessions" ( "id" varchar NOT NULL PRIMARY KEY, "task_id" varchar NOT NULL,
    "planned_duration" integer NOT NULL, "actual_duration" integer, "focus_score" double, "distraction_count"
    integer DEFAULT 0, "distraction_level" varchar DEFAULT 'moderate', "background_audio" varchar, "notes" text
    DEFAULT '', "breaks" text DEFAULT '[]', "metrics" text DEFAULT '{}', "created_at" timestamp_text DEFAULT
    CURRENT_TIMESTAMP, "completed_at" timestamp_text, FOREIGN KEY ("task_id") REFERENCES "tasks" ("id") ON
    DELETE CASCADE );
""",
    "m20240101_000006_create_productivity_patterns_table": """
CREATE TABLE "productivity_patterns" ( "id" varchar NOT NULL PRIMARY KEY, "user_id" varchar NOT NULL DEFAULT
    'default', "pattern_type" varchar NOT NULL, "time_slot" varchar NOT NULL, "productivity_score" double NOT
    NULL, "confidence_level" double NOT NULL, "sample_size" integer DEFAULT 1, "created_at" timestamp_text
    DEFAULT CURRENT_TIMESTAMP, "updated_at" timestamp_text DEFAULT CURRENT_TIMESTAMP );
""",
    "m20240101_000007_create_user_preferences_table": """
CREATE TABLE "user_preferences" ( "id" varchar NOT NULL DEFAULT 'default' PRIMARY KEY, "working_hours" text
    NOT NULL DEFAULT '{"start":"09:00","end":"17:00"}', "break_preferences" text NOT NULL DEFAULT
    '{"shortBreakDuration":5,"longBreakDuration":30,"breakInterval":60}', "focus_preferences" text NOT NULL
    DEFAULT
    '{"defaultDuration":45,"distractionLevel":"moderate","backgroundAudio":{"type":"silence","volume":0}}',
    "notifications" text NOT NULL DEFAULT
    '{"breakReminders":true,"taskDeadlines":true,"dailySummary":false,"weeklyReview":true}', "theme" varchar
    DEFAULT 'auto', "language" varchar DEFAULT 'en', "created_at" timestamp_text DEFAULT CURRENT_TIMESTAMP,
    "updated_at" timestamp_text DEFAULT CURRENT_TIMESTAMP );
""",
    "m20240101_000008_create_ai_suggestions_table": """
CREATE TABLE "ai_suggestions" ( "id" varchar NOT NULL PRIMARY KEY, "type" varchar NOT NULL, "title" varchar
    NOT NULL, "description" text NOT NULL, "confidence" double NOT NULL, "actionable" boolean DEFAULT TRUE,
    "priority" integer DEFAULT 1, "estimated_impact" double DEFAULT 0, "reasoning" text DEFAULT '', "actions"
    text DEFAULT '[]', "created_at" timestamp_text DEFAULT CURRENT_TIMESTAMP, "dismissed_at" timestamp_text,
    "applied_at" timestamp_text );
""",
    "m20240101_000009_create_indexes": """
CREATE INDEX "idx_tasks_status" ON "tasks" ("status");
CREATE INDEX "idx_tasks_priority" ON "tasks" ("priority");
CREATE INDEX "idx_tasks_due_date" ON "tasks" ("due_date");
CREATE INDEX "idx_tasks_scheduled_date" ON "tasks" ("scheduled_date");
CREATE INDEX "idx_tasks_created_at" ON "tasks" ("created_at");
CREATE INDEX "idx_tasks_parent_task_id" ON "tasks" ("parent_task_id");
CREATE INDEX "idx_task_dependencies_task_id" ON "task_dependencies" ("task_id");
CREATE INDEX "idx_task_dependencies_depends_on_id" ON "task_dependencies" ("depends_on_id");
CREATE INDEX "idx_time_sessions_task_id" ON "time_sessions" ("task_id");
CREATE INDEX "idx_time_sessions_start_time" ON "time_sessions" ("start_time");
CREATE INDEX "idx_focus_sessions_task_id" ON "focus_sessions" ("task_id");
CREATE INDEX "idx_focus_sessions_created_at" ON "focus_sessions" ("created_at");
CREATE INDEX "idx_productivity_patterns_user_id" ON "productivity_patterns" ("user_id");
CREATE INDEX "idx_productivity_patterns_pattern_type" ON "productivity_patterns" ("pattern_type");
CREATE INDEX "idx_ai_suggestions_type" ON "ai_suggestions" ("type");
CREATE INDEX "idx_ai_suggestions_created_at" ON "ai_suggestions" ("created_at");
CREATE INDEX "idx_ai_interactions_created_at" ON "ai_interactions" ("created_at");
""",
    "m20240101_000010_create_task_lists_table": """
CREATE TABLE "task_lists" ( "id" varchar NOT NULL PRIMARY KEY, "name" varchar NOT NULL, "is_default" boolean
    NOT NULL DEFAULT FALSE, "created_at" timestamp_text DEFAULT CURRENT_TIMESTAMP, "updated_at" timestamp_text
    DEFAULT CURRENT_TIMESTAMP );
""",
    "m20240101_000011_add_task_list_id_to_tasks": """
ALTER TABLE "tasks" ADD COLUMN "task_list_id" varchar;
CREATE INDEX "idx_tasks_task_list_id" ON "tasks" ("task_list_id");
""",
    "m20240101_000012_fix_task_lists_unique_index": """
CREATE UNIQUE INDEX idx_task_lists_default_unique_partial\x20
            ON task_lists (is_default)\x20
            WHERE is_default = true;
""",
    "m20240101_000013_add_order_num_to_tasks": """
ALTER TABLE "tasks" ADD COLUMN "order_num" integer DEFAULT 0;
""",
    "m20240101_000014_create_ai_logging_tables": """
CREATE TABLE "ai_interaction_logs" ( "id" varchar NOT NULL PRIMARY KEY, "timestamp" timestamp_text NOT NULL,
    "session_id" varchar NOT NULL, "model_type" varchar NOT NULL, "model_info" text NOT NULL, "user_message"
    text NOT NULL, "system_prompt" text, "context" text NOT NULL, "ai_response" text NOT NULL, "actions" text
    DEFAULT '[]', "suggestions" text DEFAULT '[]', "reasoning" text, "response_time" integer NOT NULL,
    "token_count" integer, "error" text, "error_code" varchar, "contains_sensitive_data" boolean DEFAULT FALSE,
    "data_classification" varchar DEFAULT 'internal', "created_at" timestamp_text DEFAULT CURRENT_TIMESTAMP,
    "updated_at" timestamp_text DEFAULT CURRENT_TIMESTAMP );
CREATE TABLE "tool_execution_logs" ( "id" varchar NOT NULL PRIMARY KEY, "interaction_log_id" varchar NOT
    NULL, "tool_name" varchar NOT NULL, "arguments" text NOT NULL, "result" text NOT NULL, "execution_time"
    integer NOT NULL, "success" boolean NOT NULL, "error" text, "created_at" timestamp_text DEFAULT
    CURRENT_TIMESTAMP, FOREIGN KEY ("interaction_log_id") REFERENCES "ai_interaction_logs" ("id") ON DELETE
    CASCADE );
CREATE TABLE "logging_config" ( "id" integer NOT NULL PRIMARY KEY, "enabled" boolean DEFAULT FALSE,
    "log_level" varchar DEFAULT 'standard', "retention_days" integer DEFAULT 30, "max_log_size" integer DEFAULT
    10485760, "include_system_prompts" boolean DEFAULT TRUE, "include_tool_executions" boolean DEFAULT TRUE,
    "include_performance_metrics" boolean DEFAULT TRUE, "auto_cleanup" boolean DEFAULT TRUE, "export_format"
    varchar DEFAULT 'json', "created_at" timestamp_text DEFAULT CURRENT_TIMESTAMP, "updated_at" timestamp_text
    DEFAULT CURRENT_TIMESTAMP );
CREATE INDEX "idx_ai_interaction_logs_timestamp" ON "ai_interaction_logs" ("timestamp");
CREATE INDEX "idx_ai_interaction_logs_model_type" ON "ai_interaction_logs" ("model_type");
CREATE INDEX "idx_ai_interaction_logs_session_id" ON "ai_interaction_logs" ("session_id");
CREATE INDEX "idx_tool_execution_logs_interaction_id" ON "tool_execution_logs" ("interaction_log_id");
""",
    "m20240101_000015_add_max_log_count": """
ALTER TABLE "logging_config" ADD COLUMN "max_log_count" integer DEFAULT 10000;
""",
    "m20240101_000016_create_threads_table": """
CREATE TABLE "threads" ( "id" varchar NOT NULL PRIMARY KEY, "title" varchar NOT NULL, "assignment_type"
    varchar, "assignment_task_id" varchar, "assignment_date" varchar, "assignment_context" text, "message_count"
    integer DEFAULT 0, "last_message_at" timestamp_text, "created_at" timestamp_text DEFAULT CURRENT_TIMESTAMP
    NOT NULL, "updated_at" timestamp_text DEFAULT CURRENT_TIMESTAMP NOT NULL, FOREIGN KEY ("assignment_task_id")
    REFERENCES "tasks" ("id") ON DELETE SET NULL );
CREATE TABLE "thread_messages" ( "id" varchar NOT NULL PRIMARY KEY, "thread_id" varchar NOT NULL, "type"
    varchar NOT NULL, "content" text NOT NULL, "reasoning" text, "actions" text, "suggestions" text,
    "tool_executions" text, "user_feedback" text, "timestamp" timestamp_text NOT NULL, "created_at"
    timestamp_text DEFAULT CURRENT_TIMESTAMP NOT NULL, FOREIGN KEY ("thread_id") REFERENCES "threads" ("id") ON
    DELETE CASCADE );
CREATE INDEX "idx_threads_assignment_task_id" ON "threads" ("assignment_task_id");
CREATE INDEX "idx_threads_assignment_type" ON "threads" ("assignment_type");
CREATE INDEX "idx_threads_created_at" ON "threads" ("created_at");
CREATE INDEX "idx_thread_messages_thread_id" ON "thread_messages" ("thread_id");
CREATE INDEX "idx_thread_messages_timestamp" ON "thread_messages" ("timestamp");
""",
    "m20240101_000017_create_periodic_task_templates_table": """
CREATE TABLE "periodic_task_templates" ( "id" varchar NOT NULL PRIMARY KEY, "title" varchar NOT NULL,
    "description" text DEFAULT '', "priority" integer NOT NULL DEFAULT 1, "time_estimate" integer NOT NULL
    DEFAULT 0, "tags" text DEFAULT '[]', "task_list_id" varchar, "recurrence_type" varchar NOT NULL,
    "recurrence_interval" integer NOT NULL DEFAULT 1, "recurrence_unit" varchar, "start_date" timestamp_text NOT
    NULL, "next_generation_date" timestamp_text NOT NULL, "is_active" boolean NOT NULL DEFAULT TRUE,
    "created_at" timestamp_text DEFAULT CURRENT_TIMESTAMP, "updated_at" timestamp_text DEFAULT
    CURRENT_TIMESTAMP, FOREIGN KEY ("task_list_id") REFERENCES "task_lists" ("id") ON DELETE SET NULL );
""",
    "m20240101_000018_add_periodic_columns_to_tasks": """
ALTER TABLE "tasks" ADD COLUMN "periodic_template_id" varchar;
ALTER TABLE "tasks" ADD COLUMN "is_periodic_instance" boolean DEFAULT FALSE;
ALTER TABLE "tasks" ADD COLUMN "generation_date" timestamp_text;
""",
    "m20240101_000019_create_periodic_task_indexes": """
CREATE INDEX "idx_tasks_periodic_template_id" ON "tasks" ("periodic_template_id");
CREATE INDEX "idx_tasks_is_periodic_instance" ON "tasks" ("is_periodic_instance");
CREATE INDEX "idx_periodic_templates_next_generation" ON "periodic_task_templates" ("next_generation_date",
    "is_active");
CREATE INDEX "idx_periodic_templates_task_list_id" ON "periodic_task_templates" ("task_list_id");
CREATE INDEX "idx_periodic_templates_is_active" ON "periodic_task_templates" ("is_active");
""",
}
"""Migration -> its statements; the words of each are parted by one space, but where SQLite was given others."""

MIGRATIONS = tuple(_STEPS)
"""All that the code knows, in their order."""

GENERATIONS = {"2025-08-23": MIGRATIONS[:9], "2025-08-24": MIGRATIONS[:16], "2025-09-08": MIGRATIONS}
"""Since when the app has been shipped with which of them."""

FIRST_ROWS = {
    "task_lists": "INSERT INTO task_lists (id, name, is_default) VALUES (:id, 'Default', TRUE)",
    "logging_config": "INSERT INTO logging_config (id) VALUES (1)",
}
"""What the app's first start puts into a table."""


def known_of(migrations: Sequence[str]) -> tuple[str, ...]:
    """The migrations among these that the code can replay: those up to the first it does not know."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(MIGRATIONS, migrations, strict=False))
    return tuple(known for known, _ in pairs)


def make_generation(
    path: Path,
    migrations: Sequence[str] = MIGRATIONS,
    first_rows: Collection[str] = tuple(FIRST_ROWS),
    default_list: str | None = None,
    encoding: str = UTF8,
) -> None:
    """A new database at ``path``, of these migrations, the first so many that the code knows.

    :param first_rows: tables that get what the app's first start puts into them.
    :param default_list: id of the list "Default"; a random one, as the app's is, unless given.
    :param encoding: of its texts.
    Raises sqlite3.Error.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA page_size = 4096")
        connection.execute(f'PRAGMA encoding = "{encoding}"')
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("BEGIN")
        _replay(connection, migrations)
        _add_first_rows(connection, first_rows, default_list)
        connection.execute("COMMIT")


@cache
def statements_by(migrations: tuple[str, ...]) -> frozenset[str]:
    """The statements that make the tables and indexes of these migrations, each as SQLite keeps it."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        _replay(connection, migrations)
        return frozenset(entry.sql for entry in read_statements(connection))


def _replay(connection: sqlite3.Connection, migrations: Sequence[str]) -> None:
    now = int(time.time())
    connection.execute(_RECORD)
    for migration in migrations:
        for statement in _statements(_STEPS[migration]):
            connection.execute(statement)
        connection.execute("INSERT INTO seaql_migrations VALUES (?, ?)", (migration, now))


def add_first_rows(path: Path, tables: Collection[str]) -> None:
    """Put into a new database what the app's first start puts into these tables. Raises sqlite3.Error."""
    with closing(sqlite3.connect(path)) as connection, connection:
        _add_first_rows(connection, tables)


def _add_first_rows(connection: sqlite3.Connection, tables: Collection[str], default_list: str | None = None) -> None:
    made = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table in made.intersection(tables, FIRST_ROWS):
        connection.execute(FIRST_ROWS[table], {"id": default_list or str(uuid.uuid4())})


def _statements(text: str) -> list[str]:
    """The statements of a step, without the line breaks that only keep the lines of this file short."""
    return [_WRAPPED.sub(" ", statement.strip()) for statement in text.split(";") if statement.strip()]
