"""Timers that run in a backup: told of, and never two at a time after a merge.

The app lets one timer run, counts a session without an end up to now, and stops at its next start whatever runs.
A replacement brings a running timer back as it was, like any row, and says so. A merge adds it as stopped at the
time of the backup where another one runs already. Written into the stage alone.
"""

from __future__ import annotations

import sqlite3

from sidecar.archive.timestamps import to_stored
from sidecar.database.introspection import Schema, quote
from sidecar.merging.conflicts import BOTH, GIVEN, Conflicts, conflicts_of
from sidecar.merging.likeness import Likeness
from sidecar.restore.target_rules import Fitted, running_timers
from sidecar.stage.judged import Judged
from sidecar.stage.stage import ROW, SHAPE

SESSIONS = "time_sessions"
_COLUMNS = {"id", "start_time", "end_time", "is_active"}

NAMED = 3
"""Most timers that are told of one by one."""

_ADDED = (
    f"FROM stage.{SESSIONS} WHERE is_active = 1 AND id NOT IN (SELECT id FROM main.{SESSIONS} WHERE id IS NOT NULL)"
)
_STARTED = (
    f"FROM stage.{SESSIONS} WHERE is_active = 1"
    f" AND id NOT IN (SELECT id FROM main.{SESSIONS} WHERE is_active = 1 AND id IS NOT NULL)"
)


def fit_timers(
    connection: sqlite3.Connection,
    backup: Judged,
    live: Schema,
    overwrite: bool,
    fitted: Fitted,
    conflicts: Conflicts | None = None,
) -> None:
    """Stop what would be a second running timer, and warn of each one that the import sets going or stops.

    ``fitted`` gets the warnings, and the database's own running timers that this was decided by.

    :param conflicts: those of a merge, settled: a timer of the backup that gives way to the database's is no matter.
    """
    if not _can_run(backup, live):
        return
    removing = overwrite and not fitted.is_partial
    which = _STARTED if overwrite else _ADDED
    if conflicts is not None and conflicts.policies.ask:
        which = f"{_STARTED} AND {quote(ROW)} NOT IN (SELECT row FROM {conflicts_of(SESSIONS)}"
        which += f" WHERE stays NOT IN ({GIVEN}, {BOTH}))"
    stopped: list[str] = []
    if not removing:
        fitted.timers = running_timers(connection)
        replaced = _replaced(overwrite, conflicts) if not fitted.hedged and not live[SESSIONS].unique else "0"
        stopped = _stop(connection, which, _any_runs_on(connection, replaced, backup), backup)
    running = _starts(connection, f"SELECT start_time {which}")
    fitted.warnings += _lines(running, "it runs on after the import, and the time since then counts")
    fitted.warnings += _lines(stopped, "another one runs already, so it is added as stopped at the time of the backup")


def find_stopped(connection: sqlite3.Connection, backup: Judged, live: Schema) -> None:
    """Let a timer of the backup that came in as stopped in an earlier merge be stopped, as it is in the database.

    Else it would be a conflict, and might be kept twice: its time would count twice.
    """
    if not _can_run(backup, live):
        return
    table = Likeness(backup.stage.tables[SESSIONS], live[SESSIONS])
    others = (table.same(column) for column in table.columns() if column not in ("is_active", "end_time"))
    stopped = f"m.is_active = 0 AND m.end_time = {_end_of('s')} AND {' AND '.join(others)}"
    connection.execute(
        f"UPDATE stage.{SESSIONS} AS s SET is_active = 0, end_time = m.end_time FROM main.{SESSIONS} m"
        f" WHERE s.is_active = 1 AND {table.key()} AND {stopped}",
        (_moment_of(backup),),
    )


def _can_run(backup: Judged, live: Schema) -> bool:
    """Whether backup and database both tell of timers, and the backup has any sessions."""
    table = backup.stage.tables[SESSIONS]
    if not table.carried or not table.rows or SESSIONS not in live:
        return False
    return all(set(of.columns) >= _COLUMNS for of in (table, live[SESSIONS]))


def _end_of(session: str) -> str:
    """SQL: when a timer that may not run on ends; its parameter is the time of the backup.

    No session ends before it began, whatever the clocks of two devices said.
    """
    return f"coalesce({session}.end_time, max({session}.start_time, ?))"


def _moment_of(backup: Judged) -> str:
    (moment,) = to_stored([backup.contents.metadata.created_at]) or [None]
    return moment or ""


def _replaced(overwrite: bool, conflicts: Conflicts | None) -> str:
    """SQL: the row of the stage takes the place of the database's."""
    if conflicts is None or not conflicts.counts.get(SESSIONS):
        return str(int(overwrite))
    return f"s.{quote(ROW)} IN (SELECT row FROM {conflicts_of(SESSIONS)} WHERE stays = {GIVEN})"


def _any_runs_on(connection: sqlite3.Connection, replaced: str, backup: Judged) -> bool:
    """Whether a timer of the database still runs afterwards: not one that the backup's row stops."""
    shapes = backup.stage.tables[SESSIONS].shapes
    speaking = ", ".join(str(number) for shape, number in shapes.items() if "is_active" in shape)
    stops = f"s.id = m.id AND s.is_active IS NOT 1 AND s.{quote(SHAPE)} IN ({speaking}) AND {replaced}"
    runs_on = f"m.is_active = 1 AND NOT EXISTS (SELECT 1 FROM stage.{SESSIONS} s WHERE {stops})"
    return connection.execute(f"SELECT 1 FROM main.{SESSIONS} m WHERE {runs_on} LIMIT 1").fetchone() is not None


def _stop(connection: sqlite3.Connection, which: str, another: bool, backup: Judged) -> list[str]:
    """Stop the timers of the stage that may not run, at the time of the backup; answers when they were started.

    :param another: whether one of the database's own runs on; else the latest of the stage may.
    """
    row = quote(ROW)
    spared = "" if another else "LIMIT -1 OFFSET 1"
    rows = [found for (found,) in connection.execute(f"SELECT {row} {which} ORDER BY start_time DESC, {row} {spared}")]
    starts: list[str] = []
    for number in rows:
        where = f"WHERE {row} = {number}"
        starts += _starts(connection, f"SELECT start_time FROM stage.{SESSIONS} {where}")
        connection.execute(
            f"UPDATE stage.{SESSIONS} AS s SET is_active = 0, end_time = {_end_of('s')} {where}", (_moment_of(backup),)
        )
    return starts


def _starts(connection: sqlite3.Connection, sql: str) -> list[str]:
    return [str(start) for (start,) in connection.execute(sql)]


def _lines(starts: list[str], what: str) -> list[str]:
    lines = [f"A timer is running in the backup, since {_shown(start)}: {what}" for start in starts[:NAMED]]
    more = len(starts) - NAMED
    timers = "timer" if more == 1 else "timers"
    return [*lines, f"The same of {more:,} more {timers}"] if more > 0 else lines


def _shown(start: str) -> str:
    """To the minute; a time is no secret, but whatever else stands there is not repeated."""
    day, _, clock = start.replace("T", " ").partition(" ")
    shown = f"{day} {clock[:5]}"
    return (
        f"{shown} UTC" if all(char in "0123456789-: " for char in shown) and clock.endswith("+00:00") else "some time"
    )
