"""The command line as a person meets it: progress bars, questions, and Ctrl-C, on a real terminal."""

from __future__ import annotations

import signal
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from sidecar.errors.base import Cancelled
from sidecar.errors.paths import NotAPage
from tests.conftest import EVERY_KIND
from tests.support.pseudo_terminal import CTRL_C, CTRL_D, PseudoTerminal

Start = Callable[..., PseudoTerminal]

BAR = "%|"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder the program is started in; its work folder is inside."""
    here = tmp_path / "here"
    here.mkdir()
    return here


@pytest.fixture
def start(sidecar_command: list[str], fresh_database: Path, folder: Path) -> Start:
    """Starts a command on a terminal."""
    env = {"KIRAPILOT_DATABASE": str(fresh_database), "XDG_CACHE_HOME": str(folder / "cache")}

    def start(*arguments: str, stdout: int | None = None) -> PseudoTerminal:
        return PseudoTerminal([*sidecar_command, *arguments], cwd=folder, env=env, stdout=stdout)

    return start


@pytest.fixture
def backup(real_files: Path) -> str:
    return str(real_files / "2025-09-08-periodic-templates.kpbackup")


@contextmanager
def held(database: Path) -> Iterator[None]:
    """Lock ``database`` as the app does while it writes, so that a job waits in its middle."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


def left_in(folder: Path) -> list[str]:
    """Files below ``folder``, whatever their names."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_terminal_sees_a_progress_bar_which_is_gone_at_the_end(start: Start) -> None:
    with start("export", "new.kpbackup") as terminal:
        assert terminal.finish() == 0
    assert BAR in terminal.seen
    last_lines = terminal.seen[terminal.seen.index("Exported ") :]
    assert BAR not in last_lines


@pytest.mark.parametrize("option", ["--quiet", "--json"])
def test_quiet_and_json_show_no_progress_bar(start: Start, option: str) -> None:
    with start("export", "new.kpbackup", option) as terminal:
        assert terminal.finish() == 0
    assert BAR not in terminal.seen


def test_an_answer_sent_to_a_file_leaves_the_bar_on_the_terminal(start: Start, folder: Path) -> None:
    with (folder / "answer.txt").open("wb") as file, start("export", "new.kpbackup", stdout=file.fileno()) as terminal:
        assert terminal.finish() == 0
    assert BAR in terminal.seen
    assert (folder / "answer.txt").read_text(encoding="utf-8").startswith("Exported ")


def test_import_shows_the_preview_and_asks_before_it_replaces(start: Start, backup: str, fresh_database: Path) -> None:
    before = fresh_database.read_bytes()
    with start("import", backup) as terminal:
        terminal.until("Go on? [y/N]")
        assert "would replace what is there:" in terminal.seen
        assert fresh_database.read_bytes() == before
        terminal.press("y\n")
        assert terminal.finish() == 0
    assert "Replaced the data with the backup of " in terminal.seen
    assert task_count(fresh_database) == 30


@pytest.mark.slow
@pytest.mark.parametrize("mode", [[], ["--merge"]])
def test_a_salvage_is_shown_and_asked_for_even_where_nothing_is_replaced(
    start: Start, backup: str, fresh_database: Path, folder: Path, mode: list[str]
) -> None:
    damaged = folder / "damaged.kpbackup"
    damaged.write_bytes(Path(backup).read_bytes()[:-100])
    before = fresh_database.read_bytes()
    for answer, code in (("n\n", Cancelled().exit_code), ("y\n", 0)):
        with start("import", "--salvage", *mode, str(damaged)) as terminal:
            terminal.until("Go on? [y/N]")
            assert "what can be proved of it:" in terminal.seen
            assert "damage: the file is cut short" in terminal.seen
            assert fresh_database.read_bytes() == before
            terminal.press(answer)
            assert terminal.finish() == code
    assert "Brought in what can be proved of the backup of " in terminal.seen
    assert "Nothing of the backup is missing." in terminal.seen
    assert task_count(fresh_database) == 12 + 30


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("answer", ["n\n", "\n", "yeah, but\n", CTRL_D, CTRL_C])
def test_anything_but_yes_leaves_the_database_as_it_was(
    start: Start, backup: str, fresh_database: Path, folder: Path, answer: str
) -> None:
    before = fresh_database.read_bytes()
    with start("import", backup) as terminal:
        terminal.until("Go on? [y/N]")
        terminal.press(answer)
        assert terminal.finish() == Cancelled().exit_code
    (told,) = [line for line in terminal.seen.splitlines() if "Cancelled. Everything is as it was before." in line]
    assert "Go on?" not in told, "it is told on a line of its own"
    assert fresh_database.read_bytes() == before
    assert left_in(folder) == []


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["y", "n"])
def test_undo_shows_the_preview_and_asks_before_it_replaces(
    start: Start, backup: str, fresh_database: Path, answer: str
) -> None:
    tasks = task_count(fresh_database)
    with start("import", backup, "--yes") as terminal:
        assert terminal.finish() == 0
    before = fresh_database.read_bytes()
    with start("undo") as terminal:
        terminal.until("Go on? [y/N]")
        assert "Undoing would put back " in terminal.seen
        assert "before-import-" in terminal.seen
        assert fresh_database.read_bytes() == before
        terminal.press(f"{answer}\n")
        assert terminal.finish() == (0 if answer == "y" else Cancelled().exit_code)
    assert task_count(fresh_database) == (tasks if answer == "y" else 30)


@pytest.mark.parametrize("answer", ["y", "n"])
def test_export_asks_before_it_replaces_a_backup(start: Start, folder: Path, answer: str) -> None:
    target = folder / "old.kpbackup"
    target.write_bytes(b"the only backup there is")
    with start("export", "old.kpbackup") as terminal:
        terminal.until("old.kpbackup exists already. Replace it? [y/N]")
        terminal.press(f"{answer}\n")
        terminal.finish()
    assert zipfile.is_zipfile(target) is (answer == "y")


@pytest.mark.slow
@pytest.mark.parametrize("typed", [("report", "-o"), ("diff", "--html")])
def test_a_page_that_is_there_is_asked_for_and_another_file_never(
    start: Start, backup: str, folder: Path, typed: tuple[str, str]
) -> None:
    page = folder / "page.html"
    command, option = typed
    with start(command, option, str(page), backup) as terminal:
        code = terminal.finish()
    before = page.read_bytes()
    for answer, ends_with in (("n\n", Cancelled().exit_code), ("y\n", code)):
        with start(command, option, str(page), backup) as terminal:
            terminal.until("page.html exists already. Replace it? [y/N]")
            assert page.read_bytes() == before
            terminal.press(answer)
            assert terminal.finish() == ends_with
    (folder / "letter.txt").write_text("Dear diary", "utf-8")
    with start(command, option, str(folder / "letter.txt"), backup) as terminal:
        assert terminal.finish() == NotAPage.code
    assert (folder / "letter.txt").read_text("utf-8") == "Dear diary"


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("command", [["export", "new.kpbackup"], ["import", "--yes"], ["preview"]])
def test_ctrl_c_in_the_middle_leaves_everything_as_it_was(
    start: Start, command: list[str], times: int, backup: str, fresh_database: Path, folder: Path
) -> None:
    arguments = command if "export" in command else [*command, backup]
    before = fresh_database.read_bytes()
    with held(fresh_database), start(*arguments) as terminal:
        terminal.until(BAR)
        terminal.press(CTRL_C * times)
        assert terminal.finish() == Cancelled().exit_code
    assert "Cancelled. Everything is as it was before." in terminal.seen
    assert "Traceback" not in terminal.seen
    assert fresh_database.read_bytes() == before
    assert left_in(folder) == []


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)])
def test_a_signal_to_stop_is_a_cancel(
    start: Start, number: signal.Signals, backup: str, fresh_database: Path, folder: Path
) -> None:
    before = fresh_database.read_bytes()
    with held(fresh_database), start("import", "--yes", backup) as terminal:
        terminal.until(BAR)
        terminal.process.send_signal(number)
        assert terminal.finish() == Cancelled().exit_code
    assert fresh_database.read_bytes() == before
    assert left_in(folder) == []


@pytest.mark.slow
def test_the_work_of_a_cancelled_export_can_be_done_again(start: Start, fresh_database: Path, folder: Path) -> None:
    with held(fresh_database), start("export", "new.kpbackup") as terminal:
        terminal.until(BAR)
        terminal.press(CTRL_C)
        terminal.finish()
    with start("export", "new.kpbackup") as terminal:
        assert terminal.finish() == 0
    assert left_in(folder) == ["new.kpbackup"]


def test_a_backup_cannot_write_escape_sequences_to_the_terminal(start: Start, folder: Path, real_files: Path) -> None:
    hostile = folder / "hostile.kpbackup"
    with zipfile.ZipFile(real_files / f"{EVERY_KIND}.kpbackup") as source, zipfile.ZipFile(hostile, "w") as copy:
        for name in source.namelist():
            copy.writestr(name, source.read(name).replace(b'"title": "', b'"title": "\\u001b]0;owned\\u0007'))
    with start("preview", str(hostile)) as terminal:
        assert terminal.finish() == 0
    assert "\x1b]0;" not in terminal.seen


def task_count(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM tasks").fetchone()
    return int(count)
