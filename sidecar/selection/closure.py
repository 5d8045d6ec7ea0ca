"""What chosen rows cannot be without, and what belongs to them; the rest of the stage goes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from sidecar.database.introspection import Schema, quote
from sidecar.database.models import KNOWN
from sidecar.errors.backups import NothingSelected
from sidecar.progress import Progress
from sidecar.results import SelectedTable
from sidecar.selection.criteria import Criteria, chosen_of
from sidecar.selection.request import Selection
from sidecar.stage.stage import ROW, Stage, StagedTable

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


def select(
    connection: sqlite3.Connection, stage: Stage, live: Schema, selection: Selection, progress: Progress
) -> dict[str, SelectedTable]:
    """Take out of the stage, attached as "stage" beside the live database, all that is neither meant nor needed.

    Answers, for each table that has any, the rows that are left. Minimal: what the database has already is not
    brought along. Raises NothingSelected, NoSuchRows, SelectionTurnedRound, Cancelled, sqlite3.Error.
    """
    return _Selecting(connection, stage, live, selection, progress).run()


class _Selecting:
    def __init__(
        self, connection: sqlite3.Connection, stage: Stage, live: Schema, selection: Selection, progress: Progress
    ) -> None:
        self._connection = connection
        self._stage = stage
        self._live = live
        self._selection = selection
        self._progress = progress
        self._tables = {table.name: table for table in stage.carried()}
        self._criteria = Criteria(connection, stage, live, selection)

    def run(self) -> dict[str, SelectedTable]:
        self._criteria.require_all_ids()
        for table in self._tables.values():
            self._progress.check()
            self._connection.execute(
                f"CREATE TABLE {chosen_of(table.name)} (row INTEGER PRIMARY KEY, along INTEGER NOT NULL)"
            )
            self._criteria.choose(table)
        if not any(self._number(f"SELECT count(*) FROM {chosen_of(name)}") for name in self._tables):
            raise NothingSelected()
        for child, column, parent in BELONGS:
            self._bring_what_belongs(child, column, parent)
        needs = list(self._needs())
        while any(self._bring_what_is_needed(need) for need in needs):
            self._progress.check()
        self._choose_dependencies()
        untied = self._untie()
        return dict(self._left(untied))

    def _bring_what_belongs(self, child: str, column: str, parent: str) -> None:
        if child not in self._tables or parent not in self._tables or not self._criteria.allows(child):
            return
        self._connection.execute(
            f"INSERT OR IGNORE INTO {chosen_of(child)} SELECT c.{quote(ROW)}, 1 FROM stage.{quote(child)} c"
            f" JOIN stage.{quote(parent)} p ON p.id = c.{quote(column)}"
            f" JOIN {chosen_of(parent)} o ON o.row = p.{quote(ROW)}"
            + (f" WHERE {self._absent('c', self._tables[child])}" if self._selection.missing else "")
        )

    def _needs(self) -> Iterator[_Need]:
        for table in self._tables.values():
            known = KNOWN.get(table.name, {})
            meant = {column: (field.meant, "id") for column, field in known.items() if field.meant}
            for column, (parent, to) in {**meant, **table.references}.items():
                is_parent = (table.name, column) == (TASKS, PARENT)
                if is_parent and self._selection.subtasks == "untied":
                    continue
                spoken = column in table.spoken_of() and to in self._stage.columns_of(parent)
                if table.name != DEPENDENCIES and parent in self._tables and spoken:
                    yield _Need(table.name, column, parent, to)

    def _bring_what_is_needed(self, need: _Need) -> bool:
        """Whether rows were added that chosen ones name, and that the database does not have."""
        parent = self._tables[need.parent]
        added = self._connection.execute(
            f"INSERT OR IGNORE INTO {chosen_of(need.parent)} SELECT p.{quote(ROW)}, 1 FROM {chosen_of(need.child)} o"
            f" JOIN stage.{quote(need.child)} c ON c.{quote(ROW)} = o.row"
            f" JOIN stage.{quote(need.parent)} p ON p.{quote(need.to)} = c.{quote(need.column)}"
            f" WHERE {self._absent('p', parent)}"
        )
        return added.rowcount > 0

    def _choose_dependencies(self) -> None:
        """Between tasks that are there or come, where one of them comes; not one whose task would be missing."""
        table = self._tables.get(DEPENDENCIES)
        if table is None:
            return
        coming = f"SELECT t.id FROM {chosen_of(TASKS)} o JOIN stage.{TASKS} t ON t.{quote(ROW)} = o.row"
        coming = coming if TASKS in self._tables else "SELECT NULL WHERE 0"
        there = f"SELECT id FROM main.{TASKS}" if TASKS in self._live else "SELECT NULL WHERE 0"
        ends = " AND ".join(
            f"(d.{column} IN ({coming}) OR d.{column} IN ({there}))" for column in ("task_id", "depends_on_id")
        )
        self._connection.execute(
            f"DELETE FROM {chosen_of(DEPENDENCIES)} WHERE row NOT IN"
            f" (SELECT d.{quote(ROW)} FROM stage.{DEPENDENCIES} d WHERE {ends})"
        )
        if self._criteria.allows(DEPENDENCIES):
            self._connection.execute(
                f"INSERT OR IGNORE INTO {chosen_of(DEPENDENCIES)} SELECT d.{quote(ROW)}, 1 FROM stage.{DEPENDENCIES} d"
                f" WHERE {ends} AND (d.task_id IN ({coming}) OR d.depends_on_id IN ({coming}))"
            )

    def _untie(self) -> int:
        """Make tasks of their own of subtasks whose parents neither are there nor come; answers how many."""
        table = self._tables.get(TASKS)
        if self._selection.subtasks != "untied" or table is None or PARENT not in table.spoken_of():
            return 0
        parents = (
            f"SELECT p.id FROM {chosen_of(TASKS)} o JOIN stage.{TASKS} p ON p.{quote(ROW)} = o.row"
            f" UNION SELECT id FROM main.{TASKS}"
        )
        return self._connection.execute(
            f"UPDATE stage.{TASKS} SET {PARENT} = NULL WHERE {PARENT} IS NOT NULL AND {PARENT} NOT IN ({parents})"
            f" AND {quote(ROW)} IN (SELECT row FROM {chosen_of(TASKS)})"
        ).rowcount

    def _left(self, untied: int) -> Iterator[tuple[str, SelectedTable]]:
        for name, table in self._tables.items():
            self._progress.check()
            self._connection.execute(
                f"DELETE FROM stage.{quote(name)} WHERE {quote(ROW)} NOT IN (SELECT row FROM {chosen_of(name)})"
            )
            along = self._number(f"SELECT count(*) FROM {chosen_of(name)} WHERE along")
            table.rows = self._number(f"SELECT count(*) FROM {chosen_of(name)}")
            if table.rows:
                chosen = table.rows - along
                yield name, SelectedTable(chosen=chosen, along=along, untied=untied if name == TASKS else 0)

    def _absent(self, alias: str, table: StagedTable) -> str:
        """SQL: the database has no row with the key of this one."""
        if table.name not in self._live or not self._live[table.name].key:
            return "1"
        key = " AND ".join(f"m.{quote(column)} = {alias}.{quote(column)}" for column in self._live[table.name].key)
        return f"NOT EXISTS (SELECT 1 FROM main.{quote(table.name)} m WHERE {key})"

    def _number(self, sql: str) -> int:
        number: int = self._connection.execute(sql).fetchone()[0]
        return number
