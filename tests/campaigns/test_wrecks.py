"""Databases broken in every way that a disk breaks them: a restore ends with the backup's rows, and can be undone."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from sidecar.errors.databases import DatabaseDamaged, NotADatabase
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import import_data
from sidecar.jobs.undoing import undo_last_import
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from sidecar.results import ExportResult
from sidecar.system.paths import Places
from tests.conftest import DATA, EVERY_KIND, FIRST, THIRD, Cases
from tests.support.databases import Contents, assert_same_contents, backup, contents, query
from tests.support.newer import make_newer

NEWER = "of a newer KiraPilot"
DATABASES = [FIRST, THIRD, EVERY_KIND, NEWER]
SCHEMA = "SELECT type, name, sql FROM sqlite_master ORDER BY rowid"
CERTAIN = f"{SCHEMA.partition(' ORDER')[0]} WHERE type IN ('table', 'index') AND name NOT LIKE 'found%' ORDER BY rowid"
"""What a backup tells of a schema that the code does not know: all but views, triggers and indexes of texts."""

PAGE = 4096

RESTORED = "A restore over a broken database ends with the backup's rows, keeps the wreck, and is undone byte for byte"

Wreck = tuple[str, bytes]
"""What was done to a database, and its bytes afterwards."""


def zeroed(whole: bytes) -> Iterator[Wreck]:
    """Each page, once."""
    for start in range(0, len(whole), PAGE):
        yield f"page {start // PAGE + 1} zeroed", whole[:start] + bytes(PAGE) + whole[start + PAGE :]


def cut(whole: bytes) -> Iterator[Wreck]:
    """At each page, and within it."""
    for size in range(0, len(whole), PAGE):
        yield f"cut at {size}", whole[:size]
        yield f"cut at {size + 1000}", whole[: size + 1000]


def flipped(whole: bytes) -> Iterator[Wreck]:
    """Each byte of the header, in some ways."""
    for at in range(100):
        for bits in (1, 2, 0x80, 0xFF):
            yield f"byte {at} ^ {bits:#x}", whole[:at] + bytes([whole[at] ^ bits]) + whole[at + 1 :]


def spoiled(whole: bytes) -> Iterator[Wreck]:
    """From the middle on, and as a whole: what sync clients, full disks and power cuts leave."""
    half = len(whole) // 2 // PAGE * PAGE
    yield "zeros", bytes(len(whole))
    yield "second half zeros", whole[:half] + bytes(len(whole) - half)
    yield "second half twice", whole[:half] * 2
    yield "a web page", b"<!DOCTYPE html><html><title>Sign in</title>" * 100
    yield "longer", whole + b"\xa5" * (PAGE + 1)
    yield "all ones", b"\xff" * len(whole)


KINDS = {"zeroed": zeroed, "cut": cut, "flipped": flipped, "spoiled": spoiled}


class Restores:
    """Restores of one good backup over one database, broken in many ways."""

    def __init__(self, name: str, folder: Path) -> None:
        original = Path(shutil.copy(DATA / f"{EVERY_KIND if name == NEWER else name}.db", folder / "original.db"))
        if name == NEWER:
            make_newer(original)
        self._schema_of = CERTAIN if name == NEWER else SCHEMA
        self.whole = original.read_bytes()
        self._good = backup(original, folder / "good.kpbackup")
        self._rows = _searched(contents(original))
        self._schema = query(original, self._schema_of)
        self._migrations = query(original, "SELECT version FROM seaql_migrations ORDER BY version")
        self._places = Places(folder / "home" / "kirapilot.db", folder / "work")

    def try_one(self, wreck: bytes) -> bool:
        """Answers whether the database had to be made anew: some bytes mean nothing."""
        database = self._places.database
        shutil.rmtree(database.parent, ignore_errors=True)
        database.parent.mkdir()
        database.write_bytes(wreck)
        result = import_data(self._places, str(self._good), True, Progress())
        self._require_restored()
        if result.rescue is None:
            return False
        assert result.rescue.in_place
        assert result.wreck is not None
        assert Path(result.wreck).read_bytes() == wreck
        undone = undo_last_import(self._places, Progress())
        assert undone.path == result.wreck
        assert database.read_bytes() == wreck
        assert sorted(path.name for path in database.parent.iterdir()) == ["backups", "kirapilot.db"]
        return True

    def _require_restored(self) -> None:
        database = self._places.database
        assert query(database, "PRAGMA integrity_check") == [("ok",)]
        assert_same_contents(_searched(contents(database)), self._rows)
        assert query(database, self._schema_of) == self._schema
        assert query(database, "SELECT version FROM seaql_migrations ORDER BY version") == self._migrations
        assert list(self._places.work_dir.iterdir()) == []


def _searched(tables: Contents) -> Contents:
    """Without what an index of texts keeps for itself."""
    return {name: table for name, table in tables.items() if not name.startswith("found")}


def _try(restores: Restores, wrecks: Sequence[Wreck], cases: Cases) -> int:
    """Answers how many of the databases were made anew."""
    anew = 0
    for what, wreck in wrecks:
        try:
            anew += restores.try_one(wreck)
        except BaseException as error:
            error.add_note(what)
            raise
    cases.record(RESTORED, len(wrecks))
    return anew


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_restore_over_some_wrecks(kind: str, tmp_path: Path, cases: Cases) -> None:
    restores = Restores(EVERY_KIND, tmp_path)
    wrecks = list(KINDS[kind](restores.whole))
    assert _try(restores, wrecks[:: max(len(wrecks) // 6, 1)], cases) >= 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_restore_over_some_wrecks_of_a_newer_kirapilot(kind: str, tmp_path: Path, cases: Cases) -> None:
    restores = Restores(NEWER, tmp_path)
    wrecks = list(KINDS[kind](restores.whole))
    assert _try(restores, wrecks[:: max(len(wrecks) // 5, 1)], cases) >= 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_restore_over_many_wrecks(kind: str, tmp_path: Path, cases: Cases) -> None:
    restores = Restores(THIRD, tmp_path)
    wrecks = list(KINDS[kind](restores.whole))
    assert _try(restores, wrecks[1 :: max(len(wrecks) // 30, 1)], cases) >= 1


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", DATABASES)
def test_a_restore_over_every_wreck(name: str, kind: str, tmp_path: Path, cases: Cases) -> None:
    restores = Restores(name, tmp_path)
    wrecks = list(KINDS[kind](restores.whole))
    assert _try(restores, wrecks, cases) >= len(wrecks) // 4


READ_OUT = "An export with salvage of a damaged database holds rows of the original alone, and counts those it lacks"

ADDED = {"task_lists", "logging_config"}
"""Tables to which a restore adds what the app needs where the backup has it no more."""


def _read_out(name: str, folder: Path, step: int) -> int:
    """Export what can be read of a database with every ``step``-th page zeroed; answers how many archives hold a part
    of it."""
    original = Path(shutil.copy(DATA / f"{name}.db", folder / "original.db"))
    rows = contents(original)
    places = Places(folder / "home" / "kirapilot.db", folder / "work")
    parts = 0
    for what, wreck in list(zeroed(original.read_bytes()))[::step]:
        shutil.rmtree(places.database.parent, ignore_errors=True)
        places.database.parent.mkdir()
        places.database.write_bytes(wreck)
        try:
            result = export_data(places, str(folder / "home" / "rest.kpbackup"), Progress(), salvage=True)
        except (DatabaseDamaged, NotADatabase):
            assert not _tells_a_table(places.database), what
            continue
        parts += result.readable is not None
        _require_true(places, result, rows, what)
    return parts


def _tells_a_table(database: Path) -> bool:
    """Whether SQLite can still read the schema."""
    try:
        return bool(query(database, "SELECT count(*) FROM sqlite_master"))
    except sqlite3.DatabaseError:
        return False


def _require_true(places: Places, result: ExportResult, rows: Contents, what: str) -> None:
    """Put the archive into the database's place, and hold each row against the database as it was."""
    assert validate_comprehensive(places, result.path, Progress()).is_valid, what
    import_data(places, result.path, True, Progress())
    held = contents(places.database)
    for table, known in (result.readable or {}).items():
        assert table in ADDED or not held[table][1] - rows[table][1], f"{what}: untrue rows of {table}"
        if known.lost is not None:
            assert known.read + known.lost == rows[table][1].total(), f"{what}: {table}"


@pytest.mark.slow
def test_what_is_read_of_some_wrecks_is_true(tmp_path: Path, cases: Cases) -> None:
    step = 12
    assert _read_out(EVERY_KIND, tmp_path, step) >= 1
    cases.record(READ_OUT, len(range(0, (DATA / f"{EVERY_KIND}.db").stat().st_size // PAGE, step)))


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", [THIRD, EVERY_KIND])
def test_what_is_read_of_any_wreck_is_true(name: str, tmp_path: Path, cases: Cases) -> None:
    assert _read_out(name, tmp_path, 1) >= 10
    cases.record(READ_OUT, (DATA / f"{name}.db").stat().st_size // PAGE)
