"""Choosing by keys in a terminal: arrows, space, return. On standard error, for standard output is for the answer.

The library for it comes with ``kirapilot-sidecar[interactive]``; the frozen program does without.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import questionary

KEYS_TO_TICK = "space ticks, a all or none, return goes on"
KEYS_TO_CHOOSE = "arrows, return"


@dataclass(frozen=True)
class Choice:
    """One thing to choose: what is shown of it, what it stands for, and whether it is ticked at first."""

    shown: str
    value: str
    ticked: bool = True


class NoLibrary(Exception):
    """What is needed to choose by keys is not installed."""


def require_library() -> None:
    """Raise NoLibrary unless things can be chosen by keys."""
    try:
        import questionary  # noqa: F401
    except ImportError as error:
        raise NoLibrary from error


def pick_some(question: str, choices: Sequence[Choice]) -> list[str]:
    """What is ticked at the end, at least one. Raises KeyboardInterrupt for Ctrl-C."""
    import questionary

    asked = questionary.checkbox(
        question,
        [questionary.Choice(one.shown, one.value, checked=one.ticked) for one in choices],
        validate=lambda ticked: bool(ticked) or "Tick one at least, or press Ctrl-C to leave all as it is",
        instruction=f"({KEYS_TO_TICK})",
        **_on_standard_error(),
    )
    answer: list[str] = _answered(asked)
    return answer


def pick_one(question: str, choices: Sequence[Choice]) -> str:
    """The one that was chosen. Raises KeyboardInterrupt for Ctrl-C."""
    import questionary

    asked = questionary.select(
        question,
        [questionary.Choice(one.shown, one.value) for one in choices],
        instruction=f"({KEYS_TO_CHOOSE})",
        **_on_standard_error(),
    )
    answer: str = _answered(asked)
    return answer


def _on_standard_error() -> dict[str, Any]:
    from prompt_toolkit.output import create_output

    return {"output": create_output(stdout=sys.stderr)}


def _answered(asked: questionary.Question) -> Any:
    try:
        return asked.unsafe_ask()
    except EOFError as error:  # the terminal has gone
        raise KeyboardInterrupt from error
