"""Retention: what stays is what the policy asks for, whatever the clock does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.automatic.retention import LONGEST_GAP, MOST_AT_ONCE, Keep, Standing, going, judge, next_moment

FIRST = datetime(2026, 1, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def standing(moments: list[datetime], **flags: set[int]) -> list[Standing]:
    """Backups made at these moments, the n-th named n; ``pinned``, ``unproved`` and ``rotten`` name some of them."""
    return [
        Standing(
            name=str(number),
            moment=moment,
            pinned=number in flags.get("pinned", set()),
            proved=number not in flags.get("unproved", set()) | flags.get("rotten", set()),
            rotten=number in flags.get("rotten", set()),
        )
        for number, moment in enumerate(moments)
    ]


def staying(backups: list[Standing], keep: Keep) -> list[str]:
    return [verdict.name for verdict in judge(backups, keep) if verdict.stays]


class Place:
    """A place where backups are made by a clock, and pruned after each."""

    def __init__(self, keep: Keep) -> None:
        self.keep = keep
        self.backups: list[Standing] = []
        self._clock: datetime | None = None
        self._made = 0

    def run(self, clock: datetime) -> list[str]:
        """Make one, prune; answers what went."""
        previous = self.backups[-1].moment if self.backups else None
        moment = next_moment(previous, self._clock, clock)
        self.backups.append(Standing(name=str(self._made), moment=moment))
        self._clock, self._made = clock, self._made + 1
        gone = going(self.backups, self.keep)
        self.backups = [backup for backup in self.backups if backup.name not in gone]
        return gone


def test_two_years_of_daily_backups_leave_days_weeks_and_months() -> None:
    place = Place(Keep())
    for day in range(730):
        place.run(FIRST + day * DAY)
    moments = [backup.moment for backup in place.backups]
    newest = moments[-1]
    assert [newest - n * DAY in moments for n in range(7)] == [True] * 7
    assert len({moment.isocalendar()[:2] for moment in moments}) >= 5
    assert len({(moment.year, moment.month) for moment in moments}) == 12
    assert len(moments) <= 24


def test_all_of_the_last_hours_stay() -> None:
    place = Place(Keep(hours=48, most=100))
    for hour in range(24 * 10):
        place.run(FIRST + timedelta(hours=hour))
    recent = [backup for backup in place.backups if place.backups[-1].moment - backup.moment < timedelta(hours=48)]
    assert len(recent) == 48


@pytest.mark.parametrize(
    "jump", [timedelta(days=-3650), timedelta(days=-1), timedelta(days=400), timedelta(days=36500)]
)
def test_a_clock_that_jumps_costs_no_more_than_a_month_would(jump: timedelta) -> None:
    place = Place(Keep())
    for day in range(60):
        place.run(FIRST + day * DAY)
    before = {backup.name for backup in place.backups}
    place.run(FIRST + 60 * DAY + jump)
    place.run(FIRST + 61 * DAY)
    assert len(before - {backup.name for backup in place.backups}) <= 2 * MOST_AT_ONCE
    assert place.backups[-1].moment - place.backups[-3].moment <= 2 * LONGEST_GAP


def test_the_newest_proved_one_and_pinned_ones_stay_whatever_the_bound() -> None:
    backups = standing([FIRST + n * DAY for n in range(20)], pinned={0, 5}, unproved={18, 19})
    assert staying(backups, Keep(hours=0, daily=0, weekly=0, monthly=0, most=0)) == ["0", "5", "17", "18", "19"]


def test_nothing_goes_while_none_is_proved() -> None:
    backups = standing([FIRST + n * DAY for n in range(50)], unproved=set(range(50)))
    assert going(backups, Keep(most=1)) == []


def test_one_that_is_not_proved_stands_for_no_day() -> None:
    backups = standing([FIRST, FIRST + timedelta(hours=1), FIRST + DAY], unproved={1})
    assert staying(backups, Keep(hours=0)) == ["0", "2"]


def test_the_bound_leaves_the_latest_days() -> None:
    backups = standing([FIRST + n * DAY for n in range(100)])
    assert staying(backups, Keep(most=4)) == ["96", "97", "98", "99"]


def test_half_a_year_without_the_app_costs_nothing() -> None:
    place = Place(Keep())
    for day in range(7):
        place.run(FIRST + day * DAY)
    assert place.run(FIRST + 200 * DAY) == ["0"]


keeps = st.builds(
    Keep,
    hours=st.integers(0, 100),
    daily=st.integers(0, 10),
    weekly=st.integers(0, 8),
    monthly=st.integers(0, 15),
    most=st.integers(0, 40),
)
clocks = st.lists(st.timedeltas(timedelta(days=-4000), timedelta(days=4000)), max_size=60)


@settings(derandomize=True, deadline=None)
@given(keeps, clocks)
def test_no_clock_makes_a_run_remove_more_than_it_may_or_less_than_the_newest_stay(
    keep: Keep, offsets: list[timedelta]
) -> None:
    place = Place(keep)
    for offset in offsets:
        before = len(place.backups)
        gone = place.run(FIRST + offset)
        assert len(gone) <= MOST_AT_ONCE
        assert len(place.backups) >= min(before + 1, 1)
    moments = [backup.moment for backup in place.backups]
    assert moments == sorted(moments)


@settings(derandomize=True, deadline=None)
@given(keeps, st.lists(st.integers(0, 30 * 24), min_size=1, max_size=60))
def test_with_a_straight_clock_as_many_stay_as_the_policy_asks_for(keep: Keep, hours: list[int]) -> None:
    """Held against the rules said once more, over all that was ever made."""
    place = Place(keep)
    made: list[datetime] = []
    clock = FIRST
    for gap in hours:
        clock += timedelta(hours=gap)
        made.append(clock)
        place.run(clock)
    there = {backup.moment for backup in place.backups}
    days = {moment.date(): moment for moment in made}
    wanted = list(reversed(days.values()))[: keep.daily][: keep.most]
    assert set(wanted) <= there
    assert made[-1] in there


@given(st.integers(1, 40), st.sets(st.integers(0, 40)), st.integers(0, 9), st.integers(1, 9))
@settings(deadline=None)
def test_rotten_ones_all_stay_and_the_others_fare_as_if_they_were_not_there(
    count: int, rotten: set[int], daily: int, most: int
) -> None:
    keep = Keep(hours=0, daily=daily, weekly=1, monthly=1, most=most)
    backups = standing([FIRST + n * DAY for n in range(count)], rotten=rotten)
    whole = [backup for backup in backups if not backup.rotten]
    marked = [backup.name for backup in backups if backup.rotten]
    assert sorted(staying(backups, keep)) == sorted([*staying(whole, keep), *marked])
