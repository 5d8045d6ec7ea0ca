"""The account of a salvage: what was left out on the way into the stage, for which reason, and what that means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from sidecar.database.spelling import known_table
from sidecar.results import RECORDS_SHOWN, LeftOut, SalvagedTable, SalvageReport
from sidecar.salvage.soundness import Evidence
from sidecar.stage.stage import Stage

UNPROVED, DIFFERENT, LOST = "unproved", "copies_differ", "lost"
"""Reasons: it stands in one place only, which is damaged; its two places contradict each other; it stands nowhere."""


@dataclass
class Salvage:
    """What was left out on the way into the stage, and what is known of the damage.

    ``left_out`` counts records per table and reason; ``hedged`` tells that a value may stand in for one that
    only exact.json could say: then no row of the database gives way to one of the archive. ``cleared`` counts rows
    that are taken without a reference to one that is not there.
    """

    evidence: Evidence
    left_out: dict[str, Counter[str]] = field(default_factory=dict)
    records: list[LeftOut] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)
    hedged: bool = False
    cleared: Counter[str] = field(default_factory=Counter)

    def leave_out(
        self, table: str, reason: str, count: int, some: Iterable[tuple[str | None, int | None]] = ()
    ) -> None:
        """Count records of a table that are left out, and name some of them by id and index."""
        if count:
            self.left_out.setdefault(table, Counter())[reason] += count
        for row_id, index in some:
            if len(self.records) < RECORDS_SHOWN:
                self.records.append(LeftOut(table=table, reason=reason, id=row_id, index=index))

    def warnings(self) -> list[str]:
        """What whoever takes the rest must know, in sentences."""
        lines = []
        if self.hedged:
            lines.append(
                "A part of the backup is lost that may have held exact values: what is new in the database may show"
                " a default or nothing in their place, and rows that the database has already stay as they are"
            )
        lines += [
            f"{count:,} {table} lose a reference to a row that is neither in the backup nor in the database"
            for table, count in self.cleared.items()
            if count
        ]
        if not self.left_out and not self.damage:
            lines.append("The backup is whole: import it without salvage to replace what KiraPilot holds")
        return lines

    def report(self, stage: Stage) -> SalvageReport:
        """The account of it all, once the stage holds what is taken."""
        tables = {
            name: SalvagedTable(
                expected=self.evidence.expected(name),
                taken=stage.tables[known_table(name)].rows if known_table(name) in stage.tables else 0,
                left_out=dict(self.left_out.get(name, {})),
                cleared=self.cleared[name],
            )
            for name in self.evidence.entries()
        }
        return SalvageReport(
            complete=not self.left_out and not self.hedged,
            exact=not self.hedged,
            damage=self.damage,
            tables=tables,
            records=self.records,
        )
