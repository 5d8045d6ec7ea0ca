"""The plan of an import: how the stage and the live database differ, row by row, and what becomes of each row.

Worked out once, by SQL, into a second throw-away database, "plan", beside the stage; the
preview reads it, the import carries it out. So what the preview says is what the import does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from sidecar.database.introspection import Schema, TableSchema, broken_references, has_id, quote
from sidecar.database.models import MIGRATIONS
from sidecar.merging.answers import Conflict
from sidecar.merging.conflicts import GIVEN, KEPT, REFUSED, Conflicts, conflicts_of
from sidecar.merging.likeness import Likeness, null_in_key
from sidecar.merging.row_names import row_name, shortened
from sidecar.progress import Progress
from sidecar.restore.emptied_lists import LISTS, emptied_lists
from sidecar.restore.removals import follow_references, gone_of, located, make_gone, require_locator
from sidecar.restore.target_rules import Fitted
from sidecar.results import Example, TableAccount
from sidecar.stage.stage import ROW, Stage

ADD, SAME, UPDATE, DIFFERS, CLASHES, MAPPED, INEXACT, FOLLOWS = range(1, 9)
"""Actions of the table "plan <table>": one for each staged row."""

DEPENDENCIES = "task_dependencies"
"""The table of which a row says no more than its unique values do."""

_LEFT_OUT = {
    DIFFERS: "differs_from_database",
    CLASHES: "same_values_in_database",
    MAPPED: "default_list_mapped",
    INEXACT: "exact_lost",
    FOLLOWS: "broken_reference",
}
CANNOT_BE_TWO = "cannot_be_two"
"""Why the database's row stays alone though both were asked for."""

_ACTIONS = {ADD: "add", SAME: "unchanged", UPDATE: "update"} | dict.fromkeys(_LEFT_OUT, "left out")

EXAMPLES = 5
"""Most examples of one action in one table."""


def plan_of(table: str) -> str:
    """The staged rows' actions: "row" (of the stage), "action"."""
    return f"plan.{quote('plan ' + table)}"


@dataclass
class Plan:
    """What an import will do to each table of the live database.

    ``accounts`` has every table that the archive carries or that holds rows; ``untied`` the
    (table, column) whose references to removed rows are cleared, with the number of rows;
    ``changed`` the columns in which rows to be updated differ, per table: the others, and their
    indexes, need not be touched; ``built`` the tables that stand ready in a database of their own
    (see ``prebuilt_tables``); ``conflicts`` says of rows of one id that differ which stays, where that was asked for:
    else it is the archive's if it is to overwrite. ``verbatim``: the archive is of this very database, and comes back
    whatever that says to its rows. ``not_run``: triggers of the database that it was carried out,
    or tried, without.
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
    conflicts: Conflicts | None = None
    verbatim: bool = False
    not_run: frozenset[str] = frozenset()

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

    def broken_references(self, connection: sqlite3.Connection) -> dict[str, int]:
        """References that lead nowhere, per table, of the tables where that may become another number.

        Where rows only come, these are the tables that they come into. Raises sqlite3.Error.
        """
        accounts = self.accounts.values()
        if any(account.removed or account.updated for account in accounts):
            return broken_references(connection, self.live)
        coming = {name for name, account in self.accounts.items() if account.added and name in self.live}
        return broken_references(connection, self.live, only=coming)

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
        return self.likeness(table).columns(shape)

    def likeness(self, table: str) -> Likeness:
        """When rows of the two are the same, for a table that both have."""
        return Likeness(self.stage.tables[table], self.live[table])

    def incoming(self) -> list[str]:
        """Tables of the target that the archive, or a list made again, brings rows for."""
        carried = {name for name, table in self.stage.tables.items() if table.carried and name in self.live}
        return sorted(carried | ({LISTS} if self.fitted.restored else set()))

    def work_out(self, connection: sqlite3.Connection, progress: Progress) -> None:
        """Fill the plan; anything of an earlier one is forgotten. Raises CannotRemove, sqlite3.Error, Cancelled."""
        self.accounts = {}
        # By scans, here and for rows that go: an index that lacks a row would hide it.
        self.before = {
            name: _number(connection, f"SELECT count(*) FROM main.{quote(name)} NOT INDEXED") for name in self.live
        }
        for name in self.incoming():
            progress.check()
            self._plan(connection, name)
        if not self._removing:
            while sum(self._leave_out_followers(connection, name) for name in self.incoming()):
                progress.check()
        for name, live in self.live.items():
            make_gone(connection, live)
            if name in self.stage.tables and self.replaced(name):
                self._find_gone(connection, name)
        if self.fitted.sweeps_lists:
            self._find_emptied(connection)
        replaced = [name for name in self.live if name in self.stage.tables and self.replaced(name)]
        self.untied = follow_references(connection, self.live, replaced)
        for name in self.live:
            self._account(connection, name)
        self.broken = self.broken_references(connection)
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
            where = f"({located(self.live[table], 'r')}) IN (SELECT * FROM {gone_of(table)})"
            for row_id, label in _examples(connection, gone, where, list(self.live[table].columns)):
                found.append(Example("remove", row_id, label))
        return found

    def outcome(self, connection: sqlite3.Connection, row: int, conflict: Conflict) -> Conflict:
        """What becomes of a conflict in the end, ``row`` being its record in the stage."""
        sql = f"SELECT p.action, c.stays FROM {plan_of(conflict.table)} p, {conflicts_of(conflict.table)} c"
        action, stays = connection.execute(f"{sql} WHERE p.row = :row AND c.row = :row", {"row": row}).fetchone()
        if stays == REFUSED:
            conflict.stays, conflict.reason = "mine", CANNOT_BE_TWO
        elif action in (CLASHES, INEXACT, FOLLOWS):
            conflict.stays, conflict.reason = "mine", _LEFT_OUT[action]
        return conflict

    def _plan(self, connection: sqlite3.Connection, name: str) -> None:
        plan = plan_of(name)
        connection.execute(f"DROP TABLE IF EXISTS {plan}")
        connection.execute(f"CREATE TABLE {plan} (row INTEGER PRIMARY KEY, action INTEGER NOT NULL)")
        if self._keyless(connection, name):
            self._plan_by_content(connection, name)
        else:
            self._plan_by_key(connection, name)
        if not self._removing:
            self._find_nameless(connection, name)
            self._plan_clashes(connection, name)
        if name == LISTS:
            connection.executemany(
                f"UPDATE {plan} SET action = {MAPPED} WHERE row = ?", [(row,) for row in self.fitted.mapped]
            )

    def _keyless(self, connection: sqlite3.Connection, name: str) -> bool:
        """Whether rows can be told apart by their content only: without a key, or to be replaced with NULLs in it."""
        if not self.live[name].key:
            return True
        null = null_in_key(self.live[name])
        return self._removing and any(
            connection.execute(f"SELECT 1 FROM {database}.{quote(name)} WHERE {null} LIMIT 1").fetchone()
            for database in ("main", "stage")
        )

    def _find_nameless(self, connection: sqlite3.Connection, name: str) -> None:
        """Merging: a row with a NULL in its key is the same as one with the same content."""
        content = self.likeness(name).content()
        connection.execute(
            f"UPDATE {plan_of(name)} SET action = {SAME} WHERE action = {ADD} AND row IN (SELECT {quote(ROW)}"
            f" FROM stage.{quote(name)} WHERE ({null_in_key(self.live[name])})"
            f" AND {content} IN (SELECT {content} FROM main.{quote(name)}))"
        )

    def _plan_by_key(self, connection: sqlite3.Connection, name: str) -> None:
        table = self.likeness(name)
        replaced = INEXACT if self.fitted.hedged else UPDATE
        differs = str(replaced if self.overwrite else DIFFERS)
        if self.conflicts is not None and self.conflicts.counts.get(name):
            stays = f"(SELECT c.stays FROM {conflicts_of(name)} c WHERE c.row = s.{quote(ROW)})"
            differs = f"CASE {stays} WHEN {GIVEN} THEN {replaced} WHEN {KEPT} THEN {SAME} ELSE {DIFFERS} END"
        connection.execute(
            f"INSERT INTO {plan_of(name)} SELECT s.{quote(ROW)},"
            f" CASE WHEN m.{quote(table.live.key[0])} IS NULL THEN {ADD} WHEN {table.all_same()} THEN {SAME}"
            f" ELSE {differs} END FROM stage.{quote(name)} s LEFT JOIN main.{quote(name)} m ON {table.key()}"
        )

    def _changed(self, connection: sqlite3.Connection, name: str) -> set[str]:
        table, columns = self.likeness(name), self.columns(name)
        differs = ", ".join(f"max(NOT {table.same(column)})" for column in columns)
        found = connection.execute(
            f"SELECT {differs} FROM {plan_of(name)} p JOIN stage.{quote(name)} s ON s.{quote(ROW)} = p.row"
            f" JOIN main.{quote(name)} m ON {table.key()} WHERE p.action = {UPDATE}"
        ).fetchone()
        return {column for column, does in zip(columns, found, strict=True) if does}

    def _plan_by_content(self, connection: sqlite3.Connection, name: str) -> None:
        """A table without a key: the same rows, as a whole, or all of them anew; merging adds what is not there."""
        content = self.likeness(name).content()
        theirs = f"SELECT {content} AS c FROM stage.{quote(name)}"
        own = f"SELECT {content} AS c FROM main.{quote(name)}"
        if self._removing:
            counted = [f"SELECT c, count(*) FROM ({rows}) GROUP BY c" for rows in (theirs, own)]
            different = any(
                connection.execute(f"{one} EXCEPT {other} LIMIT 1").fetchone()
                for one, other in (counted, reversed(counted))
            )
            action = str(ADD if different else SAME)
        else:
            action = f"CASE WHEN {content} IN ({own}) THEN {SAME} ELSE {ADD} END"
        connection.execute(f"INSERT INTO {plan_of(name)} SELECT {quote(ROW)}, {action} FROM stage.{quote(name)}")

    def _plan_clashes(self, connection: sqlite3.Connection, name: str) -> None:
        """New rows whose unique values the database has under another id; the same dependency is the same.

        Not if that row gives them up in this very import. One that is kept from it by such a clash keeps them, and so
        on along a chain of any length.
        """
        table, plan = self.likeness(name), plan_of(name)
        uniques = [unique for unique in table.live.unique if set(unique) <= set(table.columns())]
        if not uniques:
            return
        updated, added = (
            " UNION ALL ".join(_held(table, unique, planned) for unique in uniques) for planned in (UPDATE, ADD)
        )
        connection.execute(
            f"UPDATE {plan} SET action = {CLASHES} WHERE row IN (WITH RECURSIVE held(row, holder) AS ({updated}),"
            " lost(row) AS (SELECT row FROM held WHERE holder IS NULL"
            " UNION SELECT held.row FROM lost JOIN held ON held.holder = lost.row) SELECT row FROM lost)"
        )
        same = SAME if name == DEPENDENCIES else CLASHES
        connection.execute(
            f"UPDATE {plan} SET action = {same} WHERE row IN (SELECT row FROM ({added}) WHERE holder IS NULL)"
        )

    def _leave_out_followers(self, connection: sqlite3.Connection, name: str) -> int:
        """Plan nothing for rows that refer to one that is left out, and that the database lacks; answers how many."""
        left_out = 0
        for key in self.live[name].foreign_keys:
            if key.parent not in self.incoming() or not self._has_left_out(connection, key.parent):
                continue
            if key.column not in self.columns(name) or key.parent_column not in self.columns(key.parent):
                continue
            column, to, parent = quote(key.column), quote(key.parent_column), quote(key.parent)
            left_out += connection.execute(
                f"UPDATE {plan_of(name)} SET action = {FOLLOWS} WHERE action IN ({ADD}, {UPDATE}) AND row IN"
                f" (SELECT s.{quote(ROW)} FROM stage.{quote(name)} s JOIN stage.{parent} r ON r.{to} = s.{column}"
                f" JOIN {plan_of(key.parent)} p ON p.row = r.{quote(ROW)} AND p.action IN ({CLASHES}, {FOLLOWS})"
                f" WHERE NOT EXISTS (SELECT 1 FROM main.{parent} m WHERE m.{to} = s.{column}))"
            ).rowcount
        return left_out

    def _has_left_out(self, connection: sqlite3.Connection, name: str) -> bool:
        some = f"SELECT 1 FROM {plan_of(name)} WHERE action IN ({CLASHES}, {FOLLOWS})"
        return bool(_number(connection, f"SELECT EXISTS ({some})"))

    def _find_gone(self, connection: sqlite3.Connection, name: str) -> None:
        live = self.live[name]
        if not self._keyless(connection, name):
            # The target's column on the left: its collation decides, here as in the plan. The plus takes its
            # affinity away, for which the stage has no index; the staged values have been through it.
            key = " AND ".join(f"+m.{quote(column)} = s.{quote(column)}" for column in live.key)
            where = f"NOT EXISTS (SELECT 1 FROM stage.{quote(name)} s WHERE {key})"
        else:
            where = f"NOT EXISTS (SELECT 1 FROM {plan_of(name)} WHERE action = {SAME})"
        if name == LISTS and self.fitted.kept_default:
            where += " AND m.is_default IS NOT 1"
        sql = f"SELECT {located(live, 'm')} FROM main.{quote(name)} m NOT INDEXED WHERE {where}"
        require_locator(connection, live, sql)
        connection.execute(f"INSERT INTO {gone_of(name)} {sql}")

    def _find_emptied(self, connection: sqlite3.Connection) -> None:
        """Lists that an import made again and in which nothing is left, though the archive says nothing of lists."""
        lists = self.live[LISTS]
        sql = f"INSERT INTO {gone_of(LISTS)} SELECT {located(lists, 'm')} FROM main.{quote(LISTS)} m WHERE m.id = ?"
        connection.executemany(sql, [(list_id,) for list_id in emptied_lists(connection, self.stage, self.live)])

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
        content = self.likeness(name).content()
        alike = [f"{content} IN (SELECT {content} FROM stage.{quote(name)})"] * by_content
        for columns in filter(None, (live.key, *by_values)):
            # Of values that are no key the stage has no index: IN makes one, once.
            own, theirs = (", ".join(f"{side}{quote(column)}" for column in columns) for side in ("+m.", ""))
            alike.append(f"({own}) IN (SELECT {theirs} FROM stage.{quote(name)})")
        return _number(connection, f"SELECT count(*) FROM main.{quote(name)} m WHERE {' OR '.join(alike)}")

    def _has_nameless(self, connection: sqlite3.Connection, live: TableSchema) -> bool:
        """Whether the database has rows of a table that no key names."""
        sql = f"SELECT 1 FROM main.{quote(live.name)} WHERE {null_in_key(live)} LIMIT 1"
        return not live.key or connection.execute(sql).fetchone() is not None


def _held(table: Likeness, unique: tuple[str, ...], planned: int) -> str:
    """SQL: staged rows planned so whose unique values another row of the database has; ``holder`` is the staged row by
    which that one is to give them up, NULL where it goes on to have them."""
    name, plan, row = quote(table.live.name), plan_of(table.live.name), quote(ROW)
    match = " AND ".join(f"m.{quote(column)} = s.{quote(column)}" for column in unique)
    another = " OR ".join(f"m.{quote(column)} IS NOT s.{quote(column)}" for column in table.live.key) or "0"
    return (
        f"SELECT s.{row} AS row, (SELECT s.{row} FROM stage.{name} s JOIN {plan} p ON p.row = s.{row}"
        f" WHERE p.action = {UPDATE} AND {table.key()} AND NOT ({' AND '.join(map(table.same, unique))})) AS holder"
        f" FROM {plan} p CROSS JOIN stage.{name} s ON s.{row} = p.row CROSS JOIN main.{name} m ON {match}"
        f" WHERE p.action = {planned} AND ({'1' if planned == ADD else another})"
    )


def _count_actions(connection: sqlite3.Connection, name: str) -> dict[int, int]:
    """Staged rows by action, for each action that there is. In one pass: GROUP BY would sort all of them."""
    counted = ", ".join(f"count(*) FILTER (WHERE action = {action})" for action in _ACTIONS)
    found = connection.execute(f"SELECT {counted} FROM {plan_of(name)}").fetchone()
    return {action: count for action, count in zip(_ACTIONS, found, strict=True) if count}


def _examples(
    connection: sqlite3.Connection, source: str, where: str, columns: list[str]
) -> list[tuple[str | None, str | None]]:
    row_id = "r.id" if has_id(columns) else "NULL"
    found = connection.execute(
        f"SELECT CAST({row_id} AS TEXT), {row_name(columns)} FROM {source} WHERE {where} LIMIT {EXAMPLES}"
    )
    return [(row_id, shortened(label)) for row_id, label in found]


def _number(connection: sqlite3.Connection, sql: str) -> int:
    number: int = connection.execute(sql).fetchone()[0]
    return number
