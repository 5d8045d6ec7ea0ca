"""The statements that a database's schema was made by, as SQLite keeps them: what makes the same schema once more.

Names and texts alone: what they mean is ``introspection``'s.
"""

from __future__ import annotations

import re
import sqlite3
from typing import NamedTuple

from sidecar.database.introspection import folded

_VIRTUAL = re.compile(r"\s*CREATE\s+VIRTUAL\b", re.IGNORECASE)


class Statement(NamedTuple):
    """An entry of the schema; ``kind`` is "table", "index", "view" or "trigger"."""

    kind: str
    name: str
    table: str
    sql: str

    @property
    def comes_later(self) -> bool:
        """Whether it is made once the rows are there: what keeps an index of them, and what does work on each."""
        return self.kind in ("view", "trigger") or (self.kind == "table" and _VIRTUAL.match(self.sql) is not None)


def read_statements(connection: sqlite3.Connection) -> list[Statement]:
    """Those of the main database in their order, but for what SQLite makes itself: its tables, and a virtual one's.

    Raises sqlite3.DatabaseError when the schema cannot be read to its end.
    """
    shadows = {name for _, name, kind, *_ in connection.execute("PRAGMA main.table_list") if kind == "shadow"}
    listed = connection.execute("SELECT type, name, tbl_name, sql FROM main.sqlite_master ORDER BY rowid").fetchall()
    return [
        Statement(*entry)
        for entry in listed
        if entry[3] is not None and not folded(entry[1]).startswith("sqlite_") and entry[2] not in shadows
    ]
