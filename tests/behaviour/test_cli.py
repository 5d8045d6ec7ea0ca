"""The command line as scripts and people meet it: what is typed, the help, and what goes wrong."""

from __future__ import annotations

import json
import os
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.cli import commands
from sidecar.cli.arguments import make_parser
from sidecar.description.openrpc import list_errors
from sidecar.errors.paths import FileNotFound, PathNotAllowed
from sidecar.export import exporting
from tests.support.archives import SMALL
from tests.support.shell import Shell, fail_unexpectedly


def test_every_command_is_documented() -> None:
    (parsers,) = (action.choices for action in make_parser()._actions if isinstance(action.choices, dict))
    assert parsers.keys() == commands.COMMANDS.keys()
    summary = make_parser().format_help()
    for name, parser in parsers.items():
        assert re.search(rf"^    {name} +\w", summary, re.MULTILINE), f"{name} has no line in --help"
        assert parser.description, f"{name} has no description"
        assert f"examples:\n  kirapilot-sidecar {name}" in parser.epilog, f"{name} has no example"
        assert all(action.help for action in parser._actions), f"{name} has an option without a word of help"


@pytest.mark.slow
def test_every_example_can_be_typed() -> None:
    for command in commands.COMMANDS:
        examples = re.findall(r"^  kirapilot-sidecar (.+)$", make_parser_epilog(command), re.MULTILINE)
        assert examples
        for example in examples:
            assert make_parser().parse_args(example.split()).command == command


def make_parser_epilog(command: str) -> str:
    (commands,) = (action.choices for action in make_parser()._actions if isinstance(action.choices, dict))
    return str(commands[command].epilog)


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("arguments", [["exprt"], ["export"], ["demo", "--rows", "0"], ["import", "f", "--mer"]])
def test_what_cannot_be_understood_exits_with_2_and_says_where_help_is(shell: Shell, arguments: list[str]) -> None:
    ended = shell.run(*arguments)
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert b"--help shows what can be typed" in ended.stderr


def test_help_on_a_closed_pipe_ends_quietly(shell: Shell, closed_pipe: int) -> None:
    ended = shell.run("--help", stdout=closed_pipe)
    assert (ended.returncode, ended.stderr) == (0, b"")


# What goes wrong


def test_an_error_is_a_sentence_and_a_hint_on_standard_error(shell: Shell) -> None:
    ended = shell.run("import", "--yes", "missing.kpbackup")
    assert (ended.returncode, ended.stdout) == (FileNotFound.code, b"")
    sentence, hint = ended.stderr.decode().splitlines()
    assert sentence.startswith("kirapilot-sidecar: There is no file at ")
    assert hint == f"Hint: {FileNotFound.hint}"


def test_a_slip_in_a_files_name_is_answered_with_the_name_that_is_there(shell: Shell) -> None:
    (shell.folder / "kirapilot-backup.kpbackup").touch()
    ended = shell.run("validate", "kirapilot-bakup.kpbackup")
    assert ended.returncode == FileNotFound.code
    assert ended.stderr.decode().splitlines()[1] == "Hint: Did you mean kirapilot-backup.kpbackup?"


def test_an_error_as_json_is_an_object_on_standard_output(shell: Shell) -> None:
    ended = shell.run("import", "--yes", "--json", "missing.kpbackup")
    assert (ended.returncode, ended.stderr) == (FileNotFound.code, b"")
    error = json.loads(ended.stdout)["error"]
    assert (error["code"], error["kind"], error["hint"]) == (FileNotFound.code, FileNotFound.kind, FileNotFound.hint)
    assert error["path"].endswith("missing.kpbackup")
    assert error["message"].startswith("There is no file at ")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["", "a" * 5000, "no/such/folder.kpbackup", "."])
def test_no_path_makes_a_command_crash(shell: Shell, name: str) -> None:
    for command in (["export", "--yes"], ["import", "--yes"], ["preview"], ["validate", "--basic"], ["inspect"]):
        ended = shell.run(*command, name)
        assert 10 <= ended.returncode <= 18, ended
        assert b"Traceback" not in ended.stderr


@pytest.mark.slow
def test_a_path_that_is_not_text_works_and_is_shown(shell: Shell) -> None:
    name = b"b\xfcckup.kpbackup"
    ended = shell.run(b"export", name, b"--json")
    assert ended.returncode == 0, ended
    assert b"ckup.kpbackup" in ended.stdout
    json.loads(ended.stdout.decode("ascii"))
    assert (os.fsencode(shell.folder) + b"/" + name).decode(errors="surrogateescape") in {
        str(path) for path in shell.folder.iterdir()
    }
    assert shell.run(b"inspect", name).returncode == 0
    assert shell.run(b"validate", name).returncode == 0


def test_an_output_that_lacks_characters_shows_their_escapes(shell: Shell) -> None:
    poor = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ended = shell.run("export", "Sicherung für 😀.kpbackup", env=poor)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert zipfile.is_zipfile(shell.folder / "Sicherung für 😀.kpbackup")


@pytest.mark.slow
def test_a_reader_that_has_gone_changes_nothing_about_what_was_done(shell: Shell, closed_pipe: int) -> None:
    ended = shell.run("export", "new.kpbackup", stdout=closed_pipe)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert zipfile.is_zipfile(shell.folder / "new.kpbackup")
    assert shell.run("validate", "new.kpbackup", "--json", stdout=closed_pipe).returncode == 0
    assert shell.run("import", "missing", "--yes", "--json", stdout=closed_pipe).returncode == FileNotFound.code


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_an_output_that_cannot_be_written_is_an_error(options: tuple[str, ...], shell: Shell) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = shell.run("validate", str(SMALL), *options, stdout=full.fileno())
    assert ended.returncode == 18
    assert b"the standard output" in ended.stderr


def test_a_file_gets_plain_lines_without_a_progress_bar(shell: Shell) -> None:
    answer = shell.folder / "answer.txt"
    with answer.open("wb") as file:
        ended = shell.run("validate", str(SMALL), stdout=file.fileno())
    assert ended.stderr == b""
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", answer.read_text(encoding="utf-8"))


@pytest.mark.parametrize("debug", [False, True])
def test_only_debug_shows_the_traceback_of_an_unexpected_error(
    debug: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(exporting, "export_data", fail_unexpectedly)
    code = commands.run(["export", str(tmp_path / "new.kpbackup"), *(["--debug"] if debug else [])])
    shown = capsys.readouterr()
    assert (code, shown.out) == (70, "")
    assert "RuntimeError" in shown.err
    assert ("Traceback" in shown.err) is debug
    assert ("no such luck" in shown.err) is debug


def test_a_missing_standard_stream_is_no_reason_to_fail(
    monkeypatch: pytest.MonkeyPatch, fresh_database: Path, tmp_path: Path
) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    assert commands.run(["export", str(tmp_path / "new.kpbackup"), "--database", str(fresh_database)]) == 0
    assert commands.run(["export", "", "--database", str(fresh_database)]) == PathNotAllowed.code


@pytest.fixture
def closed_pipe() -> Iterator[int]:
    """The writing end of a pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


def test_the_help_speaks_of_every_exit_code() -> None:
    ranges = re.findall(r"^  (\d+)(?:-(\d+))?  ", make_parser().format_help(), re.MULTILINE)
    told = {code for first, last in ranges for code in range(int(first), int(last or first) + 1)}
    assert {kind.code for kind in list_errors() if kind.code > 0} <= told
