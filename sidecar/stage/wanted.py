"""Rows of a backup that a job can do without: they are read and counted, and take no place in the stage.

Of a hundred thousand time sessions those of one task are wanted; to store the others takes half of the time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sidecar.archive.forms import ExactCell, Scalar
from sidecar.stage.records import Rows


@dataclass(frozen=True)
class Wanted:
    """Of the tables in ``columns``, rows that have one of ``values`` in one of these columns; of other tables, all."""

    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    values: frozenset[Scalar] = frozenset()

    def all_of(self, tables: Collection[str]) -> Wanted:
        """The same, and all rows of these tables."""
        return replace(self, columns={name: of for name, of in self.columns.items() if name not in tables})

    def not_told_by(self, cells: Iterable[ExactCell]) -> set[str]:
        """Tables whose records do not say whether they are wanted: the value stands in a cell of its own."""
        return {cell.table for cell in cells if cell.column in self.columns.get(cell.table, ())}

    def of(self, table: str, rows: Rows) -> Rows:
        """Those of the rows that are wanted."""
        looked_at = [rows.columns.index(name) for name in self.columns.get(table, ()) if name in rows.columns]
        if not looked_at:
            # Without the column they are found by nothing; few, if any, and stored as they would be.
            return rows
        columns = [rows.values[index] for index in looked_at]
        if all(map(self.values.isdisjoint, columns)):
            return Rows(rows.columns, (), ())
        kept = [at for at, row in enumerate(zip(*columns, strict=True)) if not self.values.isdisjoint(row)]
        return Rows(
            rows.columns,
            [rows.indexes[at] for at in kept],
            [[values[at] for at in kept] for values in rows.values],
        )


ALL = Wanted()
"""Every row."""
