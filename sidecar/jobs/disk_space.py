"""Whether the database's disk has room for an import, as far as that can be told beforehand."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sidecar.restore.plan import Plan
from sidecar.system.workfolder import require_space


def require_room(connection: sqlite3.Connection, database: Path, plan: Plan) -> None:
    """Raise DiskFull when the database's disk lacks even half of what the new and changed rows take in the stage."""
    coming = sum(account.added + account.updated for account in plan.accounts.values())
    staged = sum(table.rows for table in plan.stage.tables.values())
    (pages, unused, size, free_pages, free_size) = (
        connection.execute(f"PRAGMA {pragma}").fetchone()[0]
        for pragma in (
            "stage.page_count",
            "stage.freelist_count",
            "stage.page_size",
            "main.freelist_count",
            "main.page_size",
        )
    )
    # A lower bound: what might just fit is tried, and undone as a whole where it does not.
    needed = (pages - unused) * size * coming // max(2 * staged, 1) - free_pages * free_size
    if coming and needed > 0:
        require_space(database, needed, "the import")
