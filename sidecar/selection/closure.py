"""What chosen rows cannot be without, and what belongs to them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from sidecar.archive.forms import Scalar
from sidecar.database.introspection import Schema, quote
from sidecar.database.models import KNOWN
from sidecar.errors.backups import NothingSelected
from sidecar.progress import Progress
from sidecar.results import SelectedTable
from sidecar.selection.criteria import WHOLE, Criteria, chosen_of
from sidecar.selection.pool import Pool, PoolTable, pool_of_stage
from sidecar.selection.request import Selection
from sidecar.stage.stage import ROW, Stage, StagedTable
from sidecar.stage.wanted import ALL, Wanted

TASKS, DEPENDENCIES = "tasks", "task_dependencies"
PARENT = "parent_task_id"

BELONGS = (
    ("time_sessions", "task_id", TASKS),
    ("focus_sessions", "task_id", TASKS),
    ("thread_messages", "thread_id", "threads"),
    ("tool_execution_logs", "interaction_log_id", "ai_interaction_logs"),
)
"""Table, column and parent: rows that come along with a parent that was chosen, unless their type is left out."""


@dataclass(frozen=True)
class _Need:
    """A column whose value is the id of another row, without which the row cannot be."""

    child: str
    column: str
    parent: str
    to: str


UNTIED = "plan.untied"
"""Rows of tasks in the pool that become tasks of their own."""

_KEPT = "plan.kept"
"""The chosen rows of one table, while the others go."""


def wanted_by(selection: Selection | None) -> Wanted:
    """Rows of a backup of which any may be chosen, or come along as a part of one that is.

    What else comes along is named by another row: all of these tables are staged in any case.
    """
    if selection is None:
        return ALL
    tables = None if selection.tables is None else frozenset(selection.tables)
    if selection.ids is None:
        return Wanted(tables)
    # An id that is of a type that is not meant is one all the same, and not unknown.
    found_by = {name: ["id"] for name, columns in KNOWN.items() if "id" in columns}
    for child, column, _ in BELONGS:
        if tables is None or child in tables:
            found_by[child].append(column)
    # Which dependencies come is for both of their tasks to say.
    del found_by[DEPENDENCIES]
    numbers = (int(row_id) for row_id in selection.ids if WHOLE.fullmatch(row_id))
    return Wanted(columns=found_by, values=frozenset[Scalar]([*selection.ids, *numbers]))


def select(
    connection: sqlite3.Connection,
    stage: Stage,
    live: Schema,
    selection: Selection,
    progress: Progress,
    has_settings: bool = False,
    keeps_all: bool = False,
) -> dict[str, SelectedTable]:
    """Take out of the stage, attached as "stage" beside the live database, all that is neither meant nor needed.

    :param has_settings: the backup holds settings of the frontend, which may be all that is meant.
    :param keeps_all: no row of the database will be another one: those of the backup that stand for one need nothing.
    Answers, for each table that has any, the rows that are left. Minimal: what the database has already is not
    brought along. Raises NothingSelected, NoSuchRows, SelectionTurnedRound, Cancelled, sqlite3.Error.
    """
    selected = choose(connection, pool_of_stage(stage), live, selection, progress, keeps_all)
    if not selected and not has_settings:
        raise NothingSelected()
    for table in stage.carried():
        progress.check()
        left = selected.get(table.name)
        rows = left.chosen + left.along if left else 0
        _keep_chosen(connection, table, rows)
        table.rows = rows
    if TASKS in selected and selected[TASKS].untied:
        connection.execute(f"UPDATE stage.{TASKS} SET {PARENT} = NULL WHERE {quote(ROW)} IN (SELECT row FROM {UNTIED})")
    return selected


def _keep_chosen(connection: sqlite3.Connection, table: StagedTable, left: int) -> None:
    """Take the rows of a table that are not chosen out of the stage; ``left`` of them stay."""
    staged, chosen = f"stage.{quote(table.name)}", f"{quote(ROW)} IN (SELECT row FROM {chosen_of(table.name)})"
    if left > table.rows // 2:
        connection.execute(f"DELETE FROM {staged} WHERE NOT {chosen}")
        return
    # Without a condition SQLite lets go of whole pages, where it would take row by row out of every index.
    connection.execute(f"CREATE TABLE {_KEPT} AS SELECT * FROM {staged} WHERE {chosen}")
    connection.execute(f"DELETE FROM {staged}")
    connection.execute(f"INSERT INTO {staged} SELECT * FROM {_KEPT}")
    connection.execute(f"DROP TABLE {_KEPT}")


def choose(
    connection: sqlite3.Connection,
    pool: Pool,
    live: Schema,
    selection: Selection,
    progress: Progress,
    keeps_all: bool = False,
) -> dict[str, SelectedTable]:
    """Note in "plan", attached, the rows of a pool that are meant, and those that they need (``chosen_of``).

    Answers how many there are, for each table that has any. What ``live``, the main database, has already is not
    brought along. Raises NothingSelected, NoSuchRows, SelectionTurnedRound, Cancelled, sqlite3.Error.
    """
    return _Choosing(connection, pool, live, selection, progress, keeps_all).run()


class _Choosing:
    def __init__(
        self,
        connection: sqlite3.Connection,
        pool: Pool,
        live: Schema,
        selection: Selection,
        progress: Progress,
        keeps_all: bool,
    ) -> None:
        self._connection = connection
        self._pool = pool
        self._live = live
        self._selection = selection
        self._progress = progress
        self._tables = {table.name: table for table in pool.filled()}
        self._criteria = Criteria(connection, pool, live, selection)
        self._keeps_all = keeps_all
        self._lonely = 0

    def _nothing(self) -> NothingSelected:
        error = NothingSelected()
        if self._lonely:
            error.advice = "Dependencies come with their tasks: choose those."
        elif self._selection.missing:
            error.advice = "Only what is missing was asked for: it may be that the database has all of it already."
        return error

    def run(self) -> dict[str, SelectedTable]:
        self._criteria.require_all_ids()
        for table in self._tables.values():
            self._progress.check()
            self._connection.execute(
                f"CREATE TABLE {chosen_of(table.name)} (row INTEGER PRIMARY KEY, along INTEGER NOT NULL)"
            )
            self._criteria.choose(table)
        for child, column, parent in BELONGS:
            self._bring_what_belongs(child, column, parent)
        needs = list(self._needs())
        while any(self._bring_what_is_needed(need) for need in needs):
            self._progress.check()
        self._choose_dependencies()
        told = dict(self._told(self._find_untied()))
        if not told and not self._selection.has_settings:
            raise self._nothing()
        return told

    def _bring_what_belongs(self, child: str, column: str, parent: str) -> None:
        if child not in self._tables or parent not in self._tables or not self._criteria.allows(child):
            return
        of, owner = self._tables[child], self._tables[parent]
        owners = f"FROM {chosen_of(parent)} o JOIN {owner.source} p ON p.{owner.row} = o.row"
        if owner.binary_key:
            # The owners that are chosen are mostly few: a join would look for the owner of each row there is.
            belonging = f"{of.source} c WHERE c.{quote(column)} COLLATE BINARY IN (SELECT p.id {owners})"
        else:
            belonging = f"{of.source} c WHERE EXISTS (SELECT 1 {owners} WHERE p.id = c.{quote(column)})"
        self._connection.execute(
            f"INSERT OR IGNORE INTO {chosen_of(child)} SELECT c.{of.row}, 1 FROM {belonging}"
            + (f" AND {self._absent('c', of)}" if self._selection.missing else "")
        )

    def _needs(self) -> Iterator[_Need]:
        for table in self._tables.values():
            known = KNOWN.get(table.name, {})
            meant = {column: (field.meant, "id") for column, field in known.items() if field.meant}
            for column, (parent, to) in {**meant, **table.references}.items():
                is_parent = (table.name, column) == (TASKS, PARENT)
                if is_parent and self._selection.subtasks == "untied":
                    continue
                spoken = column in table.columns and to in self._pool.columns_of(parent)
                if table.name != DEPENDENCIES and parent in self._tables and spoken:
                    yield _Need(table.name, column, parent, to)

    def _bring_what_is_needed(self, need: _Need) -> bool:
        """Whether rows were added that chosen ones name, and that the database does not have."""
        child, parent = self._tables[need.child], self._tables[need.parent]
        added = self._connection.execute(
            f"INSERT OR IGNORE INTO {chosen_of(need.parent)} SELECT p.{parent.row}, 1 FROM {chosen_of(need.child)} o"
            # In this order: from the few that are chosen to what they name.
            f" CROSS JOIN {child.source} c ON c.{child.row} = o.row"
            f" CROSS JOIN {parent.source} p ON p.{quote(need.to)} = c.{quote(need.column)}"
            f" WHERE {self._absent('p', parent)}" + (f" AND {self._absent('c', child)}" if self._keeps_all else "")
        )
        return added.rowcount > 0

    def _choose_dependencies(self) -> None:
        """Between tasks that are there or come, where one of them comes; not one whose task would be missing."""
        table = self._tables.get(DEPENDENCIES)
        if table is None:
            return
        coming = f"SELECT t.id {self._coming_tasks()}" if TASKS in self._tables else "SELECT NULL WHERE 0"
        there = f"SELECT id FROM main.{TASKS}" if TASKS in self._live else "SELECT NULL WHERE 0"
        ends = " AND ".join(
            f"(d.{column} IN ({coming}) OR d.{column} IN ({there}))" for column in ("task_id", "depends_on_id")
        )
        self._lonely = self._connection.execute(
            f"DELETE FROM {chosen_of(DEPENDENCIES)} WHERE row NOT IN"
            f" (SELECT d.{table.row} FROM {table.source} d WHERE {ends})"
        ).rowcount
        if self._criteria.allows(DEPENDENCIES):
            self._connection.execute(
                f"INSERT OR IGNORE INTO {chosen_of(DEPENDENCIES)} SELECT d.{table.row}, 1 FROM {table.source} d"
                f" WHERE (d.task_id IN ({coming}) OR d.depends_on_id IN ({coming})) AND {ends}"
            )

    def _coming_tasks(self) -> str:
        tasks = self._tables[TASKS]
        return f"FROM {chosen_of(TASKS)} o JOIN {tasks.source} t ON t.{tasks.row} = o.row"

    def _find_untied(self) -> int:
        """Note the subtasks that become tasks of their own, whose parents neither are there nor come; answers how
        many."""
        table = self._tables.get(TASKS)
        if self._selection.subtasks != "untied" or table is None or PARENT not in table.columns:
            return 0
        parents = f"SELECT t.id {self._coming_tasks()}"
        if TASKS in self._live:
            parents += f" UNION SELECT id FROM main.{TASKS}"
        self._connection.execute(
            f"CREATE TABLE {UNTIED} AS SELECT o.row AS row {self._coming_tasks()}"
            f" WHERE t.{PARENT} IS NOT NULL AND t.{PARENT} NOT IN ({parents})"
        )
        return self._number(f"SELECT count(*) FROM {UNTIED}")

    def _told(self, untied: int) -> Iterator[tuple[str, SelectedTable]]:
        for name in self._tables:
            along, rows = self._connection.execute(
                f"SELECT coalesce(sum(along), 0), count(*) FROM {chosen_of(name)}"
            ).fetchone()
            if rows:
                yield name, SelectedTable(chosen=rows - along, along=along, untied=untied if name == TASKS else 0)

    def _absent(self, alias: str, table: PoolTable) -> str:
        """SQL: the database has no row with the key of this one."""
        if table.name not in self._live or not self._live[table.name].key:
            return "1"
        key = " AND ".join(f"m.{quote(column)} = {alias}.{quote(column)}" for column in self._live[table.name].key)
        return f"NOT EXISTS (SELECT 1 FROM main.{quote(table.name)} m WHERE {key})"

    def _number(self, sql: str) -> int:
        number: int = self._connection.execute(sql).fetchone()[0]
        return number
