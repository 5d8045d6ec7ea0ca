"""Databases in tests: changed by SQL, compared byte by byte, and led through the jobs.

``compare`` of the package is not used on purpose: what judges the code must not be the code.
"""

from __future__ import annotations

import shutil
import sqlite3
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sidecar.database.sample import make_fresh, make_sample
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from sidecar.results import BackupValidationResult, ExportResult, ImportPreview, ImportResult
from sidecar.system.paths import Places

MIGRATIONS = "seaql_migrations"

Cell = tuple[str, object]
"""Storage class and bytes: equal only if SQLite stores the two identically."""

Contents = dict[str, tuple[tuple[str, ...], Counter[tuple[Cell, ...]]]]
"""Table -> its columns, and each row with the number of times it is there."""


@contextmanager
def opened(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection for a test's own changes, with foreign keys off: hands leave what the app would not."""
    with closing(sqlite3.connect(database)) as connection:
        yield connection
        connection.commit()


def tracing(
    opener: Callable[[Path], sqlite3.Connection], statements: list[str]
) -> Callable[[Path], sqlite3.Connection]:
    """The same opener, whose connections add what they execute to ``statements``."""

    def open_traced(path: Path) -> sqlite3.Connection:
        connection = opener(path)
        connection.set_trace_callback(statements.append)
        return connection

    return open_traced


def execute(database: Path, *statements: str) -> None:
    with opened(database) as connection:
        for statement in statements:
            connection.execute(statement)


def altered(database: Path, sql: str, *values: object) -> None:
    """Execute one statement with values."""
    with opened(database) as connection:
        connection.execute(sql, values)


def insert(database: Path, table: str, **values: object) -> None:
    """One row; columns not named take their default."""
    columns = ", ".join(map(quoted, values))
    marks = ", ".join("?" * len(values))
    with opened(database) as connection:
        connection.execute(f"INSERT INTO {quoted(table)} ({columns}) VALUES ({marks})", tuple(values.values()))


def query(database: Path, sql: str, *arguments: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(sql, arguments).fetchall()


def value(database: Path, sql: str, *arguments: object) -> Any:
    """The one value a query answers."""
    return query(database, sql, *arguments)[0][0]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def contents(database: Path, ignored: Iterable[str] = (MIGRATIONS,)) -> Contents:
    """Every ordinary table of a database, byte by byte."""
    with closing(sqlite3.connect(database)) as connection:
        connection.text_factory = bytes
        names = [name.decode() for (name,) in connection.execute(_TABLES)]
        return {name: _table(connection, name) for name in names if name not in set(ignored)}


def cells(database: Path, table: str, columns: Sequence[str]) -> Counter[tuple[Cell, ...]]:
    """Some columns of a table, byte by byte."""
    with closing(sqlite3.connect(database)) as connection:
        connection.text_factory = bytes
        return _cells(connection, table, columns)


def assert_same(first: Path, second: Path, ignored: Iterable[str] = (MIGRATIONS,)) -> None:
    """Every table of the two databases holds the same rows: columns, storage classes and bytes."""
    assert_same_contents(contents(first, ignored), contents(second, ignored))


def assert_same_contents(left: Contents, right: Contents) -> None:
    assert left.keys() == right.keys()
    for name in left:
        assert left[name][0] == right[name][0], f"columns of {name}"
        gone, come = left[name][1] - right[name][1], right[name][1] - left[name][1]
        assert (gone, come) == (Counter(), Counter()), f"rows of {name}"


def counts(database: Path) -> dict[str, int]:
    return {name: rows.total() for name, (_, rows) in contents(database, ()).items()}


def copy_of(database: Path, folder: Path) -> Path:
    """A copy in ``folder``, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(database, folder / "copy.db"))


def fresh(folder: Path, name: str = "fresh.db") -> Path:
    """A new device: the app was started once."""
    path = folder / name
    path.write_bytes(_fresh_bytes())
    return path


@cache
def _fresh_bytes() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder, "fresh.db")
        make_fresh(path, "fffff000-0000-4000-8000-00000000ffff")
        return path.read_bytes()


def emptied(database: Path) -> Path:
    """The same database without rows, but for the migrations: its schema is that of a new device."""
    for table in contents(database):
        execute(database, f"DELETE FROM {quoted(table)}")
    return database


def larger(folder: Path, tasks: int) -> Places:
    """A database of so many tasks, and its backup beside it: a.kpbackup."""
    places = Places(folder / "kirapilot.db", folder / "work")
    make_sample(places.database, tasks)
    export_data(places, str(folder / "a.kpbackup"), Progress())
    return places


def places_of(database: Path) -> Places:
    """The database, and a work folder beside it."""
    return Places(database, database.parent / "work")


def export(database: Path, archive: Path) -> ExportResult:
    return export_data(places_of(database), str(archive), Progress())


def validate(database: Path, archive: Path) -> BackupValidationResult:
    return validate_comprehensive(places_of(database), str(archive), Progress())


def preview(database: Path, archive: Path, overwrite: bool = True, allow_loss: bool = False) -> ImportPreview:
    return preview_import(places_of(database), str(archive), overwrite, Progress(), allow_loss)


def bring_in(database: Path, archive: Path, overwrite: bool = True, allow_loss: bool = False) -> ImportResult:
    """Import, nothing else."""
    return import_data(places_of(database), str(archive), overwrite, Progress(), allow_loss)


def restore(database: Path, archive: Path, overwrite: bool = True, allow_loss: bool = False) -> ImportResult:
    """Import, and hold what every import must keep: the preview's prediction, and the account of each row."""
    predicted = preview(database, archive, overwrite, allow_loss)
    before = counts(database)
    result = bring_in(database, archive, overwrite, allow_loss)
    assert result.tables == predicted.tables
    assert result.warnings == predicted.warnings
    assert_accounted(result, before, counts(database))
    return result


def backup(database: Path, archive: Path) -> Path:
    """A backup that validates without an error."""
    export(database, archive)
    verdict = validate(database, archive)
    assert verdict.errors == []
    assert verdict.is_valid
    return archive


def assert_accounted(result: ImportResult, before: dict[str, int], after: dict[str, int]) -> None:
    """No row comes or goes without being counted."""
    for name, account in result.tables.items():
        fates = account.added + account.updated + account.unchanged + sum(account.left_out.values())
        assert account.read + account.repaired == fates, name
        if name in before:
            assert before[name] - account.removed + account.added == after[name], name
    for name in before.keys() - result.tables.keys():
        assert before[name] == after[name], name


def assert_nothing_changes(result: ImportResult) -> None:
    """Every row of the backup was in the database already."""
    for name, account in result.tables.items():
        assert account.unchanged == account.read, name
        assert (account.added, account.updated, account.removed, account.untied) == (0, 0, 0, 0), name


_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"


def _table(connection: sqlite3.Connection, name: str) -> tuple[tuple[str, ...], Counter[tuple[Cell, ...]]]:
    # No function of this name: a table may have taken it.
    columns = tuple(column[1].decode() for column in connection.execute(f"PRAGMA table_xinfo({quoted(name)})"))
    return columns, _cells(connection, name, columns)


def _cells(connection: sqlite3.Connection, table: str, columns: Sequence[str]) -> Counter[tuple[Cell, ...]]:
    listed = ", ".join(f"typeof({quoted(column)}), {quoted(column)}" for column in columns)
    rows = connection.execute(f"SELECT {listed} FROM {quoted(table)}")
    return Counter(tuple(map(_cell, row[::2], row[1::2])) for row in rows)


def _cell(storage: bytes, stored: Any) -> Cell:
    # 0.0 and -0.0 are equal to Python, too.
    return storage.decode(), struct.pack(">d", stored) if isinstance(stored, float) else stored
