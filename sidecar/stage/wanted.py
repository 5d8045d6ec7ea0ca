"""Rows of a backup that a job can do without: they are read and counted, and take no place in the stage.

Of a hundred thousand time sessions those of one task are wanted; to store the others takes half of the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sidecar.archive.forms import ExactCell, Scalar
from sidecar.stage.records import Rows


@dataclass(frozen=True)
class Wanted:
    """Rows of ``tables``, or of any; of a table in ``columns`` only those with one of ``values`` in one of these.

    Of the tables that are ``needed``, all rows.
    """

    tables: frozenset[str] | None = None
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    values: frozenset[Scalar] = frozenset()
    needed: frozenset[str] = frozenset()

    def all_of(self, tables: Iterable[str]) -> Wanted:
        """The same, and all rows of these tables."""
        return replace(self, needed=self.needed.union(tables))

    def not_told_by(self, cells: Iterable[ExactCell]) -> Iterator[str]:
        """Tables whose records do not say whether they are wanted: the value stands in a cell of its own."""
        return (cell.table for cell in cells if self._may_be(cell.table) and cell.column in self._columns(cell.table))

    def of(self, table: str, rows: Rows) -> Rows:
        """Those of the rows that are wanted."""
        if table in self.needed:
            return rows
        if not self._may_be(table):
            return Rows(rows.columns, (), ())
        looked_at = [rows.values[at] for at, name in enumerate(rows.columns) if name in self._columns(table)]
        if not looked_at:
            # All of the table, or of records that say nothing: few, if any.
            return rows
        if all(map(self.values.isdisjoint, looked_at)):
            return Rows(rows.columns, (), ())
        kept = [at for at, values in enumerate(zip(*looked_at, strict=True)) if not self.values.isdisjoint(values)]
        return Rows(
            rows.columns,
            [rows.indexes[at] for at in kept],
            [[values[at] for at in kept] for values in rows.values],
        )

    def _may_be(self, table: str) -> bool:
        return self.tables is None or table in self.tables

    def _columns(self, table: str) -> Sequence[str]:
        return self.columns.get(table, ())


ALL = Wanted()
"""Every row."""
