"""What was agreed to is what happens: an import that is given a preview's token does what it showed, or refuses."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from sidecar.errors.jobs import ChangedSincePreview
from sidecar.jobs.importing import import_data, preview_import
from sidecar.jobs.undoing import preview_undo, undo_last_import
from sidecar.progress import Progress
from sidecar.restore.prebuilt_tables import build
from sidecar.results import ImportResult
from sidecar.stage.judged import judged
from tests.conftest import EVERY_KIND, THIRD, Copy
from tests.support.databases import backup, bring_in, contents, emptied, execute, opened, places_of, query
from tests.support.jobs import nothing_changes


@pytest.fixture
def device(database_copy: Copy) -> Path:
    """A database whose tasks are not those of any backup."""
    path = database_copy(THIRD)
    execute(path, "UPDATE tasks SET title = 'mine'")
    return path


@pytest.fixture
def archive(real_files: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(real_files / f"{EVERY_KIND}.kpbackup", tmp_path / "cloud.kpbackup"))


def token_of(device: Path, archive: Path, overwrite: bool = True, allow_loss: bool = False) -> str:
    return preview_import(places_of(device), str(archive), overwrite, Progress(), allow_loss).token


def bring(device: Path, archive: Path, token: str, overwrite: bool = True, allow_loss: bool = False) -> ImportResult:
    return import_data(places_of(device), str(archive), overwrite, Progress(), allow_loss, preview_token=token)


def assert_refused(device: Path, archive: Path, token: str, why: str, overwrite: bool = True) -> None:
    before = contents(device)
    with pytest.raises(ChangedSincePreview, match=why) as caught:
        bring(device, archive, token, overwrite)
    assert caught.value.message.count("Nothing was changed") == 1
    assert contents(device) == before
    assert not (device.parent / "backups").exists()


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("wal", [False, True])
def test_an_import_of_what_was_shown_goes_on(device: Path, archive: Path, overwrite: bool, wal: bool) -> None:
    if wal:
        execute(device, "PRAGMA journal_mode = WAL")
    token = token_of(device, archive, overwrite)
    assert token == token_of(device, archive, overwrite), "a preview changes nothing, not even the next one"
    assert any(account.changes for account in bring(device, archive, token, overwrite).tables.values())


def test_a_backup_that_was_replaced_is_not_imported(device: Path, archive: Path, database_copy: Copy) -> None:
    token = token_of(device, archive)
    newer = backup(emptied(database_copy(THIRD)), archive.with_name("newer.kpbackup"))
    newer.replace(archive)
    assert_refused(device, archive, token, "the backup file is not the one")


def test_a_backup_that_was_overwritten_in_place_with_its_time_kept_is_not_imported(device: Path, archive: Path) -> None:
    token, before = token_of(device, archive), archive.stat()
    content = bytearray(archive.read_bytes())
    content[10] ^= 1  # the time of an entry, which no checksum covers
    archive.write_bytes(content)
    os.utime(archive, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert_refused(device, archive, token, "the backup file is not the one")


def test_the_same_bytes_in_another_file_are_what_was_shown(device: Path, archive: Path) -> None:
    token = token_of(device, archive)
    moved = Path(shutil.copyfile(archive, archive.with_name("moved.kpbackup")))
    assert bring(device, moved, token).tables["tasks"].changes


def test_a_backup_replaced_while_the_import_reads_it_is_refused(
    device: Path, archive: Path, real_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = token_of(device, archive)
    other = Path(shutil.copy(real_files / f"{THIRD}.kpbackup", archive.with_name("other")))

    def swapped_first(*arguments: object, **named: object) -> object:
        other.replace(archive)
        return judged(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr("sidecar.jobs.comparing.judged", swapped_first)
    assert_refused(device, archive, token, "the backup file is not the one")


def test_data_that_changed_refuses_even_where_the_counts_are_the_same(device: Path, archive: Path) -> None:
    token = token_of(device, archive)
    execute(device, "UPDATE tasks SET title = 'mine, and newer'")
    assert_refused(device, archive, token, "KiraPilot's data has changed")


def test_data_that_changed_in_a_database_with_a_write_ahead_log_refuses(device: Path, archive: Path) -> None:
    execute(device, "PRAGMA journal_mode = WAL")
    with opened(device) as app:
        token = token_of(device, archive)
        app.execute("INSERT INTO tasks (id, title) VALUES ('new', 'New')")
        app.commit()
        assert_refused(device, archive, token, "KiraPilot's data has changed")


def test_data_that_the_app_changes_under_way_refuses(
    device: Path, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = token_of(device, archive)

    def written_to(*arguments: object) -> None:
        execute(device, "UPDATE tasks SET title = 'written meanwhile'")
        build(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("sidecar.jobs.importing.build", written_to)
    with pytest.raises(ChangedSincePreview, match="data has changed"):
        bring(device, archive, token)
    assert query(device, "SELECT DISTINCT title FROM tasks") == [("written meanwhile",)]


def test_a_preview_of_a_merge_does_not_speak_for_a_replacement(device: Path, archive: Path) -> None:
    assert_refused(device, archive, token_of(device, archive, overwrite=False), "another kind of import")
    assert_refused(device, archive, token_of(device, archive), "another kind of import", overwrite=False)
    assert_refused(device, archive, token_of(device, archive, allow_loss=True), "another kind of import")


def test_a_preview_for_another_database_does_not_speak_for_this_one(
    device: Path, archive: Path, database_copy: Copy
) -> None:
    assert_refused(device, archive, token_of(database_copy(EVERY_KIND), archive), "another database")


@pytest.mark.parametrize("token", ["", "-", "none of ours", "-----", "ü" * 10_000])
def test_a_word_that_is_no_token_refuses(device: Path, archive: Path, token: str) -> None:
    assert_refused(device, archive, token, "the backup file is not the one")


def test_a_token_names_nothing_of_what_it_stands_for(device: Path, archive: Path) -> None:
    token = token_of(device, archive)
    assert token.isascii()
    assert str(device) not in token
    assert len(token) < 150


@pytest.mark.slow
def test_an_undo_puts_back_the_copy_that_was_shown_or_none(device: Path, archive: Path, real_files: Path) -> None:
    bring_in(device, archive)
    path, shown = preview_undo(places_of(device), Progress())
    bring_in(device, real_files / f"{THIRD}.kpbackup")
    with nothing_changes(device.parent), pytest.raises(ChangedSincePreview, match="data has changed"):
        undo_last_import(places_of(device), Progress(), agreed=(path, shown.token))
    path, shown = preview_undo(places_of(device), Progress())
    assert undo_last_import(places_of(device), Progress(), agreed=(path, shown.token)).tables == shown.tables
