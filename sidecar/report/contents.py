"""What a staged backup holds, as a page shows it: counts, lists, tasks, dependencies, chats.

Every query is bounded, and rows come one by one: memory stays flat, whatever the backup holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sidecar.database.introspection import quote
from sidecar.report.wording import LONG, LONGER, STATUSES
from sidecar.stage.stage import ROW, Stage

LISTS, TASKS, DEPENDENCIES = 40, 2500, 500
THREADS, MESSAGES, INTERACTIONS = 60, 20, 200
"""Most that a page shows of each; of a chat, its last messages."""

NO_LIST = "Without a list"

_READ = LONG + 1
"""Characters that are read of a text: one more than are shown, to know whether it goes on."""

_FIRST_OF_ITS_ID = f"NOT EXISTS (SELECT 1 FROM task_lists o WHERE o.id = l.id AND o.{quote(ROW)} < l.{quote(ROW)})"
"""SQL: of lists that claim one id, which a damaged backup may hold, the first one has the tasks."""

_ORDER = (
    "CASE t.status WHEN 'in_progress' THEN 0 WHEN 'pending' THEN 1 WHEN 'completed' THEN 3 WHEN 'cancelled' THEN 4"
    " ELSE 2 END"
)

TRACKED = (
    "CASE WHEN {s}.start_time GLOB '[0-9][0-9][0-9][0-9]-*' AND {s}.end_time GLOB '[0-9][0-9][0-9][0-9]-*' THEN"
    " max(0.0, (julianday({s}.end_time) - julianday({s}.start_time)) * 86400.0"
    " - CAST(coalesce({s}.paused_time, 0) AS REAL) / 1000.0) END"
)
"""SQL: seconds of a time session, without its pauses, which the app keeps in milliseconds; NULL for one without an
end, or with times that no calendar has."""


@dataclass
class ListCounts:
    """One task list: how many tasks it has, by status, how many of them are shown, and the time that was spent."""

    id: str | None
    name: str
    is_default: bool
    tasks: int
    by_status: dict[str, int]
    seconds: float = 0.0
    shown: int = 0


@dataclass
class Lists:
    """The lists that are shown, and what lies in the others: how many there are, and their tasks; of all tasks, how
    many are ``open``."""

    shown: list[ListCounts] = field(default_factory=list)
    more: int = 0
    more_tasks: int = 0
    tasks: int = 0
    open: int = 0

    @property
    def by_status(self) -> dict[str, int]:
        """The tasks of all that are shown."""
        return {status: sum(each.by_status[status] for each in self.shown) for status in STATUSES}


def prepare(stage: Stage) -> None:
    """Make the indexes that the queries here want."""
    for table, columns in (
        ("task_lists", ("id",)), ("tasks", ("id",)), ("tasks", ("task_list_id",)), ("time_sessions", ("task_id",)),
        ("thread_messages", ("thread_id",)),
    ):  # fmt: skip
        stage.index(table, columns)


def counts(stage: Stage) -> list[tuple[str, int]]:
    """Rows of each table that the backup speaks of, those first that people know."""
    return sorted(
        ((table.name, table.rows) for table in stage.tables.values() if table.carried),
        key=lambda each: (-each[1], each[0]),
    )


def lists(stage: Stage) -> Lists:
    """The task lists with most tasks, the default one first, and last the tasks that are in none."""
    sums = ", ".join(f"count(*) FILTER (WHERE t.status = '{status}')" for status in STATUSES if status)
    still_open = stage.number("SELECT count(*) FROM tasks WHERE status IN ('pending', 'in_progress')")
    found = Lists(tasks=stage.tables["tasks"].rows, open=still_open)
    for list_id, name, default, tasks, *statuses in stage.query(
        f"SELECT l.id, substr(l.name, 1, {_READ}), l.is_default, count(t.{quote(ROW)}), {sums} FROM task_lists l"
        f" LEFT JOIN tasks t ON t.task_list_id = l.id WHERE {_FIRST_OF_ITS_ID} GROUP BY l.{quote(ROW)}"
        f" ORDER BY l.is_default = 1 DESC, 4 DESC, l.{quote(ROW)} LIMIT {LISTS}"
    ):
        found.shown.append(ListCounts(list_id, name, default == 1, tasks, _by_status(tasks, statuses)))
    for tasks, *statuses in stage.query(f"SELECT count(*), {sums} FROM tasks t WHERE {_in_no_list()}"):
        if tasks:
            found.shown.append(ListCounts(None, NO_LIST, False, tasks, _by_status(tasks, statuses)))
    found.more = stage.number(f"SELECT count(*) FROM task_lists l WHERE {_FIRST_OF_ITS_ID}") - sum(
        each.id is not None for each in found.shown
    )
    found.more_tasks = found.tasks - sum(each.tasks for each in found.shown)
    for each, share in zip(found.shown, shares([each.tasks for each in found.shown], TASKS), strict=True):
        each.shown = share
    return found


def _by_status(tasks: int, known: Sequence[int]) -> dict[str, int]:
    by_status = dict(zip(STATUSES, known, strict=False))
    return {**by_status, "": tasks - sum(known)}


def _in_no_list() -> str:
    return "NOT EXISTS (SELECT 1 FROM task_lists l WHERE l.id = t.task_list_id)"


def shares(wanted: Sequence[int], room: int) -> list[int]:
    """Who gets how much of ``room``: the small ones all they want, the others equal parts of what is left."""
    given = [0] * len(wanted)
    waiting = sorted(range(len(wanted)), key=lambda index: wanted[index])
    for position, index in enumerate(waiting):
        given[index] = min(wanted[index], room // (len(waiting) - position))
        room -= given[index]
    return given


def tasks_of(stage: Stage, which: ListCounts) -> Iterator[dict[str, Any]]:
    """The tasks of a list that are shown: those that are open first."""
    where = _in_no_list() if which.id is None else "t.task_list_id = ?"
    texts = ", ".join(f"substr(t.{column}, 1, {_READ})" for column in ("title", "description"))
    cursor = stage.query(
        f"SELECT {texts}, t.status, t.priority, t.due_date, (SELECT substr(p.title, 1, {_READ})"
        f" FROM tasks p WHERE p.id = t.parent_task_id LIMIT 1), (SELECT sum({TRACKED.format(s='s')})"
        f" FROM time_sessions s WHERE s.task_id = t.id) FROM tasks t WHERE {where}"
        f" ORDER BY {_ORDER}, t.order_num, t.{quote(ROW)} LIMIT {int(which.shown)}",
        *(() if which.id is None else (which.id,)),
    )
    names = ("title", "description", "status", "priority", "due", "parent", "seconds")
    for row in cursor:
        yield dict(zip(names, row, strict=True))


def dependencies(stage: Stage) -> Iterator[dict[str, Any]]:
    """Which task waits for which; either may be missing in a backup that is not sound."""

    def of(column: str, wanted: str) -> str:
        return f"(SELECT {wanted} FROM tasks t WHERE t.id = d.{column} LIMIT 1)"

    title = f"substr(t.title, 1, {_READ})"
    for row in stage.query(
        f"SELECT {of('task_id', title)}, {of('depends_on_id', title)}, {of('depends_on_id', 't.status')}"
        f" FROM task_dependencies d ORDER BY d.{quote(ROW)} LIMIT {DEPENDENCIES}"
    ):
        yield dict(zip(("task", "on", "status"), row, strict=True))


def threads(stage: Stage) -> Iterator[dict[str, Any]]:
    """The chats, the latest first."""
    cursor = stage.query(
        f"SELECT r.id, substr(r.title, 1, {_READ}), coalesce(r.last_message_at, r.updated_at),"
        f" (SELECT count(*) FROM thread_messages m WHERE m.thread_id = r.id),"
        f" (SELECT substr(t.title, 1, {_READ}) FROM tasks t WHERE t.id = r.assignment_task_id LIMIT 1)"
        f" FROM threads r ORDER BY 3 DESC, r.{quote(ROW)} LIMIT {THREADS}"
    )
    for row in cursor:
        yield dict(zip(("id", "title", "last", "messages", "task"), row, strict=True))


def messages_of(stage: Stage, thread: str) -> list[dict[str, Any]]:
    """The last messages of a chat, in their order."""
    cursor = stage.query(
        f"SELECT m.type, m.timestamp, substr(m.content, 1, {LONGER + 1}) FROM thread_messages m"
        f" WHERE m.thread_id = ? ORDER BY m.timestamp DESC, m.{quote(ROW)} DESC LIMIT {MESSAGES}",
        thread,
    )
    return [dict(zip(("who", "when", "words"), row, strict=True)) for row in cursor][::-1]


def interactions(stage: Stage) -> Iterator[dict[str, Any]]:
    """What was asked of the AI outside of chats, and answered; the latest first."""
    texts = ", ".join(f"substr(i.{column}, 1, {LONGER + 1})" for column in ("message", "response"))
    for row in stage.query(
        f"SELECT {texts}, i.created_at FROM ai_interactions i"
        f" ORDER BY i.created_at DESC, i.{quote(ROW)} LIMIT {INTERACTIONS}"
    ):
        yield dict(zip(("asked", "answered", "when"), row, strict=True))
