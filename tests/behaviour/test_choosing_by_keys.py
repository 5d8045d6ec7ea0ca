"""``import -i`` as a person meets it: lists, types and what becomes of rows that differ, chosen by keys."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.cli.arguments import UsageError, parse
from sidecar.cli.questions import choose_import
from sidecar.screen.terminal import Terminal
from sidecar.system.signals import Interrupts
from tests.conftest import DATA, ROOT
from tests.support.databases import altered, backup, contents, copy_of, query, value
from tests.support.pseudo_terminal import CTRL_C, PseudoTerminal

RICH = "2025-09-08-periodic-templates"

ENTER, DOWN, SPACE, ALL = "\r", "\x1b[B", " ", "a"

LISTS, TYPES, POLICY, QUESTION = "Which task lists?", "Which types", "other content?", "Go on?"

Start = Callable[..., PseudoTerminal]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return copy_of(DATA / f"{RICH}.db", tmp_path / "app")


@pytest.fixture
def archive(database: Path, tmp_path: Path) -> Path:
    """A backup; one row of each of two types has gone since, and all titles are other ones."""
    made = backup(database, tmp_path / "before.kpbackup")
    altered(database, "UPDATE tasks SET title = 'mine'")
    altered(database, "DELETE FROM time_sessions WHERE rowid = (SELECT max(rowid) FROM time_sessions)")
    altered(database, "DELETE FROM thread_messages WHERE rowid = (SELECT max(rowid) FROM thread_messages)")
    return made


@pytest.fixture
def start(database: Path, tmp_path: Path) -> Start:
    """Starts a command on a terminal of 80 by 24."""
    (tmp_path / "here").mkdir()
    env = {
        "KIRAPILOT_DATABASE": str(database),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PYTHONPATH": str(ROOT),
        # Nobody answers here where the cursor is.
        "PROMPT_TOOLKIT_NO_CPR": "1",
    }

    def start(*arguments: str) -> PseudoTerminal:
        command = [sys.executable, "-m", "sidecar", *arguments]
        return PseudoTerminal(command, cwd=tmp_path / "here", env=env, size=(24, 80))

    return start


def answer(terminal: PseudoTerminal, question: str, keys: str) -> None:
    terminal.until(question)
    terminal.press(keys)


def titles(database: Path) -> set[str]:
    return {title for (title,) in query(database, "SELECT title FROM tasks")}


@pytest.mark.slow
def test_one_list_and_one_type_are_ticked_and_that_comes_back(start: Start, archive: Path, database: Path) -> None:
    name, count = query(
        database,
        "SELECT l.name, count(*) FROM task_lists l JOIN tasks t ON t.task_list_id = l.id"
        " GROUP BY l.id ORDER BY 2 DESC LIMIT 1",
    )[0]
    messages = value(database, "SELECT count(*) FROM thread_messages")
    with start("import", "-i", str(archive)) as terminal:
        answer(terminal, LISTS, ALL + SPACE + ENTER)
        answer(terminal, TYPES, ENTER)
        answer(terminal, POLICY, DOWN + ENTER)
        answer(terminal, QUESTION, "y\n")
        assert terminal.finish() == 0
    assert f"{name} ({count} tasks)" in terminal.seen
    assert f"tasks: {count} chosen" in terminal.seen
    assert (
        value(database, "SELECT count(*) FROM tasks WHERE title = 'mine'")
        == value(database, "SELECT count(*) FROM tasks") - count
    )
    assert value(database, "SELECT count(*) FROM thread_messages") == messages


@pytest.mark.slow
def test_a_type_is_chosen_out_of_all_lists(start: Start, archive: Path, database: Path) -> None:
    sessions = value(database, "SELECT count(*) FROM time_sessions")
    messages = value(database, "SELECT count(*) FROM thread_messages")
    with start("import", "-i", str(archive)) as terminal:
        answer(terminal, LISTS, ENTER)
        terminal.until("time sessions (")
        shown = [line for line in terminal.seen.splitlines() if " rows)" in line]
        place = next(number for number, line in enumerate(shown) if "time sessions (" in line)
        terminal.press(ALL + DOWN * place + SPACE + ENTER)
        answer(terminal, POLICY, ENTER)
        answer(terminal, QUESTION, "y\n")
        assert terminal.finish() == 0
    assert value(database, "SELECT count(*) FROM time_sessions") == sessions + 1
    assert value(database, "SELECT count(*) FROM thread_messages") == messages
    assert titles(database) == {"mine"}


@pytest.mark.slow
def test_all_of_it_may_replace_what_is_there(start: Start, archive: Path, database: Path) -> None:
    altered(database, "INSERT INTO tasks (id, title) VALUES ('new', 'mine')")
    with start("import", "-i", str(archive)) as terminal:
        answer(terminal, LISTS, ENTER)
        answer(terminal, TYPES, ENTER)
        answer(terminal, POLICY, DOWN * 3 + ENTER)
        answer(terminal, QUESTION, "y\n")
        assert terminal.finish() == 0
    assert "removes 1" in terminal.seen
    assert value(database, "SELECT count(*) FROM tasks WHERE title = 'mine'") == 0


@pytest.mark.slow
def test_a_no_at_the_end_changes_nothing(start: Start, archive: Path, database: Path) -> None:
    before = contents(database)
    with start("import", "-i", str(archive)) as terminal:
        answer(terminal, LISTS, ENTER)
        answer(terminal, TYPES, ENTER)
        answer(terminal, POLICY, ENTER)
        answer(terminal, QUESTION, "n\n")
        assert terminal.finish() == 130
    assert contents(database) == before


@pytest.mark.slow(but=1)
@pytest.mark.parametrize(
    ("step", "leave"), [(POLICY, CTRL_C), (TYPES, CTRL_C), (LISTS, CTRL_C), (TYPES, signal.SIGTERM)]
)
def test_leaving_in_the_middle_changes_nothing(
    start: Start, archive: Path, database: Path, tmp_path: Path, step: str, leave: str | signal.Signals
) -> None:
    before = contents(database)
    with start("import", "-i", str(archive)) as terminal:
        for question in (LISTS, TYPES, POLICY):
            terminal.until(question)
            if question == step:
                break
            terminal.press(ENTER)
        if isinstance(leave, str):
            terminal.press(leave)
        else:
            terminal.process.send_signal(leave)
        assert terminal.finish() == 130
    assert "Everything is as it was" in terminal.seen
    assert contents(database) == before
    assert not list((database.parent).rglob("before-import-*"))
    assert not list((tmp_path / "cache").rglob("job-*"))


@pytest.mark.slow
def test_nothing_ticked_is_no_answer(start: Start, archive: Path) -> None:
    with start("import", "-i", str(archive)) as terminal:
        answer(terminal, LISTS, ALL + ENTER + SPACE + ENTER)
        terminal.until(" tasks)]")
        terminal.press(CTRL_C)
        assert terminal.finish() == 130


@pytest.mark.slow
def test_names_made_to_do_harm_are_shown_as_what_they_are(start: Start, database: Path, tmp_path: Path) -> None:
    altered(database, "UPDATE task_lists SET name = char(27) || '[2J' || name || char(10) || 'x'")
    archive = backup(database, tmp_path / "hostile.kpbackup")
    with start("import", "-i", str(archive)) as terminal:
        terminal.until(LISTS)
        terminal.until("tasks)")
        terminal.press(CTRL_C)
        terminal.finish()
    assert r"\x1b[2J" in terminal.seen
    assert "\x1b[2J" not in terminal.seen


@pytest.mark.slow
def test_a_backup_with_more_lists_than_lines_can_be_scrolled_to_its_last(
    start: Start, database: Path, tmp_path: Path
) -> None:
    for number in range(60):
        altered(database, "INSERT INTO task_lists (id, name) VALUES (?, ?)", f"l{number}", f"List {number:02}")
    archive = backup(database, tmp_path / "many.kpbackup")
    with start("import", "-i", str(archive)) as terminal:
        answer(terminal, LISTS, ALL + DOWN * 64)
        terminal.until("List 59 (0 tasks)")
        terminal.press(SPACE + ENTER)
        terminal.until("[List 59 (0 tasks)]")
        terminal.press(CTRL_C)
        assert terminal.finish() == 130


def test_without_a_terminal_it_says_what_to_do_instead(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sidecar", "import", "-i", str(tmp_path / "old.kpbackup")]
    ended = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert ended.returncode == 2
    assert b"--list, --type, --merge and --on-conflict" in ended.stderr


class AtATerminal(Terminal):
    """One on which a person can be asked."""

    can_ask = True


def test_without_its_library_it_says_how_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "questionary", None)
    options = parse(["import", "-i", "old.kpbackup"])
    assert not isinstance(options, str)
    with pytest.raises(UsageError) as told:
        choose_import(options, AtATerminal(Interrupts()))
    assert "kirapilot-sidecar[interactive]" in told.value.hint


@pytest.mark.parametrize(
    "typed", [["--merge"], ["--list", "x"], ["--salvage"], ["--since", "2026-01-01"], ["--missing"]]
)
def test_what_is_chosen_by_options_is_not_asked_for_again(typed: list[str]) -> None:
    options = parse(["import", "-i", *typed, "old.kpbackup"])
    assert not isinstance(options, str)
    with pytest.raises(UsageError, match="the other options"):
        choose_import(options, AtATerminal(Interrupts()))
