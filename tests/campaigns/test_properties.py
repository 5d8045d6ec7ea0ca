"""Properties that hold for any database: the examples are made up by hypothesis, the same ones at every run."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.database.models import KNOWN, Reference
from tests.support.archives import entries_of
from tests.support.databases import (
    assert_nothing_changes,
    assert_same,
    backup,
    contents,
    copy_of,
    emptied,
    export,
    fresh,
    opened,
    quoted,
    restore,
)
from tests.support.shipped import entry

bounded = settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)

IDS = st.sampled_from(["a", "b", "c", "A", "1", "é", "a\x00b", ""])

INTEGERS = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 1])

TIMES = st.datetimes().map(lambda time: time.isoformat() + "+00:00") | st.datetimes().map(
    lambda time: time.isoformat(" ", "seconds")
)

ODD = st.one_of(
    st.none(),
    INTEGERS,
    st.floats(allow_nan=False),
    st.sampled_from([math.inf, -math.inf, -0.0, 5e-324]),
    st.text(max_size=20),
    st.binary(max_size=20),
    TIMES,
)
"""Anything SQLite can store, but for text that is not UTF-8."""

USUAL = {
    "text": st.text(max_size=20),
    "json": st.sampled_from(["[]", "{}", '["a","b ü"]']),
    "timestamp": TIMES,
    "boolean": st.sampled_from([0, 1]),
    "integer": INTEGERS,
    "double": st.floats(allow_nan=False),
}

Row = dict[str, Any]
Rows = dict[str, list[Row]]


def _column(field: Any) -> st.SearchStrategy[Any]:
    if field.primary_key:
        return st.integers(1, 5) if field.kind == "integer" else IDS
    if isinstance(field, Reference) or field.meant:
        return st.none() | IDS if field.null else IDS
    # One value in eight is a surprise.
    surprise = ODD if field.null else ODD.filter(lambda odd: odd is not None)
    return st.integers(0, 7).flatmap(lambda dice: USUAL[field.kind] if dice else surprise)


def _row(table: str) -> st.SearchStrategy[Row]:
    known = KNOWN[table]
    always = {name: _column(field) for name, field in known.items() if not field.null}
    perhaps = {name: _column(field) for name, field in known.items() if field.null}
    return st.fixed_dictionaries(always, optional=perhaps)


ROWS: st.SearchStrategy[Rows] = st.fixed_dictionaries(
    {}, optional={table: st.lists(_row(table), max_size=4) for table in KNOWN}
)

FURTHER = st.lists(st.tuples(ODD, ODD), max_size=4)
"""Rows of a table that nobody has heard of."""

KEYS = st.sampled_from(["", ", PRIMARY KEY (a)", ", PRIMARY KEY (b, a)", ", UNIQUE (b)"])


def fill(database: Path, rows: Rows) -> Path:
    """Store what the schema lets in: a clash of keys, or a second default list, is left out."""
    with opened(database) as connection:
        for table, records in rows.items():
            for record in records:
                columns, marks = ", ".join(map(quoted, record)), ", ".join("?" * len(record))
                connection.execute(
                    f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({marks})", tuple(record.values())
                )
    return database


def in_a_folder(check: Callable[[Path], None]) -> None:
    with TemporaryDirectory() as folder:
        check(Path(folder))


def _survives(rows: Rows, further: list[tuple[Any, Any]], key: str) -> None:
    def check(folder: Path) -> None:
        source = fill(fresh(folder), rows)
        with opened(source) as connection:
            connection.execute(f"CREATE TABLE further (a, b{key})")
            connection.executemany("INSERT OR IGNORE INTO further VALUES (?, ?)", further)
        archive = backup(source, folder / "b.kpbackup")
        device = emptied(copy_of(source, folder / "device"))
        restore(device, archive)
        assert_same(source, device)
        assert_nothing_changes(restore(device, archive))
        assert_nothing_changes(restore(device, archive, overwrite=False))
        assert_same(source, device)
        again = folder / "again.kpbackup"
        export(device, again)
        for name in entries_of(archive).keys() - {"metadata.json", "data.json", "manifest.json", "exact.json"}:
            assert _unordered(entry(archive, name)) == _unordered(entry(again, name))

    in_a_folder(check)


@settings(bounded, max_examples=6)
@given(rows=ROWS, further=FURTHER, key=KEYS)
def test_some_databases_survive_export_and_import_and_a_second_import_changes_nothing(
    rows: Rows, further: list[tuple[Any, Any]], key: str
) -> None:
    _survives(rows, further, key)


@pytest.mark.slow
@bounded
@given(rows=ROWS, further=FURTHER, key=KEYS)
def test_any_database_survives_export_and_import_and_a_second_import_changes_nothing(
    rows: Rows, further: list[tuple[Any, Any]], key: str
) -> None:
    _survives(rows, further, key)


@pytest.mark.slow
@bounded
@given(ours=ROWS, theirs=ROWS)
def test_any_backup_replaces_what_any_device_holds(ours: Rows, theirs: Rows) -> None:
    def check(folder: Path) -> None:
        source, device = fill(fresh(folder, "source.db"), ours), fill(fresh(folder, "device.db"), theirs)
        archive = backup(source, folder / "b.kpbackup")
        # The account of every row, and the preview's prediction, are held in there.
        restore(device, archive)
        assert_same_but_for_the_default_list(source, device)
        assert_nothing_changes(restore(device, archive))

    in_a_folder(check)


@pytest.mark.slow
@bounded
@given(ours=ROWS, theirs=ROWS)
def test_any_backup_merges_into_any_device_and_no_row_of_it_is_lost(ours: Rows, theirs: Rows) -> None:
    def check(folder: Path) -> None:
        source, device = fill(fresh(folder, "source.db"), ours), fill(fresh(folder, "device.db"), theirs)
        archive = backup(source, folder / "b.kpbackup")
        before = contents(device)
        restore(device, archive, overwrite=False)
        between = contents(device)
        for table, (_, rows) in before.items():
            assert rows <= between[table][1], table
        restore(device, archive, overwrite=False)
        assert contents(device) == between

    in_a_folder(check)


def assert_same_but_for_the_default_list(source: Path, device: Path) -> None:
    """A device keeps a default list of its own if the backup has none."""
    sides = contents(source), contents(device)
    for table in sides[0]:
        if table != "task_lists" or _defaults(source):
            assert sides[0][table] == sides[1][table], table
    assert _defaults(device) == 1


def _defaults(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        (number,) = connection.execute("SELECT count(*) FROM task_lists WHERE is_default = 1").fetchone()
        return int(number)


def _unordered(document: Any) -> Any:
    return sorted(map(repr, document)) if isinstance(document, list) else document
