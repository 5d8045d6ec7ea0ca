"""What an import does to the stage before rows are compared: rules that depend on the target.

Written into the stage alone, with the live database attached for reading: what has no place
in the target, task lists that must be made again, the one default list, and tasks of the
first generation, which knew no lists. Rules 7 and 8 of protocol/IMPORT.md.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from sidecar.database.introspection import Schema, folded, quote
from sidecar.database.models import KNOWN
from sidecar.errors.backups import WouldLoseData
from sidecar.errors.databases import DatabaseBusy
from sidecar.restore.emptied_lists import LISTS, NAMING_LISTS, RESTORED
from sidecar.restore.fitting import fit_names, fit_values, give_keys
from sidecar.stage.references import contained
from sidecar.stage.stage import ROW, SHAPE, Stage, StagedTable

NO_TABLE, MAPPED = "no_such_table", "default_list_mapped"
"""Reasons for rows left out: the target has no such table; the database's own default list stands for it."""

_LIST_SHAPE = ("id", "name", "is_default")

LISTS_NAMED = 3
"""Most lists that a warning names."""


@dataclass
class Fitted:
    """What was decided.

    ``left_out`` counts rows per table and reason, ``mapped`` holds the rows of ``task_lists`` left
    out so, ``restored`` the number of task lists made again, ``kept_default`` whether the
    database's own default list stays though the archive replaces all lists, ``sweeps_lists`` whether those
    go that an earlier import made again and in which nothing is left. ``salvaged`` is None but for a damaged
    archive: then it counts, per table and reason, the records that could not be proved; ``hedged`` tells that
    those that could may not say their values exactly. ``adding``: nothing is removed for what the archive lacks, since
    only a part of it is wanted.
    """

    left_out: dict[str, dict[str, int]] = field(default_factory=dict)
    mapped: set[int] = field(default_factory=set)
    restored: int = 0
    kept_default: bool = False
    sweeps_lists: bool = False
    warnings: list[str] = field(default_factory=list)
    lists: list[tuple[object, ...]] | None = None
    timers: list[object] | None = None
    salvaged: Mapping[str, Mapping[str, int]] | None = None
    hedged: bool = False
    adding: bool = False

    @property
    def is_salvage(self) -> bool:
        """Whether the archive is damaged: then its silence says nothing, and nothing is removed."""
        return self.salvaged is not None

    @property
    def is_partial(self) -> bool:
        """Whether what the stage does not hold says nothing, and so nothing is removed."""
        return self.is_salvage or self.adding

    def require_same_target(self, connection: sqlite3.Connection) -> None:
        """Raise DatabaseBusy if the database's lists or timers are no longer those the stage was fitted to."""
        if self.lists is not None and self.lists != _lists(connection):
            raise DatabaseBusy(detail="Its task lists were changed just now.")
        if self.timers is not None and self.timers != running_timers(connection):
            raise DatabaseBusy(detail="A timer was started or stopped just now.")


def running_timers(connection: sqlite3.Connection) -> list[object]:
    """The ids of the timers that run in the database."""
    # The plus: sorted afterwards, they are few; the index of the ids would lead to every row, in no order of the file.
    return [row for (row,) in connection.execute("SELECT id FROM main.time_sessions WHERE is_active = 1 ORDER BY +id")]


def fit_to_target(
    connection: sqlite3.Connection,
    stage: Stage,
    live: Schema,
    overwrite: bool,
    allow_loss: bool,
    verbatim: bool = False,
    fitted: Fitted | None = None,
) -> Fitted:
    """Make the stage fit the target. Raises WouldLoseData unless ``allow_loss``.

    :param verbatim: repair nothing, and refuse nothing: an undo brings back what was there, whatever it was.
    :param fitted: what was decided before, which is a salvage's; it is added to.
    """
    fitted = fitted or Fitted()
    fit_names(stage, live)
    give_keys(connection, stage, live)
    lost, remarks = fit_values(connection, stage, live)
    _leave_out(connection, stage, live, allow_loss or verbatim, fitted, lost)
    fitted.warnings += remarks
    if LISTS in live and not verbatim:
        # What is added comes into the lists that there are, whatever becomes of rows that are there.
        _keep_lists(connection, stage, live, overwrite and not fitted.adding, fitted)
    return fitted


def _keep_lists(connection: sqlite3.Connection, stage: Stage, live: Schema, overwrite: bool, fitted: Fitted) -> None:
    has_default = {"id", "is_default"} <= live[LISTS].columns.keys()
    if has_default:
        fitted.lists = _lists(connection)
    if has_default and stage.tables[LISTS].carried:
        _one_default(connection, stage, live, overwrite, fitted)
    if not overwrite and ("name",) in live[LISTS].unique and stage.tables[LISTS].carried:
        _map_lists_of_one_name(connection, stage, live)
    if {"id", "name"} <= live[LISTS].columns.keys() and (
        not stage.tables[LISTS].carried or LISTS in (fitted.salvaged or {})
    ):
        fitted.sweeps_lists = overwrite and not fitted.is_partial
        _restore_lists(connection, stage, live, fitted)
    if has_default:
        _adopt_listless(connection, stage, live, overwrite and not fitted.is_partial)


def _leave_out(
    connection: sqlite3.Connection, stage: Stage, live: Schema, allow_loss: bool, fitted: Fitted, beyond: list[str]
) -> None:
    lost: list[str] = []
    for table in stage.tables.values():
        if not table.carried or not table.rows:
            continue
        if table.name not in live:
            lost.append(f"table {table.name} ({table.rows:,} {'row' if table.rows == 1 else 'rows'})")
            fitted.left_out[table.name] = {NO_TABLE: table.rows}
            continue
        lost += [
            f"{table.name}.{column} ({values:,} {'value' if values == 1 else 'values'})"
            for column, values in _lost_values(connection, table, live[table.name].columns)
        ]
    if (lost or beyond) and not allow_loss:
        raise WouldLoseData(detail=", ".join([*lost, *beyond]))
    fitted.warnings += [f"This KiraPilot has no place for {what}: left out" for what in lost]
    fitted.warnings += [f"This KiraPilot changes {what}" for what in beyond]


def _lost_values(
    connection: sqlite3.Connection, table: StagedTable, there: Collection[str]
) -> Iterator[tuple[str, int]]:
    """Columns the target lacks, with the number of values that say more than their default would."""
    for column in sorted(table.spoken_of() - set(there)):
        known = KNOWN.get(table.name, {}).get(column)
        default = known.default_sql if known is not None and known.default_sql else "NULL"
        name = quote(column)
        sql = f"SELECT count(*) FROM stage.{quote(table.name)} WHERE {name} IS NOT NULL AND {name} IS NOT {default}"
        values = _number(connection, sql)
        if values:
            yield column, values


def _one_default(connection: sqlite3.Connection, stage: Stage, live: Schema, overwrite: bool, fitted: Fitted) -> None:
    """Exactly one default list: the archive's when lists are replaced, the database's own when they are merged."""
    row = quote(ROW)
    connection.execute(
        f"UPDATE stage.task_lists SET is_default = 0 WHERE is_default = 1 AND {row} >"
        f" (SELECT min({row}) FROM stage.task_lists WHERE is_default = 1)"
    )
    theirs = connection.execute(f"SELECT {row}, id FROM stage.task_lists WHERE is_default = 1").fetchone()
    own = connection.execute("SELECT id FROM main.task_lists WHERE is_default = 1").fetchone()
    if own is None:
        return
    if overwrite and fitted.is_salvage:
        # The database's own list cannot give way, since nothing is removed: all others are ordinary ones.
        connection.execute("UPDATE stage.task_lists SET is_default = (id IS ?) WHERE is_default = 1 OR id = ?", own * 2)
    elif overwrite and theirs is None:
        connection.execute("UPDATE stage.task_lists SET is_default = 1 WHERE id = ?", own)
        fitted.kept_default = True
    elif not overwrite:
        # An ordinary list in the archive, it may yet take the place of the database's default one.
        connection.execute("UPDATE stage.task_lists SET is_default = 1 WHERE id = ?", own)
        if theirs is not None and theirs[1] != own[0]:
            fitted.mapped.add(theirs[0])
            fitted.left_out[LISTS] = {MAPPED: 1}
            _rename_list(connection, stage, live, theirs[1], own[0])


def _map_lists_of_one_name(connection: sqlite3.Connection, stage: Stage, live: Schema) -> None:
    """Where no two lists may share a name, what is in a list of the archive goes to the database's list of that name.

    The archive's own is then left out, as any row whose unique values the database has.
    """
    found = connection.execute(
        "SELECT s.id, m.id FROM stage.task_lists s JOIN main.task_lists m ON m.name = s.name"
        " WHERE s.id IS NOT m.id AND s.id NOT IN (SELECT id FROM main.task_lists WHERE id IS NOT NULL)"
    ).fetchall()
    for theirs, own in found:
        _rename_list(connection, stage, live, theirs, own)


def _rename_list(connection: sqlite3.Connection, stage: Stage, live: Schema, theirs: object, own: object) -> None:
    """Let whatever names a list of the archive name one of the database: references that are meant, and declared."""
    naming = set(NAMING_LISTS)
    for name, target in live.items():
        naming |= {
            (name, key.column) for key in target.foreign_keys if (key.parent, key.parent_column) == (LISTS, "id")
        }
    for name, staged in stage.tables.items():
        naming |= {(name, column) for column, leads in staged.references.items() if leads == (LISTS, "id")}
    for name, column in sorted(naming):
        if column in stage.columns_of(name):
            connection.execute(
                f"UPDATE stage.{quote(name)} SET {quote(column)} = ? WHERE {quote(column)} = ?", (own, theirs)
            )


def _restore_lists(connection: sqlite3.Connection, stage: Stage, live: Schema, fitted: Fitted) -> None:
    """Make the lists again that the archive names, does not carry, and the database lacks."""
    naming = " UNION ALL ".join(
        f"SELECT {column} AS id, {quote(ROW)} AS place, '{table}' AS source FROM stage.{table}"
        for table, column in NAMING_LISTS
        if stage.tables[table].carried and column in live.get(table, live[LISTS]).columns
    )
    if not naming:
        return
    missing = connection.execute(
        "SELECT id, count(*) FILTER (WHERE source = 'tasks'), count(*) FILTER (WHERE source <> 'tasks')"
        f" FROM ({naming}) WHERE id IS NOT NULL AND id NOT IN (SELECT id FROM main.task_lists WHERE id IS NOT"
        " NULL UNION SELECT id FROM stage.task_lists WHERE id IS NOT NULL) GROUP BY id ORDER BY min(place), id"
    ).fetchall()
    if not missing:
        return
    shape = stage.tables[LISTS].shapes.setdefault(_LIST_SHAPE, len(stage.tables[LISTS].shapes))
    names = _free_names(connection)
    called: list[str] = []
    for list_id, tasks, templates in missing:
        name = next(names)
        connection.execute(
            f"INSERT INTO stage.task_lists ({quote(SHAPE)}, id, name, is_default) VALUES (?, ?, ?, 0)",
            (shape, list_id, name),
        )
        called.append(f'"{name}" ({contained(tasks, templates)})')
    fitted.restored = len(missing)
    fitted.warnings.append(_made_again(called))


def _free_names(connection: sqlite3.Connection) -> Iterator[str]:
    # Those of lists that are about to go count as well: the next import's lists are told from this one's.
    taken = {name for (name,) in connection.execute("SELECT name FROM main.task_lists")}
    return (name for number in count(1) if (name := f"{RESTORED}{number}") not in taken)


def _made_again(called: list[str]) -> str:
    """What is said of lists that are made again: their names, those of a few where there are many."""
    if len(called) == 1:
        return (
            f"A task list that is in neither the backup nor KiraPilot is made again as {called[0]}. You can rename it"
        )
    most = LISTS_NAMED - 1 if len(called) > LISTS_NAMED else len(called) - 1
    last = called[most] if most == len(called) - 1 else f"{len(called) - most:,} more"
    listed = f"{', '.join(called[:most])} and {last}"
    return f"Task lists that are in neither the backup nor KiraPilot are made again as {listed}. You can rename them"


def _adopt_listless(connection: sqlite3.Connection, stage: Stage, live: Schema, overwrite: bool) -> None:
    """New tasks of an archive that knew no lists go to the default list, as at the next start of the app."""
    tasks = stage.tables["tasks"]
    column = "task_list_id"
    if column not in live["tasks"].columns:
        return
    # A list of the archive may yet give way to the database's own when the two are merged.
    first, second = ("stage", "main") if overwrite else ("main", "stage")
    default = (
        f"coalesce((SELECT id FROM {first}.task_lists WHERE is_default = 1),"
        f" (SELECT id FROM {second}.task_lists WHERE is_default = 1))"
    )
    for shape, number in list(tasks.shapes.items()):
        if column not in shape:
            wider = tasks.shapes.setdefault((*shape, column), len(tasks.shapes))
            connection.execute(
                f"UPDATE stage.tasks SET {column} = {default}, {quote(SHAPE)} = ? WHERE {quote(SHAPE)} = ?"
                " AND NOT EXISTS (SELECT 1 FROM main.tasks m WHERE m.id = stage.tasks.id)",
                (wider, number),
            )


def _lists(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    """What the fitting depends on: which lists there are, which is the default."""
    found = {folded(name) for _, name, *_ in connection.execute("PRAGMA main.table_info(task_lists)")}
    if not {"id", "is_default"} <= found:
        return []
    return connection.execute("SELECT id, is_default FROM main.task_lists ORDER BY id").fetchall()


def _number(connection: sqlite3.Connection, sql: str) -> int:
    number: int = connection.execute(sql).fetchone()[0]
    return number
