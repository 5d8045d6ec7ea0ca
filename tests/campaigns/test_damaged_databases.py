"""Two small databases with a byte changed, each byte in turn: an export is refused, or its backup is one that works.

It is valid, an import of it brings back what could be read, and an undo brings back what was there. The normal run
tries a sample; ``-m exhaustive`` every byte that SQLite reads, and some of the gaps that it leaves.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import count, islice
from pathlib import Path

import pytest

from sidecar.database.affinity import TEXT, affinity
from sidecar.database.introspection import readable
from sidecar.errors.base import SidecarError
from sidecar.errors.databases import DatabaseDamaged, DatabaseError
from sidecar.export import gathering
from sidecar.export.exporting import export_data
from sidecar.jobs.undoing import undo_last_import
from sidecar.progress import Progress
from tests.conftest import DATA, EVERY_KIND, FIRST, Cases
from tests.support.databases import (
    Cell,
    Contents,
    assert_same_contents,
    bring_in,
    contents,
    export,
    places_of,
    quoted,
    validate,
)

PROMISE = "An export of a damaged database is refused, or its backup is one that an import takes and an undo takes back"

SAMPLE = 60
"""Bytes of each database in the normal run."""

SMALL = (EVERY_KIND, FIRST)
PAGE_SIZE = 512
"""SQLite's smallest: of each table and index a page, and little that is empty."""
KEPT = 2
"""Rows of each table: with more, every byte of them would take days."""
IN_GAPS = 16
"""Of the bytes between the list of a page's cells and the cells, which nobody reads, one in so many is tried."""


OUT_OF_ORDER = ((FIRST, 28_169), (EVERY_KIND, 50_697))
"""A byte that makes the number of a row less than that of the one before it."""
MANY_LOOKS = 2_000

_TREE = {2: 12, 5: 12, 10: 8, 13: 8}
"""The first byte of a page of a tree, interior or leaf, of an index or a table -> bytes of its header."""


def small(name: str, folder: Path) -> bytes:
    """A real database with the first rows of each table alone, packed into small pages."""
    path = Path(shutil.copy(DATA / f"{name}.db", folder / "small.db"))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            first = f'SELECT rowid FROM "{table}" ORDER BY rowid LIMIT {KEPT}'
            connection.execute(f'DELETE FROM "{table}" WHERE rowid NOT IN ({first})')
        while homeless := connection.execute("PRAGMA foreign_key_check").fetchall():
            for table, row, *_ in homeless:
                connection.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (row,))
        connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
        connection.execute("VACUUM")
    return path.read_bytes()


def changed(content: bytes, position: int) -> bytes:
    """One byte of it changed: a single bit of most, all of them of every fourth."""
    mask = 0xFF if position % 4 == 0 else 1 << (position * 5 % 8)
    return content[:position] + bytes([content[position] ^ mask]) + content[position + 1 :]


def read_by_sqlite(content: bytes) -> Iterator[int]:
    """Positions of what a packed database says, page by page; of what its pages have free, a few."""
    for page in range(0, len(content), PAGE_SIZE):
        free = _free(content, page)
        yield from (at for at in range(page, page + PAGE_SIZE) if at not in free or at % IN_GAPS == 0)


def _free(content: bytes, page: int) -> range:
    """The gap of a page of a tree, by the header at its start; of any other, such as an overflow page, nothing."""
    head = page + (100 if page == 0 else 0)
    if content[head] not in _TREE:
        return range(0)
    cells, first = struct.unpack_from(">HH", content, head + 3)
    return range(head + _TREE[content[head]] + 2 * cells, page + first)


def as_stored(database: Path) -> Contents:
    """What a database holds, as SQLite would store it: a turned bit can leave a number in a column of text, which no
    statement puts there."""
    with closing(sqlite3.connect(database)) as connection:
        connection.text_factory = readable

        def stored(cell: Cell, is_text: bool) -> Cell:
            storage, value = cell
            if not is_text or storage not in ("integer", "real"):
                return cell
            number = struct.unpack(">d", value)[0] if isinstance(value, bytes) else value
            return "text", connection.execute("SELECT CAST(CAST(? AS TEXT) AS BLOB)", (number,)).fetchone()[0]

        def rows(table: str, found: Counter[tuple[Cell, ...]]) -> Counter[tuple[Cell, ...]]:
            declared = connection.execute(f"SELECT type FROM pragma_table_info({quoted(table)})").fetchall()
            text = [affinity(kind) == TEXT for (kind,) in declared]
            told: Counter[tuple[Cell, ...]] = Counter()
            for row, number in found.items():
                told[tuple(map(stored, row, text))] += number
            return told

        return {name: (columns, rows(name, found)) for name, (columns, found) in contents(database).items()}


class Device:
    """A database whose bytes are given, and the backup of it."""

    def __init__(self, root: Path) -> None:
        self.database, self.archive = root / "device" / "kirapilot.db", root / "b.kpbackup"
        self.database.parent.mkdir()
        self.root = root

    def works(self, content: bytes) -> bool:
        """Whether an export takes the database; if it does, everything that follows must go well."""
        shutil.rmtree(self.database.parent)
        self.database.parent.mkdir()
        self.database.write_bytes(content)
        self.archive.write_bytes(b"an older backup")
        if (refusal := self._refusal()) is not None:
            assert isinstance(refusal, DatabaseError), f"{refusal.kind}: {refusal.message}"
            assert self.archive.read_bytes() == b"an older backup"
            return False
        verdict = validate(self.database, self.archive)
        assert verdict.is_valid, verdict.errors
        before = as_stored(self.database)
        if self._change():
            between = as_stored(self.database)
            bring_in(self.database, self.archive)
            assert_same_contents(as_stored(self.database), before)
            undo_last_import(places_of(self.database), Progress())
            assert_same_contents(as_stored(self.database), between)
        return True

    def _refusal(self) -> SidecarError | None:
        try:
            export(self.database, self.archive)
        except SidecarError as error:
            return error
        return None

    def _change(self) -> bool:
        """Let the app change something, if SQLite lets it."""
        try:
            with closing(sqlite3.connect(self.database, isolation_level=None)) as connection:
                connection.execute("UPDATE tasks SET title = 'changed'")
                connection.execute("DELETE FROM time_sessions WHERE rowid IN (SELECT max(rowid) FROM time_sessions)")
        except sqlite3.Error:
            return False
        return True


def try_each(root: Path, whole: bytes, positions: Iterable[int], cases: Cases) -> None:
    device = Device(root)
    assert device.works(whole)
    wrong: list[str] = []
    tried = refused = 0
    for position in positions:
        tried += 1
        try:
            refused += not device.works(changed(whole, position))
        except (AssertionError, SidecarError, sqlite3.Error, UnicodeDecodeError) as error:
            wrong.append(f"byte {position}: {type(error).__name__}: {str(error)[:300]}")
    cases.record(PROMISE, tried)
    assert not wrong, "\n".join(wrong[:20])
    assert refused, "no damage at all was found"


def some(positions: Sequence[int], seed: str) -> Iterator[int]:
    chosen = random.Random(seed)
    # The first page holds the header and the root of the schema: a third of the sample.
    first = [position for position in positions if position < PAGE_SIZE]
    yield from chosen.sample(first, SAMPLE // 3)
    yield from chosen.sample(positions[len(first) :], SAMPLE - SAMPLE // 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_a_database_with_a_changed_byte_is_refused_or_its_backup_works(tmp_path: Path, name: str, cases: Cases) -> None:
    whole = small(name, tmp_path)
    try_each(tmp_path, whole, some(list(read_by_sqlite(whole)), name), cases)


@pytest.mark.parametrize(("name", "position"), OUT_OF_ORDER)
def test_rows_that_come_in_no_order_end_an_export(
    tmp_path: Path, name: str, position: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "BATCH_BYTES", 1)
    database = tmp_path / "kirapilot.db"
    database.write_bytes(changed(small(name, tmp_path), position))
    looks = count()
    with pytest.raises(DatabaseDamaged):
        # Going on for ever, it would look for a cancel more often than that.
        export_data(
            places_of(database), str(tmp_path / "b.kpbackup"), Progress(cancelled=lambda: next(looks) > MANY_LOOKS)
        )


@pytest.mark.exhaustive
@pytest.mark.parametrize("part", range(8))
@pytest.mark.parametrize("name", SMALL)
def test_every_byte_of_a_database_changed(tmp_path: Path, name: str, part: int, cases: Cases) -> None:
    whole = small(name, tmp_path)
    try_each(tmp_path, whole, islice(read_by_sqlite(whole), part, None, 8), cases)
