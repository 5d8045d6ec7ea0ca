"""Retention: which automatic backups of one place stay, and why. Pure: looks at no file and at no clock.

A clock that jumps must cost nobody a backup. So each backup has a *standing*: the moment at which it was made on a
timeline that never goes back and never leaps. While the clock runs straight it is the clock's; it is worked out once,
when the backup is made, and kept with it. Rules count periods in which there are backups, not periods of the calendar:
half a year without the app costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

LONGEST_GAP = timedelta(days=35)
"""What counts between two backups at most: a month without the app is a gap, a year is a clock that was wrong."""

MOST_AT_ONCE = 3
"""Backups that one run removes from one place at most: whatever goes wrong, it goes wrong slowly."""


class Keep(msgspec.Struct, frozen=True, kw_only=True):
    """How many backups a place keeps: all of the last ``hours``, and the newest of so many days, weeks and months.

    ``most`` bounds them all; the newest proved one and pinned ones stay whatever it says.
    """

    hours: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 48
    daily: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 7
    weekly: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 5
    monthly: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 12
    most: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 30


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One backup, as retention sees it: its name, its ``moment`` on the timeline, and what protects it.

    A ``rotten`` one is no longer what was written. It counts for nothing, and is not retention's to remove: it may be
    all that is left of its day, or another's file under its name.
    """

    name: str
    moment: datetime
    proved: bool = True
    pinned: bool = False
    rotten: bool = False


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one backup: ``reason`` says why it stays, or why it may go."""

    name: str
    stays: bool
    reason: str


def next_moment(previous: datetime | None, previous_clock: datetime | None, clock: datetime) -> datetime:
    """Where a backup made now stands on the timeline.

    :param previous: the moment of the one before it, and what the clock said then; None for the first.
    """
    if previous is None or previous_clock is None:
        return clock
    return previous + min(max(clock - previous_clock, timedelta()), LONGEST_GAP)


def judge(backups: Sequence[Standing], keep: Keep) -> list[Verdict]:
    """A verdict for each of ``backups``, which are in the order in which they were made, the oldest first.

    One that is not proved stands for no period, and stays until a proved one was made after it.
    """
    proved = [backup for backup in reversed(backups) if backup.proved]
    rules = _rules(proved, keep)
    verdicts = []
    later_is_proved = False
    for backup in reversed(backups):
        stays, reason = _verdict(backup, rules, keep, later_is_proved)
        verdicts.append(Verdict(name=backup.name, stays=stays, reason=reason))
        later_is_proved = later_is_proved or backup.proved
    return verdicts[::-1]


def _verdict(backup: Standing, rules: dict[str, str], keep: Keep, later_is_proved: bool) -> tuple[bool, str]:
    if backup.pinned:
        return True, "pinned"
    if backup.rotten:
        return True, "no longer what was written: yours to look at, or to remove"
    if not later_is_proved:
        return True, "the newest proved one" if backup.proved else "no later one is proved"
    if not backup.proved:
        return False, "not proved, and a later one is"
    if backup.name not in rules:
        return False, "later ones stand for its day, its week and its month"
    if backup.name in list(rules)[keep.most :]:
        return False, f"beyond the {keep.most} that are kept at most"
    return True, rules[backup.name]


def going(backups: Sequence[Standing], keep: Keep, most: int = MOST_AT_ONCE) -> list[str]:
    """Names of the backups to remove now, the oldest first, ``most`` of them at most."""
    return [verdict.name for verdict in judge(backups, keep) if not verdict.stays][:most]


def _rules(proved: Sequence[Standing], keep: Keep) -> dict[str, str]:
    """Names that a rule keeps -> the rule, the most worth keeping first. ``proved`` has the newest first."""
    rules: dict[str, str] = {}
    for period, count, word in (
        (_day, keep.daily, "day"),
        (_week, keep.weekly, "week"),
        (_month, keep.monthly, "month"),
    ):
        for backup in _newest_of_each(proved, period)[:count]:
            rules.setdefault(backup.name, f"the newest of its {word}")
    for backup in proved:
        if proved[0].moment - backup.moment < timedelta(hours=keep.hours):
            rules.setdefault(backup.name, f"of the last {keep.hours} hours")
    return rules


def _newest_of_each(proved: Sequence[Standing], period: Callable[[datetime], Hashable]) -> list[Standing]:
    newest: dict[Hashable, Standing] = {}
    for backup in proved:
        newest.setdefault(period(backup.moment), backup)
    return list(newest.values())


def _day(moment: datetime) -> Hashable:
    return moment.date()


def _week(moment: datetime) -> Hashable:
    return moment.isocalendar()[:2]


def _month(moment: datetime) -> Hashable:
    return moment.year, moment.month
