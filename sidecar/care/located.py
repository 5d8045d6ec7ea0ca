"""Where a row lies, and what it is called: in findings and repairs alike."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from sidecar.database.introspection import TableSchema, has_id, quote
from sidecar.merging.row_names import row_name, shortened
from sidecar.stage.records import named


def located(
    connection: sqlite3.Connection, table: TableSchema, condition: str, extra: str = "NULL"
) -> Iterator[tuple[dict[str, Any], Any]]:
    """Each row (``r``) that meets a condition: where it lies, as fields of a finding, and ``extra`` of it.

    In the order of the table, so that two looks at the same rows tell the same.
    """
    rowid = f"r.{table.rowid}" if table.rowid else "NULL"
    row_id = "CAST(r.id AS TEXT)" if has_id(table.columns) else "NULL"
    wanted = ", ".join((rowid, row_id, row_name(table.columns, "r", ("main",)), extra))
    sql = f"SELECT {wanted} FROM main.{quote(table.name)} r WHERE {condition} ORDER BY 1, 2"
    for place, own, label, more in connection.execute(sql):
        yield {"table": table.name, "rowid": place, "id": own, "label": shortened(label)}, more


def called(where: Mapping[str, Any]) -> str:
    """What to call a row at the beginning of a sentence: by its id, else by its place."""
    name = named(where["table"])
    return f"{name} {where['id']}" if where["id"] is not None else f"{name} in row {where['rowid']}"
