"""An undo puts back what was in this very database, whatever the database's own triggers and references say to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sidecar.database.generations import make_generation
from sidecar.errors.backups import RowsRefused
from sidecar.errors.base import SidecarError
from sidecar.errors.databases import CannotRemove, UnknownSchema
from sidecar.errors.jobs import AccountingMismatch
from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.undoing import preview_undo, undo_last_import
from sidecar.progress import Progress
from sidecar.restore import triggers
from sidecar.restore.ledger import Ledger
from sidecar.system.paths import Places
from tests.support.databases import backup, contents, execute, fresh, query
from tests.support.shipped import shipped_archive, task

BEGUN = "2026-01-01T00:00:00+00:00"

FORBIDDING = {
    "a removal": "BEFORE DELETE ON tasks BEGIN SELECT raise(ABORT, 'never'); END",
    "a removal, and all before it": "BEFORE DELETE ON tasks BEGIN SELECT raise(ROLLBACK, 'never'); END",
    "a removal, halfway": "AFTER DELETE ON tasks BEGIN SELECT raise(FAIL, 'never'); END",
    "a change": "BEFORE UPDATE ON tasks BEGIN SELECT raise(ABORT, 'never'); END",
    "a new row": "BEFORE INSERT ON tasks BEGIN SELECT raise(ABORT, 'never'); END",
}
MEDDLING = {
    "skips a removal": "BEFORE DELETE ON tasks BEGIN SELECT raise(IGNORE); END",
    "skips a change": "BEFORE UPDATE ON tasks BEGIN SELECT raise(IGNORE); END",
    "skips a new row": "BEFORE INSERT ON tasks BEGIN SELECT raise(IGNORE); END",
    "notes removals": "AFTER DELETE ON tasks BEGIN INSERT INTO diary (what) VALUES ('less'); END",
    "notes changes": "AFTER UPDATE OF title ON tasks BEGIN INSERT INTO diary (what) VALUES ('other'); END",
    "notes new rows": "AFTER INSERT ON tasks BEGIN INSERT INTO diary (what) VALUES ('more'); END",
    "changes the row itself": "AFTER UPDATE ON tasks BEGIN UPDATE tasks SET tags = '[\"t\"]' WHERE id = NEW.id; END",
    "changes itself again and again": "AFTER UPDATE ON tasks BEGIN UPDATE tasks SET tags = tags || NEW.id; END",
    "removes what belongs to others": "AFTER INSERT ON tasks BEGIN DELETE FROM time_sessions; END",
    "needs a table that is not there": "AFTER DELETE ON tasks BEGIN INSERT INTO nowhere VALUES (1); END",
    "needs a function of the app's own": "AFTER DELETE ON tasks BEGIN SELECT tell(OLD.id); END",
}
ODD = {
    "with an odd name": 'CREATE TRIGGER "odd ""name" BEFORE DELETE ON tasks BEGIN SELECT raise(ABORT, \'né\'); END',
    "without a name": "CREATE TRIGGER \"\" BEFORE UPDATE ON tasks BEGIN SELECT raise(ABORT, 'never'); END",
    "like its table": "CREATE TRIGGER IF NOT EXISTS main.tasks AFTER DELETE ON [tasks] BEGIN DELETE FROM diary; END",
    "full of remarks": "CREATE TRIGGER x /* END; */ AFTER DELETE ON tasks --\nBEGIN DELETE FROM diary; -- END\n END",
    "in other letters": "create trigger Loud\n before delete on TASKS -- so\nbegin select raise(abort, 'never'); end",
}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    places = Places(fresh(tmp_path), tmp_path / "work")
    execute(
        places.database,
        "INSERT INTO tasks (id, title) VALUES ('a', 'A'), ('b', 'B'), ('gone', 'G')",
        f"INSERT INTO time_sessions (id, task_id, start_time) VALUES ('s', 'gone', '{BEGUN}'), ('t', 'a', '{BEGUN}')",
        "CREATE TABLE diary (id INTEGER PRIMARY KEY, what TEXT)",
        "INSERT INTO diary VALUES (1, 'kept')",
    )
    return places


@pytest.fixture
def archive(tmp_path: Path) -> str:
    return str(shipped_archive(tmp_path / "b.kpbackup", tasks=[task("a", title="A2"), task("b", title="B"), task("c")]))


def schema(database: Path) -> list[tuple[object, ...]]:
    """What the schema holds, and the triggers of each table in their order."""
    return query(database, "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type = 'trigger', rowid")


def made(database: Path, *statements: str) -> list[tuple[object, ...]]:
    execute(database, *statements)
    return schema(database)


def undone(places: Places) -> None:
    """An undo that does what its preview said."""
    _, expected = preview_undo(places, Progress())
    result = undo_last_import(places, Progress())
    assert result.tables == expected.tables


@pytest.mark.slow(but=4)
@pytest.mark.parametrize(
    "trigger",
    [*(f"CREATE TRIGGER own {body}" for body in {**FORBIDDING, **MEDDLING}.values()), *ODD.values()],
    ids=[name.replace(" ", "-") for name in {**FORBIDDING, **MEDDLING, **ODD}],
)
def test_it_is_put_back_to_the_last_byte_and_the_trigger_is_there_afterwards(
    places: Places, archive: str, trigger: str
) -> None:
    before = contents(places.database)
    import_data(places, archive, True, Progress())
    imported = contents(places.database)
    there = made(places.database, trigger)
    undone(places)
    assert contents(places.database) == before
    assert schema(places.database) == there
    undone(places)
    assert contents(places.database) == imported
    assert schema(places.database) == there
    assert query(places.database, "PRAGMA integrity_check") == [("ok",)]


def test_the_trigger_works_afterwards_and_in_an_app_that_had_the_database_open(places: Places, archive: str) -> None:
    import_data(places, archive, True, Progress())
    made(
        places.database,
        f"CREATE TRIGGER forbidding {FORBIDDING['a removal']}",
        f"CREATE TRIGGER noting {MEDDLING['notes new rows']}",
    )
    with closing(sqlite3.connect(places.database, isolation_level=None)) as app:
        assert app.execute("SELECT count(*) FROM tasks").fetchone() == (3,)
        undone(places)
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            app.execute("DELETE FROM tasks WHERE id = 'gone'")
        app.execute("INSERT INTO tasks (id, title) VALUES ('d', 'D')")
    assert query(places.database, "SELECT what FROM diary") == [("kept",), ("more",)]


def test_triggers_of_one_table_take_turns_as_before(places: Places, archive: str) -> None:
    noting = "CREATE TRIGGER {0} AFTER INSERT ON tasks WHEN NEW.id = 'x' BEGIN INSERT INTO turns VALUES ('{0}'); END"
    import_data(places, archive, True, Progress())
    made(
        places.database,
        "CREATE VIRTUAL TABLE found USING fts5(title)",
        "CREATE TABLE turns (name TEXT)",
        noting.format("first"),
        "CREATE TRIGGER indexing AFTER INSERT ON tasks BEGIN"
        " INSERT INTO found SELECT 'after ' || count(*) FROM turns; END",
        noting.format("last"),
    )

    def turns() -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(places.database)) as connection:
            connection.execute("INSERT INTO tasks (id, title) VALUES ('x', 'X')")
            newest = "SELECT title FROM found ORDER BY rowid DESC LIMIT 1"
            return connection.execute(f"SELECT name FROM turns UNION ALL SELECT * FROM ({newest})").fetchall()

    before = turns()
    undone(places)
    assert before[-1] == ("after 1",)
    assert turns() == before


def test_a_search_index_goes_on_being_kept(places: Places, archive: str) -> None:
    import_data(places, archive, True, Progress())
    there = made(
        places.database,
        "CREATE VIRTUAL TABLE \"the words\" USING fts5(title, content='tasks', content_rowid='rowid')",
        'INSERT INTO "the words" ("the words") VALUES (\'rebuild\')',
        "CREATE TRIGGER coming AFTER INSERT ON tasks BEGIN"
        ' INSERT INTO "the words" (rowid, title) VALUES (NEW.rowid, NEW.title); END',
        "CREATE TRIGGER going AFTER DELETE ON tasks BEGIN"
        " INSERT INTO [the words] ([the words], rowid, title) VALUES ('delete', OLD.rowid, OLD.title); END",
        "CREATE TRIGGER changing AFTER UPDATE ON tasks BEGIN"
        " INSERT INTO `The Words` (`the words`, rowid, title) VALUES ('delete', OLD.rowid, OLD.title);"
        " INSERT INTO `The Words` (rowid, title) VALUES (NEW.rowid, NEW.title); END",
        f"CREATE TRIGGER forbidding {FORBIDDING['a removal']}",
        f"CREATE TRIGGER noting {MEDDLING['notes changes']}",
    )
    undone(places)
    assert sorted(query(places.database, "SELECT title FROM \"the words\" ('a OR a2 OR g OR c')")) == [("A",), ("G",)]
    execute(places.database, 'INSERT INTO "the words" ("the words", rank) VALUES (\'integrity-check\', 1)')
    assert schema(places.database) == there


def test_a_search_index_that_is_kept_through_a_view_goes_on_being_kept(places: Places, archive: str) -> None:
    import_data(places, archive, True, Progress())
    made(
        places.database,
        "CREATE VIRTUAL TABLE found USING fts5(title)",
        "CREATE VIEW entrance AS SELECT title FROM found",
        "CREATE TRIGGER passing INSTEAD OF INSERT ON entrance BEGIN INSERT INTO found VALUES (NEW.title); END",
        "CREATE TRIGGER indexing AFTER INSERT ON tasks BEGIN INSERT INTO entrance VALUES (NEW.title); END",
    )
    undone(places)
    assert query(places.database, "SELECT title FROM found") == [("G",)]


REFERRING = ("CASCADE", "SET NULL", "RESTRICT", "NO ACTION", "SET DEFAULT")


@pytest.mark.parametrize("action", REFERRING)
def test_rows_that_refer_to_others_come_back_whatever_their_references_do(
    places: Places, archive: str, action: str
) -> None:
    labels = f"CREATE TABLE labels (id TEXT PRIMARY KEY, task TEXT REFERENCES tasks (id) ON DELETE {action})"
    execute(places.database, labels, "INSERT INTO labels VALUES ('l', 'a'), ('m', 'b')")
    execute(
        places.database,
        "DELETE FROM tasks WHERE id = 'gone'",
        "DELETE FROM time_sessions WHERE id = 's'",
        "CREATE TRIGGER forbidding BEFORE DELETE ON labels BEGIN SELECT raise(ABORT, 'never'); END",
    )
    before, there = contents(places.database), schema(places.database)
    import_data(places, archive, True, Progress())
    execute(places.database, "INSERT INTO labels VALUES ('n', 'c')", "UPDATE labels SET task = 'c' WHERE id = 'l'")
    undone(places)
    assert contents(places.database) == before
    assert schema(places.database) == there
    assert query(places.database, "PRAGMA foreign_key_check") == []


def test_what_a_later_table_insists_on_is_not_taken_from_it(places: Places, archive: str) -> None:
    import_data(places, archive, True, Progress())
    execute(
        places.database,
        "CREATE TABLE labels (id TEXT PRIMARY KEY, task TEXT REFERENCES tasks (id) ON DELETE RESTRICT)",
        "INSERT INTO labels VALUES ('l', 'c')",
    )
    before = places.database.read_bytes()
    with pytest.raises(CannotRemove):
        preview_undo(places, Progress())
    with pytest.raises(CannotRemove):
        undo_last_import(places, Progress())
    assert places.database.read_bytes() == before


def _rows_do_not_balance(monkeypatch: pytest.MonkeyPatch) -> None:
    def unbalanced(_: Ledger) -> None:
        raise AccountingMismatch(detail="one row too many")

    monkeypatch.setattr(Ledger, "balance", unbalanced)


def _trigger_comes_back_as_another(monkeypatch: pytest.MonkeyPatch) -> None:
    _telling(monkeypatch, 2, "CREATE TRIGGER own AFTER DELETE ON tasks BEGIN SELECT 'another'; END")


def _trigger_cannot_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    _telling(monkeypatch, 1, "CREATE TRIGGER own AFTER DELETE ON nothing BEGIN SELECT 1; END")


def _telling(monkeypatch: pytest.MonkeyPatch, turn: int, sql: str) -> None:
    """Let the triggers be told of by a statement that is not theirs, at one of the times that they are asked for."""
    told = triggers._triggers
    asked: list[object] = []

    def listed(*about: Any) -> list[triggers._Trigger]:
        asked.append(about)
        return [each._replace(sql=sql) if len(asked) == turn else each for each in told(*about)]

    monkeypatch.setattr(triggers, "_triggers", listed)


@pytest.mark.parametrize(
    ("failing", "error"),
    [
        (_rows_do_not_balance, AccountingMismatch),
        (_trigger_comes_back_as_another, UnknownSchema),
        (_trigger_cannot_come_back, UnknownSchema),
    ],
)
def test_a_failure_in_the_middle_leaves_everything_as_it_was_the_triggers_too(
    places: Places,
    archive: str,
    failing: Callable[[pytest.MonkeyPatch], None],
    error: type[SidecarError],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import_data(places, archive, True, Progress())
    there = made(places.database, f"CREATE TRIGGER own {FORBIDDING['a removal']}")
    before = places.database.read_bytes()
    failing(monkeypatch)
    with pytest.raises(error):
        undo_last_import(places, Progress())
    assert places.database.read_bytes() == before
    assert schema(places.database) == there


@pytest.mark.parametrize("body", [*FORBIDDING.values(), MEDDLING["skips a removal"]])
def test_an_import_of_a_backup_still_asks_the_triggers_for_their_consent(
    places: Places, archive: str, body: str
) -> None:
    there = made(places.database, f"CREATE TRIGGER own {body}")
    before = places.database.read_bytes()
    for job in (preview_import, import_data):
        with pytest.raises((RowsRefused, AccountingMismatch)) as refused:
            job(places, archive, True, Progress())
        assert "never" in str(refused.value) or "own" in str(refused.value)
    assert places.database.read_bytes() == before
    assert schema(places.database) == there


def test_texts_of_sixteen_bits_and_tables_without_row_numbers_are_no_other_case(tmp_path: Path) -> None:
    database = tmp_path / "wide.db"
    make_generation(database, encoding="UTF-16le")
    execute(
        database,
        "CREATE TABLE labels (id TEXT PRIMARY KEY, name) WITHOUT ROWID",
        "INSERT INTO labels VALUES ('a', 'ä'), ('b', 2), ('c', NULL)",
    )
    places, before = Places(database, tmp_path / "work"), contents(database)
    archive = str(backup(database, tmp_path / "b.kpbackup"))
    execute(database, "DELETE FROM labels WHERE id = 'c'", "UPDATE labels SET name = 'other' WHERE id = 'a'")
    changed = contents(database)
    import_data(places, archive, True, Progress())
    there = made(
        database,
        "CREATE TRIGGER \"nié\" BEFORE DELETE ON labels BEGIN SELECT raise(ABORT, 'né'); END",
        "CREATE TRIGGER keeping BEFORE UPDATE ON labels BEGIN SELECT raise(IGNORE); END",
    )
    undone(places)
    assert contents(database) == changed
    undone(places)
    assert contents(database) == before
    assert schema(database) == there
