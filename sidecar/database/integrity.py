"""Whether a database is sound, by SQLite's own measure: every page read, every row held against every index.

Looks at a private copy. What it complains of is sorted by what it means for the rows: nothing at all, an index that
lacks some of them while the table has all, or that nobody knows what the rows were.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from sidecar.database.introspection import quote, readable
from sidecar.progress import Progress
from sidecar.system.names import sqlite_uri
from sidecar.system.workfolder import work_errors

WHOLE_BYTES = 128 << 20
"""Larger databases are not held row by row against each index: their pages would be read in no order.

Pages, records, NULLs and the number of entries in each index are looked at all the same. A row and an index that have
as many entries and tell differently are then not found; what is exported is what the row says.
"""

CACHE_KIB = 16 << 10
"""For pages that are read in no order: with an eighth of it a check takes half as long again."""

MOST = 10_000
"""Complaints that are read: more than any but a wreck has."""

_HARMLESS = re.compile(r"(NUMERIC|TEXT) value in |CHECK constraint failed in ")
"""What rows and backup are none the worse for: values that a changed schema would not take."""

_UNUSED = re.compile(r"Page \d+:? (is )?never used")

_OF_A_VALUE = re.compile(r"(NULL|non-(\w+)) value in (.+)", re.DOTALL)
"""What SQLite up to 3.40 says of sound rows as well, where a table has no rowid and its key does not come first."""

_STORED_AS = {"INT": "integer", "INTEGER": "integer", "REAL": "real", "TEXT": "text", "BLOB": "blob"}
"""Type in a STRICT table -> storage class of its values."""

_VIRTUAL = 2
"""What ``table_xinfo`` says of a generated column that is not stored: STRICT does not hold its values to its type."""

_LACKING = re.compile(r"row \d+ missing from index (.+)", re.DOTALL)
_COUNTED = re.compile(r"wrong # of entries in index (.+)", re.DOTALL)

_HEADING = "*** in database"


@dataclass
class Findings:
    """What is wrong with a database.

    ``damage`` holds complaints that leave its rows in doubt; ``indexes`` those that lack rows which their tables have.
    ``unused`` is the number of pages that nothing uses, and that are not on the list of free ones: no row misses them.
    """

    damage: list[str] = field(default_factory=list)
    indexes: list[str] = field(default_factory=list)
    unused: int = 0


def look_into(path: Path, progress: Progress, whole: bool | None = None) -> Findings:
    """Everything that is wrong with a private copy of a database, in a job's folder.

    Raises WorkFolderUnusable, Cancelled.

    :param whole: whether each row is held against each index; where that is left open, the size of the file decides.
    """
    uri = sqlite_uri(path, "ro")
    if whole is None:
        whole = not path.exists() or path.stat().st_size <= WHOLE_BYTES
    with (
        work_errors(path.parent.parent),
        closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection,
        progress.watching(connection),
    ):
        return look_through(connection, whole)


def look_through(connection: sqlite3.Connection, whole: bool = True) -> Findings:
    """The same by way of a connection to that database.

    Raises sqlite3.OperationalError when it is interrupted, and where the disk fails: that is no word on the database.
    """
    connection.text_factory = readable
    # Not mapped into memory: that is no quicker, and a disk that fails would end the program and not the check.
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    try:
        if whole:
            return _sorted_out(connection, _true_complaints(connection, "integrity_check"))
        return _sorted_out(connection, [*_true_complaints(connection, "quick_check"), *_miscounted(connection)])
    except UnicodeDecodeError:
        return Findings(damage=["a name in its schema is not UTF-8"])
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) in (sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR_READ):
            raise
        return Findings(damage=[str(error)])


def _true_complaints(connection: sqlite3.Connection, check: str) -> list[str]:
    """What a check complains of, without false alarms: those are told by the very values."""
    complaints = list(_complaints(connection, check))
    tables = {complaint: _table_accused_in_vain(connection, complaint) for complaint in set(complaints)}
    found = [complaint for complaint in complaints if tables[complaint] is None]
    accused = {table for table in tables.values() if table is not None}
    if accused and len(complaints) >= MOST:
        # The false ones may have ended the check before its time.
        others = (table for table in _tables(connection) if table not in accused)
        found += [line for table in others for line in _lines(_of_table(connection, check, table))]
        found += _miscounted(connection)
        return list(dict.fromkeys(found))
    return found


def _table_accused_in_vain(connection: sqlite3.Connection, complaint: str) -> str | None:
    """The table of which a complaint about a value says nothing of what is stored; None for any other complaint."""
    match = _OF_A_VALUE.fullmatch(complaint)
    if match is None:
        return None
    for table, has_rowid in _tables(connection).items():
        for _, column, _, _, _, _, hidden in connection.execute(f"PRAGMA main.table_xinfo({quote(table)})").fetchall():
            if f"{table}.{column}" != match[3]:
                continue
            if hidden == _VIRTUAL:
                return table  # worked out from other columns whenever it is read
            # A comparison with NULL would be answered from the schema, unread.
            right = "<> 'null'" if match[2] is None else f"IN ('null', '{_STORED_AS.get(match[2], '')}')"
            wrong = f"SELECT 1 FROM main.{quote(table)} WHERE NOT typeof({quote(column)}) {right} LIMIT 1"
            return None if has_rowid or connection.execute(wrong).fetchone() else table
    return None


def _complaints(connection: sqlite3.Connection, check: str) -> Iterator[str]:
    try:
        found = connection.execute(f"PRAGMA {check}({MOST})").fetchall()
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_ERROR:
            raise
        # An index that needs what only another program has, such as a collation: table by table, but for that one.
        found = [row for name in _tables(connection) for row in _of_table(connection, check, name)]
    yield from _lines(found)


def _lines(found: list[tuple[str]]) -> Iterator[str]:
    for (complaint,) in found:
        if complaint.startswith(_HEADING):
            # Of the pages of a tree SQLite complains in one text. Any other may name a column of two lines.
            yield from (line for line in complaint.splitlines() if not line.startswith(_HEADING))
        elif complaint != "ok":
            yield complaint


def _of_table(connection: sqlite3.Connection, check: str, name: str) -> list[tuple[str]]:
    try:
        return connection.execute(f"PRAGMA {check}({quote(name)})").fetchall()
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_ERROR:
            raise
        return []


def _tables(connection: sqlite3.Connection) -> dict[str, bool]:
    """The tables that hold rows, and whether theirs have a rowid."""
    listed = connection.execute("PRAGMA main.table_list").fetchall()
    return {
        name: not without_rowid
        for schema, name, kind, _, without_rowid, *_ in listed
        if schema == "main" and kind in ("table", "shadow")
    }


def _miscounted(connection: sqlite3.Connection) -> Iterator[str]:
    """Indexes that have another number of entries than their table has rows, in the words of SQLite's own check."""
    for table in _tables(connection):
        rows = _count(connection, f"{quote(table)} NOT INDEXED")
        for _, index, _, _, partial in connection.execute(f"PRAGMA main.index_list({quote(table)})").fetchall():
            if not partial and entries(connection, table, index) != rows:
                yield f"wrong # of entries in index {index}"


def _sorted_out(connection: sqlite3.Connection, complaints: list[str]) -> Findings:
    """Complaints about indexes alone are no damage where each lacks as many rows as it is said to, and no row twice."""
    found = Findings()
    lacking: Counter[str] = Counter()
    counted: set[str] = set()
    for complaint in complaints:
        if match := _LACKING.fullmatch(complaint):
            lacking[match[1]] += 1
        elif match := _COUNTED.fullmatch(complaint):
            counted.add(match[1])
        elif _UNUSED.match(complaint):
            found.unused += 1
        elif not _HARMLESS.match(complaint):
            found.damage.append(complaint)
    for index in sorted({*lacking, *counted}):
        missing = _missing(connection, index)
        if missing > 0 and lacking[index] in (0, missing):
            found.indexes.append(index)
        else:
            found.damage.append(f"index {index} does not tell what its table does")
    return found


def _missing(connection: sqlite3.Connection, index: str) -> int:
    """How many rows of its table an index lacks, by number."""
    for table in _tables(connection):
        for _, name, _, _, partial in connection.execute(f"PRAGMA main.index_list({quote(table)})").fetchall():
            if name == index:
                if partial:
                    return 0
                return _count(connection, f"{quote(table)} NOT INDEXED") - entries(connection, table, index)
    return 0


def entries(connection: sqlite3.Connection, table: str, index: str) -> int:
    """How many entries an index has."""
    without_rowid = next(
        (row[4] for row in connection.execute("PRAGMA main.table_list") if (row[0], row[1]) == ("main", table)), 0
    )
    origins = {row[1]: row[3] for row in connection.execute(f"PRAGMA main.index_list({quote(table)})")}
    if without_rowid and origins.get(index) == "pk":
        return _count(connection, f"{quote(table)} NOT INDEXED")  # the table itself
    # A plain count(*) is answered by whichever index is the smallest, whatever is asked for.
    counted = f"SELECT coalesce(sum(1), 0) FROM {quote(table)} INDEXED BY {quote(index)}"
    number: int = connection.execute(counted).fetchone()[0]
    return number


def _count(connection: sqlite3.Connection, source: str) -> int:
    number: int = connection.execute(f"SELECT count(*) FROM {source}").fetchone()[0]
    return number
