"""References of rows to rows, declared and meant: which lead nowhere, and what that means.

A declared one must lead somewhere, but for as many as led nowhere in the source itself; a meant one need not. What
leads to a table that the archive does not carry is told of.
"""

from __future__ import annotations

from typing import Any

from sidecar.database.introspection import quote
from sidecar.database.models import KNOWN
from sidecar.stage.problems import KEPT, Problems
from sidecar.stage.records import named, singular
from sidecar.stage.stage import ROW, Stage, StagedTable, own

LISTS_NOT_CARRIED = "lists_not_carried"
"""Kind of the warning that an import replaces by what it knows of the target: which lists it makes again."""

_REFERENCES = {
    ("task_dependencies", "depends_on_id"): "Task dependency references non-existent dependency",
    ("tasks", "periodic_template_id"): "Periodic task instance references non-existent template",
    ("tasks", "parent_task_id"): "Task references non-existent parent task",
}
"""Wording of the app where it is not "<Row> references non-existent <parent>"."""


def check_references(stage: Stage, problems: Problems) -> None:
    """References of every declared and meant kind. A declared one must lead somewhere, a meant one need not.

    But as many rows as led nowhere in the database itself come back as they were.
    """
    for table in stage.carried():
        declared = table.references
        meant = {column: (field.meant, "id") for column, field in KNOWN.get(table.name, {}).items() if field.meant}
        found = {
            column: leads
            for column, leads in {**meant, **declared}.items()
            if column in table.spoken_of() and leads[1] in stage.columns_of(leads[0])
        }
        nowhere = {column: _leading_nowhere(stage, table, column, *leads) for column, leads in found.items()}
        # A task list that is not carried is made again.
        lost = (
            column
            for column in declared.keys() & found.keys()
            if found[column][0] != "task_lists" or stage.tables["task_lists"].carried
        )
        strict = sum(nowhere[column] for column in lost) > table.dangling
        for column, (parent, _) in found.items():
            report = _check_reference if stage.tables[parent].carried else _uncarried
            if nowhere[column]:
                report(stage, table, column, parent, strict and column in declared, problems)
            stage.connection.execute(f"DROP TABLE {_targets(table, column)}")


def _leading_nowhere(stage: Stage, table: StagedTable, column: str, parent: str, to: str) -> int:
    """How many rows of a table name a row that is not there; whom they name goes into a table of the stage's own.

    Grouped, the rows are looked for in the order of the index: of a large one, hardly a page is read twice.
    """
    name = f"c.{quote(column)}"
    if stage.tables[parent].key != (to,):
        stage.index(parent, (to,))
    stage.connection.execute(
        f"CREATE TABLE {_targets(table, column)} AS SELECT {name} AS target, count(*) AS number"
        f" FROM {quote(table.name)} c WHERE {name} IS NOT NULL GROUP BY {name}"
        f" HAVING NOT EXISTS (SELECT 1 FROM {quote(parent)} p WHERE p.{quote(to)} = {name})"
    )
    return stage.number(f"SELECT coalesce(sum(number), 0) FROM {_targets(table, column)}")


def _targets(table: StagedTable, column: str) -> str:
    return quote(own(f"{table.name}.{column} leads nowhere"))


def _check_reference(
    stage: Stage, table: StagedTable, column: str, parent: str, strict: bool, problems: Problems
) -> None:
    wording = _REFERENCES.get((table.name, column), f"{named(table.name)} references non-existent {singular(parent)}")
    sql = (
        f"SELECT {quote(ROW)}, {'id' if 'id' in table.columns else 'NULL'}, {quote(column)} FROM {quote(table.name)}"
        f" WHERE {quote(column)} IN (SELECT target FROM {_targets(table, column)}) ORDER BY {quote(ROW)}"
    )
    for row, row_id, target in stage.query(sql):
        where = {"table": table.name, "row_id": None if row_id is None else str(row_id), "index": row, "column": column}
        if strict:
            problems.error("broken_reference", f"{wording}: {target}", **where)
        else:
            problems.warning("dangling_reference", f"{wording}: {target} ({KEPT})", **where)


def _uncarried(stage: Stage, table: StagedTable, column: str, parent: str, strict: bool, problems: Problems) -> None:
    """References to a table that the backup does not carry: kept if they may be. Lists have a check of their own."""
    if parent == "task_lists":
        return
    for target, rows in stage.query(f"SELECT target, number FROM {_targets(table, column)}"):
        where: dict[str, Any] = {"table": table.name, "row_id": str(target), "column": column}
        if strict:
            problems.error("broken_reference", uncarried_reference(rows, table.name, parent, target), **where)
        else:
            message = uncarried_reference(rows, table.name, parent, target, kept=True)
            problems.warning("uncarried_reference", message, **where)


def uncarried_reference(rows: int, table: str, parent: str, target: object, *, kept: bool = False) -> str:
    """What is said of rows that name one of a table that the backup does not carry."""
    what = f"{rows:,} {table} name {singular(parent)} {target}, which the backup does not carry"
    return f"{what}: the reference is kept" if kept else what


def check_uncarried_lists(stage: Stage, problems: Problems) -> None:
    """Task lists that rows are in and that the backup does not carry: one warning for all, in the words of the app."""
    naming = {"tasks": 0, "periodic_task_templates": 0}
    lists: set[object] = set()
    for name in naming:
        table = stage.tables[name]
        if stage.tables["task_lists"].carried or not table.carried or "task_list_id" not in table.spoken_of():
            continue
        sql = f"SELECT task_list_id, count(*) FROM {quote(name)} WHERE task_list_id IS NOT NULL GROUP BY task_list_id"
        for target, rows in stage.query(sql):
            lists.add(target)
            naming[name] += rows
    if lists:
        whose = "its task list" if len(lists) == 1 else f"its {len(lists):,} task lists"
        message = (
            f"The backup does not hold {whose} ({contained(*naming.values())})."
            ' A list that KiraPilot lacks is made again, as "Restored list 1" and so on'
        )
        problems.warning(LISTS_NOT_CARRIED, message, table="task_lists")


def contained(tasks: int, templates: int) -> str:
    """What is in task lists, for people: "7 tasks, 1 periodic template"."""
    parts = ((tasks, "task"), (templates, "periodic template"))
    return ", ".join(f"{number:,} {word}{'' if number == 1 else 's'}" for number, word in parts if number)
