"""Every sentence of the guide's troubleshooting section, provoked once and read from the dialog that shows it."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import DATA, EVERY_KIND
from tests.support import job_process
from tests.support.archives import SMALL, TASK, entries_of, made_of, write
from tests.support.databases import contents
from tests.window.locks import held
from tests.window.programs import with_sidecar
from tests.window.screen import Home, eventually
from tests.window.window import Window, window


@pytest.fixture(scope="module")
def shared(app: Path, display: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """One window for all that goes wrong: nothing of it changes anything, which each test proves."""
    home = Home(tmp_path_factory.mktemp("troubles") / "home").make()
    home.database.write_bytes((DATA / f"{EVERY_KIND}.db").read_bytes())
    with window(app, home, display) as shown:
        yield shown


def said_by(shown: Window, button: str, **dialogs: str) -> str:
    """What the dialog says after a click on Export Data or Import Data; closes it."""
    before = contents(shown.home.database)
    shown.answer_dialogs(**dialogs)
    shown.click(button)
    text = shown.text("#failure")
    shown.click("#failure footer button")
    eventually(lambda: shown.is_gone("#failure"), "the dialog is closed")
    assert contents(shown.home.database) == before
    return text


def cut_short(backup: Path) -> None:
    backup.write_bytes(SMALL.read_bytes()[:-600])


def one_byte_changed(backup: Path) -> None:
    content = bytearray(SMALL.read_bytes())
    content[len(content) // 2] ^= 0xFF
    backup.write_bytes(content)


def of_another_version(backup: Path) -> None:
    entries = entries_of(SMALL)
    entries["metadata.json"] = json.dumps({**json.loads(entries["metadata.json"]), "version": "2.0.0"}).encode()
    write(backup, entries)


def without(entry: str) -> Callable[[Path], None]:
    def make(backup: Path) -> None:
        write(backup, {name: content for name, content in entries_of(SMALL).items() if name != entry})

    return make


def with_tasks(*tasks: dict[str, object]) -> Callable[[Path], None]:
    def make(backup: Path) -> None:
        write(backup, made_of(tasks))

    return make


@dataclass(frozen=True)
class Trouble:
    make: Callable[[Path], object]
    says: str


IMPORTS = {
    "the backup file is corrupted": Trouble(cut_short, "The backup is damaged: the file is cut short"),
    "a byte of it has changed": Trouble(one_byte_changed, "The backup is damaged: "),
    "its version is not compatible": Trouble(of_another_version, "Unsupported backup version: 2.0.0. Expected: 1.0.0"),
    "it has no metadata": Trouble(without("metadata.json"), "Backup file is missing metadata.json"),
    "it has no data": Trouble(without("data.json"), "Backup file is missing data.json"),
    "required data is missing": Trouble(with_tasks({"id": "t1"}), "Task at index 0 is missing required field"),
    "an id stands twice": Trouble(with_tasks(TASK, TASK), f"Duplicate task ID found: {TASK['id']}"),
    "it is no backup at all": Trouble(lambda path: path.write_text("Dear diary"), "Invalid ZIP archive: "),
    "it is gone": Trouble(lambda _: None, "There is no file at "),
    "it is a folder": Trouble(Path.mkdir, "is a folder or not an ordinary file"),
}


@pytest.mark.parametrize("trouble", IMPORTS)
def test_import_says_what_is_wrong_with_the_file(trouble: str, shared: Window, tmp_path: Path) -> None:
    backup = tmp_path / "trouble.kpbackup"
    IMPORTS[trouble].make(backup)
    text = said_by(shared, "#import", open=str(backup))
    assert text.startswith("Validation Failed")
    assert IMPORTS[trouble].says in text


def test_import_lists_every_error_on_a_line_of_its_own(shared: Window, tmp_path: Path) -> None:
    backup = tmp_path / "many.kpbackup"
    write(backup, made_of([{**TASK, "id": f"t{number}", "title": None} for number in range(40)]))
    lines = said_by(shared, "#import", open=str(backup)).split("\n")
    found = [line for line in lines if line.startswith("Task at index")]
    assert len(found) == 14
    assert any(line.startswith("and 26 more") for line in lines)


def test_import_into_a_busy_database_says_that_the_backup_is_fine(shared: Window) -> None:
    with held(shared.home.database, "IMMEDIATE"):
        call = shared.call("import_data_from_file", filePath=str(SMALL), overwrite=True)
    assert call["error"].startswith("Nothing was changed and the backup is fine: KiraPilot's database is busy")


def test_export_into_a_folder_that_is_gone_says_so(shared: Window, tmp_path: Path) -> None:
    text = said_by(shared, "#export", save=str(tmp_path / "gone" / "new.kpbackup"))
    assert text.startswith("Export Failed")
    assert "Failed to export data: The folder of " in text


def test_export_over_the_database_says_so(shared: Window) -> None:
    text = said_by(shared, "#export", save=str(shared.home.database))
    assert "is KiraPilot's own database" in text


def test_export_from_a_busy_database_says_so(shared: Window, tmp_path: Path) -> None:
    shared.answer_dialogs(save=str(tmp_path / "new.kpbackup"))
    with held(shared.home.database):
        shared.click("#export")
        text = shared.text("#failure")
    shared.click("#failure footer button")
    assert "KiraPilot's database is busy: another program is using it. Wait a moment and try again." in text


def test_export_without_write_permission_says_so(
    app: Path, display: dict[str, str], home: Home, tmp_path: Path
) -> None:
    folder = home.path / "not mine"
    folder.mkdir()
    folder.chmod(0o555)
    # Root may write anywhere: the sidecar gets to do without that.
    limited = (
        "exec setpriv --bounding-set=-dac_override,-dac_read_search"
        if getattr(os, "geteuid", int)() == 0
        else "exec env"
    )
    program = with_sidecar(app, tmp_path / "app", f'{limited} "$REAL" "$@"')
    with window(program, home, display) as shown:
        text = said_by(shown, "#export", save=str(folder / "new.kpbackup"))
        assert "You do not have permission to use" in text
        secret = home.path / "not for me.kpbackup"
        secret.write_bytes(SMALL.read_bytes())
        secret.chmod(0)
        assert "You do not have permission to use" in said_by(shown, "#import", open=str(secret))


def test_export_to_a_full_disk_says_so(app: Path, display: dict[str, str], home: Home, tmp_path: Path) -> None:
    disk = home.path / "a small disk"
    disk.mkdir()
    if not job_process.may_mount(disk):
        pytest.skip("this system does not let people mount a disk of their own")
    alone = " ".join(job_process.IN_A_NAMESPACE)
    mount = f"mount -t tmpfs -o size=8k tmpfs {shlex.quote(str(disk))}"
    then = shlex.quote(f'{mount} && exec "$0" "$@"')
    program = with_sidecar(app, tmp_path / "app", f'exec {alone} sh -c {then} "$REAL" "$@"')
    with window(program, home, display) as shown:
        text = said_by(shown, "#export", save=str(disk / "new.kpbackup"))
    assert "There is not enough free space for" in text
