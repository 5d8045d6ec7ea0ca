"""Completion for shells: what Tab offers after the program's name, written by shtab from the parser itself."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

SHELLS = ("bash", "zsh", "fish")

_OFFERED = {"FILE": "FILE", "PAGE": "FILE", "BACKUP": "FILE", "PATH": "FILE", "DIR": "DIRECTORY"}
"""What an argument is called in the help -> what shtab calls that of which names are offered."""


def completion_script(parser: argparse.ArgumentParser, shell: str) -> str:
    """The script that ``shell``, one of ``SHELLS``, is to read. All else that is asked for is offered no names."""
    # Not above: everything else does without it.
    import shtab

    for action in _actions(parser):
        offered = _OFFERED.get(str(action.metavar))
        if offered is not None:
            setattr(action, "complete", getattr(shtab, offered))  # noqa: B010 - read by shtab alone
    return shtab.complete(parser, shell=shell)


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _actions(command)
