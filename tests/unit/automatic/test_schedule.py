"""The schedule: due when the policy says so, however long the app was closed and whatever the clock does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.automatic.policy import Policy
from sidecar.automatic.schedule import next_due, stale_after, why_due

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("policy", "trigger", "last", "changed", "due"),
    [
        (Policy(), "start", None, None, "the first one"),
        (Policy(), "timer", NOW - 30 * HOUR, 0, "daily"),
        (Policy(), "timer", NOW - HOUR, 10_000, None),
        (Policy(after_changes=50), "timer", NOW - HOUR, 49, None),
        (Policy(after_changes=50), "timer", NOW - HOUR, 50, "50 changes"),
        (Policy(after_changes=50), "timer", NOW - HOUR, None, None),
        (Policy(every="hours", hours=6), "timer", NOW - 6 * HOUR, 0, "every 6 hours"),
        (Policy(every="hours", hours=6), "timer", NOW - 5 * HOUR, 0, None),
        (Policy(every="weekly"), "start", NOW - 8 * 24 * HOUR, 0, "weekly"),
        (Policy(every="monthly"), "start", NOW - 20 * HOUR, 0, None),
        (Policy(every="monthly"), "start", NOW - 40 * 24 * HOUR, 0, "monthly"),
        (Policy(every="monthly"), "start", NOW + 400 * 24 * HOUR, 0, "the clock went back"),
        (Policy(every="monthly"), "update", NOW - HOUR, 0, "before an update"),
        (Policy(before_update=False), "update", NOW - HOUR, 0, None),
        (Policy(every="monthly"), "clear", NOW - HOUR, 0, "before the data is cleared"),
        (Policy(enabled=False), "start", None, None, None),
        (Policy(enabled=False), "update", None, None, None),
        (Policy(enabled=False), "manual", None, None, "asked for"),
    ],
)  # fmt: skip
def test_one_is_due_when_the_policy_says_so(
    policy: Policy, trigger: str, last: datetime | None, changed: int | None, due: str | None
) -> None:
    assert why_due(policy, trigger, NOW, last, changed) == due  # type: ignore[arg-type]


def test_an_app_opened_a_little_earlier_each_day_gets_its_daily_backup() -> None:
    last = None
    for day in range(30):
        opened = datetime(2026, 11, 1, 12, tzinfo=UTC) + day * timedelta(hours=23, minutes=50)
        if why_due(Policy(), "start", opened, last, 0):
            last = opened
    assert last is not None
    assert last >= datetime(2026, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("every", "last", "due"),
    [
        ("daily", datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 3, 28, 23, tzinfo=UTC)),
        ("weekly", datetime(2026, 11, 27, 12, tzinfo=UTC), datetime(2026, 11, 29, 23, tzinfo=UTC)),
        ("monthly", datetime(2026, 12, 31, 12, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC)),
        ("monthly", datetime(2027, 1, 31, 12, tzinfo=UTC), datetime(2027, 1, 31, 23, tzinfo=UTC)),
    ],
)
def test_days_weeks_and_months_begin_at_midnight_where_the_user_is(every: str, last: datetime, due: datetime) -> None:
    assert next_due(Policy(every=every), last, ZoneInfo("Europe/Berlin")) == due  # type: ignore[arg-type]


@settings(derandomize=True, deadline=None)
@given(
    st.sampled_from(["hours", "daily", "weekly", "monthly"]),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
)
def test_the_next_one_is_due_after_the_last_and_within_its_period(every: str, last: datetime) -> None:
    policy = Policy(every=every, hours=5)  # type: ignore[arg-type]
    moment = last.replace(tzinfo=UTC)
    due = next_due(policy, moment)
    assert due is not None
    assert timedelta() < due - moment <= timedelta(days=31, hours=2)
    assert why_due(policy, "timer", due - timedelta(seconds=1), moment, 0) is None
    assert why_due(policy, "timer", due, moment, 0) is not None
    assert stale_after(policy) > due - moment
