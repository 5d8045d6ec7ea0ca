"""The schedule: whether a backup is due, by the clock, by what changed, or by what is about to happen. Pure.

Days, weeks and months are those of the calendar in local time: an app that is open for an hour a day, each day a
little earlier, still gets its daily backup. A clock that went back makes one due: what it says of the past is not to be
relied on, and a backup too many does no harm.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from sidecar.automatic.policy import Policy, Trigger

PERIODS = {"daily": timedelta(days=1), "weekly": timedelta(days=7), "monthly": timedelta(days=31)}

_STALE_PERIODS = 3


def why_due(policy: Policy, trigger: Trigger, now: datetime, last: datetime | None, changed: int | None) -> str | None:
    """Why a backup is due, in a few words; None if none is.

    :param now: in UTC, as the clock says. :param last: when all was last found to be backed up, None for never.
    :param changed: commits since then, None where that is not known.
    """
    if trigger == "manual":
        return "asked for"
    if not policy.enabled:
        return None
    if trigger == "update" and policy.before_update:
        return "before an update"
    if trigger == "clear" and policy.before_clear:
        return "before the data is cleared"
    if last is None:
        return "the first one"
    if now < last:
        return "the clock went back"
    if _has_elapsed(policy, last, now):
        return f"every {policy.hours} hours" if policy.every == "hours" else policy.every
    if policy.after_changes and changed is not None and changed >= policy.after_changes:
        return "1 change" if changed == 1 else f"{changed:,} changes"
    return None


def next_due(policy: Policy, last: datetime | None, zone: tzinfo | None = None) -> datetime | None:
    """When one is next due by the clock, in UTC; None for at once, or where none is made by itself.

    :param zone: that of the calendar, the system's own unless given.
    """
    if last is None or not policy.enabled:
        return None
    try:
        return _next(policy, last, zone)
    except (OverflowError, OSError):
        # A clock at the end of time, for which Windows has no local time (EINVAL): it went back since, which makes one
        # due.
        return None


def _next(policy: Policy, last: datetime, zone: tzinfo | None) -> datetime:
    if policy.every == "hours":
        return last + timedelta(hours=policy.hours)
    local = last.astimezone(zone)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if policy.every == "daily":
        begun = day + timedelta(days=1)
    elif policy.every == "weekly":
        begun = day + timedelta(days=7 - day.weekday())
    else:
        begun = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    wall = begun.replace(tzinfo=None)
    # Made aware anew: between the two the offset may have changed.
    return (wall.replace(tzinfo=zone) if zone else wall.astimezone()).astimezone(UTC)


def stale_after(policy: Policy) -> timedelta:
    """The age from which on the newest backup counts as stale."""
    if policy.stale_hours:
        return timedelta(hours=policy.stale_hours)
    return _STALE_PERIODS * (timedelta(hours=policy.hours) if policy.every == "hours" else PERIODS[policy.every])


def _has_elapsed(policy: Policy, last: datetime, now: datetime) -> bool:
    due = next_due(policy, last)
    return due is not None and now >= due
