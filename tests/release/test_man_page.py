"""The manual page: made from the parser, complete, and taken by the system's formatter without complaint."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from freezing.man_page import PAGE, man_page
from sidecar.cli.arguments import make_parser

MAN = shutil.which("man")


def actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from actions(command)


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="later versions of argparse word a usage otherwise")
def test_the_page_is_what_is_made_of_the_parser() -> None:
    assert PAGE.read_text("utf-8") == man_page(), (
        "python -m sidecar.description.openrpc --write protocol writes it anew"
    )


def test_every_command_and_every_option_is_in_it() -> None:
    told = PAGE.read_text("utf-8").replace("\\-", "-")
    for action in actions(make_parser()):
        for option in action.option_strings:
            assert option in told
        if isinstance(action, argparse._SubParsersAction):
            assert all(f"{command.prog}'" in told for command in action.choices.values())
    assert "kirapilot-sidecar auto install" in told
    assert "exit codes:" in told


@pytest.mark.skipif(MAN is None, reason="there is no man here to format it")
def test_the_systems_formatter_takes_it() -> None:
    ended = subprocess.run([str(MAN), "--warnings", "-l", str(PAGE)], capture_output=True, text=True, check=True)
    assert ended.stderr == ""
    assert re.search(r"^NAME\n +kirapilot-sidecar - keep and restore", ended.stdout, re.MULTILINE)
