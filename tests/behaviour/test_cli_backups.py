"""``export``, ``import``, ``preview``, ``undo``, ``validate`` and ``inspect`` as they are typed, in scripts."""

from __future__ import annotations

import io
import re
import shutil
import sys
import zipfile
from pathlib import Path

import msgspec
import pytest

from sidecar.database.comparison import compare
from sidecar.errors.backups import DamagedBackup, InvalidBackup, NotABackup
from sidecar.errors.jobs import NoSafetyCopy, SafetyCopyFailed
from sidecar.progress import Progress
from sidecar.results import (
    BackupList,
    BackupMetadata,
    BackupSummary,
    BackupValidationResult,
    ExportResult,
    ImportPreview,
    ImportResult,
    UndoResult,
)
from tests.conftest import EVERY_KIND, THIRD, Copy
from tests.support.shell import Shell


@pytest.fixture
def backup(real_files: Path) -> str:
    return str(real_files / f"{EVERY_KIND}.kpbackup")


def test_export_tells_where_the_backup_lies_and_what_is_in_it(shell: Shell) -> None:
    shown = shell.text("export", "new.kpbackup")
    assert re.match(r"Exported \d+ rows to .*new\.kpbackup \(\d+\.\d kB\)\n", shown)
    assert re.search(r"^tasks +12$", shown, re.MULTILINE)
    assert "tasks.json" in zipfile.ZipFile(shell.folder / "new.kpbackup").namelist()


def test_export_as_json_is_the_export_result(shell: Shell) -> None:
    result = msgspec.convert(shell.object("export", "new.kpbackup"), ExportResult)
    assert result.task_count == result.tables["tasks"] == 12
    assert result.size == (shell.folder / "new.kpbackup").stat().st_size


@pytest.mark.slow
def test_export_in_a_script_replaces_a_backup_only_with_yes(shell: Shell) -> None:
    target = shell.folder / "old.kpbackup"
    target.write_bytes(b"the only backup there is")
    ended = shell.run("export", "old.kpbackup")
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert b"exists already" in ended.stderr
    assert b"--yes" in ended.stderr
    assert target.read_bytes() == b"the only backup there is"
    assert shell.run("export", "old.kpbackup", "--yes").returncode == 0
    assert zipfile.is_zipfile(target)


@pytest.mark.slow
def test_import_in_a_script_replaces_data_only_with_yes(shell: Shell, backup: str) -> None:
    before = shell.database.read_bytes()
    ended = shell.run("import", backup)
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert b"This replaces the data in" in ended.stderr
    assert shell.database.read_bytes() == before
    error = shell.object("import", backup)["error"]
    assert isinstance(error, dict)
    assert (error["kind"], error["code"]) == ("usage", 2)
    assert shell.database.read_bytes() == before


def test_import_restores_what_export_wrote(shell: Shell, database_copy: Copy) -> None:
    original = database_copy(THIRD)
    shell.text("export", "new.kpbackup", "--database", str(original))
    shown = shell.text("import", "new.kpbackup", "--yes")
    assert shown.startswith("Replaced the data with the backup of ")
    tables = compare(original, shell.database, ("seaql_migrations",), Progress())
    assert [name for name, table in tables.items() if table.different] == []


def test_a_merge_asks_nothing_for_it_replaces_nothing(shell: Shell, real_files: Path) -> None:
    other = str(real_files / f"{THIRD}.kpbackup")
    result = msgspec.convert(shell.object("import", "--merge", other), ImportResult)
    assert not result.overwrite
    assert result.tables["tasks"].added == 30
    assert result.tables["tasks"].removed == 0


@pytest.mark.slow
def test_a_damaged_backup_is_salvaged_only_when_asked_for_twice(shell: Shell, real_files: Path) -> None:
    damaged = shell.folder / "damaged.kpbackup"
    damaged.write_bytes((real_files / f"{THIRD}.kpbackup").read_bytes()[:15_000])
    before = shell.database.read_bytes()
    refused = shell.run("import", "--yes", "damaged.kpbackup")
    assert refused.returncode == DamagedBackup.code
    assert b"A part of it can still be saved: import it with salvage" in refused.stderr
    for mode in ([], ["--merge"]):
        ended = shell.run("import", "--salvage", *mode, "damaged.kpbackup")
        assert (ended.returncode, ended.stdout) == (2, b"")
        assert b"This brings what can be proved of a damaged backup into " in ended.stderr
    expected = msgspec.convert(shell.object("preview", "--salvage", "damaged.kpbackup"), ImportPreview)
    assert shell.database.read_bytes() == before
    done = msgspec.convert(shell.object("import", "--salvage", "--yes", "damaged.kpbackup"), ImportResult)
    assert (done.tables, done.salvage) == (expected.tables, expected.salvage)
    assert done.tables["tasks"].added == 30
    assert done.salvage is not None
    assert done.salvage.complete


@pytest.mark.slow
def test_preview_tells_what_import_does_and_changes_nothing(shell: Shell, real_files: Path) -> None:
    other = str(real_files / f"{THIRD}.kpbackup")
    before = shell.database.read_bytes()
    expected = msgspec.convert(shell.object("preview", other), ImportPreview)
    shown = shell.text("preview", other)
    assert shell.database.read_bytes() == before
    assert re.search(r"^tasks +30 +30 ", shown, re.MULTILINE)
    done = msgspec.convert(shell.object("import", "--yes", other), ImportResult)
    assert done.tables == expected.tables


def test_an_import_says_where_the_safety_copy_is_and_undo_puts_it_back(shell: Shell, database_copy: Copy) -> None:
    original = database_copy(EVERY_KIND)
    assert shell.text("backups").startswith("No import has made a safety copy yet in ")
    shell.text("export", "other.kpbackup", "--database", str(database_copy(THIRD)))
    shown = shell.text("import", "other.kpbackup", "--yes")
    (copy,) = re.findall(r"^What was there before: (.+)$", shown, re.MULTILINE)
    assert Path(copy).parent == shell.database.parent / "backups"
    listed = shell.text("backups")
    assert re.search(rf" yes +{re.escape(Path(copy).name)}$", listed, re.MULTILINE)
    shown = shell.text("undo", "--yes")
    assert shown.startswith(f"Put back {copy} of ")
    tables = compare(original, shell.database, (), Progress())
    assert [name for name, table in tables.items() if table.different] == []
    result = msgspec.convert(shell.object("undo", "--yes"), UndoResult)
    assert result.tables["tasks"].added == 30
    assert result.safety_copy is not None
    copies = msgspec.convert(shell.object("backups"), BackupList).backups
    assert [(one.path, one.proved, one.task_count) for one in copies[:2]] == [
        (result.safety_copy, True, 12),
        (result.path, True, 30),
    ]


@pytest.mark.slow
def test_undo_in_a_script_replaces_data_only_with_yes(shell: Shell, real_files: Path) -> None:
    shell.text("import", "--merge", str(real_files / f"{THIRD}.kpbackup"))
    before = shell.database.read_bytes()
    for option in ([], ["--json"]):
        ended = shell.run("undo", *option)
        assert ended.returncode == 2
        assert b"This replaces the data in" in ended.stderr + ended.stdout
    assert shell.database.read_bytes() == before


@pytest.mark.slow
def test_undo_where_nothing_was_imported_exits_with_44(shell: Shell) -> None:
    ended = shell.run("undo", "--yes")
    assert (ended.returncode, ended.stdout) == (NoSafetyCopy.code, b"")
    assert b"There is nothing to undo: " in ended.stderr
    error = shell.object("undo", "--yes")["error"]
    assert isinstance(error, dict)
    assert (error["kind"], error["path"]) == ("no_safety_copy", str(shell.database.parent / "backups"))


@pytest.mark.slow
def test_undo_with_nothing_left_to_undo_says_so(shell: Shell, real_files: Path) -> None:
    """Somebody has put everything back by hand."""
    before = shell.database.read_bytes()
    shell.text("import", "--yes", str(real_files / f"{THIRD}.kpbackup"))
    shell.database.write_bytes(before)
    assert shell.text("undo", "--yes") == "There is nothing to undo: the data is what the safety copies hold.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_an_import_without_its_safety_copy_exits_with_43_and_changes_nothing(shell: Shell, real_files: Path) -> None:
    (shell.database.parent / "backups").symlink_to(shell.database.parent / "unplugged")
    before = shell.database.read_bytes()
    ended = shell.run("import", "--yes", str(real_files / f"{THIRD}.kpbackup"))
    assert (ended.returncode, ended.stdout) == (SafetyCopyFailed.code, b"")
    assert b"Nothing was changed and the backup is fine: No safety copy" in ended.stderr
    assert shell.database.read_bytes() == before


@pytest.mark.slow
def test_a_damaged_safety_copy_is_listed_with_the_reason(shell: Shell, real_files: Path) -> None:
    shell.text("import", "--yes", str(real_files / f"{THIRD}.kpbackup"))
    (copy,) = (shell.database.parent / "backups").iterdir()
    copy.write_bytes(copy.read_bytes()[:-1])
    listed = shell.text("backups")
    assert re.search(rf" NO +{re.escape(copy.name)}$", listed, re.MULTILINE)
    assert f"warning: {copy.name}: The backup is damaged: " in listed
    assert shell.run("undo", "--yes").returncode == DamagedBackup.code


@pytest.mark.slow
def test_validate_shows_a_verdict_and_the_counts(shell: Shell, backup: str) -> None:
    shown = shell.text("validate", backup)
    assert shown.startswith("The backup is valid (0 errors, ")
    assert re.search(r"^tasks +12$", shown, re.MULTILINE)
    assert shell.text("validate", "--comprehensive", backup) == shown
    result = msgspec.convert(shell.object("validate", backup), BackupValidationResult)
    assert result.is_valid


@pytest.mark.slow
def test_validate_lists_every_problem_and_exits_with_25(shell: Shell, backup: str) -> None:
    spoiled = spoil(Path(backup), shell.folder / "spoiled.kpbackup", '"status": "', '"status": 7, "was": "')
    ended = shell.run("validate", str(spoiled))
    assert ended.returncode == InvalidBackup.code
    shown = ended.stdout.decode()
    assert shown.startswith("The backup is not valid: ")
    assert len(re.findall(r"^error:   ", shown, re.MULTILINE)) > 1
    assert shell.run("validate", "--json", str(spoiled)).returncode == InvalidBackup.code
    assert shell.object("validate", str(spoiled))["is_valid"] is False


@pytest.mark.slow
def test_basic_validation_answers_the_counts_or_the_first_error(shell: Shell, backup: str) -> None:
    assert "passes the basic checks" in shell.text("validate", "--basic", backup)
    assert msgspec.convert(shell.object("validate", "--basic", backup), BackupMetadata).task_count == 12
    (shell.folder / "no.kpbackup").write_text("not a backup at all")
    assert shell.run("validate", "--basic", "no.kpbackup").returncode == NotABackup.code


def test_inspect_needs_no_database(shell: Shell, backup: str) -> None:
    shell.database.unlink()
    shown = shell.text("inspect", backup)
    assert re.search(r"^made by +kirapilot$", shown, re.MULTILINE)
    assert re.search(r"^tasks\.json +\d", shown, re.MULTILINE)
    summary = msgspec.convert(shell.object("inspect", backup), BackupSummary)
    assert summary.tables["tasks"] == 12


def spoil(archive: Path, target: Path, old: str, new: str) -> Path:
    """A copy of ``archive`` with ``old`` replaced in all its entries."""
    packed = io.BytesIO()
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in source.namelist():
            text = source.read(name).decode()
            copy.writestr(name, text.replace(old, new))
    packed.seek(0)
    with target.open("wb") as file:
        shutil.copyfileobj(packed, file)
    return target
