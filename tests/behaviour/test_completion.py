"""Completion: what the script of each shell offers, asked of the shell itself where it is at hand."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.cli.arguments import _Parser, make_parser
from sidecar.cli.automatic_arguments import TRIGGERS
from sidecar.description.completion import SHELLS, completion_script

BASH = shutil.which("bash")


def parsers() -> Iterator[tuple[str, _Parser]]:
    """What may be typed before an option, and the parser of that."""
    yield "", make_parser()
    for name, command in make_parser().commands().items():
        yield name, command
        for action, parser in command.commands().items():
            yield f"{name} {action}", parser


def long_options(parser: _Parser) -> set[str]:
    return {name for name in parser._option_string_actions if name.startswith("--")}


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_and_every_option_is_in_the_script(shell: str) -> None:
    script = completion_script(make_parser(), shell)
    for typed, parser in parsers():
        assert all(word in script for word in typed.split())
        # fish writes options without their dashes.
        assert all((name if shell != "fish" else name[2:]) in script for name in long_options(parser) - {"--help"})


def test_every_shell_that_can_be_typed_has_a_script() -> None:
    (shell,) = (action for action in make_parser().commands()["completion"]._actions if action.dest == "shell")
    assert tuple(shell.choices or ()) == SHELLS


class Bash:
    """bash with the completion read, which is asked what it would offer."""

    def __init__(self, script: Path) -> None:
        self._script = script

    def offers(self, typed: str, folder: Path) -> set[str]:
        """What Tab offers after ``typed``, whose last word is the one begun."""
        asked = """
            source "$1"
            read -ra COMP_WORDS <<< "$2"
            [[ $2 == *" " ]] && COMP_WORDS+=("")
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            COMPREPLY=()
            offer=$(complete -p kirapilot-sidecar | sed 's/.* -F \\([^ ]*\\).*/\\1/')
            "$offer" kirapilot-sidecar "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
            printf '%s\\n' "${COMPREPLY[@]}"
        """
        words = [str(BASH), "--norc", "-c", asked, "bash", str(self._script), typed]
        ended = subprocess.run(words, capture_output=True, text=True, cwd=folder, check=True)
        assert ended.stderr == ""
        return set(ended.stdout.split("\n")) - {""}


@pytest.fixture
def bash(sidecar_command: list[str], tmp_path: Path) -> Bash:
    """bash that has read what the program prints."""
    if BASH is None:
        pytest.skip("there is no bash here to be asked")
    script = tmp_path / "completion.bash"
    ended = subprocess.run([*sidecar_command, "completion", "bash"], capture_output=True, check=True)
    assert ended.stderr == b""
    script.write_bytes(ended.stdout)
    return Bash(script)


def test_bash_offers_commands_options_values_and_files(bash: Bash, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / "mine.kpbackup").touch()
    (here / "folder").mkdir()
    commands = make_parser().names()
    assert bash.offers("kirapilot-sidecar ", here) == {*commands}
    assert bash.offers("kirapilot-sidecar exp", here) == {"export"}
    assert bash.offers("kirapilot-sidecar auto run --trigger ", here) == {*TRIGGERS}
    assert bash.offers("kirapilot-sidecar auto inst", here) == {"install", "installed"}
    assert bash.offers("kirapilot-sidecar validate m", here) == {"mine.kpbackup"}
    assert bash.offers("kirapilot-sidecar auto set --place ", here) == {"folder"}
    assert bash.offers("kirapilot-sidecar completion ", here) == {*SHELLS}


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("typed", [typed for typed, _ in parsers()])
def test_bash_offers_every_option_of_every_command(typed: str, bash: Bash, tmp_path: Path) -> None:
    parser = dict(parsers())[typed]
    assert long_options(parser) <= bash.offers(f"kirapilot-sidecar {typed} --".replace("  ", " "), tmp_path)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_another_shell_reads_its_script(shell: str, tmp_path: Path) -> None:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"there is no {shell} here to read it")
    script = tmp_path / "script"
    script.write_text(completion_script(make_parser(), shell), "utf-8")
    ended = subprocess.run([found, "-n", str(script)], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
