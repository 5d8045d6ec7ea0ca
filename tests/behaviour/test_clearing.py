"""Clear All Data: what the page promises is cleared, and all of it comes back."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from sidecar.automatic.catalogue import locked, read_catalogue
from sidecar.automatic.health import HELD, backup_status
from sidecar.automatic.policy import Policy
from sidecar.automatic.policy_file import write_policy
from sidecar.automatic.running import now_utc, run_backup_if_due
from sidecar.clearing.clearing import clear_all_data
from sidecar.cli.arguments import UsageError
from sidecar.cli.commands import run
from sidecar.database.sample import make_fresh
from sidecar.errors.base import Cancelled, SidecarError
from sidecar.errors.databases import DatabaseBusy, DatabaseDamaged, DatabaseNotFound, UnknownSchema
from sidecar.errors.jobs import SafetyCopyFailed
from sidecar.export.safety_copies import all_copies
from sidecar.jobs.undoing import undo_last_import
from sidecar.progress import Progress
from sidecar.results import ClearResult
from sidecar.system.paths import Places
from tests.conftest import EVERY_KIND, GENERATIONS, Copy
from tests.support.databases import MIGRATIONS, Contents, contents, execute, query

DATABASES = (EVERY_KIND, *GENERATIONS)


def rows(held: Contents) -> dict[str, int]:
    """Rows per table that has any."""
    return {table: sum(found.values()) for table, (_, found) in held.items() if found}


def clear(places: Places, **options: object) -> ClearResult:
    return clear_all_data(places, Progress(), **options)  # type: ignore[arg-type]


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("generation", DATABASES)
def test_every_table_is_cleared_but_for_what_a_new_database_has(
    generation: str, database_copy: Copy, tmp_path: Path
) -> None:
    places = Places(database_copy(generation), tmp_path / "work")
    before, migrations = contents(places.database), query(places.database, f"SELECT * FROM {MIGRATIONS}")
    schema = query(places.database, "SELECT type, name, sql FROM sqlite_master ORDER BY name")
    default = query(places.database, "SELECT * FROM task_lists WHERE is_default") if "task_lists" in before else []
    result = clear(places)
    after = contents(places.database)
    kept = {"task_lists": 1, "logging_config": 1}
    assert rows(after) == {table: count for table, count in kept.items() if table in before}
    assert query(places.database, f"SELECT * FROM {MIGRATIONS}") == migrations
    if default:
        assert query(places.database, "SELECT * FROM task_lists") == default
    assert query(places.database, "SELECT type, name, sql FROM sqlite_master ORDER BY name") == schema
    gone = Counter(rows(before)) - Counter(rows(after))
    assert result.tables == dict(gone)


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("generation", DATABASES)
def test_an_undo_brings_all_of_it_back_to_the_last_byte(generation: str, database_copy: Copy, tmp_path: Path) -> None:
    places = Places(database_copy(generation), tmp_path / "work")
    before = contents(places.database)
    result = clear(places)
    undone = undo_last_import(places, Progress())
    assert undone.path == result.safety_copy
    assert contents(places.database) == before


def test_a_table_that_nobody_here_knows_is_cleared_and_comes_back(places: Places) -> None:
    execute(
        places.database,
        "CREATE TABLE moods (id TEXT PRIMARY KEY, task_id TEXT NOT NULL REFERENCES tasks (id), mood BLOB)",
        "INSERT INTO moods SELECT 'm' || id, id, x'00ff' FROM tasks",
        "CREATE TABLE keyless (a, b)",
        "INSERT INTO keyless VALUES (1, 1.0), (1, 1.0), (NULL, 'x')",
        "ALTER TABLE logging_config ADD COLUMN flavour TEXT NOT NULL DEFAULT 'plain'",
    )
    before = contents(places.database)
    result = clear(places)
    assert (result.tables["moods"], result.tables["keyless"]) == (12, 3)
    assert query(places.database, "SELECT count(*) FROM moods") == [(0,)]
    undo_last_import(places, Progress())
    assert contents(places.database) == before


def test_settings_of_which_a_newer_app_puts_in_more_than_is_known_stay(places: Places) -> None:
    execute(
        places.database,
        "DROP TABLE logging_config",
        "CREATE TABLE logging_config (id INTEGER PRIMARY KEY, secret_of_a_newer_app TEXT NOT NULL)",
        "INSERT INTO logging_config VALUES (1, 'needed')",
    )
    clear(places)
    assert query(places.database, "SELECT * FROM logging_config") == [(1, "needed")]


def test_its_sentence_is_that_of_the_app_and_says_where_the_copy_is(places: Places) -> None:
    result = clear(places)
    assert result.message.startswith(
        "Successfully cleared all data: 12 tasks, 6 time sessions, 5 AI interactions, 2 dependencies, 12 other records."
    )
    assert result.safety_copy is not None
    assert result.message.endswith(result.safety_copy)
    assert result.warnings == []


def test_logging_settings_are_as_at_first(places: Places, tmp_path: Path) -> None:
    execute(places.database, "UPDATE logging_config SET enabled = 1, max_log_count = 7")
    make_fresh(tmp_path / "fresh.db")
    clear(places)
    sql = "SELECT id, enabled, max_log_count FROM logging_config"
    assert query(places.database, sql) == query(tmp_path / "fresh.db", sql)


def test_a_backup_is_made_before_and_the_emptied_database_pushes_nothing_out(places: Places) -> None:
    result = clear(places, app_version="0.0.54")
    catalogue = read_catalogue(places.database)
    (entry,) = [entry for state in catalogue.places.values() for entry in state.entries]
    assert (entry.why, entry.app_version, entry.rows["tasks"]) == ("before the data is cleared", "0.0.54", 12)
    assert result.backup is not None
    assert Path(result.backup).name == entry.name
    run_backup_if_due(places, "manual", Progress())
    assert backup_status(places, now_utc()).state == HELD


def test_a_policy_that_asks_for_none_has_none_and_the_safety_copy_is_made_all_the_same(places: Places) -> None:
    write_policy(places.database, Policy(before_clear=False))
    run_backup_if_due(places, "start", Progress())
    result = clear(places)
    assert result.backup is None
    assert result.safety_copy is not None
    assert len([entry for state in read_catalogue(places.database).places.values() for entry in state.entries]) == 1


def test_an_automatic_backup_that_fails_is_told_and_the_safety_copy_suffices(places: Places) -> None:
    before = contents(places.database)
    with locked(places.database):
        result = clear(places)
    assert result.backup is None
    assert any(line.startswith("No automatic backup was made before: ") for line in result.warnings)
    undo_last_import(places, Progress())
    assert contents(places.database) == before


def test_without_a_safety_copy_nothing_is_cleared(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(places.database)

    def fail(*_: object) -> None:
        raise SafetyCopyFailed(detail="no room")

    monkeypatch.setattr("sidecar.export.safety_copies.SafetyCopy.make", fail)
    with pytest.raises(SafetyCopyFailed):
        clear(places)
    assert contents(places.database) == before


@pytest.mark.slow
def test_settings_that_the_page_is_about_to_remove_are_worth_a_copy_even_of_an_empty_database(places: Places) -> None:
    clear(places)
    copies = len(all_copies(places))
    assert clear(places).safety_copy is None, "nothing is there, and nothing is lost"
    settings = {"kirapilot-preferences": '{"theme":"dark","aiSettings":{"geminiApiKey":"secret"}}'}
    result = clear(places, settings=settings)
    assert result.safety_copy is not None
    assert len(all_copies(places)) == copies + 1
    undone = undo_last_import(places, Progress(), {"kirapilot-preferences": '{"theme":"auto"}'})
    assert undone.path == result.safety_copy
    assert undone.settings is not None
    assert undone.settings["kirapilot-preferences"]["theme"] == "dark"
    assert b"secret" not in Path(result.safety_copy).read_bytes()


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("harm", ["missing", "damaged", "busy"])
def test_a_database_that_cannot_be_cleared_is_told_of_and_left_as_it_was(harm: str, places: Places) -> None:
    told: type[SidecarError] = {"missing": DatabaseNotFound, "damaged": DatabaseDamaged, "busy": DatabaseBusy}[harm]
    if harm == "missing":
        places.database.unlink()
    elif harm == "damaged":
        with places.database.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * 8192)
    before = places.database.read_bytes() if places.database.exists() else None
    with closing(sqlite3.connect(":memory:" if harm != "busy" else places.database)) as app:
        app.execute("BEGIN EXCLUSIVE")
        with pytest.raises(told):
            clear(places)
    assert (places.database.read_bytes() if places.database.exists() else None) == before
    assert all_copies(places) == []


@pytest.mark.slow(but=3)
@pytest.mark.parametrize("step", range(1, 60, 3))
def test_a_cancel_at_any_step_leaves_all_of_it_or_none(step: int, places: Places) -> None:
    before, looks = contents(places.database), 0

    def cancelled() -> bool:
        nonlocal looks
        looks += 1
        return looks >= step

    with pytest.raises(Cancelled):
        clear_all_data(places, Progress(cancelled=cancelled))
    assert contents(places.database) == before
    assert all_copies(places) == []


def test_the_command_line_asks_first_and_says_where_the_copy_is(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["clear", "--database", str(places.database), "--work-dir", str(places.work_dir)]
    before = contents(places.database)
    assert run(words) == UsageError.exit_code
    assert "Add --yes if that is meant." in capsys.readouterr().err
    assert contents(places.database) == before
    assert run([*words, "--yes"]) == 0
    (copy,) = all_copies(places)
    told = capsys.readouterr().out
    assert "Successfully cleared all data: 12 tasks" in told
    assert str(copy) in told


@pytest.mark.parametrize(
    "statements",
    [
        ("DROP TABLE seaql_migrations",),
        (
            "CREATE TABLE made AS SELECT * FROM seaql_migrations",
            "DROP TABLE seaql_migrations",
            "CREATE VIEW seaql_migrations AS SELECT * FROM made",
        ),
        ("UPDATE seaql_migrations SET version = CAST(x'ff61' AS TEXT) WHERE rowid = 1",),
    ],
    ids=["none", "a view", "not UTF-8"],
)
def test_a_database_whose_record_of_migrations_is_odd_is_cleared(
    statements: tuple[str, ...], database_copy: Copy, tmp_path: Path
) -> None:
    places = Places(database_copy(EVERY_KIND), tmp_path / "work")
    execute(places.database, *statements)
    before = contents(places.database)
    clear(places)
    assert rows(contents(places.database)).get("tasks") is None
    undo_last_import(places, Progress())
    assert contents(places.database) == before


def test_a_table_that_only_the_app_can_make_is_told_of(database_copy: Copy, tmp_path: Path) -> None:
    places = Places(database_copy(EVERY_KIND), tmp_path / "work")
    with closing(sqlite3.connect(places.database, isolation_level=None)) as connection:
        connection.create_function("kira", 1, lambda text: text, deterministic=True)
        connection.execute("CREATE TABLE step (id TEXT PRIMARY KEY, name TEXT CHECK (kira(name)))")
    before = contents(places.database)
    with pytest.raises(UnknownSchema, match="kira"):
        clear(places)
    assert contents(places.database) == before
