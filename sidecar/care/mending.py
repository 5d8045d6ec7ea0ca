"""The repairs: what each finding that a repair mends is mended by, carried out on a connection within a transaction.

The same on a private copy, where it is tried and shown, and on the live database. Every row that changes is told of,
and nothing else may change: what a trigger does besides undoes all of it.
"""

from __future__ import annotations

import hashlib
import sqlite3
import uuid
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from sidecar.care.answers import Repair
from sidecar.care.findings import KEPT
from sidecar.care.located import called, located
from sidecar.care.references import LISTS, Leading, all_references
from sidecar.care.rows import missing_values
from sidecar.database.introspection import Schema, TableSchema, quote
from sidecar.database.models import KNOWN, NOW
from sidecar.progress import Progress
from sidecar.restore.ledger import Tally
from sidecar.stage.records import singular

REPAIRS = {
    "index_lacks_rows": ("rebuilt", "The index {detail} of {table} is built anew from the rows"),
    "owner_missing": ("removed", "{Row} is removed: the {parent} it belongs to is not there"),
    "tie_missing": ("untied", "{Row} is untied from a {parent} that is not there"),
    "list_missing": ("moved", "{Row} is moved to the default list: its own is not there"),
    "template_missing": ("untied", "{Row} is untied from a periodic template that is not there"),
    "no_default_list": ("chosen", "{Row} becomes the default list"),
    "second_default_list": ("changed", "{Row} becomes an ordinary list"),
    "value_missing": ("filled", "{Row} gets a {column}"),
}
"""Code of a finding -> what is done about it, in one word and in a sentence."""

_OWN_NAME = "Default"
"""What the app calls the default list that it makes."""

_OTHER_TIMES = ("updated_at", "created_at", "start_time")
_EPOCH = "'1970-01-01T00:00:00+00:00'"


class Mending:
    """The repairs of one database, in their order; ``repairs`` holds the first of each code, ``counts`` all."""

    def __init__(self, connection: sqlite3.Connection, schema: Schema, codes: Collection[str]) -> None:
        self.repairs: list[Repair] = []
        self.counts: Counter[str] = Counter()
        self._connection = connection
        self._schema = schema
        self._codes = codes
        self._tally = Tally(connection, schema)
        self._digest = hashlib.sha256()

    @property
    def digest(self) -> str:
        """A word that stands for all that was done, row by row."""
        return self._digest.hexdigest()[:32]

    def carry_out(self, indexes: list[str], progress: Progress) -> None:
        """Mend everything. Raises AccountingMismatch, sqlite3.Error, Cancelled: the transaction is to be undone then.

        :param indexes: those that lack rows.
        """
        with progress.watching(self._connection):
            try:
                # First, whatever is asked for: by an index that lacks rows, others would seem to lead nowhere.
                self._rebuild(indexes)
                self._settle_default_list()
                # A row that goes may have been what another one leads to.
                while sum(self._mend_reference(each) for each in all_references(self._schema)):
                    progress.check()
                self._fill()
                self._tally.require_nothing_besides()
            finally:
                self._tally.close()

    def _rebuild(self, indexes: list[str]) -> None:
        for index in sorted(indexes):
            found = self._connection.execute(
                "SELECT tbl_name FROM main.sqlite_master WHERE type = 'index' AND name = ?", (index,)
            )
            self._note("index_lacks_rows", {"table": found.fetchone()[0], "detail": index})
            self._connection.execute(f"REINDEX main.{quote(index)}")

    def _settle_default_list(self) -> None:
        lists = self._schema.get(LISTS)
        if lists is None or not {"id", "name", "is_default"} <= lists.columns.keys():
            return
        place = f"r.{lists.locator[0]}"
        (first,) = self._connection.execute(f"SELECT min({place}) FROM main.{LISTS} r WHERE is_default = 1").fetchone()
        if first is not None:
            later = f"r.is_default = 1 AND {place} > (SELECT min({place}) FROM main.{LISTS} r WHERE is_default = 1)"
            self._change("second_default_list", lists, later, "is_default = 0")
        elif "no_default_list" in self._codes:
            self._choose_default_list(lists, place)

    def _choose_default_list(self, lists: TableSchema, place: str) -> None:
        """The first list that is called as the app's own, else the first, else a new one, as the app makes it."""
        best = f"ORDER BY r.name = '{_OWN_NAME}' DESC, {place} LIMIT 1"
        chosen = f"{place} = (SELECT {place} FROM main.{LISTS} r {best})"
        if not self._change("no_default_list", lists, chosen, "is_default = 1"):
            new = (str(uuid.uuid4()), _OWN_NAME)
            self._tally.change(f"INSERT INTO main.{LISTS} (id, name, is_default) VALUES (?, ?, TRUE)", new)
            self._note("no_default_list", {"table": LISTS, "label": _OWN_NAME}, Row="A new list")

    def _mend_reference(self, each: Leading) -> int:
        """Mend what one reference breaks; answers how many rows were removed or changed."""
        column = quote(each.column)
        changes = {
            "owner_missing": None,
            "tie_missing": f"{column} = NULL",
            "template_missing": f"{column} = NULL",
            "list_missing": f"{column} = (SELECT id FROM main.{LISTS} WHERE is_default = 1)",
        }
        if each.code not in changes:
            return 0
        table, more = self._schema[each.table], {"column": each.column}
        return self._change(each.code, table, each.broken, changes[each.code], more, singular(each.parent))

    def _fill(self) -> None:
        for table, column, condition in missing_values(self._schema):
            change = f"{quote(column)} = {_filler(table, column)}"
            self._change("value_missing", table, condition, change, {"column": column})

    def _change(
        self,
        code: str,
        table: TableSchema,
        condition: str,
        change: str | None,
        more: Mapping[str, str] | None = None,
        parent: str = "",
    ) -> int:
        """Note each row (``r``) of a condition, and set ``change`` in it, or remove it; answers how many these are."""
        if code not in self._codes:
            return 0
        more = more or {}
        target = f"CAST(r.{quote(more['column'])} AS TEXT)" if "column" in more else "NULL"
        noted = 0
        for where, leads in located(self._connection, table, condition, target):
            where |= {"target": leads, **more}
            self._note(code, where, Row=called(where), parent=parent)
            noted += 1
        if noted:
            rows = f"main.{quote(table.name)} AS r"
            done = f"DELETE FROM {rows}" if change is None else f"UPDATE {rows} SET {change}"
            self._tally.expect(self._tally.change(f"{done} WHERE {condition}"), noted, f"{table.name}: rows mended")
        return noted

    def _note(self, code: str, where: Mapping[str, Any], **gaps: str) -> None:
        self.counts[code] += 1
        lies = [where.get(name) for name in ("table", "rowid", "id", "column", "target", "detail")]
        self._digest.update(msgspec.json.encode([code, *lies]))
        if self.counts[code] <= KEPT:
            action, sentence = REPAIRS[code]
            message = sentence.format(**{**where, **gaps})
            self.repairs.append(Repair(code=code, action=action, message=message, **where))


def _filler(table: TableSchema, column: str) -> str:
    """SQL for what takes the place of a value that is missing: the default of a new row, or another time of the row."""
    field = KNOWN[table.name][column]
    if field.default_sql != NOW:
        return str(field.default_sql)
    others = [f"r.{name}" for name in _OTHER_TIMES if name in table.columns and name != column]
    return f"coalesce({', '.join([*others, _EPOCH])}, {_EPOCH})"
