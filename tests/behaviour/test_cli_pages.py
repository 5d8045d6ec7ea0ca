"""``report`` and ``diff --html`` as they are typed: the page, what is said of it, questions, and exit codes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support.archives import SMALL
from tests.support.described import assert_described
from tests.support.pages import Page
from tests.support.shell import Shell, said


@pytest.fixture
def shell(shell: Shell) -> Shell:
    """A place with a backup."""
    shutil.copy(SMALL, shell.folder / "mine.kpbackup")
    return shell


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.slow
def test_a_page_is_written_under_the_backups_name_and_said_to_be(shell: Shell) -> None:
    shown = said(shell.run("report", "mine.kpbackup"), 0)
    assert "mine.html" in shown
    assert "The backup is valid (0 errors, 1 warning)." in shown
    Page(shell.folder / "mine.html").assert_sound()


@pytest.mark.slow
def test_the_database_is_a_backup_too(shell: Shell) -> None:
    said(shell.run("report", "now", "-o", "a page.html"), 0)
    page = Page(shell.folder / "a page.html")
    page.assert_sound()
    assert "as it is now" in page.words()


@pytest.mark.slow
def test_a_difference_is_a_page_with_the_exit_code_of_diff(shell: Shell) -> None:
    shown = said(shell.run("diff", "--html", "page.html", "mine.kpbackup"), 1)
    assert "page.html" in shown
    Page(shell.folder / "page.html").assert_sound()
    shutil.copy(shell.folder / "mine.kpbackup", shell.folder / "copy.kpbackup")
    ended = shell.run("diff", "--json", "--force", "--html", "page.html", "mine.kpbackup", "copy.kpbackup")
    assert_described(answer := json.loads(said(ended, 0)), "diff --html")
    assert answer["identical"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "code", "words"),
    [
        (("report", "-o", "page.html", "mine.kpbackup"), 110, "add --force"),
        (("report", "--force", "-o", "mine.kpbackup", "mine.kpbackup"), 111, "never takes its place"),
        (("diff", "--html", "page.html", "mine.kpbackup"), 110, "was not replaced"),
        (("report", "-o", "nowhere/page.html", "mine.kpbackup"), 11, "folder"),
        (("report", "missing.kpbackup"), 10, "There is no file"),
        (("report", "77"), 82, "no automatic backup 77"),
        (("report", "-o", "", "mine.kpbackup"), 13, "empty"),
    ],
)
def test_what_cannot_be_written_is_told_with_its_code(
    shell: Shell, typed: tuple[str, ...], code: int, words: str
) -> None:
    said(shell.run("report", "-o", "page.html", "mine.kpbackup"), 0)
    before = files_in(shell.folder)
    ended = shell.run(*typed)
    assert (ended.returncode, ended.stdout) == (code, b"")
    assert words in " ".join(ended.stderr.decode().split())
    assert files_in(shell.folder) == before
