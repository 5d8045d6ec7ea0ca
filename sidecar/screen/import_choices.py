"""What of a backup may come back, and what becomes of rows that differ, as things to choose from by keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from sidecar.jobs.grouping import Groups, ListOfTasks
from sidecar.merging.policy import MINE, NEWER, THEIRS, OnConflict
from sidecar.screen.picking import Choice, pick_one, pick_some
from sidecar.screen.text import cut, plural, printable, when

NAME_COLUMNS = 44
"""Columns that a name takes at most: with its count, a line fits on a terminal of 80."""

IN_LISTS = ("tasks", "periodic_task_templates", "time_sessions", "focus_sessions", "task_dependencies", "task_lists")
"""Types of which rows are in a task list, or belong to what is."""

_REPLACE = "replace"

_POLICIES = (
    Choice("keep mine: nothing that is there changes", MINE),
    Choice("take the backup's", THEIRS),
    Choice("keep the one that was changed later", NEWER),
)
_WHOLE = Choice("replace everything: what the backup does not have is removed", _REPLACE)


def group_lines(groups: Groups) -> list[str]:
    """What there is to choose from, in two lines."""
    rows = plural(sum(groups.types.values()), "row")
    lists = plural(len(groups.lists), "task list")
    return [f"The backup of {when(groups.created_at)} holds {rows} of {plural(len(groups.types), 'type')}, {lists}."]


def pick_part(groups: Groups) -> tuple[list[str] | None, list[str] | None]:
    """The lists, by their ids, and the types that are chosen; None for all. Raises KeyboardInterrupt."""
    lists: list[str] | None = None
    if len(groups.lists) > 1:
        lists = _some("Which task lists?", [_list(one) for one in groups.lists])
    types = [name for name in groups.types if lists is None or name in IN_LISTS]
    if len(types) < 2:
        return lists, None
    of = "" if lists is None else "of "
    return lists, _some("Which types of data?", [_type(name, of, groups.types[name]) for name in types])


def pick_policy(*, is_whole: bool) -> tuple[bool, OnConflict]:
    """Whether the backup is merged, and which of two rows that differ stays. Raises KeyboardInterrupt.

    :param is_whole: all of the backup comes back: then it may also replace what is there.
    """
    question = "Where KiraPilot has the same row with other content?"
    chosen = pick_one(question, [*_POLICIES, _WHOLE] if is_whole else _POLICIES)
    return (False, MINE) if chosen == _REPLACE else (True, cast(OnConflict, chosen))


def _some(question: str, choices: Sequence[Choice]) -> list[str] | None:
    chosen = pick_some(question, choices)
    return None if len(chosen) == len(choices) else chosen


def _list(one: ListOfTasks) -> Choice:
    name = cut(printable(one.name), NAME_COLUMNS) if one.name else f"(without a name, {printable(one.list_id)[:8]})"
    return Choice(f"{name} ({plural(one.tasks, 'task')})", one.list_id)


def _type(name: str, of: str, rows: int) -> Choice:
    return Choice(f"{cut(printable(name.replace('_', ' ')), NAME_COLUMNS)} ({of}{plural(rows, 'row')})", name)
