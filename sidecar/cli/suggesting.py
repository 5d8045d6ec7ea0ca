"""What was probably meant by a command, an option or a file that does not exist."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

_CHOICE = re.compile(r"argument (COMMAND|ACTION): invalid choice: '(.*?)' \(choose from (.*)\)", re.DOTALL)
_UNKNOWN = re.compile(r"unrecognized arguments: (.*)", re.DOTALL)

_MOST_FILES = 2_000
"""Files of a folder that are looked at: a name is compared with each."""


def explained(message: str, commands: Iterable[str], options: Iterable[str]) -> str:
    """argparse's ``message`` as a sentence, with the command or the option that is nearest to what was typed."""
    if (found := _CHOICE.fullmatch(message)) is not None:
        known = commands if found[1] == "COMMAND" else re.findall(r"\w+", found[3])
        return f'There is no command "{found[2]}".{_meant([found[2]], known)}'
    if (found := _UNKNOWN.fullmatch(message)) is not None:
        typed = [word.partition("=")[0] for word in found[1].split() if word.startswith("-")]
        if typed:
            return f'There is no option "{typed[0]}" here.{_meant(typed, options)}'
        return f"There is more here than it takes: {found[1]}. A name with spaces must stand in quotes."
    return f"{message[:1].upper()}{message[1:]}."


def meant_file(typed: str) -> str | None:
    """The file whose name is nearest to that of one that is not there, in the same folder; None if none is near."""
    path = Path(typed)
    try:
        with os.scandir(path.parent) as found:
            names = [entry.name for entry in islice(found, _MOST_FILES) if entry.is_file()]
    except OSError:
        return None
    near = get_close_matches(path.name, names, n=1, cutoff=0.8)
    return str(path.with_name(near[0])) if near else None


def _meant(typed: Sequence[str], known: Iterable[str]) -> str:
    names = list(known)
    for word in typed:
        # What was typed may be the beginning of it, or a slip of the fingers.
        begun = [name for name in names if len(word) > 2 and name.startswith(word)]
        for name in [*begun, *get_close_matches(word, names, n=1, cutoff=0.6)]:
            return f' Did you mean "{name}"?'
    return ""
