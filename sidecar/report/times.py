"""The time that was spent, by week and by list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sidecar.report.contents import TRACKED, Lists
from sidecar.report.wording import local
from sidecar.stage.stage import Stage

WEEKS = 53
"""Most weeks that are shown: a year, and the week in which it began."""

_WEEK = timedelta(days=7)

_MONDAY = "date(s.start_time, 'localtime', 'weekday 0', '-6 days')"


@dataclass
class Times:
    """Seconds for each week that is shown, by its Monday, weeks without any among them; what lies before, and after.

    ``uncounted`` sessions have no end, or times that no calendar has.
    """

    weeks: list[tuple[date, float]]
    total: float = 0.0
    sessions: int = 0
    before: float = 0.0
    after: float = 0.0
    uncounted: int = 0


def times(stage: Stage, created_at: str) -> Times:
    """The time of each week, up to the one in which the backup was made: what it holds of later ones is a mistake, and
    must not push the others off the page."""
    made = local(created_at)
    last = made.date() if made else None
    found: dict[date, float] = {}
    result = Times([])
    after = 0.0
    for monday, seconds, sessions in stage.query(
        f"SELECT {_MONDAY}, sum({TRACKED.format(s='s')}), count(*) FROM time_sessions s"
        f" WHERE {TRACKED.format(s='s')} IS NOT NULL GROUP BY 1 ORDER BY 1"
    ):
        result.total += seconds
        result.sessions += sessions
        week = _as_day(monday)
        if week is None or (last is not None and week > last):
            after += seconds
        else:
            found[week] = found.get(week, 0.0) + seconds
    result.after, result.uncounted = after, stage.tables["time_sessions"].rows - result.sessions
    if found:
        newest = max(found)
        oldest = max(min(found), date.fromordinal(max(1, newest.toordinal() - (WEEKS - 1) * 7)))
        weeks = [oldest + index * _WEEK for index in range((newest - oldest) // _WEEK + 1)]
        result.weeks = [(week, found.get(week, 0.0)) for week in weeks]
        result.before = sum(seconds for week, seconds in found.items() if week < oldest)
    return result


def add_times(stage: Stage, lists: Lists) -> None:
    """Note with each list that is shown the time that was spent on its tasks."""
    by_list = {each.id: each for each in lists.shown}
    for list_id, seconds in stage.query(
        "SELECT (SELECT l.id FROM tasks t JOIN task_lists l ON l.id = t.task_list_id WHERE t.id = s.task_id LIMIT 1),"
        f" sum({TRACKED.format(s='s')}) FROM time_sessions s GROUP BY 1"
    ):
        if list_id in by_list:
            by_list[list_id].seconds = seconds or 0.0


def _as_day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
