"""The plan of an import: how the stage and the live database differ, row by row, and what becomes of each row.

Worked out once, by SQL, into a second throw-away database, "plan", beside the stage; the
preview reads it, the import carries it out. So what the preview says is what the import does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from sidecar.database.introspection import ForeignKey, Schema, TableSchema, broken_references, quote
from sidecar.database.models import MIGRATIONS
from sidecar.errors.databases import CannotRemove
from sidecar.progress import Progress
from sidecar.restore.emptied_lists import LISTS, emptied_lists
from sidecar.restore.row_names import row_name, shortened
from sidecar.restore.target_rules import Fitted
from sidecar.results import Example, TableAccount
from sidecar.stage.stage import ROW, SHAPE, Stage, StagedTable

ADD, SAME, UPDATE, DIFFERS, CLASHES, MAPPED, INEXACT = range(1, 8)
"""Actions of the table "plan <table>": one for each staged row."""

TOUCHED = "updated_at"
"""Says when a row was last changed, in the tables that have it."""

DEPENDENCIES = "task_dependencies"
"""The table of which a row says no more than its unique values do."""

_LEFT_OUT = {
    DIFFERS: "differs_from_database",
    CLASHES: "same_values_in_database",
    MAPPED: "default_list_mapped",
    INEXACT: "exact_lost",
}
_ACTIONS = {
    ADD: "add",
    SAME: "unchanged",
    UPDATE: "update",
    DIFFERS: "left out",
    CLASHES: "left out",
    MAPPED: "left out",
    INEXACT: "left out",
}

EXAMPLES = 5
"""Most examples of one action in one table."""


def plan_of(table: str) -> str:
    """The staged rows' actions: "row" (of the stage), "action"."""
    return f"plan.{quote('plan ' + table)}"


def gone_of(table: str) -> str:
    """Locators of live rows that will be removed."""
    return f"plan.{quote('gone ' + table)}"


def untied_of(table: str, column: str) -> str:
    """Locators of live rows that will lose a reference."""
    # With a length in front, no two pairs of names can look alike.
    return f"plan.{quote(f'untied {len(table)} {table} {column}')}"


@dataclass
class Plan:
    """What an import will do to each table of the live database.

    ``accounts`` has every table that the archive carries or that holds rows; ``untied`` the
    (table, column) whose references to removed rows are cleared, with the number of rows;
    ``changed`` the columns in which rows to be updated differ, per table: the others, and their
    indexes, need not be touched; ``built`` the tables that stand ready in a database of their own
    (see ``prebuilt_tables``); ``ties`` rows that differ though both were changed at the same time, per table.
    """

    overwrite: bool
    live: Schema
    stage: Stage
    fitted: Fitted
    accounts: dict[str, TableAccount] = field(default_factory=dict)
    untied: dict[tuple[str, str], int] = field(default_factory=dict)
    before: dict[str, int] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)
    changed: dict[str, set[str]] = field(default_factory=dict)
    built: frozenset[str] = frozenset()
    ties: dict[str, int] = field(default_factory=dict)

    def replaced(self, table: str) -> bool:
        """Whether the table's rows that the archive does not have will be removed."""
        return self._removing and self.stage.tables[table].carried

    @property
    def _removing(self) -> bool:
        """Whether rows go that the archive does not have: what a part of one does not have says nothing."""
        return self.overwrite and not self.fitted.is_partial

    def changes(self) -> int:
        """Rows of the live database that will not be what they were."""
        return sum(account.changes for account in self.accounts.values())

    def effort(self) -> float:
        """The same in rows that are changed one by one: in a table that is made beforehand, one of five."""
        ready = sum(self.accounts[name].changes for name in self.built if self.fills(name))
        return self.changes() - 0.8 * ready

    def fills(self, table: str) -> bool:
        """Whether nothing that a table holds now stays, and all of its staged rows come."""
        account = self.accounts[table]
        return account.removed == self.before[table] and account.added == self.stage.tables[table].rows

    def columns(self, table: str, shape: tuple[str, ...] | None = None) -> list[str]:
        """Columns that both the archive (a shape of it) and the target have."""
        spoken = self.stage.tables[table].spoken_of() if shape is None else set(shape)
        return [column for column in self.live[table].columns if column in spoken]

    def incoming(self) -> list[str]:
        """Tables of the target that the archive, or a list made again, brings rows for."""
        carried = {name for name, table in self.stage.tables.items() if table.carried and name in self.live}
        return sorted(carried | ({LISTS} if self.fitted.restored else set()))

    def work_out(self, connection: sqlite3.Connection, progress: Progress) -> None:
        """Fill the plan; anything of an earlier one is forgotten. Raises CannotRemove, sqlite3.Error, Cancelled."""
        self.accounts, self.untied, self.ties = {}, {}, {}
        # By scans, here and for rows that go: an index that lacks a row would hide it.
        self.before = {
            name: _number(connection, f"SELECT count(*) FROM main.{quote(name)} NOT INDEXED") for name in self.live
        }
        self.broken = broken_references(connection, self.live)
        for name in self.incoming():
            progress.check()
            self._plan(connection, name)
        for name in self.live:
            if name in self.stage.tables and self.replaced(name):
                self._find_gone(connection, name)
            else:
                _make_gone(connection, self.live[name])
        if self.fitted.sweeps_lists:
            self._find_emptied(connection)
        self._follow_references(connection)
        for name in self.live:
            self._account(connection, name)
        updated = [name for name, account in self.accounts.items() if account.updated]
        self.changed = {name: self._changed(connection, name) for name in updated}
        for name, left_out in self.fitted.left_out.items():
            if name not in self.live:
                self.accounts[name] = TableAccount(read=self.stage.tables[name].rows, left_out=dict(left_out))
        for name, unproved in (self.fitted.salvaged or {}).items():
            account = self.accounts.setdefault(name, TableAccount())
            account.read += sum(unproved.values())
            account.left_out = dict(unproved) | account.left_out

    def examples(self, connection: sqlite3.Connection, table: str) -> list[Example]:
        """Some rows behind each count of a table's account."""
        found: list[Example] = []
        if table in self.incoming():
            for action in (ADD, UPDATE, *_LEFT_OUT):
                source = f"stage.{quote(table)} r JOIN {plan_of(table)} p ON p.row = r.{quote(ROW)}"
                columns = self.stage.tables[table].columns
                for row_id, label in _examples(connection, source, f"p.action = {action}", list(columns)):
                    found.append(Example(_ACTIONS[action], row_id, label, _LEFT_OUT.get(action)))
        if table in self.live:
            gone = f"main.{quote(table)} r"
            where = f"({_located(self.live[table], 'r')}) IN (SELECT * FROM {gone_of(table)})"
            for row_id, label in _examples(connection, gone, where, list(self.live[table].columns)):
                found.append(Example("remove", row_id, label))
        return found

    def _plan(self, connection: sqlite3.Connection, name: str) -> None:
        staged, live = self.stage.tables[name], self.live[name]
        plan = plan_of(name)
        connection.execute(f"DROP TABLE IF EXISTS {plan}")
        connection.execute(f"CREATE TABLE {plan} (row INTEGER PRIMARY KEY, action INTEGER NOT NULL)")
        if self._keyless(connection, live):
            self._plan_by_content(connection, staged)
        else:
            self._plan_by_key(connection, staged, live)
        self._count_ties(connection, live)
        if not self._removing:
            self._find_nameless(connection, staged, live)
            self._plan_clashes(connection, staged, live)
        if name == LISTS:
            connection.executemany(
                f"UPDATE {plan} SET action = {MAPPED} WHERE row = ?", [(row,) for row in self.fitted.mapped]
            )

    def _keyless(self, connection: sqlite3.Connection, live: TableSchema) -> bool:
        """Whether rows can be told apart by their content only: without a key, or to be replaced with NULLs in it."""
        if not live.key:
            return True
        null = _null_in_key(live)
        return self._removing and any(
            connection.execute(f"SELECT 1 FROM {database}.{quote(live.name)} WHERE {null} LIMIT 1").fetchone()
            for database in ("main", "stage")
        )

    def _find_nameless(self, connection: sqlite3.Connection, staged: StagedTable, live: TableSchema) -> None:
        """Merging: a row with a NULL in its key is the same as one with the same content."""
        content = self._content(staged.name)
        connection.execute(
            f"UPDATE {plan_of(live.name)} SET action = {SAME} WHERE action = {ADD} AND row IN (SELECT {quote(ROW)}"
            f" FROM stage.{quote(staged.name)} WHERE ({_null_in_key(live)})"
            f" AND {content} IN (SELECT {content} FROM main.{quote(live.name)}))"
        )

    def _plan_by_key(self, connection: sqlite3.Connection, staged: StagedTable, live: TableSchema) -> None:
        key = " AND ".join(f"m.{quote(column)} = s.{quote(column)}" for column in live.key)
        same = " AND ".join(self._same(staged, live, column) for column in self.columns(live.name)) or "1"
        differs = str((INEXACT if self.fitted.hedged else UPDATE) if self.overwrite else DIFFERS)
        if self.overwrite and self.fitted.newer:
            later = f"order_of(s.{TOUCHED}) > order_of(m.{TOUCHED})" if TOUCHED in self.columns(live.name) else "0"
            differs = f"CASE WHEN {later} THEN {differs} ELSE {DIFFERS} END"
        connection.execute(
            f"INSERT INTO {plan_of(live.name)} SELECT s.{quote(ROW)},"
            f" CASE WHEN m.{quote(live.key[0])} IS NULL THEN {ADD} WHEN {same} THEN {SAME} ELSE {differs} END"
            f" FROM stage.{quote(live.name)} s LEFT JOIN main.{quote(live.name)} m ON {key}"
        )

    def _count_ties(self, connection: sqlite3.Connection, live: TableSchema) -> None:
        if not self.fitted.newer or TOUCHED not in self.columns(live.name) or self._keyless(connection, live):
            return
        key = " AND ".join(f"m.{quote(column)} = s.{quote(column)}" for column in live.key)
        sql = (
            f"SELECT count(*) FROM {plan_of(live.name)} p JOIN stage.{quote(live.name)} s ON s.{quote(ROW)} = p.row"
            f" JOIN main.{quote(live.name)} m ON {key}"
            f" WHERE p.action = {DIFFERS} AND order_of(s.{TOUCHED}) = order_of(m.{TOUCHED})"
        )
        if ties := _number(connection, sql):
            self.ties[live.name] = ties

    def _changed(self, connection: sqlite3.Connection, name: str) -> set[str]:
        staged, live, columns = self.stage.tables[name], self.live[name], self.columns(name)
        key = " AND ".join(f"m.{quote(column)} = s.{quote(column)}" for column in live.key)
        differs = ", ".join(f"max(NOT {self._same(staged, live, column)})" for column in columns)
        found = connection.execute(
            f"SELECT {differs} FROM {plan_of(name)} p JOIN stage.{quote(name)} s ON s.{quote(ROW)} = p.row"
            f" JOIN main.{quote(name)} m ON {key} WHERE p.action = {UPDATE}"
        ).fetchone()
        return {column for column, does in zip(columns, found, strict=True) if does}

    def _same(self, staged: StagedTable, live: TableSchema, column: str) -> str:
        """SQL: the value is the same, or the record does not speak of the column."""
        name = quote(column)
        same = f"(s.{name} IS m.{name} COLLATE BINARY)"
        if not _has_affinity(live.columns[column]):
            # Then 1 and 1.0 are two values.
            same = f"({same} AND typeof(s.{name}) = typeof(m.{name}))"
        silent = [str(number) for shape, number in staged.shapes.items() if column not in shape]
        return f"(s.{quote(SHAPE)} IN ({', '.join(silent)}) OR {same})" if silent else same

    def _plan_by_content(self, connection: sqlite3.Connection, staged: StagedTable) -> None:
        """A table without a key: the same rows, as a whole, or all of them anew; merging adds what is not there."""
        content = self._content(staged.name)
        theirs = f"SELECT {content} AS c FROM stage.{quote(staged.name)}"
        own = f"SELECT {content} AS c FROM main.{quote(staged.name)}"
        if self._removing:
            counted = [f"SELECT c, count(*) FROM ({rows}) GROUP BY c" for rows in (theirs, own)]
            different = any(
                connection.execute(f"{one} EXCEPT {other} LIMIT 1").fetchone()
                for one, other in (counted, reversed(counted))
            )
            action = str(ADD if different else SAME)
        else:
            action = f"CASE WHEN {content} IN ({own}) THEN {SAME} ELSE {ADD} END"
        connection.execute(
            f"INSERT INTO {plan_of(staged.name)} SELECT {quote(ROW)}, {action} FROM stage.{quote(staged.name)}"
        )

    def _content(self, name: str) -> str:
        """SQL: all that archive and target both know of a row, as one text."""
        # quote() stops at a NUL in a text; hex() does not.
        values = (
            f"CASE typeof({column}) WHEN 'text' THEN 't' || hex({column}) ELSE quote({column}) END"
            for column in map(quote, self.columns(name))
        )
        return " || ',' || ".join(values) or "''"

    def _plan_clashes(self, connection: sqlite3.Connection, staged: StagedTable, live: TableSchema) -> None:
        """New rows whose unique values the database has under another id; the same dependency is the same."""
        same = SAME if live.name == DEPENDENCIES else CLASHES
        another = " OR ".join(f"m.{quote(column)} IS NOT s.{quote(column)}" for column in live.key)
        for unique in live.unique:
            if not set(unique) <= set(self.columns(live.name)):
                continue
            match = " AND ".join(f"m.{quote(column)} = s.{quote(column)}" for column in unique)
            for planned, action, whose in ((ADD, same, "1"), (UPDATE, CLASHES, another or "0")):
                connection.execute(
                    f"UPDATE {plan_of(live.name)} SET action = {action} WHERE action = {planned} AND EXISTS (SELECT 1"
                    f" FROM stage.{quote(staged.name)} s JOIN main.{quote(live.name)} m ON {match}"
                    f" WHERE s.{quote(ROW)} = {quote('plan ' + live.name)}.row AND ({whose}))"
                )

    def _find_gone(self, connection: sqlite3.Connection, name: str) -> None:
        live = self.live[name]
        _make_gone(connection, live)
        if not self._keyless(connection, live):
            # The target's column on the left: its collation decides, here as in the plan. The plus takes its
            # affinity away, for which the stage has no index; the staged values have been through it.
            key = " AND ".join(f"+m.{quote(column)} = s.{quote(column)}" for column in live.key)
            where = f"NOT EXISTS (SELECT 1 FROM stage.{quote(name)} s WHERE {key})"
        else:
            where = f"NOT EXISTS (SELECT 1 FROM {plan_of(name)} WHERE action = {SAME})"
        if name == LISTS and self.fitted.kept_default:
            where += " AND m.is_default IS NOT 1"
        sql = f"SELECT {_located(live, 'm')} FROM main.{quote(name)} m NOT INDEXED WHERE {where}"
        _require_locator(connection, live, sql)
        connection.execute(f"INSERT INTO {gone_of(name)} {sql}")

    def _find_emptied(self, connection: sqlite3.Connection) -> None:
        """Lists that an import made again and in which nothing is left, though the archive says nothing of lists."""
        lists = self.live[LISTS]
        sql = f"INSERT INTO {gone_of(LISTS)} SELECT {_located(lists, 'm')} FROM main.{quote(LISTS)} m WHERE m.id = ?"
        connection.executemany(sql, [(list_id,) for list_id in emptied_lists(connection, self.stage, self.live)])

    def _follow_references(self, connection: sqlite3.Connection) -> None:
        """What the app's own foreign keys do when rows go: rows of tables that stay go too, or lose the reference."""
        changed = True
        while changed:
            changed = False
            for child in self.live.values():
                if child.name in self.stage.tables and self.replaced(child.name):
                    continue
                for reference in child.foreign_keys:
                    if reference.on_delete == "CASCADE" and self._leads(reference):
                        changed |= self._cascade(connection, child, reference)
        for child in self.live.values():
            if child.name in self.stage.tables and self.replaced(child.name):
                continue
            for reference in child.foreign_keys:
                if self._leads(reference) and reference.on_delete != "CASCADE":
                    self._untie(connection, child, reference)

    def _leads(self, reference: ForeignKey) -> bool:
        return reference.parent in self.live and reference.parent_column in self.live[reference.parent].columns

    def _cascade(self, connection: sqlite3.Connection, child: TableSchema, reference: ForeignKey) -> bool:
        orphans = self._orphans(child, reference)
        _require_locator(connection, child, orphans)
        return connection.execute(f"INSERT OR IGNORE INTO {gone_of(child.name)} {orphans}").rowcount > 0

    def _untie(self, connection: sqlite3.Connection, child: TableSchema, reference: ForeignKey) -> None:
        """Note the rows that lose a reference. Raises CannotRemove if they insist on it."""
        untied = untied_of(child.name, reference.column)
        connection.execute(f"DROP TABLE IF EXISTS {untied}")
        orphans = self._orphans(child, reference)
        _require_locator(connection, child, orphans)
        connection.execute(
            f"CREATE TABLE {untied} AS {orphans}"
            f" AND ({_located(child, 'c')}) NOT IN (SELECT * FROM {gone_of(child.name)})"
        )
        rows = _number(connection, f"SELECT count(*) FROM {untied}")
        if rows and (reference.on_delete != "SET NULL" or reference.column in child.not_null):
            raise CannotRemove(detail=f"{rows:,} {child.name} insist on the {reference.parent} they refer to")
        if reference.on_delete == "SET NULL":
            self.untied[child.name, reference.column] = rows

    def _orphans(self, child: TableSchema, reference: ForeignKey) -> str:
        parent = self.live[reference.parent]
        return (
            f"SELECT {_located(child, 'c')} FROM main.{quote(child.name)} c WHERE c.{quote(reference.column)} IN"
            f" (SELECT p.{quote(reference.parent_column)} FROM main.{quote(parent.name)} p"
            f" WHERE ({_located(parent, 'p')}) IN (SELECT * FROM {gone_of(parent.name)}))"
        )

    def _account(self, connection: sqlite3.Connection, name: str) -> None:
        account = TableAccount(removed=_number(connection, f"SELECT count(*) FROM {gone_of(name)}"))
        account.untied = sum(rows for (table, _), rows in self.untied.items() if table == name)
        staged = self.stage.tables.get(name)
        matched = 0
        if name in self.incoming() and staged is not None:
            counts = _count_actions(connection, name)
            account.read = staged.rows if staged.carried else 0
            account.repaired = self.fitted.restored if name == LISTS else 0
            account.added, account.updated = counts.get(ADD, 0), counts.get(UPDATE, 0)
            account.unchanged = counts.get(SAME, 0)
            account.left_out = {_LEFT_OUT[action]: counts[action] for action in _LEFT_OUT if action in counts}
            matched = self._matched(connection, name, counts)
        account.kept = self.before[name] - account.removed - matched
        if name != MIGRATIONS and (name in self.incoming() or account.removed or account.untied or account.kept):
            self.accounts[name] = account

    def _matched(self, connection: sqlite3.Connection, name: str, counts: Mapping[int, int]) -> int:
        """How many rows of the database some record of the archive stands for."""
        live = self.live[name]
        matched = sum(counts.get(action, 0) for action in (SAME, UPDATE, DIFFERS, INEXACT))
        by_content, by_values = self._has_nameless(connection, live), live.unique if name == DEPENDENCIES else ()
        if self._removing or not matched or not (by_content or by_values):
            return matched
        # Two records can stand for one row: the same content twice, or the same two tasks under another id.
        alike = [f"{self._content(name)} IN (SELECT {self._content(name)} FROM stage.{quote(name)})"] * by_content
        for columns in filter(None, (live.key, *by_values)):
            same = " AND ".join(f"+m.{quote(column)} = s.{quote(column)}" for column in columns)
            alike.append(f"EXISTS (SELECT 1 FROM stage.{quote(name)} s WHERE {same})")
        return _number(connection, f"SELECT count(*) FROM main.{quote(name)} m WHERE {' OR '.join(alike)}")

    def _has_nameless(self, connection: sqlite3.Connection, live: TableSchema) -> bool:
        """Whether the database has rows of a table that no key names."""
        sql = f"SELECT 1 FROM main.{quote(live.name)} WHERE {_null_in_key(live)} LIMIT 1"
        return not live.key or connection.execute(sql).fetchone() is not None


def _count_actions(connection: sqlite3.Connection, name: str) -> dict[int, int]:
    """Staged rows by action, for each action that there is. In one pass: GROUP BY would sort all of them."""
    counted = ", ".join(f"count(*) FILTER (WHERE action = {action})" for action in _ACTIONS)
    found = connection.execute(f"SELECT {counted} FROM {plan_of(name)}").fetchone()
    return {action: count for action, count in zip(_ACTIONS, found, strict=True) if count}


def _has_affinity(declared: str) -> bool:
    """Whether values of a column are brought into one storage class (numbers at least), by SQLite's own rules."""
    return any(part in declared.upper() for part in ("INT", "CHAR", "CLOB", "TEXT", "REAL", "FLOA", "DOUB", "BOOL"))


def _null_in_key(live: TableSchema) -> str:
    nullable = (f"{quote(column)} IS NULL" for column in live.key if column not in live.not_null)
    return " OR ".join(nullable) or "0"


def _make_gone(connection: sqlite3.Connection, live: TableSchema) -> None:
    columns = ", ".join(f"k{index}" for index in range(max(len(live.locator), 1)))
    connection.execute(f"DROP TABLE IF EXISTS {gone_of(live.name)}")
    connection.execute(f"CREATE TABLE {gone_of(live.name)} ({columns}, PRIMARY KEY ({columns})) WITHOUT ROWID")


def _require_locator(connection: sqlite3.Connection, live: TableSchema, rows: str) -> None:
    """Raise CannotRemove if ``rows`` finds any in a table that has no name for one of its rows."""
    if not live.locator and connection.execute(f"{rows} LIMIT 1").fetchone():
        names = ", ".join(name for name in live.columns if name.lower() in ("rowid", "_rowid_", "oid"))
        raise CannotRemove(detail=f"rows of {live.name} cannot be told apart, since columns are called {names}")


def _located(live: TableSchema, alias: str) -> str:
    return ", ".join(f"{alias}.{quote(column)}" for column in live.locator) or "NULL"


def _examples(
    connection: sqlite3.Connection, source: str, where: str, columns: list[str]
) -> list[tuple[str | None, str | None]]:
    row_id = "r.id" if "id" in columns else "NULL"
    found = connection.execute(
        f"SELECT CAST({row_id} AS TEXT), {row_name(columns)} FROM {source} WHERE {where} LIMIT {EXAMPLES}"
    )
    return [(row_id, shortened(label)) for row_id, label in found]


def _number(connection: sqlite3.Connection, sql: str) -> int:
    number: int = connection.execute(sql).fetchone()[0]
    return number
