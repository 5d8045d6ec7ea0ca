"""What may be typed to take a part of a backup, and to say which of two rows stays. Does nothing but parse."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # Importing them would load what the command line does without.
    from sidecar.merging.policy import ByTable, Choice, OnConflict, Policies
    from sidecar.selection.request import PartToExport, Selection


_POLICIES: tuple[OnConflict, ...] = ("mine", "theirs", "newer", "both")

_NUMBERS = re.compile(r"(\d{1,18})(?:-(\d{1,18}))?", re.ASCII)


class ConflictOptions(argparse.Namespace):
    """What was typed, typed. A field is set only where the command has it."""

    policies_typed: list[tuple[str, OnConflict]] | None = None
    choices_typed: list[list[Choice]] | None = None
    numbers_of: str | None = None

    @property
    def on_conflict(self) -> ByTable:
        """What is to stay, by table."""
        return dict(self.policies_typed or [])

    @property
    def choices(self) -> list[Choice]:
        """What is to stay of single conflicts."""
        return [choice for choices in self.choices_typed or [] for choice in choices]

    def policies(self) -> Policies:
        """All of it. Raises InvalidChoice for choices that contradict each other."""
        from sidecar.merging.policy import policies_of

        return policies_of(self.on_conflict, self.choices)


class SelectionOptions(argparse.Namespace):
    """What was typed, typed. A field is set only where the command has it."""

    lists: list[str] | None = None
    types: list[str] | None = None
    ids: list[str] | None = None
    with_text: str | None = None
    since: str | None = None
    until: str | None = None
    missing: bool = False
    untied: bool = False

    @property
    def is_untied_alone(self) -> bool:
        """Whether it was said how a part is to come, and not which."""
        which = (self.lists, self.types, self.ids, self.with_text, self.since, self.until)
        return self.untied and not self.missing and all(one is None for one in which)

    def selection(self) -> Selection | None:
        """The part of a backup that is meant; None for all of it."""
        from sidecar.selection.request import Selection

        chosen = Selection(**self._criteria(), missing=self.missing)
        return chosen if chosen != Selection(subtasks=chosen.subtasks) else None

    def part(self) -> PartToExport | None:
        """The part of the data that is to be exported; None for all of it."""
        from sidecar.selection.request import PartToExport

        chosen = PartToExport(**self._criteria())
        return chosen if chosen != PartToExport(subtasks=chosen.subtasks) else None

    def _criteria(self) -> dict[str, Any]:
        return {
            "tables": self.types,
            "lists": self.lists,
            "ids": self.ids,
            "text": self.with_text,
            "since": self.since,
            "until": self.until,
            "subtasks": "untied" if self.untied else "with_parents",
        }


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose a part of a backup."""
    group = _add_criteria(parser, "a part of the backup, with what it cannot be without; nothing is then removed")
    group.add_argument("--missing", action="store_true", help="only what the database does not have")


def add_part(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose a part of the data."""
    _add_criteria(parser, "a part of the data, with what it cannot be without; the backup is then partial")


def _add_criteria(parser: argparse.ArgumentParser, title: str) -> argparse._ArgumentGroup:
    group = parser.add_argument_group(title)
    for option, kept, metavar, meaning in (
        ("--list", "lists", "NAME", "what is in this task list"),
        ("--type", "types", "TABLE", "this type, as inspect names it"),
        ("--id", "ids", "ID", "the row with this id, as find shows it"),
    ):
        group.add_argument(option, dest=kept, metavar=metavar, type=some_text, action="append", help=meaning)
    meaning = "rows with this text in a title or other words"
    group.add_argument("--text", dest="with_text", metavar="TEXT", type=some_text, help=meaning)
    group.add_argument("--since", metavar="DAY", type=_day, help="begun or made on this day (UTC) or later")
    group.add_argument("--until", metavar="DAY", type=_day, help="begun or made on this day (UTC) or earlier")
    group.add_argument("--untied", action="store_true", help="subtasks without their parents: as tasks of their own")
    return group


def some_text(text: str) -> str:
    """What names nothing, or is in everything, was left empty by a variable that nobody filled in."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text


def _day(text: str) -> str:
    from sidecar.selection.request import NO_DAY, is_day

    if not is_day(text):
        raise argparse.ArgumentTypeError(f"{text!r} {NO_DAY}")
    return text


def add_conflicts(parser: argparse.ArgumentParser) -> None:
    """Add the option that says which of two rows that differ stays."""
    parser.add_argument(
        "--on-conflict",
        dest="policies_typed",
        metavar="[TABLE=]KEEP",
        type=_policy,
        action=_OnePolicyATable,
        help="with --merge, of two rows that differ keep: mine, theirs, the newer, or both; of all tables, or, given"
        " more than once, of each (default: mine)",
    )


def add_choices(parser: argparse.ArgumentParser) -> None:
    """Add the options that say it of single conflicts."""
    parser.add_argument(
        "--conflict",
        dest="choices_typed",
        metavar="NUMBERS=KEEP",
        type=_choices,
        action="append",
        help="the same of single rows, by the numbers that conflicts shows, such as 3,5-9=theirs",
    )
    parser.add_argument(
        "--numbers-of",
        metavar="TOKEN",
        help="the token that conflicts shows with the numbers; without it, what is chosen is shown and asked",
    )


class _OnePolicyATable(argparse.Action):
    """Collects policies; two of one table that contradict each other are refused."""

    def __call__(
        self, _parser: argparse.ArgumentParser, namespace: argparse.Namespace, value: Any, _option: str | None = None
    ) -> None:
        typed: list[tuple[str, OnConflict]] = getattr(namespace, self.dest) or []
        table, keep = value
        if dict(typed).get(table, keep) != keep:
            which = "all tables" if table == "*" else table
            raise argparse.ArgumentError(self, f"of {which} it says both {dict(typed)[table]} and {keep}")
        setattr(namespace, self.dest, [*typed, (table, keep)])


def _policy(text: str) -> tuple[str, OnConflict]:
    table, named, keep = text.rpartition("=")
    if named:
        some_text(table)
    return table or "*", _keep(keep)


def _choices(text: str) -> list[Choice]:
    from sidecar.merging.policy import Choice

    numbers, _, keep = text.rpartition("=")
    found = [_NUMBERS.fullmatch(part.strip()) for part in numbers.split(",")]
    if not all(found):
        raise argparse.ArgumentTypeError(f"{text!r} is not like 3,5-9=theirs")
    ranges = [(int(one[1]), int(one[2] or one[1])) for one in found if one]
    if any(first < 1 for first, _ in ranges):
        raise argparse.ArgumentTypeError(f"{text!r}: the numbers of conflicts begin with 1")
    return [Choice(first=first, last=last, keep=_keep(keep)) for first, last in ranges]


def _keep(text: str) -> OnConflict:
    for policy in _POLICIES:
        if text == policy:
            return policy
    raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(_POLICIES)}")
