"""What may be asked for of a merge: which of two rows of one id stays where they differ.

For all rows, for those of a table, or for single ones by the numbers that a preview gave them; the closer word counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from sidecar.errors.conflicts import InvalidChoice, NoSuchConflict, NoSuchTable

OnConflict = Literal["mine", "theirs", "newer", "both"]
"""The database's row stays; the backup's takes its place; the one does that was changed later; or both stay."""

MINE: OnConflict = "mine"
THEIRS: OnConflict = "theirs"
NEWER: OnConflict = "newer"
BOTH_STAY: OnConflict = "both"

REST = "*"
"""Stands for the tables that are not named."""

ByTable = OnConflict | dict[str, OnConflict]
"""One word for all tables, or one for each: ``{"tasks": "theirs", "*": "newer"}``; without "*" the rest is "mine"."""

Number = Annotated[int, Meta(ge=1)]


class Choice(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, frozen=True):
    """What becomes of some conflicts, by their numbers: of ``first`` alone, or of all from ``first`` to ``last``."""

    first: Number
    last: Number | None = None
    keep: OnConflict

    @property
    def end(self) -> int:
        return self.last if self.last is not None else self.first


class Policies(msgspec.Struct, frozen=True):
    """What was asked for of one merge; ``choices`` in the order of their numbers."""

    by_table: tuple[tuple[str, OnConflict], ...] = ()
    choices: tuple[Choice, ...] = ()

    @property
    def ask(self) -> bool:
        """Whether anything else was asked for than that the database's rows stay."""
        return bool(self.choices) or any(policy != MINE for _, policy in self.by_table)

    def of(self, table: str) -> OnConflict:
        """What was asked for of a table's rows."""
        named = dict(self.by_table)
        return named.get(table, named.get(REST, MINE))

    @property
    def doubles(self) -> bool:
        """Whether of any rows both may stay."""
        return any(policy == BOTH_STAY for _, policy in self.by_table) or any(
            choice.keep == BOTH_STAY for choice in self.choices
        )

    def require_tables(self, known: Collection[str]) -> None:
        """Raise NoSuchTable for one that was named and that nobody has."""
        unknown = [table for table, _ in self.by_table if table != REST and table not in known]
        if unknown:
            raise NoSuchTable(detail=", ".join(unknown[:5]) + (", ..." if len(unknown) > 5 else ""))

    def require_numbers(self, total: int) -> None:
        """Raise NoSuchConflict for a number beyond the last one."""
        beyond = next((choice for choice in self.choices if choice.end > total), None)
        if beyond is not None:
            raise NoSuchConflict(detail=f"{beyond.end}: there are {total:,}")

    def within(self, offset: int, count: int) -> Iterator[tuple[int, int, OnConflict]]:
        """The choices of one table: first and last number within it, and what is to stay."""
        for choice in self.choices:
            first, last = max(choice.first - offset, 1), min(choice.end - offset, count)
            if first <= last:
                yield first, last, choice.keep


NOTHING_ASKED = Policies()


def policies_of(on_conflict: ByTable, choices: Sequence[Choice] = ()) -> Policies:
    """What was asked for, as one value. Raises InvalidChoice for choices that contradict each other, or themselves."""
    by_table: Mapping[str, OnConflict] = {REST: on_conflict} if isinstance(on_conflict, str) else on_conflict
    ordered = sorted(choices, key=lambda choice: (choice.first, choice.end))
    for choice in ordered:
        if choice.end < choice.first:
            raise InvalidChoice(detail=f"{choice.first} to {choice.end} is turned round")
    chosen, keep = 0, ""
    for choice in ordered:
        if choice.first <= chosen and choice.keep != keep:
            raise InvalidChoice(detail=f"conflict {choice.first} is chosen twice, {keep} and {choice.keep}")
        chosen, keep = max(chosen, choice.end), choice.keep
    return Policies(tuple(sorted(by_table.items())), tuple(ordered))
