"""Databases made from nothing, held against real ones of the app."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.database.generations import GENERATIONS, MIGRATIONS, known_of, make_generation
from sidecar.database.models import KNOWN
from tests.conftest import DATA, FIRST, SECOND, THIRD
from tests.support.databases import contents, query

REAL = {
    "2025-08-23": DATA / f"{FIRST}.db",
    "2025-08-24": DATA / f"{SECOND}.db",
    "2025-09-08": DATA / f"{THIRD}.db",
}
WORDS = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY rowid"


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_generation_is_what_the_app_made_to_the_letter(generation: str, tmp_path: Path) -> None:
    made = tmp_path / "made.db"
    make_generation(made, GENERATIONS[generation])
    assert query(made, WORDS) == query(REAL[generation], WORDS)
    for question in ("SELECT version FROM seaql_migrations", "PRAGMA page_size", "PRAGMA journal_mode"):
        assert query(made, question) == query(REAL[generation], question)


@pytest.mark.parametrize("migrations", range(len(MIGRATIONS) + 1))
def test_a_database_can_be_made_of_any_number_of_migrations(migrations: int, tmp_path: Path) -> None:
    made = tmp_path / "made.db"
    make_generation(made, MIGRATIONS[:migrations], first_rows=())
    assert query(made, "PRAGMA integrity_check") == [("ok",)]
    assert query(made, "SELECT count(*) FROM seaql_migrations") == [(migrations,)]
    assert not any(rows for _, rows in contents(made).values())


def test_the_newest_generation_has_the_columns_that_the_models_know(tmp_path: Path) -> None:
    made = tmp_path / "made.db"
    make_generation(made)
    assert {name: columns for name, (columns, _) in contents(made).items()} == {
        name: tuple(columns) for name, columns in KNOWN.items()
    }


def test_first_rows_are_those_of_the_app(tmp_path: Path) -> None:
    """But for their times, and the list's own id."""
    made = tmp_path / "made.db"
    make_generation(made)
    for sql in (
        "SELECT * FROM (SELECT name, is_default FROM task_lists WHERE is_default)",
        "SELECT id, enabled, log_level, retention_days, max_log_size, export_format, max_log_count FROM logging_config",
    ):
        assert query(made, sql) == query(REAL["2025-09-08"], sql) != []
    assert {name for name, (_, rows) in contents(made).items() if rows} == {"task_lists", "logging_config"}


@pytest.mark.parametrize("default_list", [None, "one"])
def test_a_list_of_its_own_is_the_default(default_list: str | None, tmp_path: Path) -> None:
    made = [tmp_path / "first.db", tmp_path / "second.db"]
    for path in made:
        make_generation(path, default_list=default_list)
    first, second = (query(path, "SELECT id, name, is_default FROM task_lists") for path in made)
    assert (first == second) == (default_list is not None)
    assert [row[1:] for row in first] == [("Default", 1)]


def test_known_migrations_end_where_the_first_unknown_stands() -> None:
    assert known_of(MIGRATIONS) == MIGRATIONS
    assert known_of([*MIGRATIONS, "m20990101_000020_of_tomorrow"]) == MIGRATIONS
    assert known_of(MIGRATIONS[:9]) == MIGRATIONS[:9]
    assert known_of([*MIGRATIONS[:3], *MIGRATIONS[4:]]) == MIGRATIONS[:3]
    assert known_of([]) == ()
