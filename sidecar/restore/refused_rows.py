"""What a salvage does to the stage before rows are compared: records that the database would refuse are left out.

A whole backup with one such record is refused, and says so; of a damaged one the rest is wanted. Written
into the stage alone, with the live database attached for reading: a row of the database may be what a
salvaged one refers to.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from sidecar.database.introspection import ForeignKey, Schema, TableSchema, has_id, quote
from sidecar.restore.emptied_lists import LISTS, NAMING_LISTS
from sidecar.results import RECORDS_SHOWN
from sidecar.salvage.account import Salvage
from sidecar.salvage.salvaging import Salvaged, taken_metadata
from sidecar.stage.stage import ROW, SHAPE, Stage, StagedTable


def leave_out_refused(connection: sqlite3.Connection, backup: Salvaged, live: Schema) -> None:
    """Leave out of the stage, and count, what cannot be a row of the live database.

    Raises NothingToSalvage when no record is left.
    """
    leaving_out = _LeavingOut(connection, backup.stage, live, backup.salvage)
    leaving_out.run()
    backup.contents.metadata = taken_metadata(
        backup.contents.metadata.created_at, backup.stage, backup.contents.metadata.version
    )
    backup.require_valid()


class _LeavingOut:
    def __init__(self, connection: sqlite3.Connection, stage: Stage, live: Schema, salvage: Salvage) -> None:
        self._connection = connection
        self._live = live
        self._salvage = salvage
        self._tables = [table for table in stage.tables.values() if table.carried and table.rows and table.name in live]

    def run(self) -> None:
        for table in self._tables:
            self._leave_out_incomplete(table)
            for columns, reason in self._unique(table):
                self._leave_out_duplicates(table, columns, reason)
        # One that is left out may be what another one refers to.
        while any(self._follow(table, reference) for table in self._tables for reference in self._references(table)):
            pass

    def _leave_out_incomplete(self, table: StagedTable) -> None:
        """Records without a value that the schema insists on."""
        strict = self._connection.execute(
            "SELECT name, dflt_value IS NULL FROM pragma_table_xinfo(?, 'main') WHERE \"notnull\" AND hidden = 0",
            (table.name,),
        ).fetchall()
        for columns, shape in table.shapes.items():
            lacking = [
                f"{quote(name)} IS NULL" if name in columns else "1"
                for name, needed in strict
                if name in columns or needed
            ]
            if lacking:
                self._leave_out(table, "missing_field", f"{quote(SHAPE)} = {shape} AND ({' OR '.join(lacking)})")

    def _unique(self, table: StagedTable) -> Iterator[tuple[Sequence[str], str]]:
        live = self._live[table.name]
        known = {"task_dependencies": "duplicate_dependency"}
        for columns, reason in (
            (live.key, "duplicate_id"),
            *((unique, known.get(table.name, "duplicate_value")) for unique in live.unique),
        ):
            if columns and set(columns) <= table.columns.keys():
                yield columns, reason

    def _leave_out_duplicates(self, table: StagedTable, columns: Sequence[str], reason: str) -> None:
        """All but the first of records that share what must be their own."""
        listed = ", ".join(map(quote, columns))
        there = " AND ".join(f"{quote(column)} IS NOT NULL" for column in columns)
        first = f"SELECT min({quote(ROW)}) FROM stage.{quote(table.name)} WHERE {there} GROUP BY {listed}"
        self._leave_out(table, reason, f"{there} AND {quote(ROW)} NOT IN ({first})")

    def _references(self, table: StagedTable) -> list[ForeignKey]:
        return [
            reference
            for reference in self._live[table.name].foreign_keys
            if reference.column in table.columns
            and reference.parent in self._live
            and reference.parent_column in self._live[reference.parent].columns
            # A list that is not there is made again.
            and not (reference.parent == LISTS and (table.name, reference.column) in NAMING_LISTS)
            # It led nowhere in the database that the backup was made from, either.
            and not (table.dangling and reference.parent not in self._salvage.left_out)
        ]

    def _follow(self, table: StagedTable, reference: ForeignKey) -> bool:
        """Do to rows that refer to nothing what the app's foreign keys do when that goes; answers if any went."""
        column = quote(reference.column)
        where = f"{column} IS NOT NULL" + "".join(
            f" AND {column} NOT IN (SELECT {quote(reference.parent_column)} FROM {parent}"
            f" WHERE {quote(reference.parent_column)} IS NOT NULL)"
            for parent in self._parents(self._live[reference.parent], reference.parent_column)
        )
        if reference.on_delete != "SET NULL" or reference.column in self._live[table.name].not_null:
            return self._leave_out(table, "broken_reference", where)
        cleared = self._connection.execute(
            f"UPDATE stage.{quote(table.name)} SET {column} = NULL WHERE {where}"
        ).rowcount
        self._salvage.cleared[table.name] += cleared
        return False

    def _parents(self, parent: TableSchema, column: str) -> Iterator[str]:
        yield f"main.{quote(parent.name)}"
        if any(table.name == parent.name and column in table.columns for table in self._tables):
            yield f"stage.{quote(parent.name)}"

    def _leave_out(self, table: StagedTable, reason: str, where: str) -> bool:
        row_id = "CAST(id AS TEXT)" if has_id(table.columns) else "NULL"
        of = f"FROM stage.{quote(table.name)} WHERE {where}"
        some = self._connection.execute(
            f"SELECT {row_id}, {quote(ROW)} {of} ORDER BY {quote(ROW)} LIMIT {RECORDS_SHOWN}"
        ).fetchall()
        if not some:
            return False
        count = self._connection.execute(f"DELETE {of}").rowcount
        table.rows -= count
        self._salvage.leave_out(table.name, reason, count, some)
        return True
