"""When a row of the stage stands for one of the live database, and when the two are the same: as SQL.

``s`` is the staged row in a statement, ``m`` the live one. Only what both sides know of a row is compared, and a
column that a record does not speak of differs from nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.database.affinity import TEXT, affinity
from sidecar.database.introspection import TableSchema, as_one_text, quote
from sidecar.stage.stage import SHAPE, StagedTable


@dataclass(frozen=True)
class Likeness:
    """One table, as the stage and as the live database have it."""

    staged: StagedTable
    live: TableSchema

    def columns(self, shape: tuple[str, ...] | None = None) -> list[str]:
        """Columns that both the archive (a shape of it) and the target have, in the target's order."""
        spoken = self.staged.spoken_of() if shape is None else set(shape)
        return [column for column in self.live.columns if column in spoken]

    def key(self) -> str:
        """SQL: the two rows have one key; false of a table without any."""
        return " AND ".join(f"m.{quote(column)} = s.{quote(column)}" for column in self.live.key) or "0"

    def same(self, column: str) -> str:
        """SQL: the value is the same, or the record does not speak of the column."""
        name = quote(column)
        same = f"(s.{name} IS m.{name} COLLATE BINARY)"
        if affinity(self.live.columns[column], self.live.strict) == TEXT:
            # A default, or a disk that turned a bit, can leave a number there that no statement could store.
            number = f"typeof(m.{name}) IN ('integer', 'real')"
            same = f"({same} OR ({number} AND s.{name} IS CAST(m.{name} AS TEXT) COLLATE BINARY))"
        if not _has_affinity(self.live.columns[column]):
            # Then 1 and 1.0 are two values.
            same = f"({same} AND typeof(s.{name}) = typeof(m.{name}))"
        silent = [str(number) for shape, number in self.staged.shapes.items() if column not in shape]
        return f"(s.{quote(SHAPE)} IN ({', '.join(silent)}) OR {same})" if silent else same

    def all_same(self) -> str:
        """SQL: all values are."""
        return " AND ".join(map(self.same, self.columns())) or "1"

    def content(self, row: str = "") -> str:
        """SQL: all that archive and target both know of a row, as one text.

        :param row: what the row is called in the statement; "" where there is only one.
        """
        dot = f"{row}." if row else ""
        return as_one_text([f"{dot}{quote(column)}" for column in sorted(self.columns())])


def null_in_key(live: TableSchema) -> str:
    """SQL: no key names the row, which is the only one in the statement."""
    nullable = (f"{quote(column)} IS NULL" for column in live.key if column not in live.not_null)
    return " OR ".join(nullable) or "0"


def _has_affinity(declared: str) -> bool:
    """Whether values of a column are brought into one storage class (numbers at least), by SQLite's own rules."""
    return any(part in declared.upper() for part in ("INT", "CHAR", "CLOB", "TEXT", "REAL", "FLOA", "DOUB", "BOOL"))
