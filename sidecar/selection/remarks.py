"""What is said of a backup of which a part is taken: of the rows that are taken, and of the file, and nothing else."""

from __future__ import annotations

import sqlite3

import msgspec

from sidecar.database.introspection import quote
from sidecar.database.models import KNOWN
from sidecar.results import Problem
from sidecar.stage.checks import absent_column
from sidecar.stage.problems import Problems
from sidecar.stage.references import uncarried_reference
from sidecar.stage.stage import ROW, SHAPE, Stage

_OF_THE_WHOLE = {"empty", "large"}
"""Kinds that say something of all of the rows together."""


def speak_of_selection(connection: sqlite3.Connection, stage: Stage, problems: Problems) -> None:
    """Forget the warnings about rows that are no longer in the stage, which is attached as "stage".

    What counts rows is counted anew. Raises sqlite3.Error.
    """
    problems.narrow(_Narrowing(connection, stage).narrowed)


class _Narrowing:
    def __init__(self, connection: sqlite3.Connection, stage: Stage) -> None:
        self._connection = connection
        self._stage = stage

    def narrowed(self, problem: Problem) -> Problem | None:
        """The problem as it is of what is left; None if it is of nothing that is."""
        if problem.kind in _OF_THE_WHOLE:
            return None
        if problem.table not in self._stage.tables:
            return problem
        if problem.index is not None:
            return problem if self._is_there(problem.table, quote(ROW), problem.index) else None
        if problem.kind == "dependency_cycle":
            return problem if self._is_there("tasks", "id", problem.id) else None
        if problem.kind == "absent_column" and problem.column is not None:
            return self._absent(problem, problem.table, problem.column)
        if problem.kind == "uncarried_reference" and problem.column is not None:
            return self._uncarried(problem, problem.table, problem.column)
        return problem if self._stage.tables[problem.table].rows else None

    def _absent(self, problem: Problem, table: str, column: str) -> Problem | None:
        silent = [str(shape) for columns, shape in self._stage.tables[table].shapes.items() if column not in columns]
        rows = self._number(table, f"{quote(SHAPE)} IN ({', '.join(silent)})")
        return msgspec.structs.replace(problem, message=absent_column(rows, table, column)) if rows else None

    def _uncarried(self, problem: Problem, table: str, column: str) -> Problem | None:
        rows = self._number(table, f"CAST({quote(column)} AS TEXT) = ?", problem.id)
        field = KNOWN.get(table, {}).get(column)
        parent = (field.meant if field is not None else None) or self._stage.tables[table].references[column][0]
        message = uncarried_reference(rows, table, parent, problem.id, kept=True)
        return msgspec.structs.replace(problem, message=message) if rows else None

    def _is_there(self, table: str, column: str, value: object) -> bool:
        return self._number(table, f"{column} = ?", value) > 0

    def _number(self, table: str, where: str, *values: object) -> int:
        sql = f"SELECT count(*) FROM stage.{quote(table)} WHERE {where}"
        number: int = self._connection.execute(sql, values).fetchone()[0]
        return number
