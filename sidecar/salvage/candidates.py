"""The records that were found in a damaged archive, where, and which of them are to be taken.

A table of the stage's own, so that memory stays flat. A record stands in data.json and in its
section entry; it is known again by its digest, which spacing and the order of keys do not change.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice

from sidecar.database.introspection import quote
from sidecar.results import RECORDS_SHOWN
from sidecar.salvage.json_fragments import Fragment
from sidecar.stage.stage import own

DATA, SECTION = 0, 1
BOTH = [DATA, SECTION]
"""The two places of a record, of which the first is the one that is restored."""

_PAGE = 500
_FOUND = quote(own("found"))
_OF = f"FROM {_FOUND} f WHERE tbl = :tbl"
_NOT_TAKEN = f"{_OF} AND NOT take AND (id IS NULL OR id NOT IN (SELECT id {_OF} AND take AND id IS NOT NULL))"
_IN_BOTH = (
    f"SELECT id {_NOT_TAKEN} AND id IS NOT NULL GROUP BY id"
    " HAVING count(DISTINCT source) = 2 AND count(DISTINCT digest) > 1"
)


@dataclass(frozen=True)
class Some:
    """How many records, and the ids of the first of them."""

    count: int
    ids: list[str | None]


class Candidates:
    """All records found, on a stage's connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._sound: dict[str, dict[int, bool]] = {}
        connection.execute(
            f"CREATE TABLE {_FOUND} (tbl TEXT, source INTEGER, place INTEGER, id TEXT, digest BLOB, raw BLOB,"
            " take INTEGER DEFAULT 0)"
        )

    def add(self, source: int, fragments: Iterable[Fragment]) -> None:
        """Keep what is found in one place."""
        rows = ((one.table, source, one.place, one.id, one.digest, one.raw) for one in fragments)
        while page := list(islice(rows, _PAGE)):
            self._connection.executemany(
                f"INSERT INTO {_FOUND} (tbl, source, place, id, digest, raw) VALUES (?, ?, ?, ?, ?, ?)", page
            )

    def forget(self, source: int, table: str | None = None) -> None:
        """Drop what was found in one place, of one table or of all: it is to be looked at in another way."""
        self._connection.execute(
            f"DELETE FROM {_FOUND} WHERE source = ? AND (? IS NULL OR tbl = ?)", (source, table, table)
        )
        for name, sources in self._sound.items():
            if table in (None, name):
                sources.pop(source, None)

    def note_sound(self, source: int, table: str, whole: bool) -> None:
        """This place proves what it holds of a table; ``whole`` if it was read from end to end."""
        self._sound.setdefault(table, {})[source] = whole

    def drop(self) -> None:
        """Forget everything: what is taken is staged."""
        self._connection.execute(f"DROP TABLE {_FOUND}")

    def index(self) -> None:
        """Make ready for the questions below, once all is found."""
        for columns in ("tbl, source, place", "tbl, digest", "tbl, id"):
            self._connection.execute(f"CREATE INDEX {quote(own(f'found by {columns}'))} ON {_FOUND} ({columns})")

    def sound_sources(self, table: str) -> list[int]:
        """The places that prove what they hold of a table; one that was read from end to end comes first."""
        sources = self._sound.get(table, {})
        whole = [source for source in sorted(sources) if sources[source]]
        return sorted(sources) if len(whole) in (0, 2) else [*whole, *(sources.keys() - set(whole))]

    def settled(self, table: str) -> bool:
        """Whether some sound place was read from end to end: then there is nothing else."""
        return any(self._sound.get(table, {}).values())

    def same(self, table: str) -> bool:
        """Whether both places hold the same records."""
        one, other = (f"SELECT digest, count(*) {_OF} AND source = {source} GROUP BY digest" for source in BOTH)
        return not any(
            self._connection.execute(f"SELECT 1 FROM ({first} EXCEPT {second}) LIMIT 1", {"tbl": table}).fetchone()
            for first, second in ((one, other), (other, one))
        )

    def take_all(self, table: str, sources: list[int]) -> None:
        """Take what the sound ``sources`` hold; what two of them contradict each other in is not taken."""
        self._take(table, f"source = {sources[0]}")
        for source in sources[1:]:
            self._take(table, f"source = {source} AND digest NOT IN (SELECT digest {_OF} AND source = {sources[0]})")
            self._drop(
                table,
                f"id IN (SELECT id {_OF} AND take AND source = {source}) AND digest NOT IN"
                f" (SELECT digest {_OF} AND source = {source})"
                f" OR source = {source} AND id IN (SELECT id {_OF} AND source = {sources[0]})",
            )

    def take_agreeing(self, table: str) -> None:
        """Take what stands in both places alike, though neither is sound.

        Not where all of it is alike: two places that agree in everything, and yet are not what they were,
        were damaged in the same way.
        """
        if not self.same(table):
            self._take(table, f"source = {DATA} AND digest IN (SELECT digest {_OF} AND source = {SECTION})")

    def taken(self, table: str) -> int:
        number: int = self._connection.execute(f"SELECT count(*) {_OF} AND take", {"tbl": table}).fetchone()[0]
        return number

    def contradicting(self, table: str) -> Some:
        """Records that stand in both places, and differ."""
        return self._some(table, _IN_BOTH)

    def unproved(self, table: str) -> Some:
        """Records that stand in one place, which is damaged."""
        return self._some(
            table,
            f"SELECT min(id) {_NOT_TAKEN} AND (id IS NULL OR id NOT IN ({_IN_BOTH})) GROUP BY coalesce(id, digest)",
        )

    def runs(self, table: str) -> Iterator[tuple[int, list[bytes]]]:
        """What is taken, in order: the place of a first record, and the texts of those that follow it without a gap."""
        last = (-1, -1)
        while page := self._page(table, last):
            last = page[-1][:2]
            for _, run in groupby(enumerate(page), lambda item: (item[1][0], item[1][1] - item[0])):
                records = [row for _, row in run]
                source, place, _ = records[0]
                yield self._offset(table, source) + place, [raw for _, _, raw in records]

    def _page(self, table: str, after: tuple[int, int]) -> list[tuple[int, int, bytes]]:
        return self._connection.execute(
            f"SELECT source, place, raw {_OF} AND take AND (source, place) > (:source, :place)"
            f" ORDER BY source, place LIMIT {_PAGE}",
            {"tbl": table, "source": after[0], "place": after[1]},
        ).fetchall()

    def _offset(self, table: str, source: int) -> int:
        """What to add to a place, so that records of the two sources have indexes of their own."""
        if source == DATA or SECTION in self.sound_sources(table)[:1]:
            return 0
        number: int = self._connection.execute(
            f"SELECT coalesce(max(place) + 1, 0) {_OF} AND source = {DATA}", {"tbl": table}
        ).fetchone()[0]
        return number

    def _take(self, table: str, where: str) -> None:
        self._connection.execute(f"UPDATE {_FOUND} SET take = 1 WHERE tbl = :tbl AND ({where})", {"tbl": table})

    def _drop(self, table: str, where: str) -> None:
        self._connection.execute(
            f"UPDATE {_FOUND} SET take = 0 WHERE tbl = :tbl AND take AND ({where})", {"tbl": table}
        )

    def _some(self, table: str, sql: str) -> Some:
        arguments = {"tbl": table}
        count: int = self._connection.execute(f"SELECT count(*) FROM ({sql})", arguments).fetchone()[0]
        ids = self._connection.execute(f"{sql} LIMIT {RECORDS_SHOWN}", arguments).fetchall() if count else []
        return Some(count, [row_id for (row_id,) in ids])
