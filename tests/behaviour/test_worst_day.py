"""A restore over a database that is missing, empty or damaged: it works, keeps the wreck, and can be undone."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sidecar.cli.commands import run
from sidecar.errors.base import SidecarError
from sidecar.errors.databases import CannotRebuild, DatabaseBusy, NotKiraPilot
from sidecar.errors.jobs import ChangedSincePreview, NothingReplaced, SafetyCopyFailed
from sidecar.jobs import keeping_wrecks, rescuing
from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.listing import list_backups
from sidecar.jobs.undoing import preview_undo, undo_last_import
from sidecar.progress import Progress
from sidecar.rescue.copy_places import second_folder_of
from sidecar.rescue.wrecks import SetAside, set_aside
from sidecar.system.paths import Places
from tests.conftest import DATA, EVERY_KIND, GENERATIONS, THIRD
from tests.support.archives import entries_of, write
from tests.support.databases import assert_same, backup, contents, emptied, execute, places_of, query
from tests.support.worst_days import good_backup_of, home_of, original_of

SCHEMA = "SELECT type, name, sql FROM sqlite_master ORDER BY rowid"


def _zeroed_page(database: Path) -> None:
    content = bytearray(database.read_bytes())
    content[4096 * 3 : 4096 * 4] = bytes(4096)
    database.write_bytes(content)


def _headless(database: Path) -> None:
    content = database.read_bytes()
    database.write_bytes(bytes(100) + content[100:])


def _nul_in_a_statement(database: Path) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        changed = "sql = substr(sql, 1, 12) || char(0) || substr(sql, 14)"
        connection.execute(f"UPDATE sqlite_schema SET {changed} WHERE name = 'idx_time_sessions_task_id'")
    _zeroed_page(database)


def _unspeakable(database: Path) -> None:
    """A schema that SQLite refuses in words that are not UTF-8."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        changed = "name = CAST(x'd261ff' AS TEXT), sql = 'CREATE TABLE nonsense('"
        connection.execute(f"UPDATE sqlite_schema SET {changed} WHERE name = 'time_sessions'")


WRECKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (Path.unlink, "missing"),
    "empty": (lambda path: path.write_bytes(b""), "empty"),
    "all zeros": (lambda path: path.write_bytes(bytes(path.stat().st_size)), "damaged"),
    "one page zeroed": (_zeroed_page, "damaged"),
    "a NUL in a statement": (_nul_in_a_statement, "damaged"),
    "a schema that cannot be spoken of": (_unspeakable, "damaged"),
    "header gone": (_headless, "damaged"),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:40960]), "damaged"),
    "cut within a page": (lambda path: path.write_bytes(path.read_bytes()[:41000]), "damaged"),
    "cut within the header": (lambda path: path.write_bytes(path.read_bytes()[:50]), "damaged"),
}


@pytest.fixture
def home(tmp_path: Path) -> Places:
    """The user's database, in a folder of its own, and a good backup of it beside that."""
    return home_of(DATA / f"{THIRD}.db", tmp_path)


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("kind", WRECKS)
def test_a_restore_works_keeps_the_wreck_and_is_undone_and_redone(kind: str, home: Places) -> None:
    spoil, reason = WRECKS[kind]
    spoil(home.database)
    wreck = _bytes(home.database)

    expected = preview_import(home, good_backup_of(home), True, Progress())
    assert _bytes(home.database) == wreck
    assert expected.rescue is not None
    assert (expected.rescue.reason, expected.rescue.in_place) == (reason, None)

    result = import_data(home, good_backup_of(home), True, Progress())
    assert result.tables == expected.tables
    assert result.rescue is not None
    assert (result.rescue.reason, result.rescue.in_place) == (reason, wreck is not None)
    assert result.safety_copy is None
    assert_same(home.database, original_of(home))
    assert query(home.database, "PRAGMA integrity_check") == [("ok",)]
    assert query(home.database, SCHEMA) == query(original_of(home), SCHEMA)
    if wreck is None:
        assert result.wreck is None
        with pytest.raises(NothingReplaced):
            undo_last_import(home, Progress())
        return
    assert result.wreck is not None
    assert _bytes(Path(result.wreck)) == wreck

    path, foreseen = preview_undo(home, Progress())
    assert path == Path(result.wreck)
    assert foreseen.warnings
    undone = undo_last_import(home, Progress())
    assert undone.path == result.wreck
    assert _bytes(home.database) == wreck

    redone = undo_last_import(home, Progress())
    assert redone.path == undone.safety_copy
    assert_same(home.database, original_of(home))
    assert redone.wreck is not None
    assert _bytes(Path(redone.wreck)) == _bytes(Path(result.wreck)) == wreck

    assert undo_last_import(home, Progress()).path == redone.wreck
    assert _bytes(home.database) == wreck


@pytest.mark.slow(but=4)
@pytest.mark.parametrize("kind", WRECKS)
def test_a_merge_into_a_wreck_is_refused_and_names_the_way_out(kind: str, home: Places) -> None:
    WRECKS[kind][0](home.database)
    wreck = _bytes(home.database)
    with pytest.raises(SidecarError) as caught:
        import_data(home, good_backup_of(home), False, Progress())
    assert "as a replacement" in caught.value.message
    assert _bytes(home.database) == wreck
    assert not (home.database.parent / "backups").exists()


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("kind", [kind for kind in WRECKS if kind != "missing"])
def test_a_running_app_sees_the_new_database(kind: str, home: Places) -> None:
    """Its connection stays open all the while, as KiraPilot's are."""
    with closing(sqlite3.connect(home.database)) as app:
        before = app.execute("SELECT count(*) FROM tasks").fetchone()
        _overwrite(home.database, WRECKS[kind][0])
        import_data(home, good_backup_of(home), True, Progress())
        assert app.execute("SELECT count(*) FROM tasks").fetchone() == before
        app.execute("UPDATE tasks SET title = 'written by the app'")
        app.commit()
    assert query(home.database, "SELECT DISTINCT title FROM tasks") == [("written by the app",)]


def _overwrite(database: Path, spoil: Callable[[Path], object]) -> None:
    """Spoil a database in its very file."""
    copy = Path(shutil.copy(database, database.with_suffix(".copy")))
    spoil(copy)
    with database.open("r+b") as file:
        file.write(copy.read_bytes())
        file.truncate()
    copy.unlink()


@pytest.mark.slow(but=3)
@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("shipped", [False, True], ids=["ours", "the app's own"])
def test_the_new_database_is_of_the_backup_s_generation(generation: str, shipped: bool, tmp_path: Path) -> None:
    real = Path(shutil.copy(DATA / f"{generation}.db", tmp_path / "real.db"))
    archive = DATA / f"{generation}.kpbackup" if shipped else backup(real, tmp_path / "ours.kpbackup")
    places = places_of(tmp_path / "home" / "kirapilot.db")
    result = import_data(places, str(archive), True, Progress())
    assert query(places.database, SCHEMA) == query(real, SCHEMA)
    versions = "SELECT version FROM seaql_migrations ORDER BY version"
    assert query(places.database, versions) == query(real, versions)
    assert result.rescue is not None
    assert [(version,) for version in result.rescue.migrations] == query(real, versions)
    if not shipped:
        assert_same(places.database, real)
    else:
        # What the archive says comes as it would into a sound database of that generation.
        import_data(places_of(emptied(real)), str(archive), True, Progress())
        for table in ("tasks", "time_sessions", "ai_interactions", "task_dependencies"):
            assert contents(places.database)[table] == contents(real)[table]
    if "task_lists" in contents(real):
        assert query(places.database, "SELECT count(*) FROM task_lists WHERE is_default") == [(1,)]


def test_the_command_line_says_it_beforehand_and_afterwards(home: Places, capsys: pytest.CaptureFixture[str]) -> None:
    _headless(home.database)
    wreck = _bytes(home.database)
    places = ["--database", str(home.database), "--work-dir", str(home.work_dir)]
    assert run(["preview", *places, good_backup_of(home)]) == 0
    assert "a new one will be made for the backup" in capsys.readouterr().out
    assert run(["import", "--yes", *places, good_backup_of(home)]) == 0
    shown = capsys.readouterr().out
    assert "a new one was made for the backup" in shown
    assert f"The broken database: {home.database.parent / 'backups' / 'wreck-'}" in shown
    assert run(["undo", "--yes", *places]) == 0
    shown = capsys.readouterr().out
    assert "Put back" in shown
    assert "Restart KiraPilot" in shown
    assert _bytes(home.database) == wreck


@pytest.mark.slow
def test_a_preview_s_token_holds_for_a_broken_database(home: Places) -> None:
    _headless(home.database)
    token = preview_import(home, good_backup_of(home), True, Progress()).token
    with home.database.open("ab") as file:
        file.write(b"more")
    with pytest.raises(ChangedSincePreview):
        import_data(home, good_backup_of(home), True, Progress(), preview_token=token)
    token = preview_import(home, good_backup_of(home), True, Progress()).token
    assert import_data(home, good_backup_of(home), True, Progress(), preview_token=token).rescue is not None


def test_a_journal_beside_the_wreck_is_kept_and_comes_back(home: Places) -> None:
    """An empty file with a journal: SQLite itself would remove the journal."""
    home.database.write_bytes(b"")
    journal = home.database.with_name("kirapilot.db-journal")
    journal.write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(504))
    result = import_data(home, good_backup_of(home), True, Progress())
    assert_same(home.database, original_of(home))
    assert result.wreck is not None
    assert Path(f"{result.wreck}-journal").read_bytes() == b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(504)
    assert not journal.exists()
    undo_last_import(home, Progress())
    assert (home.database.read_bytes(), journal.read_bytes()[:8]) == (b"", b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7")


def test_a_wreck_that_is_written_to_all_the_while_is_not_replaced(
    home: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    _zeroed_page(home.database)
    made = []

    def write_after(*arguments: Any) -> SetAside:
        aside = set_aside(*arguments)
        made.append(aside.path)
        with home.database.open("ab") as file:
            file.write(bytes(4096))
        return aside

    monkeypatch.setattr(keeping_wrecks, "set_aside", write_after)
    with pytest.raises(DatabaseBusy):
        import_data(home, good_backup_of(home), True, Progress())
    assert len(made) == rescuing.TRIES
    assert not (home.database.parent / "backups").exists()


@pytest.mark.slow
def test_wrecks_are_never_pruned(home: Places) -> None:
    """Though imports make more safety copies than are kept."""
    _headless(home.database)
    first = import_data(home, good_backup_of(home), True, Progress()).wreck
    assert first is not None
    other = str(DATA / f"{EVERY_KIND}.kpbackup")
    for turn in range(12):
        import_data(home, other if turn % 2 else good_backup_of(home), True, Progress())
    assert Path(first).exists()


def test_a_backup_that_does_not_tell_the_schema_of_a_newer_kirapilot_is_refused_with_the_way_out(home: Places) -> None:
    execute(
        home.database,
        "INSERT INTO seaql_migrations VALUES ('m20270101_000020_create_habits_table', 1)",
        "CREATE TABLE habits (id varchar PRIMARY KEY, name varchar)",
        "INSERT INTO habits VALUES ('h1', 'Run')",
    )
    archive = backup(home.database, home.database.parent.parent / "newer.kpbackup")
    # As one that was made before manifests told the schema of what the writer did not know.
    entries = entries_of(archive)
    manifest = json.loads(entries.pop("manifest.json"))
    assert any("habits" in statement for statement in manifest.pop("schema"))
    write(archive, {**entries, "manifest.json": json.dumps(manifest).encode()})
    home.database.unlink()
    with pytest.raises(CannotRebuild) as caught:
        import_data(home, str(archive), True, Progress())
    assert "habits" in caught.value.message
    assert "start KiraPilot once" in caught.value.message
    assert not home.database.exists()
    result = import_data(home, str(archive), True, Progress(), allow_loss=True)
    assert result.tables["habits"].left_out == {"no_such_table": 1}


def test_an_empty_namesake_in_the_app_s_other_folder_is_left_alone(home: Places) -> None:
    folder = home.database.parent / "com.vietanhdev.kirapilot"
    folder.mkdir()
    namesake = folder / "kirapilot.db"
    namesake.write_bytes(b"")
    with pytest.raises(NotKiraPilot):
        import_data(Places(namesake, home.work_dir), good_backup_of(home), True, Progress())
    assert namesake.read_bytes() == b""
    assert [path.name for path in folder.iterdir()] == ["kirapilot.db"]


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("kind", ["one page zeroed", "empty", "missing"])
def test_a_wreck_that_finds_no_place_beside_the_database_lies_in_the_work_folder(
    kind: str, home: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file has the name of the folder of copies: an undo and the list find the wreck in the second place."""
    WRECKS[kind][0](home.database)
    wreck = _bytes(home.database)
    (home.database.parent / "backups").write_text("mine")
    result = import_data(home, good_backup_of(home), True, Progress())
    assert_same(home.database, original_of(home))
    assert any(str(second_folder_of(home)) in line and "move it away" in line for line in result.warnings)
    if wreck is None:
        with pytest.raises(NothingReplaced):
            undo_last_import(home, Progress())
        return
    assert result.wreck is not None
    assert Path(result.wreck).parent == second_folder_of(home)
    assert [kept.path for kept in list_backups(home, Progress()).wrecks] == [result.wreck]
    assert run(["backups", "--database", str(home.database), "--work-dir", str(home.work_dir)]) == 0
    assert str(second_folder_of(home)) in capsys.readouterr().out
    undone = undo_last_import(home, Progress())
    assert (undone.path, _bytes(home.database)) == (result.wreck, wreck)
    undo_last_import(home, Progress())
    assert_same(home.database, original_of(home))


def test_without_any_place_for_the_wreck_nothing_is_changed(home: Places) -> None:
    _zeroed_page(home.database)
    wreck = _bytes(home.database)
    (home.database.parent / "backups").write_text("mine")
    home.work_dir.mkdir()
    second_folder_of(home).write_text("mine")
    with pytest.raises(SafetyCopyFailed, match="move it away"):
        import_data(home, good_backup_of(home), True, Progress())
    assert _bytes(home.database) == wreck
    assert second_folder_of(home).read_text() == "mine"


def test_a_wreck_is_listed_beside_the_safety_copies(home: Places, capsys: pytest.CaptureFixture[str]) -> None:
    _zeroed_page(home.database)
    size = home.database.stat().st_size
    wreck = import_data(home, good_backup_of(home), True, Progress()).wreck
    (listed,) = list_backups(home, Progress()).wrecks
    assert (listed.path, listed.size) == (wreck, size)
    assert listed.created_at.endswith("Z")
    assert run(["backups", "--database", str(home.database), "--work-dir", str(home.work_dir)]) == 0
    assert Path(listed.path).name in capsys.readouterr().out
    home.database.unlink()
    import_data(home, good_backup_of(home), True, Progress())
    assert list_backups(home, Progress()).wrecks == [listed]


@pytest.mark.slow
def test_rows_of_the_wreck_that_the_backup_lacks_are_counted_and_got_at(home: Places, tmp_path: Path) -> None:
    execute(home.database, "INSERT INTO tasks (id, title) VALUES ('new', 'Since the backup')")
    (page,) = query(home.database, "SELECT rootpage FROM sqlite_master WHERE name = 'time_sessions'")[0]
    content = home.database.read_bytes()
    home.database.write_bytes(content[: 4096 * (page - 1)] + bytes(4096) + content[4096 * page :])
    tasks = query(original_of(home), "SELECT count(*) FROM tasks")[0][0]

    foreseen = preview_import(home, good_backup_of(home), True, Progress())
    result = import_data(home, good_backup_of(home), True, Progress())
    for answer in (foreseen, result):
        assert answer.rescue is not None
        assert answer.rescue.readable is not None
        assert "time_sessions" not in answer.rescue.readable
        found = answer.rescue.readable["tasks"]
        assert (found.read, found.in_backup) == (tasks + 1, tasks)
        assert any("1 row that the backup lacks" in line for line in answer.warnings)
    assert result.wreck is not None
    assert any(f"export --database {result.wreck} --salvage" in line for line in result.warnings)

    rest = str(tmp_path / "rest.kpbackup")
    assert run(["export", "--database", result.wreck, "--work-dir", str(home.work_dir), "--salvage", rest]) == 0
    assert import_data(home, rest, False, Progress()).tables["tasks"].added == 1
    assert query(home.database, "SELECT title FROM tasks WHERE id = 'new'") == [("Since the backup",)]
