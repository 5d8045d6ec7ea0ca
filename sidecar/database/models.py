"""Peewee models of the app's sixteen tables, as its nineteen migrations leave them.

The one place that says which tables, columns, types, defaults and references the code
knows. Older databases lack some of them and newer ones have more: what a database really
has is read from the database (``introspection``), never from here.

Source of the rules: the app's own schema; ``required`` marks what is nullable in SQLite
but not in the app's model, where a NULL makes the app fail.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import peewee

NOW = "CURRENT_TIMESTAMP"


class Column(peewee.Field):
    """A column of the app.

    :param default: SQL text of the column's DEFAULT.
    :param required: nullable in SQLite, but not in the app's model.
    :param meant: table this column refers to without a declared foreign key.
    """

    kind = "text"

    def __init__(
        self, *, default: str | None = None, required: bool = False, meant: str | None = None, **options: Any
    ) -> None:
        if default is not None:
            options["constraints"] = [peewee.SQL(f"DEFAULT {default}")]
        super().__init__(**options)
        self.default_sql = default
        self.required = required or not self.null
        self.meant = meant


class Varchar(Column):
    field_type = "varchar"


class Text(Column):
    field_type = "text"


class Json(Text):
    """TEXT that holds JSON; in the archive the same text, as a string."""

    kind = "json"


class Timestamp(Column):
    """TEXT such as ``2026-11-22T16:07:21.689983550+00:00``, or ``2026-11-22 16:07:21`` from a SQL default.

    Never a datetime: nine fraction digits do not fit one.
    """

    field_type = "timestamp_text"
    kind = "timestamp"


class Boolean(Column):
    field_type = "boolean"
    kind = "boolean"


class Integer(Column):
    field_type = "integer"
    kind = "integer"


class BigInteger(Column):
    field_type = "bigint"
    kind = "integer"


class Double(Column):
    field_type = "double"
    kind = "double"


class Reference(peewee.ForeignKeyField):
    """A declared foreign key to another table's id."""

    kind = "text"
    default_sql = None
    meant = None

    def __init__(self, model: type[peewee.Model], column_name: str, on_delete: str, null: bool = False) -> None:
        super().__init__(model, column_name=column_name, on_delete=on_delete, null=null, backref="+", index=False)
        self.required = not null


class Table(peewee.Model):
    """Base of all models; bound to a database only where one is created or queried."""


class Migration(Table):
    version = Varchar(primary_key=True)
    applied_at = BigInteger()

    class Meta:
        table_name = "seaql_migrations"


class TaskList(Table):
    id = Varchar(primary_key=True)
    name = Varchar()
    is_default = Boolean(default="FALSE")
    created_at = Timestamp(null=True, default=NOW)
    updated_at = Timestamp(null=True, default=NOW)

    class Meta:
        table_name = "task_lists"


class PeriodicTaskTemplate(Table):
    id = Varchar(primary_key=True)
    title = Varchar()
    description = Text(null=True, default="''")
    priority = Integer(default="1")
    time_estimate = Integer(default="0")
    tags = Json(null=True, default="'[]'")
    task_list = Reference(TaskList, "task_list_id", "SET NULL", null=True)
    recurrence_type = Varchar()
    recurrence_interval = Integer(default="1")
    recurrence_unit = Varchar(null=True)
    start_date = Timestamp()
    next_generation_date = Timestamp()
    is_active = Boolean(default="TRUE")
    created_at = Timestamp(null=True, default=NOW, required=True)
    updated_at = Timestamp(null=True, default=NOW, required=True)

    class Meta:
        table_name = "periodic_task_templates"


class Task(Table):
    id = Varchar(primary_key=True)
    title = Varchar()
    description = Text(null=True, default="''")
    priority = Integer(null=True, default="1", required=True)
    status = Varchar(null=True, default="'pending'", required=True)
    dependencies = Json(null=True, default="'[]'")
    time_estimate = Integer(null=True, default="0", required=True)
    actual_time = Integer(null=True, default="0", required=True)
    due_date = Timestamp(null=True)
    scheduled_date = Timestamp(null=True)
    tags = Json(null=True, default="'[]'")
    project_id = Varchar(null=True)
    parent_task_id = Varchar(null=True, meant="tasks")
    subtasks = Json(null=True, default="'[]'")
    completed_at = Timestamp(null=True)
    created_at = Timestamp(null=True, default=NOW, required=True)
    updated_at = Timestamp(null=True, default=NOW, required=True)
    task_list_id = Varchar(null=True, meant="task_lists")
    order_num = Integer(null=True, default="0", required=True)
    periodic_template_id = Varchar(null=True, meant="periodic_task_templates")
    is_periodic_instance = Boolean(null=True, default="FALSE", required=True)
    generation_date = Timestamp(null=True)

    class Meta:
        table_name = "tasks"


class TaskDependency(Table):
    id = Varchar(primary_key=True)
    task = Reference(Task, "task_id", "CASCADE")
    depends_on = Reference(Task, "depends_on_id", "CASCADE")
    created_at = Timestamp(null=True, default=NOW, required=True)

    class Meta:
        table_name = "task_dependencies"


class TimeSession(Table):
    id = Varchar(primary_key=True)
    task = Reference(Task, "task_id", "CASCADE")
    start_time = Timestamp()
    end_time = Timestamp(null=True)
    paused_time = Integer(null=True, default="0", required=True)
    is_active = Boolean(null=True, default="FALSE", required=True)
    notes = Text(null=True, default="''")
    breaks = Json(null=True, default="'[]'")
    created_at = Timestamp(null=True, default=NOW, required=True)

    class Meta:
        table_name = "time_sessions"


class AiInteraction(Table):
    id = Varchar(primary_key=True)
    message = Text()
    response = Text()
    action_taken = Text(null=True)
    reasoning = Text(null=True)
    tools_used = Json(null=True, default="'[]'")
    confidence = Double(null=True)
    created_at = Timestamp(null=True, default=NOW, required=True)

    class Meta:
        table_name = "ai_interactions"


class FocusSession(Table):
    id = Varchar(primary_key=True)
    task = Reference(Task, "task_id", "CASCADE")
    planned_duration = Integer()
    actual_duration = Integer(null=True)
    focus_score = Double(null=True)
    distraction_count = Integer(null=True, default="0")
    distraction_level = Varchar(null=True, default="'moderate'")
    background_audio = Varchar(null=True)
    notes = Text(null=True, default="''")
    breaks = Json(null=True, default="'[]'")
    metrics = Json(null=True, default="'{}'")
    created_at = Timestamp(null=True, default=NOW)
    completed_at = Timestamp(null=True)

    class Meta:
        table_name = "focus_sessions"


class ProductivityPattern(Table):
    id = Varchar(primary_key=True)
    user_id = Varchar(default="'default'")
    pattern_type = Varchar()
    time_slot = Varchar()
    productivity_score = Double()
    confidence_level = Double()
    sample_size = Integer(null=True, default="1")
    created_at = Timestamp(null=True, default=NOW)
    updated_at = Timestamp(null=True, default=NOW)

    class Meta:
        table_name = "productivity_patterns"


class UserPreferences(Table):
    id = Varchar(primary_key=True, default="'default'")
    working_hours = Json(default="""'{"start":"09:00","end":"17:00"}'""")
    break_preferences = Json(default="""'{"shortBreakDuration":5,"longBreakDuration":30,"breakInterval":60}'""")
    focus_preferences = Json(
        default="""'{"defaultDuration":45,"distractionLevel":"moderate","""
        """"backgroundAudio":{"type":"silence","volume":0}}'"""
    )
    notifications = Json(
        default="""'{"breakReminders":true,"taskDeadlines":true,"dailySummary":false,"weeklyReview":true}'"""
    )
    theme = Varchar(null=True, default="'auto'")
    language = Varchar(null=True, default="'en'")
    created_at = Timestamp(null=True, default=NOW)
    updated_at = Timestamp(null=True, default=NOW)

    class Meta:
        table_name = "user_preferences"


class AiSuggestion(Table):
    id = Varchar(primary_key=True)
    type = Varchar()
    title = Varchar()
    description = Text()
    confidence = Double()
    actionable = Boolean(null=True, default="TRUE")
    priority = Integer(null=True, default="1")
    estimated_impact = Double(null=True, default="0")
    reasoning = Text(null=True, default="''")
    actions = Json(null=True, default="'[]'")
    created_at = Timestamp(null=True, default=NOW)
    dismissed_at = Timestamp(null=True)
    applied_at = Timestamp(null=True)

    class Meta:
        table_name = "ai_suggestions"


class AiInteractionLog(Table):
    id = Varchar(primary_key=True)
    timestamp = Timestamp()
    session_id = Varchar()
    model_type = Varchar()
    model_info = Json()
    user_message = Text()
    system_prompt = Text(null=True)
    context = Text()
    ai_response = Text()
    actions = Json(null=True, default="'[]'")
    suggestions = Json(null=True, default="'[]'")
    reasoning = Text(null=True)
    response_time = Integer()
    token_count = Integer(null=True)
    error = Text(null=True)
    error_code = Varchar(null=True)
    contains_sensitive_data = Boolean(null=True, default="FALSE")
    data_classification = Varchar(null=True, default="'internal'")
    created_at = Timestamp(null=True, default=NOW)
    updated_at = Timestamp(null=True, default=NOW)

    class Meta:
        table_name = "ai_interaction_logs"


class ToolExecutionLog(Table):
    id = Varchar(primary_key=True)
    interaction_log = Reference(AiInteractionLog, "interaction_log_id", "CASCADE")
    tool_name = Varchar()
    arguments = Json()
    result = Text()
    execution_time = Integer()
    success = Boolean()
    error = Text(null=True)
    created_at = Timestamp(null=True, default=NOW)

    class Meta:
        table_name = "tool_execution_logs"


class LoggingConfig(Table):
    id = Integer(primary_key=True)
    enabled = Boolean(null=True, default="FALSE")
    log_level = Varchar(null=True, default="'standard'")
    retention_days = Integer(null=True, default="30")
    max_log_size = Integer(null=True, default="10485760")
    include_system_prompts = Boolean(null=True, default="TRUE")
    include_tool_executions = Boolean(null=True, default="TRUE")
    include_performance_metrics = Boolean(null=True, default="TRUE")
    auto_cleanup = Boolean(null=True, default="TRUE")
    export_format = Varchar(null=True, default="'json'")
    created_at = Timestamp(null=True, default=NOW)
    updated_at = Timestamp(null=True, default=NOW)
    max_log_count = Integer(null=True, default="10000")

    class Meta:
        table_name = "logging_config"


class Thread(Table):
    id = Varchar(primary_key=True)
    title = Varchar()
    assignment_type = Varchar(null=True)
    assignment_task = Reference(Task, "assignment_task_id", "SET NULL", null=True)
    assignment_date = Varchar(null=True)
    assignment_context = Json(null=True)
    message_count = Integer(null=True, default="0")
    last_message_at = Timestamp(null=True)
    created_at = Timestamp(default=NOW)
    updated_at = Timestamp(default=NOW)

    class Meta:
        table_name = "threads"


class ThreadMessage(Table):
    id = Varchar(primary_key=True)
    thread = Reference(Thread, "thread_id", "CASCADE")
    type = Varchar()
    content = Text()
    reasoning = Text(null=True)
    actions = Json(null=True)
    suggestions = Json(null=True)
    tool_executions = Json(null=True)
    user_feedback = Json(null=True)
    timestamp = Timestamp()
    created_at = Timestamp(default=NOW)

    class Meta:
        table_name = "thread_messages"


MIGRATIONS = Migration._meta.table_name
"""Never imported: the app refuses to start on a migration it does not have."""

MODELS: tuple[type[Table], ...] = (
    TaskList, PeriodicTaskTemplate, Task, TaskDependency, TimeSession, AiInteraction, FocusSession,
    ProductivityPattern, UserPreferences, AiSuggestion, AiInteractionLog, ToolExecutionLog, LoggingConfig,
    Thread, ThreadMessage,
)  # fmt: skip
"""All models but the migrations', each after those it refers to."""

CONTRACT: tuple[str, ...] = (
    "tasks", "time_sessions", "ai_interactions", "task_dependencies", "periodic_task_templates",
)  # fmt: skip
"""The tables of format "1.0.0", in the order of data.json; all others are entries of their own, verbatim."""


def columns_of(model: type[Table]) -> Mapping[str, Column | Reference]:
    """Columns of a model by their names in the database, in the order of the app's schema."""
    return {field.column_name: field for field in model._meta.sorted_fields}


KNOWN: Mapping[str, Mapping[str, Column | Reference]] = {model._meta.table_name: columns_of(model) for model in MODELS}
"""Table -> column -> field, for every table of the app but the migrations'."""

UNIQUE: Mapping[str, tuple[tuple[str, ...], ...]] = {"task_dependencies": (("task_id", "depends_on_id"),)}
"""Table -> sets of columns that no two rows share, besides the key."""
