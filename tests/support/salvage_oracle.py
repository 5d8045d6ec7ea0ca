"""What a salvage may take of a damaged archive: the values that the undamaged one holds, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecar.database.introspection import quote
from sidecar.database.models import CONTRACT
from sidecar.errors.backups import NothingToSalvage
from sidecar.progress import Progress
from sidecar.results import SalvageReport
from sidecar.salvage.salvaging import salvaged
from sidecar.stage.stage import ROW, Stage
from tests.support.archives import entries_of, write

Row = dict[str, Any]
Held = dict[str, list[Row]]


@dataclass
class Taken:
    """What one salvage took, by table in the order of the records, and what it said of it."""

    rows: Held
    report: SalvageReport


def take(path: Path, work: Path) -> Taken | None:
    """Salvage into a stage; None where nothing at all could be proved."""
    with salvaged(str(path), work, Progress()) as backup:
        try:
            backup.require_valid()
        except NothingToSalvage:
            return None
        return Taken(_rows(backup.stage), backup.salvage.report(backup.stage))


def _rows(stage: Stage) -> Held:
    held: Held = {}
    cursor = stage.connection.cursor()
    for name, table in stage.tables.items():
        if table.carried and table.rows:
            columns = list(table.columns)
            listed = ", ".join(map(quote, columns))
            rows = cursor.execute(f"SELECT {listed} FROM {quote(name)} ORDER BY {quote(ROW)}").fetchall()
            held[name] = [dict(zip(columns, row, strict=True)) for row in rows]
    return held


class Oracle:
    """Holds an undamaged archive, and judges what was taken of a damaged copy of it.

    ``exact`` are its rows as an import restores them; ``shown`` as the records say them, which is all that is
    left when exact.json, or the manifest, is lost.
    """

    def __init__(self, archive: Path, folder: Path) -> None:
        work = folder / "oracle-work"
        whole = take(archive, work)
        assert whole is not None
        assert whole.report.complete
        assert whole.report.exact
        self.exact = whole.rows
        entries = {name: data for name, data in entries_of(archive).items() if name not in _VOUCHING}
        bare = take(write(folder / "bare.kpbackup", entries), work)
        assert bare is not None
        self.shown = bare.rows
        self.work = work

    def judge(self, taken: Taken | None) -> None:
        """Raise AssertionError for a row, or a value, that the undamaged archive does not hold, or a wrong count."""
        if taken is None:
            return
        for table, rows in taken.rows.items():
            held = [self.exact, self.shown] if not taken.report.exact else [self.exact]
            for row in rows:
                assert any(_says(one, row) for rows_held in held for one in rows_held.get(table, [])), (table, row)
            ids = [row["id"] for row in rows if "id" in row]
            assert len(ids) == len(set(ids)), table
        for table, account in taken.report.tables.items():
            assert account.taken == len(taken.rows.get(table, [])), table
            if account.expected is not None:
                assert account.taken + sum(account.left_out.values()) == account.expected, (table, account)
                assert account.expected == len(self.exact.get(table, [])), table
        missing = self.missing(taken)
        assert not (taken.report.complete and missing), missing

    def missing(self, taken: Taken | None) -> set[str]:
        """Tables of which not all was taken."""
        return {
            table for table in self.exact if len(taken.rows.get(table, []) if taken else []) < len(self.exact[table])
        }


_VOUCHING = ("manifest.json", "exact.json")


def _says(held: Row, row: Row) -> bool:
    """Whether every value of ``row`` is that of ``held``; a column that neither speaks of is None."""
    return all(_same(held.get(column), value) for column, value in row.items())


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and (one == other or (one != one and other != other))


def contract_missing(missing: set[str]) -> set[str]:
    """Of the tables that an archive holds twice, those that lack a record."""
    return missing & set(CONTRACT)
