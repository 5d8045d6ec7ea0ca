"""What cannot be carried out is answered with the help of the very command that was typed."""

from __future__ import annotations

import pytest

from sidecar.cli.arguments import PROGRAM, UsageError, make_parser, parse


def _refused(*typed: str) -> UsageError:
    with pytest.raises(UsageError) as refused:
        parse(typed)
    return refused.value


def _commands() -> list[str]:
    commands = make_parser().commands()
    return [
        " ".join(filter(None, (name, action)))
        for name, parser in commands.items()
        for action in parser.commands() or (None,)
    ]


@pytest.mark.slow(but=8)
@pytest.mark.parametrize("command", _commands())
@pytest.mark.parametrize("beyond", [("--no-such-option",), ("1", "2", "3", "4", "5", "6", "7", "8")])
def test_whatever_is_too_much_for_a_command_is_told_with_that_command_s_help(
    command: str, beyond: tuple[str, ...]
) -> None:
    hint = _refused(*command.split(), *beyond).hint
    assert hint == f"{PROGRAM} {command} --help shows what can be typed."


def test_an_argument_too_many_may_be_a_name_with_spaces() -> None:
    told = str(_refused("import", "my", "backup.kpbackup"))
    assert told == "There is more here than it takes: backup.kpbackup. A name with spaces must stand in quotes."


@pytest.mark.parametrize("typed", [["imprt", "a"], ["--no-such-option"], ["--no-such-option", "status"], ["-x"]])
def test_where_no_command_takes_it_the_whole_help_is_named(typed: list[str]) -> None:
    assert _refused(*typed).hint == f"{PROGRAM} --help shows what can be typed."


def test_a_command_of_commands_names_its_own_help() -> None:
    assert _refused("auto", "nope").hint == f"{PROGRAM} auto --help shows what can be typed."
