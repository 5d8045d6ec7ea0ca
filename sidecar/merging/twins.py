"""Keeping both of two rows: the backup's comes in under an id of its own, and what comes in with it follows.

The id is made of the row's own and of what the row holds, so that a second merge finds it there, and does nothing. Rows
that the database has already stay where they are: time that was counted is not counted twice. Written into the stage
and the throw-away database "plan" alone.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from itertools import count

from sidecar.database.introspection import Schema, TableSchema, quote
from sidecar.database.models import KNOWN, MIGRATIONS
from sidecar.merging.conflicts import BOTH, KEPT, LISTS, REFUSED, Conflicts, conflicts_of
from sidecar.merging.likeness import Likeness
from sidecar.progress import Progress
from sidecar.stage.stage import ROW, Stage

NAMESPACE = uuid.UUID("4ef4f5a4-d13b-4809-a2f1-7f318ba4b891")
"""Of the ids of second rows: never another one, or a second merge would not find what the first one made."""

DEPENDENCIES = "task_dependencies"

SINGLE = {DEPENDENCIES, "user_preferences", "logging_config", MIGRATIONS}
"""Tables of which a second row would say the same once more, or be read by nobody."""

_NAMES = ("name", "title")
"""Columns in which a value that must be its own can be told apart by a number behind it."""


def twins_of(table: str) -> str:
    """Rows of the stage with the ids that they have, and would have beside the database's: "row", "old", "new"."""
    return f"plan.{quote('twin ' + table)}"


def new_id(table: str, old: str, content: str) -> str:
    """The id of a second row; ``old`` and ``content`` as SQL tells them, in ASCII."""
    return str(uuid.uuid5(NAMESPACE, f"{table.encode('utf-8', 'surrogatepass').hex()} {old} {content}"))


class Twins:
    """The second rows of one merge: to be looked for before conflicts are numbered, and made once they are settled."""

    def __init__(self, connection: sqlite3.Connection, stage: Stage, live: Schema, progress: Progress) -> None:
        self._connection = connection
        self._live = live
        self._progress = progress
        self._tables = {
            name: Likeness(table, live[name])
            for name, table in sorted(stage.tables.items())
            if table.carried and table.rows and name in live
            if live[name].key and set(live[name].key) <= table.columns.keys()
        }
        self._named: set[str] = set()
        connection.create_function("new_id", 3, new_id, deterministic=True)

    def find_earlier(self) -> None:
        """Let rows that came in with a second row in an earlier merge refer to it again, as they do in the database.

        Else each of them would be a conflict: the backup has them with the first one.
        """
        those = [name for name, table in self._tables.items() if _can_be_two(table.live)]
        if not any(self._has_made(self._live[name]) for name in those):
            return
        for name in those:
            # Before any reference changes: a row's second id must not depend on what came in before.
            self._name(name, "")
        for child, column, parent in self._references():
            key = self._tables[child].key()
            self._execute(
                f"UPDATE stage.{quote(child)} AS s SET {quote(column)} = m.{quote(column)} FROM main.{quote(child)} m"
                f" WHERE {key} AND EXISTS (SELECT 1 FROM {twins_of(parent)} t"
                f" WHERE t.old = s.{quote(column)} AND t.new = m.{quote(column)})"
            )

    def make(self, conflicts: Conflicts) -> None:
        """Give each row of the stage that is to be kept beside the database's an id of its own."""
        doubled = [name for name in conflicts.counts if self._number(name, BOTH)]
        for name in doubled:
            self._progress.check()
            table = self._tables[name]
            self._refuse(table, "1" if not _can_be_two(table.live) else _cannot(table))
            if name not in self._named:
                self._name(name, f" AND s.{quote(ROW)} IN (SELECT row FROM {conflicts_of(name)} WHERE stays = {BOTH})")
            self._find_there(table)
            self._make_unique(table)
            key = quote(table.live.key[0])
            self._execute(
                f"UPDATE stage.{quote(name)} AS s SET {key} = t.new FROM {twins_of(name)} t"
                f" JOIN {conflicts_of(name)} c ON c.row = t.row AND c.stays = {BOTH} WHERE t.row = s.{quote(ROW)}"
            )
            if refused := self._number(name, REFUSED):
                conflicts.refused[name] = refused
        if doubled:
            self._follow([name for name in doubled if self._number(name, BOTH) or self._number(name, KEPT)])

    def _name(self, name: str, which: str) -> None:
        """Work out the second ids of rows of a table."""
        table = self._tables[name]
        self._named.add(name)
        key = f"s.{quote(table.live.key[0])}"
        self._execute(f"CREATE TABLE {twins_of(name)} (row INTEGER PRIMARY KEY, old, new)")
        self._connection.execute(
            f"INSERT INTO {twins_of(name)} SELECT s.{quote(ROW)}, {key}, new_id(?, hex({key}), {table.content('s')})"
            f" FROM stage.{quote(name)} s WHERE typeof({key}) = 'text'{which}",
            (name,),
        )
        self._execute(f"CREATE INDEX plan.{quote('twin old ' + name)} ON {quote('twin ' + name)} (old)")

    def _find_there(self, table: Likeness) -> None:
        """Second rows that are there already, in the database or beside the first one in the backup."""
        name, key = table.live.name, quote(table.live.key[0])
        there = " OR ".join(f"t.new IN (SELECT {key} FROM {of}.{quote(name)})" for of in ("main", "stage"))
        self._set(name, KEPT, f"row IN (SELECT t.row FROM {twins_of(name)} t WHERE {there})")

    def _make_unique(self, table: Likeness) -> None:
        """Put a number behind names that must be their own; of other values that must be, the row cannot be two."""
        for unique in (*table.live.unique, *table.live.partly_unique):
            if unique == ("is_default",) or not set(unique) <= set(table.columns()):
                continue
            if unique in table.live.unique and len(unique) == 1 and unique[0] in _NAMES:
                self._number_names(table, unique[0])
            else:
                match = " AND ".join(f"m.{quote(column)} = s.{quote(column)}" for column in unique)
                self._refuse(table, f"EXISTS (SELECT 1 FROM main.{quote(table.live.name)} m WHERE {match})")

    def _number_names(self, table: Likeness, column: str) -> None:
        name, value = quote(table.live.name), quote(column)
        taken = (
            f"SELECT 1 FROM main.{name} m WHERE m.{value} = CAST(:name AS TEXT) UNION ALL"
            f" SELECT 1 FROM stage.{name} s WHERE s.{value} = CAST(:name AS TEXT) AND s.{quote(ROW)} IS NOT :row"
        )
        # By their bytes: a name that is no text keeps what it is.
        rows = self._connection.execute(
            f"SELECT s.{quote(ROW)}, CAST(s.{value} AS BLOB) FROM {conflicts_of(table.live.name)} c"
            f" JOIN stage.{name} s ON s.{quote(ROW)} = c.row WHERE c.stays = {BOTH} AND typeof(s.{value}) = 'text'"
            " ORDER BY c.number"
        )
        (encoding,) = self._connection.execute("PRAGMA main.encoding").fetchone()
        for row, own in rows.fetchall():
            self._progress.check()
            names = (own if number == 1 else own + f" ({number})".encode(encoding) for number in count(1))
            free = next(
                each for each in names if not self._connection.execute(taken, {"name": each, "row": row}).fetchone()
            )
            self._connection.execute(
                f"UPDATE stage.{name} SET {value} = CAST(? AS TEXT) WHERE {quote(ROW)} = ?", (free, row)
            )

    def _follow(self, parents: list[str]) -> None:
        """Let rows that come in refer to the second rows of those they refer to."""
        for name, table in self._tables.items():
            columns = [(column, parent) for child, column, parent in self._references() if child == name]
            if not {parent for _, parent in columns} & set(parents):
                continue
            self._progress.check()
            coming = f"plan.{quote('coming ' + name)}"
            self._execute(f"CREATE TABLE {coming} (row INTEGER PRIMARY KEY)")
            self._execute(
                f"INSERT INTO {coming} SELECT s.{quote(ROW)} FROM stage.{quote(name)} s"
                f" WHERE NOT EXISTS (SELECT 1 FROM main.{quote(name)} m WHERE {_there(table)})"
            )
            for column, parent in columns:
                if parent in parents:
                    self._refer(name, column, parent, coming)

    def _refer(self, name: str, column: str, parent: str, coming: str) -> None:
        self._execute(
            f"UPDATE stage.{quote(name)} AS s SET {quote(column)} = t.new FROM {twins_of(parent)} t"
            f" JOIN {conflicts_of(parent)} c ON c.row = t.row AND c.stays IN ({BOTH}, {KEPT})"
            f" WHERE t.old = s.{quote(column)} AND s.{quote(ROW)} IN (SELECT row FROM {coming})"
        )

    def _references(self) -> Iterator[tuple[str, str, str]]:
        """Table, column and parent of references to rows that can be two: declared on either side, or meant."""
        for name, table in self._tables.items():
            known = KNOWN.get(name, {})
            leads = {column: (field.meant, "id") for column, field in known.items() if field.meant}
            leads |= table.staged.references
            leads |= {key.column: (key.parent, key.parent_column) for key in table.live.foreign_keys}
            for column, (parent, to) in sorted(leads.items()):
                can = parent in self._tables and _can_be_two(self._live[parent]) and self._live[parent].key == (to,)
                if can and column in table.columns() and column not in table.live.key:
                    yield name, column, parent

    def _has_made(self, live: TableSchema) -> bool:
        """Whether any row has an id like those that are made here: the app's own are of another version."""
        key = quote(live.key[0])
        sql = f"SELECT 1 FROM main.{quote(live.name)} WHERE length({key}) = 36 AND substr({key}, 15, 1) = '5' LIMIT 1"
        return self._connection.execute(sql).fetchone() is not None

    def _refuse(self, table: Likeness, which: str) -> None:
        name = table.live.name
        self._set(
            name,
            REFUSED,
            f"row IN (SELECT s.{quote(ROW)} FROM {conflicts_of(name)} c JOIN stage.{quote(name)} s"
            f" ON s.{quote(ROW)} = c.row WHERE c.stays = {BOTH} AND ({which}))",
        )

    def _set(self, name: str, stays: int, which: str) -> None:
        self._execute(f"UPDATE {conflicts_of(name)} SET stays = {stays} WHERE stays = {BOTH} AND {which}")

    def _number(self, name: str, stays: int) -> int:
        sql = f"SELECT count(*) FROM {conflicts_of(name)} WHERE stays = {stays}"
        number: int = self._connection.execute(sql).fetchone()[0]
        return number

    def _execute(self, sql: str) -> None:
        self._connection.execute(sql)


def _can_be_two(live: TableSchema) -> bool:
    """Whether a table can hold a row beside another one that is much the same: under an id that is a text, its own."""
    declared = live.columns[live.key[0]].upper() if len(live.key) == 1 else ""
    of_another = any((reference.column,) == live.key for reference in live.foreign_keys)
    return live.name not in SINGLE and not of_another and any(part in declared for part in ("CHAR", "CLOB", "TEXT"))


def _cannot(table: Likeness) -> str:
    """SQL: the row ``s`` cannot be two: no text names it, or it is the default list, of which there is one."""
    key = quote(table.live.key[0])
    found = f"typeof(s.{key}) != 'text'"
    if table.live.name == LISTS and "is_default" in table.columns():
        own = f"SELECT 1 FROM main.{LISTS} m WHERE m.{key} = s.{key} AND m.is_default = 1"
        found += f" OR s.is_default = 1 OR EXISTS ({own})"
    return found


def _there(table: Likeness) -> str:
    """SQL: the database has the row ``s``, as ``m``; a dependency between the same two tasks is the same."""
    pair = "(m.task_id = s.task_id AND m.depends_on_id = s.depends_on_id)"
    return f"(({table.key()}) OR {pair})" if table.live.name == DEPENDENCIES else table.key()
