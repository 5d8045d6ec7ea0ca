"""What the rows of a stage mean to each other: each check is a query, a message, and a severity.

Errors are what constraints refuse, or counts that do not agree; warnings are what a live
database can hold too and comes back as it was, or what the import repairs. Wording that the
shipped app has, is the app's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from sidecar.archive.timestamps import is_moment
from sidecar.database.introspection import quote
from sidecar.database.models import CONTRACT, KNOWN
from sidecar.progress import Progress
from sidecar.results import COUNT_OF, BackupMetadata
from sidecar.stage.cycles import find_cycles
from sidecar.stage.problems import KEPT, Problems
from sidecar.stage.records import named, singular
from sidecar.stage.references import check_references, check_uncarried_lists
from sidecar.stage.stage import ROW, SHAPE, Stage, own

PEELINGS = 32
"""Most times that the ends of chains of dependencies are cut off; what is longer is left to the search itself."""

LARGE_TASKS = 10_000
"""More tasks than this are worth a word of warning; the shipped app's number."""

STATUSES = ("pending", "in_progress", "completed", "cancelled")
RECURRENCES = ("daily", "weekly", "biweekly", "every_three_weeks", "monthly", "custom")

LONGEST_WORD = 24
"""Most letters of a word that a message shows."""


def check(stage: Stage, metadata: BackupMetadata, problems: Problems, progress: Progress) -> None:
    """Judge a filled stage; every problem goes to ``problems``. Raises Cancelled."""
    checks: tuple[Callable[[Stage, Problems], None], ...] = (
        _index,
        _missing_values,
        _partly_absent,
        _duplicate_keys,
        _duplicate_values,
        check_references,
        check_uncarried_lists,
        _self_dependencies,
        _dependency_cycles,
        _default_lists,
        _vocabulary,
        _json_columns,
        _timestamps,
        _backward_sessions,
        _unknown_parts,
        _volume,
    )
    progress.phase("check", len(checks), "checks", "Checking the backup")
    _counts(stage, metadata, problems)
    with progress.watching(stage.connection):
        for one in checks:
            one(stage, problems)
            progress.advance(1)


def _counts(stage: Stage, metadata: BackupMetadata, problems: Problems) -> None:
    for table in CONTRACT:
        said, held = getattr(metadata, COUNT_OF[table]), stage.tables[table].rows
        if said != held:
            message = f"metadata.json says {said:,} {table}, the backup holds {held:,}"
            problems.error("count_mismatch", message, table=table)
    if not is_moment(metadata.created_at):
        problems.warning("invalid_timestamp", "metadata.json does not say when the backup was made")


def _index(stage: Stage, _problems: Problems) -> None:
    """Indexes that checks and import share."""
    for table in stage.carried():
        if table.key:
            stage.index(table.name, table.key)


def _missing_values(stage: Stage, problems: Problems) -> None:
    """NULLs, or no values, where the source's own schema refuses them."""
    for table in stage.carried():
        if table.name in CONTRACT and not table.held_to_source:
            continue  # judged as it was read
        known = KNOWN.get(table.name, {})
        for columns, shape in table.shapes.items():
            lacking = " OR ".join(
                f"{quote(name)} IS NULL"
                for name in sorted(table.not_null)
                if name in columns or name not in known or not known[name].default_sql
            )
            sql = f"SELECT {quote(ROW)} FROM {quote(table.name)} WHERE {quote(SHAPE)} = ? AND ({lacking})"
            for (row,) in stage.query(sql, shape) if lacking else ():
                message = f"{named(table.name)} at index {row} is missing required fields"
                problems.error("missing_field", message, table=table.name, index=row)


def _partly_absent(stage: Stage, problems: Problems) -> None:
    """Columns that some records speak of and others do not, where the app's model allows no NULL."""
    for table in stage.carried():
        for name in sorted(table.spoken_of()):
            field = KNOWN.get(table.name, {}).get(name)
            silent = [shape for columns, shape in table.shapes.items() if name not in columns]
            if field is None or not field.required or field.default_sql is None or not silent:
                continue
            shapes = ", ".join(map(str, silent))
            rows = stage.number(f"SELECT count(*) FROM {quote(table.name)} WHERE {quote(SHAPE)} IN ({shapes})")
            problems.warning(
                "absent_column",
                absent_column(rows, table.name, name),
                table=table.name,
                column=name,
            )


def absent_column(rows: int, table: str, column: str) -> str:
    """What is said of records that do not speak of a column."""
    return f"{table} without {column} ({rows:,}): a row that exists keeps its value, a new one takes the default"


def _duplicate_keys(stage: Stage, problems: Problems) -> None:
    for table in stage.carried():
        if not table.key:
            continue
        key = ", ".join(map(quote, table.key))
        not_null = " AND ".join(f"{quote(column)} IS NOT NULL" for column in table.key)
        sql = f"SELECT {key} FROM {quote(table.name)} WHERE {not_null} GROUP BY {key} HAVING count(*) > 1"
        for values in stage.query(sql):
            row_id = ", ".join(map(str, values))
            message = f"Duplicate {singular(table.name)} ID found: {row_id}"
            problems.error("duplicate_id", message, table=table.name, row_id=row_id)


def _duplicate_values(stage: Stage, problems: Problems) -> None:
    for table in stage.carried():
        for columns in table.unique:
            listed = ", ".join(map(quote, columns))
            there = " AND ".join(f"{quote(column)} IS NOT NULL" for column in columns)
            sql = f"SELECT {listed} FROM {quote(table.name)} WHERE {there} GROUP BY {listed} HAVING count(*) > 1"
            for values in stage.query(sql):
                _duplicate(table.name, columns, values, problems)


def _duplicate(table: str, columns: tuple[str, ...], values: tuple[Any, ...], problems: Problems) -> None:
    if table == "task_dependencies" and columns == ("task_id", "depends_on_id"):
        message = f"Duplicate task dependency found: {values[0]} depends on {values[1]} more than once"
        problems.error("duplicate_dependency", message, table=table, row_id=str(values[0]))
    else:
        message = f"{named(table)} found twice with the same {', '.join(columns)}"
        problems.error("duplicate_value", message, table=table, column=columns[0])


def _self_dependencies(stage: Stage, problems: Problems) -> None:
    sql = f"SELECT {quote(ROW)}, id, task_id FROM task_dependencies WHERE task_id = depends_on_id"
    for row, row_id, task in stage.query(sql):
        message = f"Task depends on itself: {task} ({KEPT})"
        problems.warning("self_dependency", message, table="task_dependencies", row_id=row_id, index=row)


def _dependency_cycles(stage: Stage, problems: Problems) -> None:
    # Ids are text, but a hand can leave a blob: it stands as its SQL literal here.
    source, target = (
        f"CASE typeof({name}) WHEN 'text' THEN {name} ELSE quote({name}) END" for name in ("task_id", "depends_on_id")
    )
    edges, kept = quote(own("edges")), quote(own("kept"))
    stage.connection.execute(
        f"CREATE TABLE {edges} AS SELECT {source} AS source, {target} AS target FROM task_dependencies"
        " WHERE task_id IS NOT NULL AND depends_on_id IS NOT NULL AND task_id != depends_on_id ORDER BY source"
    )
    # What nothing leads to, or what leads to nothing, is on no cycle: hardly anything is left to be held in memory.
    for _ in range(PEELINGS):
        before = stage.number(f"SELECT count(*) FROM {edges}")
        _peel(stage, edges, kept, "source", "target")
        _peel(stage, kept, edges, "target", "source")
        if stage.number(f"SELECT count(*) FROM {edges}") == before:
            break
    for cycle in find_cycles(stage.query(f"SELECT source, target FROM {edges}")):
        shown = " → ".join([*cycle[:5], "…"] if len(cycle) > 5 else [*cycle, cycle[0]])
        message = f"Task dependencies form a cycle: {shown} ({KEPT})"
        problems.warning("dependency_cycle", message, table="task_dependencies", row_id=cycle[0])
    stage.connection.execute(f"DROP TABLE {edges}")


def _peel(stage: Stage, edges: str, kept: str, near: str, far: str) -> None:
    """Of the edges, in the order of ``near``, keep those whose near end is the far end of one; in the order of ``far``.

    In order, each is looked for beside the one before it: of many, hardly a page is read twice. To rename a table
    costs more than all else that is done to a small one, so the edges lie in ``kept`` afterwards.
    """
    ends = quote(own("ends"))
    for statement in (
        f"CREATE TABLE {ends} (node PRIMARY KEY) WITHOUT ROWID",
        f"INSERT INTO {ends} SELECT DISTINCT {far} FROM {edges} ORDER BY 1",
        f"CREATE TABLE {kept} AS SELECT source, target FROM {edges}"
        f" WHERE {near} IN (SELECT node FROM {ends}) ORDER BY {far}",
        f"DROP TABLE {ends}",
        f"DROP TABLE {edges}",
    ):
        stage.connection.execute(statement)


def _default_lists(stage: Stage, problems: Problems) -> None:
    sql = f"SELECT {quote(ROW)}, id FROM task_lists WHERE is_default = 1 ORDER BY {quote(ROW)} LIMIT -1 OFFSET 1"
    for row, row_id in stage.query(sql):
        message = f"More than one default task list: {row_id} becomes an ordinary list"
        problems.warning("second_default_list", message, table="task_lists", row_id=row_id, index=row)


def _vocabulary(stage: Stage, problems: Problems) -> None:
    """Words the app knows; a live database can hold others."""
    for table, column, words, wording in (
        ("tasks", "status", STATUSES, "Task at index {} has invalid status: {}"),
        (
            "periodic_task_templates",
            "recurrence_type",
            RECURRENCES,
            "Periodic task template at index {} has invalid recurrence_type: {}",
        ),
    ):
        known = ", ".join(f"'{word}'" for word in words)
        sql = f"SELECT {quote(ROW)}, id, {column} FROM {table} WHERE {column} IS NOT NULL AND {column} NOT IN ({known})"
        for row, row_id, word in stage.query(sql):
            message = f"{wording.format(row, _word(word))} ({KEPT})"
            problems.warning("unknown_word", message, table=table, row_id=row_id, index=row, column=column)


def _word(value: object) -> str:
    """A value in a message: shown if it is a word as the app's own are, for it may be anything a person wrote."""
    text = str(value)
    return text if len(text) <= LONGEST_WORD and re.fullmatch("[A-Za-z_]+", text) else "something else"


def _json_columns(stage: Stage, problems: Problems) -> None:
    for table, column in _columns_of_kind(stage, "json"):
        name = quote(column)
        # json_valid would read a blob as binary JSON: anything but text holds none. Most are empty lists.
        sql = (
            f"SELECT {quote(ROW)}, id FROM {quote(table)} WHERE {name} NOT IN ('[]', '{{}}')"
            f" AND (typeof({name}) != 'text' OR NOT json_valid({name}))"
        )
        for row, row_id in stage.query(sql):
            message = f"{named(table)} at index {row}: {column} holds no JSON ({KEPT})"
            problems.warning("invalid_json", message, table=table, row_id=str(row_id), index=row, column=column)


def _timestamps(stage: Stage, problems: Problems) -> None:
    """Times in tables that are carried as they are stored; those of the contract were judged as they were read."""
    for table, column in _columns_of_kind(stage, "timestamp"):
        if table in CONTRACT:
            continue
        whole = f"substr({quote(column)}, 1, 19)"
        sql = (
            f"SELECT {quote(ROW)}, id FROM {quote(table)} WHERE {quote(column)} IS NOT NULL AND"
            f" (datetime({quote(column)}) IS NULL OR datetime({whole}) IS NOT replace({whole}, 'T', ' '))"
        )
        for row, row_id in stage.query(sql):
            message = f"{named(table)} at index {row}: {column} is no time ({KEPT})"
            problems.warning("odd_timestamp", message, table=table, row_id=str(row_id), index=row, column=column)


def _backward_sessions(stage: Stage, problems: Problems) -> None:
    sql = f"SELECT {quote(ROW)}, id FROM time_sessions WHERE end_time < start_time"
    for row, row_id in stage.query(sql):
        message = f"Time session at index {row} ends before it starts ({KEPT})"
        problems.warning("backward_session", message, table="time_sessions", row_id=row_id, index=row)


def _columns_of_kind(stage: Stage, kind: str) -> Iterator[tuple[str, str]]:
    for table in stage.carried():
        for column, field in KNOWN.get(table.name, {}).items():
            if field.kind == kind and column in table.spoken_of():
                yield table.name, column


def _unknown_parts(stage: Stage, problems: Problems) -> None:
    for table in stage.carried():
        if table.name not in KNOWN:
            problems.warning("unknown_table", _unknown(table.name), table=table.name)
            continue
        for column in sorted(table.spoken_of() - KNOWN[table.name].keys()):
            problems.warning("unknown_column", _unknown(f"{table.name}.{column}"), table=table.name, column=column)


def _unknown(what: str) -> str:
    return f"The backup holds {what}, which this KiraPilot does not know: it may have to be updated first"


def _volume(stage: Stage, problems: Problems) -> None:
    tasks = stage.tables["tasks"].rows
    if not tasks and not stage.tables["time_sessions"].rows:
        problems.warning("empty", "Backup contains no tasks or time sessions")
    if tasks > LARGE_TASKS:
        problems.warning("large", f"Large number of tasks ({tasks}), import may take time")
