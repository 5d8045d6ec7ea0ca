"""A trial: the difference carried out for real on a private copy of the database, which is then thrown away.

For a preview, where the target's schema asks of rows what the code does not know: only the transaction would meet it.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sidecar.database.generations import MIGRATIONS, statements_by
from sidecar.database.introspection import TableSchema, quote, readable
from sidecar.database.models import KNOWN, UNIQUE, Column, Reference
from sidecar.database.snapshot import take_snapshot
from sidecar.progress import Progress
from sidecar.restore.applying import apply, data_version
from sidecar.restore.plan import Plan
from sidecar.stage.stage import StagedTable
from sidecar.system.names import sqlite_uri
from sidecar.system.workfolder import attach, require_space

_ASKING = re.compile(r"\b(CHECK|CONFLICT|STRICT|COLLATE|AS\s*\()", re.IGNORECASE)
"""Words of a CREATE TABLE statement that ask something of rows, or change what is the same."""

_PARTLY_UNIQUE = {("is_default",)}
"""Of the app's own schema: there is one default list."""

_LATER = {"task_list_id", "order_num", "periodic_template_id", "is_periodic_instance", "generation_date"}
"""Columns of tasks that the app's older generations do not have."""


def is_familiar(connection: sqlite3.Connection, plan: Plan) -> bool:
    """Whether the tables ask nothing of rows but what the app's own schema does, and have what rules are about.

    Nor anything that the backup's rows were not held to: what the database they come from asked may have been less.
    """
    names = {name.lower() for name in plan.incoming()}
    made = connection.execute("SELECT type, lower(tbl_name), sql FROM main.sqlite_master").fetchall()
    if any(kind == "trigger" for kind, _, _ in made):
        return False
    own = statements_by(MIGRATIONS)
    if any(kind == "index" and table in names and sql and sql not in own for kind, table, sql in made):
        # Of an expression, say, which need not have a value for each row, or one that is unique.
        return False
    if any(kind == "table" and table in names and _ASKING.search(sql or "") for kind, table, sql in made):
        return False
    known = {name for name in plan.live if name in KNOWN}
    return (
        all(_asks_nothing_new(plan.live[name]) for name in known | set(plan.incoming()))
        and all(KNOWN[name].keys() - plan.live[name].columns.keys() <= _LATER for name in known)
        and all(key.parent in plan.live for name in plan.incoming() for key in plan.live[name].foreign_keys)
        and all(_is_held_to(connection, plan.stage.tables[name], plan.live[name]) for name in plan.incoming())
    )


def _asks_nothing_new(table: TableSchema) -> bool:
    known = KNOWN.get(table.name)
    if known is None or table.strict or not table.columns.keys() <= known.keys():
        return False
    return (
        # In a column of texts TRUE is '1', which no rule about the one default list takes for 1.
        all(known[column].kind != "boolean" or type_.lower() == "boolean" for column, type_ in table.columns.items())
        and all(not known[column].null for column in table.not_null)
        and set(table.unique) <= {*UNIQUE.get(table.name, ())}
        and set(table.partly_unique) <= _PARTLY_UNIQUE
        and all(key.parent == _parent(known[key.column]) for key in table.foreign_keys)
        and all(known[column].primary_key for column in table.key)
    )


def _is_held_to(connection: sqlite3.Connection, staged: StagedTable, live: TableSchema) -> bool:
    """Whether the staged rows are known to keep all that the target's table asks of them."""
    if not staged.carried:
        return True  # made by the rules themselves: lists
    references = {column: leads for column, leads in staged.references.items() if column in staged.columns}
    return (
        live.key in (staged.key, *staged.unique)
        and live.not_null <= staged.not_null
        and set(live.unique) <= {staged.key, *staged.unique}
        and all(references.get(key.column) == (key.parent, key.parent_column) for key in live.foreign_keys)
        and _fits_numbered_key(connection, staged, live)
    )


def _fits_numbered_key(connection: sqlite3.Connection, staged: StagedTable, live: TableSchema) -> bool:
    """Whether a key that is the rowid itself gets whole numbers: no other column insists on its type."""
    if not live.has_rowid or [live.columns[column].upper() for column in live.key] != ["INTEGER"]:
        return True
    odd = f"SELECT 1 FROM stage.{quote(staged.name)} WHERE typeof({quote(live.key[0])}) <> 'integer'"
    return connection.execute(f"{odd} LIMIT 1").fetchone() is None


def _parent(field: Column | Reference) -> str | None:
    if isinstance(field, Reference):
        name: str = field.rel_model._meta.table_name
        return name
    return None


def try_out(plan: Plan, database: Path, progress: Progress, verbatim: bool) -> None:
    """Carry a difference out on a copy of the database. Raises what the import itself would raise.

    The copy is of a moment after the one in which the difference was worked out: that nobody wrote in between is for
    the caller to see.
    """
    folder = plan.stage.path.parent
    copy = folder / "trial.db"
    copy.unlink(missing_ok=True)
    require_space(folder, database.stat().st_size, "trying the import")
    take_snapshot(database, copy, progress)
    with closing(sqlite3.connect(sqlite_uri(copy), uri=True, isolation_level=None)) as connection:
        for pragma in _pragmas(verbatim):
            connection.execute(f"PRAGMA {pragma}")
        connection.text_factory = readable
        attach(connection, "stage", plan.stage.path)
        attach(connection, "plan", folder / "plan.db")
        apply(connection, plan, data_version(connection), progress)
    copy.unlink(missing_ok=True)


def _pragmas(verbatim: bool) -> Iterator[str]:
    yield "main.journal_mode = MEMORY"
    yield "main.synchronous = OFF"
    if verbatim:
        yield "ignore_check_constraints = ON"
